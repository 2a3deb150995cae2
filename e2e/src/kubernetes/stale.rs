//! Clears what an environment left that was killed with `kill -9`: its bridge, rules and network namespaces, by our name.

use anyhow::{Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::network::{self, BRIDGE, Record};
use super::processes::run_now;

/// Guests' network namespaces are called `gantry-<something>`.
pub const NETNS_PREFIX: &str = "gantry-";

/// What a bridge that is already there means for whoever wants to make one.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Stale(Record),
    Running(Record),
    Foreign,
}

/// Clears what is stale.
///
/// # Errors
/// When the bridge belongs to an environment that runs, or to somebody else: with what to do. When a command fails.
pub fn clear() -> Result<()> {
    let alias = network::bridge_alias();
    match judge(alias.as_deref(), |record| record.owner.is_alive()) {
        Found::Nothing => remove_namespaces(Processes::Spare),
        Found::Stale(record) => {
            tracing::info!("clearing what process {} left behind", record.owner.pid);
            remove_namespaces(Processes::Kill)?;
            network::take_down(&record)
        }
        Found::Running(record) => bail!(
            "another environment runs on this machine: process {} owns the bridge {BRIDGE}; end it (Ctrl-C, or kill {}), \
             or use the loopback address",
            record.owner.pid,
            record.owner.pid
        ),
        Found::Foreign => {
            bail!("there is a bridge {BRIDGE} that Gantry did not make; if nothing needs it, remove it with `ip link delete {BRIDGE}`")
        }
    }
}

fn judge(alias: Option<&str>, is_alive: impl Fn(&Record) -> bool) -> Found {
    match alias.map(Record::parse) {
        None => Found::Nothing,
        Some(None) => Found::Foreign,
        Some(Some(record)) if is_alive(&record) => Found::Running(record),
        Some(Some(record)) => Found::Stale(record),
    }
}

/// What happens to processes in a namespace that bears our name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Processes {
    /// They are a dead environment's: container shims outlive the harness.
    Kill,
    /// Nothing proves that they are a dead environment's: a namespace that has any stays.
    Spare,
}

fn remove_namespaces(processes: Processes) -> Result<()> {
    for namespace in our_namespaces(&run_now("ip", ["netns", "list"])?) {
        let inside = run_now("ip", ["netns", "pids", &namespace])?;
        let pids: Vec<Pid> = inside.lines().filter_map(|pid| Pid::from_raw(pid.trim().parse().ok()?)).collect();
        if processes == Processes::Spare && !pids.is_empty() {
            continue;
        }
        for pid in pids {
            // One that has ended meanwhile is as good.
            let _ = kill_process(pid, Signal::KILL);
        }
        run_now("ip", ["netns", "delete", &namespace])?;
    }
    Ok(())
}

/// The names in the answer of `ip netns list`, whose lines read `name` or `name (id: 3)`, that are ours.
fn our_namespaces(list: &str) -> Vec<String> {
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| name.starts_with(NETNS_PREFIX)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_of_our_name_are_ours() {
        let list = "cni-1 (id: 0)\ngantry-a (id: 3)\nnot-gantry-b\ngantry-c\n";
        assert_eq!(our_namespaces(list), ["gantry-a", "gantry-c"]);
    }

    #[test]
    fn a_bridge_is_taken_over_only_from_a_dead_owner() {
        let ours = "gantry-e2e pid=1 start=2 ip_forward=0";
        let record = Record::parse(ours).unwrap();
        assert_eq!(judge(None, |_| true), Found::Nothing);
        assert_eq!(judge(Some(""), |_| false), Found::Foreign);
        assert_eq!(judge(Some(ours), |_| true), Found::Running(record.clone()));
        assert_eq!(judge(Some(ours), |_| false), Found::Stale(record));
    }
}
