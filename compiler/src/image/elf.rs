//! Whether a program is one that needs nothing but a kernel.

use super::Platform;

/// Says what is wrong with a program for an image: what is no program, and what asks for a loader.
///
/// # Errors
///
/// A few words about the reason.
pub fn check(program: &[u8], platform: Platform) -> Result<(), String> {
    let header = Header::read(program).ok_or("it is no ELF file")?;
    if header.machine != platform.machine {
        return Err(format!("it is not for {platform}"));
    }
    if header.has_interpreter(program) {
        return Err("it is linked dynamically".to_owned());
    }
    Ok(())
}

/// The numbers in an ELF file's header that lead to its segments.
struct Header {
    big: bool,
    machine: u16,
    /// Where the table of segments is, how long an entry is, and how many there are.
    table: (usize, usize, usize),
}

/// The type of a segment that names a loader.
const PT_INTERP: usize = 3;

impl Header {
    fn read(program: &[u8]) -> Option<Self> {
        if !program.starts_with(b"\x7fELF") {
            return None;
        }
        let wide = *program.get(4)? == 2;
        let big = *program.get(5)? == 2;
        let number = |at, length| number(program, at, length, big);
        let table = if wide {
            (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?)
        } else {
            (number(0x1c, 4)?, number(0x2a, 2)?, number(0x2c, 2)?)
        };
        Some(Self {
            big,
            machine: u16::try_from(number(0x12, 2)?).ok()?,
            table,
        })
    }

    fn has_interpreter(&self, program: &[u8]) -> bool {
        let (start, size, count) = self.table;
        let entries = (0..count).map(|index| start.saturating_add(index.saturating_mul(size)));
        let mut kinds = entries.map(|at| number(program, at, 4, self.big));
        kinds.any(|kind| kind == Some(PT_INTERP))
    }
}

fn number(bytes: &[u8], at: usize, length: usize, big: bool) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    let join = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
    Some(if big {
        bytes.iter().fold(0, join)
    } else {
        bytes.iter().rev().fold(0, join)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit header for x86-64, and segments of these types.
    fn program(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0);
        bytes[0x12] = 62;
        bytes[0x20] = 64;
        bytes[0x36] = 56;
        bytes[0x38] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            bytes.extend(kind.to_le_bytes());
            bytes.extend([0; 52]);
        }
        bytes
    }

    #[test]
    fn a_static_program_is_told_from_others() {
        let amd64 = Platform::default();
        assert_eq!(check(&program(&[1, 1, 2]), amd64), Ok(()));
        let said = check(&program(&[6, 3, 1]), amd64).unwrap_err();
        assert_eq!(said, "it is linked dynamically");
        let said = check(&program(&[1]), "linux/arm64".parse().unwrap()).unwrap_err();
        assert_eq!(said, "it is not for linux/arm64");
        for broken in [&b"#!/bin/sh"[..], b"", b"\x7fELF\x02"] {
            assert_eq!(check(broken, amd64).unwrap_err(), "it is no ELF file");
        }
    }
}
