//! Compression on all cores.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use rayon::prelude::*;

/// The bytes that are compressed at a time. Part of an image's digest: another number gives other bytes.
const BLOCK: usize = 1 << 20;

/// A gzip file of several members, which RFC 1952 allows (section 2.2): readers see one text.
pub(super) fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let members: Vec<Vec<u8>> = bytes
        .par_chunks(BLOCK)
        .map(member)
        .collect::<io::Result<_>>()?;
    Ok(members.concat())
}

fn member(block: &[u8]) -> io::Result<Vec<u8>> {
    // No time, no name, and an unknown system.
    let header = GzBuilder::new().mtime(0).operating_system(255);
    let mut encoder = header.write(Vec::new(), Compression::new(6));
    encoder.write_all(block)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_was_cut_is_one_text_again() {
        let text: Vec<u8> = (0..BLOCK * 2 + 17).map(|at| (at % 251) as u8).collect();
        for text in [&text[..], &text[..BLOCK], &text[..1]] {
            let compressed = compress(text).unwrap();
            let mut read = Vec::new();
            let mut decoder = flate2::read::MultiGzDecoder::new(&compressed[..]);
            decoder.read_to_end(&mut read).unwrap();
            assert_eq!(read, text);
            assert_eq!(compressed, compress(text).unwrap());
        }
    }
}
