//! The laboratory network: bridge gantry0, forwarding, and the rules that lead pods to the API server; undone exactly.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::owner::Owner;
use super::processes::run_now;
use super::stale;

/// The bridge that guests are connected to.
pub const BRIDGE: &str = "gantry0";
/// The bridge's own address, where the API server listens.
pub const BRIDGE_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);
/// The length of the guests' subnet's prefix: 10.78.0.0/16.
pub const BRIDGE_PREFIX: u8 = 16;
/// The port of the API server on the bridge.
pub const BRIDGE_PORT: u16 = 6443;
/// Service addresses.
pub const SERVICE_SUBNET: &str = "10.96.0.0/16";
/// The service `kubernetes`, by which pods call the API server: the first address of [`SERVICE_SUBNET`].
pub const API_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);

/// Our chain, in the tables nat and filter: removing it and its one jump undoes every rule.
const CHAIN: &str = "GANTRY";
const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
/// How long iptables waits for another iptables, in seconds.
const LOCK_SECONDS: &str = "10";

/// (table, built-in chain) that jump to [`CHAIN`].
const HOOKS: [(&str, &str); 3] = [("nat", "PREROUTING"), ("nat", "OUTPUT"), ("filter", "FORWARD")];

/// The network while it is up. Dropping it takes it down.
#[derive(Debug)]
pub struct Network {
    record: Record,
    is_up: bool,
}

/// What the bridge's alias says: enough to take the network down after its maker was killed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who made it.
    pub owner: Owner,
    /// What ip_forward was before.
    pub ip_forward_before: String,
}

impl Record {
    /// Reads the alias of a bridge; none when we did not write it.
    pub fn parse(alias: &str) -> Option<Record> {
        let value = alias.strip_prefix("gantry-e2e ")?.split_whitespace().find_map(|word| word.strip_prefix("ip_forward="))?;
        Some(Record { owner: Owner::parse(alias)?, ip_forward_before: value.to_owned() })
    }

    fn alias(&self) -> String {
        format!("gantry-e2e {} ip_forward={}", self.owner, self.ip_forward_before)
    }
}

impl Network {
    /// Clears what an earlier run that was killed left behind, then makes the bridge and the rules.
    ///
    /// # Errors
    /// When not root, when the bridge belongs to another running environment or to somebody else, or when a command fails;
    /// what was made until then is undone.
    pub fn create() -> Result<Network> {
        if !rustix::process::geteuid().is_root() {
            bail!("the bridge {BRIDGE} needs root: run this as root, or use the loopback address (no guests with real kubelets)");
        }
        stale::clear()?;
        let before = fs::read_to_string(IP_FORWARD).context("cannot read ip_forward")?.trim().to_owned();
        let record = Record { owner: Owner::this_process()?, ip_forward_before: before };
        run_now("ip", ["link", "add", BRIDGE, "type", "bridge"])?;
        let network = Network { record, is_up: true };
        network.fill()?; // on an error the drop takes down what there is
        Ok(network)
    }

    fn fill(&self) -> Result<()> {
        run_now("ip", ["link", "set", BRIDGE, "alias", &self.record.alias()])?;
        run_now("ip", ["address", "add", &format!("{BRIDGE_ADDRESS}/{BRIDGE_PREFIX}"), "dev", BRIDGE])?;
        run_now("ip", ["link", "set", BRIDGE, "up"])?;
        fs::write(IP_FORWARD, "1").context("cannot turn on ip_forward")?;
        for arguments in rules() {
            iptables(&arguments)?;
        }
        Ok(())
    }

    /// Takes the network down. Does nothing when it is down.
    ///
    /// # Errors
    /// When a command fails; the others are still tried.
    pub fn remove(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_up) { take_down(&self.record) } else { Ok(()) }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!("cannot take down {BRIDGE}: {error:#}");
        }
    }
}

/// Undoes everything that a network with this record has made: the rules, forwarding, and the bridge that holds the
/// record last, so that whoever is killed in between leaves enough for the next one.
///
/// # Errors
/// When a command fails; the others are still tried.
pub fn take_down(record: &Record) -> Result<()> {
    let mut results = vec![remove_rules()];
    results.push(fs::write(IP_FORWARD, &record.ip_forward_before).context("cannot restore ip_forward"));
    results.push(run_now("ip", ["link", "delete", BRIDGE]).map(drop));
    results.into_iter().collect()
}

/// The bridge's alias: none when there is no bridge of that name, empty when it has none.
pub fn bridge_alias() -> Option<String> {
    let folder = Path::new("/sys/class/net").join(BRIDGE);
    let read = || fs::read_to_string(folder.join("ifalias")).unwrap_or_default().trim().to_owned();
    folder.exists().then(read)
}

fn remove_rules() -> Result<()> {
    for (table, hook) in HOOKS {
        // Each jump is there once; that it is not is what a half-made network looks like.
        let jump = ["-t", table, "-D", hook, "-j", CHAIN].map(str::to_owned);
        if iptables(&["-t", table, "-C", hook, "-j", CHAIN].map(str::to_owned)).is_ok() {
            iptables(&jump)?;
        }
    }
    for table in ["nat", "filter"] {
        if iptables(&["-t", table, "-S", CHAIN].map(str::to_owned)).is_ok() {
            iptables(&["-t", table, "-F", CHAIN].map(str::to_owned))?;
            iptables(&["-t", table, "-X", CHAIN].map(str::to_owned))?;
        }
    }
    Ok(())
}

/// The calls of iptables that make our rules, in order.
fn rules() -> Vec<Vec<String>> {
    let api_server = format!("{BRIDGE_ADDRESS}:{BRIDGE_PORT}");
    let mut calls = vec![
        format!("-t nat -N {CHAIN}"),
        format!("-t filter -N {CHAIN}"),
        // Pods call the API server by its service address, with or without a kube-proxy on their node.
        format!("-t nat -A {CHAIN} -d {API_SERVICE}/32 -p tcp --dport 443 -j DNAT --to-destination {api_server}"),
        // Where Docker has set FORWARD to DROP, pods of two guests could not talk.
        format!("-t filter -A {CHAIN} -i {BRIDGE} -o {BRIDGE} -j ACCEPT"),
    ];
    calls.extend(HOOKS.map(|(table, hook)| format!("-t {table} -I {hook} -j {CHAIN}")));
    calls.iter().map(|call| call.split_whitespace().map(str::to_owned).collect()).collect()
}

fn iptables(arguments: &[String]) -> Result<()> {
    let wait = ["-w", LOCK_SECONDS].map(str::to_owned);
    run_now("iptables", wait.iter().chain(arguments)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_from_the_alias_and_foreign_aliases_are_not() {
        let record = Record { owner: Owner { pid: 1, start_ticks: 2 }, ip_forward_before: "0".into() };
        assert_eq!(Record::parse(&record.alias()), Some(record));
        assert_eq!(Record::parse("uplink of rack 7 pid=1 start=2 ip_forward=0"), None);
        assert_eq!(Record::parse(""), None);
    }

    #[test]
    fn every_rule_is_in_our_chain_or_jumps_to_it() {
        for rule in rules() {
            let ours = rule.contains(&CHAIN.to_owned());
            assert!(ours, "clean-up would miss {rule:?}");
        }
    }
}
