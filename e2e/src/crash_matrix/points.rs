//! Where the operator is killed: every call of the reference runs, on its three sides. Pure.

use std::collections::BTreeMap;

use super::workload::Workload;
use crate::lab::gate::{Call, Cut, Point};

/// Calls of one kind that change something, each of which is a point; the later ones do what the earlier ones did.
const WRITES_EACH: u32 = 4;
/// Calls of one kind that only read: lists are repeated as long as hosts come and go.
const READS_EACH: u32 = 2;

/// A run to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What the operator is doing.
    pub workload: Workload,
    /// Where it is killed.
    pub point: Point,
}

/// The part of all runs that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    number: usize,
    of: usize,
}

impl std::fmt::Display for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.workload.name(), self.point)
    }
}

impl std::str::FromStr for Sample {
    type Err = String;

    /// `i/n`: every n-th run, beginning with the i-th; i may be larger than n, so that a day's number will do.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse::<usize>().ok()?, n.parse::<usize>().ok()?)));
        match parts {
            Some((i, of)) if of > 0 => Ok(Self { number: i % of, of }),
            _ => Err(format!("{text:?} is no sample; write i/n, such as 3/12 for every twelfth run from the third on")),
        }
    }
}

impl Sample {
    /// This part of them.
    #[must_use]
    pub fn of<T>(self, all: Vec<T>) -> Vec<T> {
        all.into_iter().enumerate().filter(|(index, _)| index % self.of == self.number).map(|(_, item)| item).collect()
    }
}

/// The calls that matter when a server has vanished, from the 404s that prove it to its replacement.
const VANISHED: [(&str, u32); 15] = [
    ("GET compute/v2.1/servers/{id}", 1),
    ("GET compute/v2.1/servers/{id}", 2),
    ("PATCH hosts/status", 1),
    ("PATCH hosts/status", 2),
    ("DELETE hosts", 1),
    ("DELETE networking/v2.0/ports/{id}", 1),
    ("DELETE networking/v2.0/floatingips/{id}", 1),
    ("DELETE volume/v3/volumes/{id}", 1),
    ("DELETE nodes", 1),
    ("POST hosts", 1),
    ("POST networking/v2.0/ports", 1),
    ("POST volume/v3/volumes", 1),
    ("POST networking/v2.0/floatingips", 1),
    ("POST secrets", 1),
    ("POST compute/v2.1/servers", 1),
];

/// Runs of a vanished server that need no reference run.
#[must_use]
pub fn vanished() -> Vec<Job> {
    let points = VANISHED
        .iter()
        .flat_map(|(label, occurrence)| Cut::ALL.map(|cut| Point { label: (*label).to_owned(), occurrence: *occurrence, cut }));
    points.map(|point| Job { workload: Workload::Vanished, point }).collect()
}

/// Every run of a workload whose reference run made these calls.
#[must_use]
pub fn jobs(workload: Workload, counted: &[Call]) -> Vec<Job> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut jobs = Vec::new();
    for call in counted {
        let occurrence = seen.entry(call.label.as_str()).or_default();
        *occurrence += 1;
        let limit = if call.writes { WRITES_EACH } else { READS_EACH };
        if *occurrence <= limit {
            let point = |cut| Point { label: call.label.clone(), occurrence: *occurrence, cut };
            jobs.extend(Cut::ALL.map(|cut| Job { workload, point: point(cut) }));
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_gives_three_runs_and_repeats_are_limited() {
        let list = Call::openstack("GET", "/compute/v2.1/servers/detail");
        let post = Call::openstack("POST", "/compute/v2.1/servers");
        let calls: Vec<Call> = [vec![list; 9], vec![post; 9]].concat();
        let jobs = jobs(Workload::ScaleUp, &calls);
        assert_eq!(jobs.len(), 3 * (2 + 4));
        assert!(jobs.iter().all(|job| job.point.occurrence <= 4));
    }

    #[test]
    fn samples_share_all_runs_without_overlap() {
        let mut all: Vec<usize> = (0..3).flat_map(|i| format!("{i}/3").parse::<Sample>().unwrap().of((0..10).collect())).collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!("327/12".parse::<Sample>(), "3/12".parse::<Sample>());
        assert!("3".parse::<Sample>().is_err() && "1/0".parse::<Sample>().is_err());
    }
}
