//! A real guest's own control groups: one in every cgroup v1 hierarchy, so that kubelets do not collect each other's pods.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Where the hierarchies are mounted.
const MOUNTS: &str = "/sys/fs/cgroup";

/// The hierarchies a kubelet and runc use; one that is not mounted is not needed.
const HIERARCHIES: [&str; 12] =
    ["cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio", "hugetlb", "systemd", "net_cls", "perf_event"];

/// Longest wait for killed processes to leave their groups.
const EMPTY_WAIT_MAX: Duration = Duration::from_secs(20);

/// Pause between two looks at a group that is to become empty.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Deepest nesting of groups below a guest's.
const DEPTH_MAX: usize = 12;

/// Whether this machine has cgroup v1 hierarchies that the kubelet needs.
pub fn are_usable() -> bool {
    ["cpu", "cpuset", "memory", "pids"].iter().all(|name| Path::new(MOUNTS).join(name).join("tasks").exists())
}

/// Makes the guest's groups, with the guest's memory as their limit.
///
/// # Errors
/// A hierarchy that refuses.
pub fn make(name: &str, memory_bytes: u64) -> Result<()> {
    for hierarchy in hierarchies() {
        let dir = hierarchy.join(name);
        fs::create_dir_all(&dir).with_context(|| format!("{} cannot be made", dir.display()))?;
        inherit_cpuset(&dir)?;
    }
    let limit = Path::new(MOUNTS).join("memory").join(name).join("memory.limit_in_bytes");
    fs::write(&limit, memory_bytes.to_string()).with_context(|| format!("{} cannot be set", limit.display()))
}

/// The files that a process writes its id to, to join the guest's groups.
pub fn member_files(name: &str) -> Vec<PathBuf> {
    hierarchies().map(|hierarchy| hierarchy.join(name).join("cgroup.procs")).collect()
}

/// Names of the hierarchies, which a guest mounts with itself as their root.
pub fn hierarchy_names() -> Vec<&'static str> {
    HIERARCHIES.into_iter().filter(|name| Path::new(MOUNTS).join(name).join("tasks").exists()).collect()
}

/// Kills whatever is in the guest's groups and removes them.
///
/// # Errors
/// Processes that do not end, or a group that cannot be removed.
pub async fn remove(name: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let left = members(name);
        if left.is_empty() {
            break;
        }
        if start.elapsed() > EMPTY_WAIT_MAX {
            bail!("processes {left:?} of guest {name} do not end");
        }
        for pid in left.into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    for hierarchy in hierarchies() {
        remove_tree(&hierarchy.join(name), DEPTH_MAX).await?;
    }
    Ok(())
}

/// Names of the groups on this machine that start with `prefix`.
pub fn names(prefix: &str) -> BTreeSet<String> {
    let entries = hierarchies().flat_map(|hierarchy| fs::read_dir(hierarchy).into_iter().flatten().flatten());
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// Resident memory of everything in the guest's memory group, in bytes; `None` without one.
pub fn memory_bytes(name: &str) -> Option<u64> {
    let stat = fs::read_to_string(Path::new(MOUNTS).join("memory").join(name).join("memory.stat")).ok()?;
    stat.lines().find_map(|line| line.strip_prefix("total_rss "))?.trim().parse().ok()
}

/// Mounted hierarchies; controllers that share one appear under each of their names, which does no harm.
fn hierarchies() -> impl Iterator<Item = PathBuf> {
    HIERARCHIES.iter().map(|name| Path::new(MOUNTS).join(name)).filter(|path| path.join("tasks").exists())
}

/// A new cpuset group has no CPUs and takes no process until it is given its parent's.
fn inherit_cpuset(dir: &Path) -> Result<()> {
    let Some(parent) = dir.parent() else { return Ok(()) };
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if let Ok(value) = fs::read_to_string(parent.join(file)) {
            fs::write(dir.join(file), value.trim()).with_context(|| format!("{} takes no {file}", dir.display()))?;
        }
    }
    Ok(())
}

fn members(name: &str) -> BTreeSet<i32> {
    hierarchies().flat_map(|hierarchy| members_below(&hierarchy.join(name), DEPTH_MAX)).collect()
}

fn members_below(dir: &Path, depth: usize) -> BTreeSet<i32> {
    let text = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
    let mut pids: BTreeSet<i32> = text.lines().filter_map(|line| line.trim().parse().ok()).collect();
    if depth > 0 {
        pids.extend(children(dir).into_iter().flat_map(|child| members_below(&child, depth - 1)));
    }
    pids
}

/// Removes a group and those below it, deepest first; a group is busy for a moment after its last process ended.
async fn remove_tree(dir: &Path, depth: usize) -> Result<()> {
    let mut groups = Vec::new();
    collect(dir, depth, &mut groups);
    for group in groups {
        let start = Instant::now();
        while let Err(error) = fs::remove_dir(&group) {
            if error.kind() == std::io::ErrorKind::NotFound {
                break;
            }
            if start.elapsed() > EMPTY_WAIT_MAX {
                return Err(error).with_context(|| format!("{} cannot be removed", group.display()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

fn collect(dir: &Path, depth: usize, into: &mut Vec<PathBuf>) {
    if depth > 0 {
        for child in children(dir) {
            collect(&child, depth - 1, into);
        }
    }
    into.push(dir.to_owned());
}

fn children(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}
