//! Free TCP ports, from below the range that the kernel gives to outgoing connections, so that none takes them in between.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};
use rand::Rng;

/// Linux's outgoing connections start at 32768.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
/// How many ports are tried before giving up.
const MAX_TRIES: usize = 100;

/// A port on which nothing listens at `address`.
///
/// # Errors
/// When a hundred random ports of 20000-31999 are all taken.
pub fn free_port(address: Ipv4Addr) -> Result<u16> {
    let mut random = rand::rng();
    for _ in 0..MAX_TRIES {
        let port = random.random_range(RANGE);
        if TcpListener::bind((address, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free TCP port at {address}: {MAX_TRIES} of {}-{} are taken; end what listens there", RANGE.start, RANGE.end - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = free_port(Ipv4Addr::LOCALHOST).unwrap();
        assert!(RANGE.contains(&port));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
