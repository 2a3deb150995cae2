//! A real guest's network: a namespace with the server's address on the bridge, and a route to its pods.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::kubernetes::network::{BRIDGE, BRIDGE_ADDRESS, BRIDGE_PREFIX};
use crate::kubernetes::processes::run_now;

/// Third byte of the first and the last pod subnet: 10.200.0.0/24 to 10.200.255.0/24.
pub const POD_SUBNETS: std::ops::RangeInclusive<u8> = 0..=255;

/// The pods' subnet of the guest with this number.
pub fn pod_subnet(number: u8) -> String {
    format!("{}/24", Ipv4Addr::new(10, 200, number, 0))
}

/// The file that `nsenter --net=` takes.
pub fn namespace_file(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}

/// Whether there is a bridge to connect a guest to.
pub fn has_bridge() -> bool {
    PathBuf::from("/sys/class/net").join(BRIDGE).exists()
}

/// Makes the namespace `name`, with `address` on the bridge, and the route to its pods.
///
/// # Errors
/// A command that fails, or an address that is not IPv4.
pub fn make(name: &str, address: IpAddr, pod_subnet: &str) -> Result<()> {
    let IpAddr::V4(address) = address else { bail!("{address} is not an IPv4 address; the bridge {BRIDGE} has no other") };
    let address = address.to_string();
    let with_prefix = format!("{address}/{BRIDGE_PREFIX}");
    let gateway = BRIDGE_ADDRESS.to_string();
    run_now("ip", ["netns", "add", name])?;
    run_now("ip", ["link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name])?;
    run_now("ip", ["link", "set", name, "master", BRIDGE, "up"])?;
    run_now("ip", ["-n", name, "address", "add", &with_prefix, "dev", "eth0"])?;
    run_now("ip", ["-n", name, "link", "set", "lo", "up"])?;
    run_now("ip", ["-n", name, "link", "set", "eth0", "up"])?;
    run_now("ip", ["-n", name, "route", "add", "default", "via", &gateway])?;
    run_now("ip", ["route", "replace", pod_subnet, "via", &address, "dev", BRIDGE])?;
    Ok(())
}

/// Removes what [`make`] made, as far as it is there.
pub fn remove(name: &str, pod_subnet: Option<&str>) {
    if let Some(subnet) = pod_subnet {
        let _ = run_now("ip", ["route", "delete", subnet]);
    }
    // The veth pair goes with the namespace, but only once the kernel gets to it: the name must be free at once.
    let _ = run_now("ip", ["link", "delete", name]);
    let _ = run_now("ip", ["netns", "delete", name]);
}

/// Names of the network namespaces on this machine that start with `prefix`.
pub fn names(prefix: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with(prefix)).collect()
}
