//! Sentences about a pod that is larger than any host of a pool.

use crate::planner::budget::cpus;
use crate::planner::catalog::Candidate;
use crate::resources::Resources;

const GIB: f64 = (1u64 << 30) as f64;

/// One sentence for the first resource that no candidate has enough of.
pub(super) fn sentence(requests: &Resources, candidates: &[&Candidate<'_>]) -> String {
    let most = |of: fn(&Resources) -> i64| most(candidates, of);
    let cpu = most(|r| r.cpu_milli);
    let memory = most(|r| r.memory_bytes);
    let ephemeral = most(|r| r.ephemeral_bytes);
    let largest = |flavor: &str| format!("the largest flavor of the pool, {flavor}, offers");
    if requests.cpu_milli > cpu.0 {
        let unit = if requests.cpu_milli == 1_000 { "CPU" } else { "CPUs" };
        let (ask, offers) = (cpus(requests.cpu_milli), cpus(cpu.0));
        return format!("asks for {ask} {unit}; {} {offers} to pods: add a larger flavor", largest(cpu.1));
    }
    if requests.memory_bytes > memory.0 {
        let (ask, offers) = (gib(requests.memory_bytes), gib(memory.0));
        return format!("asks for {ask} GiB of memory; {} {offers} to pods: add a larger flavor", largest(memory.1));
    }
    if requests.ephemeral_bytes > ephemeral.0 {
        let (ask, offers) = (gib(requests.ephemeral_bytes), gib(ephemeral.0));
        return format!(
            "asks for {ask} GiB of ephemeral storage; {} {offers} to pods: add a flavor with a larger disk",
            largest(ephemeral.1)
        );
    }
    for name in requests.extended.keys() {
        let offered = candidates.iter().any(|c| c.free.extended.get(name).copied().unwrap_or(0) >= requests.extended[name]);
        if requests.extended[name] > 0 && !offered {
            return format!("asks for {} {name}; no flavor of the pool offers it", requests.extended[name]);
        }
    }
    if most(|r| r.pods).0 < 1 {
        return "DaemonSets take all pods of a host: raise template.node.maxPods".to_owned();
    }
    let (cpu, memory) = (cpus(requests.cpu_milli), gib(requests.memory_bytes));
    format!("no flavor of the pool offers {cpu} CPUs and {memory} GiB of memory together: add one")
}

/// The most that any candidate has of a resource, and its flavor.
fn most<'a>(candidates: &[&Candidate<'a>], of: fn(&Resources) -> i64) -> (i64, &'a str) {
    let all = candidates.iter().map(|c| (of(&c.free).max(0), c.offering.flavor.as_str()));
    all.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1))).unwrap_or((0, ""))
}

/// Bytes as GiB with at most two decimals.
fn gib(bytes: i64) -> String {
    let text = format!("{:.2}", bytes as f64 / GIB);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
