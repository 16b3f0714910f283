//! Files become a layer: an archive whose bytes follow from the files alone.

use std::borrow::Cow;
use std::io;

use oci_spec::image::MediaType;
use tar::{EntryType, Header};

use super::{Blob, digest, gzip};

/// A file of an image, root's and from the beginning of time.
pub(super) struct File<'a> {
    /// Its path, without a `/` in front.
    path: String,
    mode: u32,
    content: Content<'a>,
}

enum Content<'a> {
    Folder,
    Bytes(Cow<'a, [u8]>),
    /// The same file under another path, which stands before this one.
    Link(String),
}

impl<'a> File<'a> {
    pub(super) fn folder(path: impl Into<String>, mode: u32) -> Self {
        Self {
            path: path.into(),
            mode,
            content: Content::Folder,
        }
    }

    pub(super) fn new(path: impl Into<String>, mode: u32, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            path: path.into(),
            mode,
            content: Content::Bytes(bytes.into()),
        }
    }

    pub(super) fn link(path: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            mode: 0o444,
            content: Content::Link(to.into()),
        }
    }
}

/// A layer, and the digest of what is in it.
pub(super) struct Layer {
    /// Compressed.
    pub(super) blob: Blob,
    /// The digest of the archive before it was compressed, by which a configuration names it.
    pub(super) diff_id: String,
}

/// Packs files in the order they have.
pub(super) fn pack(files: &[File<'_>]) -> io::Result<Layer> {
    let archive = archive(files)?;
    let (compressed, diff_id) = rayon::join(|| gzip::compress(&archive), || digest(&archive));
    Ok(Layer {
        blob: Blob::new(&MediaType::ImageLayerGzip, compressed?),
        diff_id,
    })
}

fn archive(files: &[File<'_>]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = Header::new_ustar();
        header.set_mode(file.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        match &file.content {
            Content::Folder => {
                header.set_entry_type(EntryType::Directory);
                header.set_size(0);
                archive.append_data(&mut header, format!("{}/", file.path), io::empty())?;
            }
            Content::Bytes(bytes) => {
                header.set_entry_type(EntryType::Regular);
                header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                archive.append_data(&mut header, &file.path, &**bytes)?;
            }
            Content::Link(to) => {
                header.set_entry_type(EntryType::Link);
                header.set_size(0);
                archive.append_link(&mut header, &file.path, to)?;
            }
        }
    }
    archive.into_inner()
}
