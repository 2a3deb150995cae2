//! Places for work, counted by cloud: a cloud whose calls hang fills its own and nobody else's.

use std::collections::{BTreeMap, VecDeque};

use gantry_plan::model::Key;

/// Hosts of one cloud that are worked on at the same time; the cloud's pacer sets the pace.
pub const PER_CLOUD: usize = 64;

/// Who works, and who waits for a place. A host waits at most once: its queue gives it out again only when it is done.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<Key, Lane>);

#[derive(Debug, Default)]
struct Lane {
    working: usize,
    waiting: VecDeque<Key>,
}

impl Places {
    /// Whether work on `host` may begin; else it waits for its cloud.
    pub fn admit(&mut self, cloud: &Key, host: Key) -> Option<Key> {
        let lane = self.0.entry(cloud.clone()).or_default();
        if lane.working >= PER_CLOUD {
            lane.waiting.push_back(host);
            return None;
        }
        lane.working += 1;
        Some(host)
    }

    /// Work on a host of this cloud ended; who takes its place.
    pub fn ended(&mut self, cloud: &Key) -> Option<Key> {
        let lane = self.0.get_mut(cloud)?;
        let next = lane.waiting.pop_front();
        if next.is_none() {
            lane.working = lane.working.saturating_sub(1);
        }
        if lane.working == 0 {
            self.0.remove(cloud);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(n: usize) -> Key {
        Key::new("apps", format!("h{n}"))
    }

    #[test]
    fn a_full_cloud_makes_its_own_hosts_wait_in_order_and_no_others() {
        let (mut places, slow, other) = (Places::default(), Key::new("apps", "slow"), Key::new("apps", "other"));
        let admitted = (0..PER_CLOUD + 2).filter_map(|n| places.admit(&slow, host(n))).count();
        assert_eq!(admitted, PER_CLOUD);
        assert_eq!(places.admit(&other, host(900)), Some(host(900)));
        assert_eq!(
            [places.ended(&slow), places.ended(&slow), places.ended(&slow)],
            [Some(host(PER_CLOUD)), Some(host(PER_CLOUD + 1)), None]
        );
        assert_eq!(places.admit(&slow, host(901)), Some(host(901)));
    }

    #[test]
    fn clouds_without_work_are_forgotten() {
        let (mut places, cloud) = (Places::default(), Key::new("apps", "main"));
        places.admit(&cloud, host(0));
        places.ended(&cloud);
        assert!(places.0.is_empty());
        assert_eq!(places.ended(&cloud), None);
    }
}
