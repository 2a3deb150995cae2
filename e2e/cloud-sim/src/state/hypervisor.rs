//! Hypervisors: what they can give away, and which one a new server goes to.
use std::sync::Arc;

use crate::config::ZoneSpec;

#[derive(Debug)]
pub(crate) struct Hypervisor {
    pub(crate) name: Arc<str>,
    pub(crate) zone: Arc<str>,
    pub(crate) vcpus: u32,
    pub(crate) memory_mib: u64,
    pub(crate) used_vcpus: u32,
    pub(crate) used_memory_mib: u64,
    pub(crate) servers: u32,
    /// False when its nova-compute no longer reports.
    pub(crate) is_up: bool,
}

impl Hypervisor {
    fn has_room(&self, vcpus: u32, memory_mib: u64) -> bool {
        self.used_vcpus + vcpus <= self.vcpus && self.used_memory_mib + memory_mib <= self.memory_mib
    }

    fn free_memory_mib(&self) -> u64 {
        self.memory_mib - self.used_memory_mib.min(self.memory_mib)
    }
}

/// Why no hypervisor was found; the texts are Nova's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoValidHost {
    /// Placement knows no hypervisor with room.
    NoCandidates,
    /// There is room, but the filters (nova-compute is up, server groups) leave none.
    Filtered,
}

impl NoValidHost {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NoCandidates => "No valid host was found. ",
            Self::Filtered => "No valid host was found. There are not enough hosts available.",
        }
    }
}

pub(crate) fn seeded(zones: &[ZoneSpec]) -> Vec<Hypervisor> {
    let of_zone = |zone: &ZoneSpec| {
        let (name, vcpus, memory_mib): (Arc<str>, _, _) = (zone.name.as_str().into(), zone.vcpus, zone.memory_mib);
        (1..=zone.hypervisors)
            .map(|n| Hypervisor {
                name: format!("cn-{name}-{n}").into(),
                zone: name.clone(),
                vcpus,
                memory_mib,
                used_vcpus: 0,
                used_memory_mib: 0,
                servers: 0,
                is_up: true,
            })
            .collect::<Vec<_>>()
    };
    zones.iter().flat_map(of_zone).collect()
}

/// The hypervisor with most free memory, as Nova's default weights choose; `allowed` is the server group's say.
pub(crate) fn select(
    hypervisors: &[Hypervisor],
    zone: Option<&str>,
    (vcpus, memory_mib): (u32, u64),
    allowed: impl Fn(usize) -> bool,
    penalty: impl Fn(usize) -> u32,
) -> Result<usize, NoValidHost> {
    let candidates: Vec<usize> = (0..hypervisors.len())
        .filter(|&n| zone.is_none_or(|zone| &*hypervisors[n].zone == zone) && hypervisors[n].has_room(vcpus, memory_mib))
        .collect();
    if candidates.is_empty() {
        return Err(NoValidHost::NoCandidates);
    }
    let best = candidates.into_iter().filter(|&n| hypervisors[n].is_up && allowed(n));
    best.min_by_key(|&n| (penalty(n), u64::MAX - hypervisors[n].free_memory_mib())).ok_or(NoValidHost::Filtered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Vec<Hypervisor> {
        let zone = |name: &str| ZoneSpec { name: name.into(), hypervisors: 1, vcpus: 4, memory_mib: 8192 };
        seeded(&[zone("az1"), zone("az2")])
    }

    fn pick(all: &[Hypervisor], zone: Option<&str>, vcpus: u32) -> Result<usize, NoValidHost> {
        select(all, zone, (vcpus, 1024), |_| true, |_| 0)
    }

    #[test]
    fn the_hypervisor_with_most_free_memory_wins() {
        let mut all = two();
        assert_eq!(pick(&all, None, 1), Ok(0));
        all[0].used_memory_mib = 1;
        assert_eq!(pick(&all, None, 1), Ok(1));
    }

    #[test]
    fn no_room_in_the_zone_is_no_valid_host() {
        assert_eq!(pick(&two(), Some("az1"), 5), Err(NoValidHost::NoCandidates));
    }

    #[test]
    fn a_hypervisor_that_is_down_is_filtered() {
        let mut all = two();
        all[0].is_up = false;
        assert_eq!(pick(&all, Some("az1"), 1), Err(NoValidHost::Filtered));
    }
}
