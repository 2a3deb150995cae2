//! Reads the few facts of an ELF file that an image depends on: the machine, and that it needs no loader.

use anyhow::{Result, bail};

const MAGIC: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
const MACHINE_AT: usize = 18;
const PROGRAM_HEADERS_AT: usize = 32;
const PROGRAM_HEADER_SIZE_AT: usize = 54;
const PROGRAM_HEADERS_AT_MOST: u16 = 256;
const PT_INTERP: u32 = 3;

/// The architecture as images name it, of a 64-bit little-endian binary without a loader.
///
/// # Errors
/// If it is anything else: such an image would not start.
pub fn static_architecture(binary: &[u8]) -> Result<&'static str> {
    if !binary.starts_with(&MAGIC) {
        bail!("the binary is no 64-bit little-endian ELF file; build it for x86_64-unknown-linux-musl or aarch64-unknown-linux-musl");
    }
    let (Some(machine), Some(interpreter)) = (read_u16(binary, MACHINE_AT), has_interpreter(binary)) else {
        bail!("the binary's ELF header is cut off; build it again");
    };
    if interpreter {
        bail!("the binary is dynamically linked and would not start in an image without files; build it for a musl target");
    }
    match machine {
        62 => Ok("amd64"),
        183 => Ok("arm64"),
        other => bail!("the binary is for ELF machine {other}; only x86-64 (62) and AArch64 (183) are known here"),
    }
}

fn has_interpreter(binary: &[u8]) -> Option<bool> {
    let first = usize::try_from(u64::from_le_bytes(array(binary, PROGRAM_HEADERS_AT)?)).ok()?;
    let size = usize::from(read_u16(binary, PROGRAM_HEADER_SIZE_AT)?);
    let count = read_u16(binary, PROGRAM_HEADER_SIZE_AT + 2)?.min(PROGRAM_HEADERS_AT_MOST);
    let types = (0..usize::from(count)).map(|n| array(binary, first.checked_add(n * size)?).map(u32::from_le_bytes));
    types.collect::<Option<Vec<u32>>>().map(|all| all.contains(&PT_INTERP))
}

fn read_u16(binary: &[u8], at: usize) -> Option<u16> {
    array(binary, at).map(u16::from_le_bytes)
}

fn array<const N: usize>(binary: &[u8], at: usize) -> Option<[u8; N]> {
    binary.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The least that counts as a binary.
    pub fn binary(machine: u16, header_type: u32) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(&MAGIC);
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes.extend(header_type.to_le_bytes());
        bytes.resize(120, 0);
        bytes
    }

    #[test]
    fn only_static_binaries_are_taken() {
        assert_eq!(static_architecture(&binary(62, 1)).unwrap(), "amd64");
        assert_eq!(static_architecture(&binary(183, 1)).unwrap(), "arm64");
        for (bytes, why) in [
            (binary(62, PT_INTERP), "dynamically linked"),
            (binary(40, 1), "ELF machine 40"),
            (binary(62, 1)[..60].to_vec(), "cut off"),
            (b"#!/bin/sh".to_vec(), "no 64-bit"),
        ] {
            let error = static_architecture(&bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
