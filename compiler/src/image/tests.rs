//! What an image holds, and that it is the same each time.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tar::EntryType;

use super::*;

fn facts() -> Facts {
    Facts {
        name: "shop".to_owned(),
        platform: Platform::default(),
        labels: vec![
            ("org.opencontainers.image.title", "shop".to_owned()),
            ("org.opencontainers.image.version", "1.2.3".to_owned()),
            (
                "org.opencontainers.image.description",
                "Two\nlines.".to_owned(),
            ),
        ],
        components: vec![
            component("zlib-rs", "0.6.8", true),
            component("ring", "0.17.14+more", true),
            component("stock", "0.1.0", false),
            component("ring", "0.17.14+more", true),
        ],
    }
}

fn component(name: &str, version: &str, published: bool) -> Component {
    Component {
        name: name.to_owned(),
        version: version.to_owned(),
        license: published.then(|| "MIT/Apache-2.0".to_owned()),
        published,
    }
}

fn image() -> Image {
    build(b"\x7fELF and so on", &facts()).unwrap()
}

/// Kind, mode, owner, time, and the size or the link's end, by path.
fn listing(layer: &Blob) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(&layer.bytes[..]));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let header = entry.header().clone();
        let link = header
            .link_name()
            .unwrap()
            .map(|to| format!(" -> {}", to.display()));
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let kind = match header.entry_type() {
            EntryType::Directory => "folder".to_owned(),
            EntryType::Link => format!("link{}", link.unwrap_or_default()),
            EntryType::Regular => format!("{} bytes", bytes.len()),
            other => format!("{other:?}"),
        };
        let owner = (
            header.uid().unwrap(),
            header.gid().unwrap(),
            header.mtime().unwrap(),
        );
        assert_eq!(owner, (0, 0, 0), "{path}");
        (path, format!("{:o} {kind}", header.mode().unwrap()))
    });
    entries.collect()
}

fn value(blob: &Blob) -> Value {
    serde_json::from_slice(&blob.bytes).unwrap()
}

#[test]
fn the_same_program_is_the_same_image() {
    let (one, other) = (image(), image());
    assert_eq!(one.layout().unwrap(), other.layout().unwrap());
    let changed = build(b"\x7fELF and so forth", &facts()).unwrap();
    assert_ne!(one.digest(), changed.digest());
    assert_eq!(one.layers[0].digest, changed.layers[0].digest);
}

#[test]
fn what_is_described() {
    let image = image();
    let manifest = value(&image.manifest);
    let config = value(&image.config);
    assert_eq!(config["config"]["Entrypoint"][0], "/app/shop");
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(
        config["config"]["Labels"]["org.opencontainers.image.title"],
        "shop"
    );
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.description"],
        "Two\nlines."
    );
    assert_eq!(
        (&config["os"], &config["architecture"]),
        (&"linux".into(), &"amd64".into())
    );
    assert_eq!(config["created"], "1970-01-01T00:00:00Z");
    assert_eq!(manifest["config"]["digest"], image.config.digest);
    for (index, layer) in image.layers.iter().enumerate() {
        let mut archive = Vec::new();
        MultiGzDecoder::new(&layer.bytes[..])
            .read_to_end(&mut archive)
            .unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][index], digest(&archive));
        assert_eq!(manifest["layers"][index]["digest"], digest(&layer.bytes));
        assert_eq!(manifest["layers"][index]["size"], layer.bytes.len());
    }
}

#[test]
fn what_programs_expect_of_a_system() {
    let image = image();
    let files = listing(&image.layers[0]);
    let is = |path: &str, what: &str| assert_eq!(files[path], what, "{path}");
    is("tmp/", "1777 folder");
    is("etc/ssl/certs/", "755 folder");
    is("usr/share/zoneinfo/America/Argentina/", "755 folder");
    assert!(files["usr/share/zoneinfo/Asia/Shanghai"].starts_with("444 "));
    is(
        "usr/share/zoneinfo/US/Eastern",
        "444 link -> usr/share/zoneinfo/America/New_York",
    );
    for folder in files
        .keys()
        .flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..=at]))
    {
        assert!(files.contains_key(folder), "{folder} is missing");
    }
    let size = image.layers[0].bytes.len();
    assert!(size < 1_000_000, "the lower layer has {size} bytes");
    assert_eq!(listing(&image.layers[1])["app/shop"], "555 14 bytes");
}

#[test]
fn the_certificates_are_whole() {
    let image = image();
    let file = base::files();
    assert_eq!(
        file.len(),
        listing(&image.layers[0]).len(),
        "no path stands twice"
    );
    let mut archive = tar::Archive::new(MultiGzDecoder::new(&image.layers[0].bytes[..]));
    let mut text = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path().unwrap().ends_with("ca-certificates.crt") {
            entry.read_to_string(&mut text).unwrap();
        }
    }
    let roots = text
        .split("-----BEGIN CERTIFICATE-----\n")
        .skip(1)
        .map(|part| {
            let (body, rest) = part.split_once("-----END CERTIFICATE-----\n").unwrap();
            assert!(rest.is_empty() && body.lines().all(|line| line.len() <= 64));
            data_encoding::BASE64
                .decode(body.replace('\n', "").as_bytes())
                .unwrap()
        });
    let roots: Vec<Vec<u8>> = roots.collect();
    let known = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    assert_eq!(roots.len(), known.len());
    assert!(
        known
            .iter()
            .all(|root| roots.iter().any(|read| read == root.as_ref()))
    );
}

#[test]
fn platforms_have_the_names_of_the_specification() {
    for platform in PLATFORMS {
        let image = build(
            b"program",
            &Facts {
                platform,
                ..facts()
            },
        )
        .unwrap();
        let config = value(&image.config);
        assert_eq!(config["architecture"], platform.architecture);
        assert_eq!(config["variant"].as_str(), platform.variant);
        assert_eq!(platform.name.parse::<Platform>(), Ok(platform));
    }
    let known = "plan9/386".parse::<Platform>().unwrap_err();
    assert!(known.contains("linux/arm64"), "{known}");
}

#[test]
fn a_layout_names_its_blobs_by_their_digests() {
    let image = image();
    let files = image.layout().unwrap();
    let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
    assert_eq!(index["manifests"][0]["digest"], image.digest());
    assert_eq!(index["manifests"][0]["platform"]["architecture"], "amd64");
    assert_eq!(files["oci-layout"], br#"{"imageLayoutVersion":"1.0.0"}"#);
    for (path, bytes) in &files {
        if let Some(hex) = path.strip_prefix("blobs/sha256/") {
            assert_eq!(digest(bytes), format!("sha256:{hex}"));
        }
    }
    assert_eq!(files.len(), 6);
    assert!(image.digest().ends_with(image.tag()) || image.digest().contains(image.tag()));
    assert_eq!(image.tag().len(), 12);
}

#[test]
fn what_the_program_is_made_of_is_attached() {
    let image = image();
    let manifest = value(&image.sbom.manifest);
    assert_eq!(manifest["subject"]["digest"], image.digest());
    assert_eq!(manifest["artifactType"], CYCLONEDX);
    assert_eq!(manifest["layers"][0]["digest"], image.sbom.content.digest);
    assert_eq!(&*image.sbom.config.bytes, b"{}");
    let document = value(&image.sbom.content);
    assert_eq!(document["bomFormat"], "CycloneDX");
    assert_eq!(document["metadata"]["component"]["version"], "1.2.3");
    let ring = serde_json::json!({
        "type": "library",
        "name": "ring",
        "version": "0.17.14+more",
        "purl": "pkg:cargo/ring@0.17.14%2Bmore",
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
    });
    let stock = serde_json::json!({ "type": "library", "name": "stock", "version": "0.1.0" });
    assert_eq!(document["components"][0], ring);
    assert_eq!(document["components"][1], stock);
    assert_eq!(document["components"].as_array().map(Vec::len), Some(3));
}
