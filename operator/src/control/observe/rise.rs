//! Whether a quota gives more room than before: then what failed for it is worth a try.

use gantry_cloud::{Line, Quota};

/// Whether a limit was raised.
pub(super) fn of_limits(old: &Quota, new: &Quota) -> bool {
    any_more(old, new, |line| if line.limit < 0 { i64::MAX } else { line.limit })
}

/// Whether a limit was raised or somebody gave something back.
pub(super) fn of_room(old: &Quota, new: &Quota) -> bool {
    any_more(old, new, |line| if line.limit < 0 { i64::MAX } else { line.limit.saturating_sub(line.used) })
}

fn any_more(old: &Quota, new: &Quota, room: impl Fn(Line) -> i64) -> bool {
    let members = |quota: &Quota| quota.server_group_members.map(|limit| Line { limit, used: 0 });
    let lines = |quota: &Quota| {
        let nova = [Some(quota.instances), Some(quota.cores), Some(quota.memory_mib), quota.server_groups, members(quota)];
        let rest = [quota.ports, quota.floating_ips, quota.volumes, quota.gigabytes];
        nova.into_iter().chain(rest)
    };
    // A line that was not told before, or is not now, says nothing.
    lines(old).zip(lines(new)).any(|(old, new)| matches!((old, new), (Some(old), Some(new)) if room(new) > room(old)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(limit: i64, used: i64) -> Quota {
        let line = Line { limit, used };
        let (instances, cores, memory_mib) = (line, line, line);
        let [server_groups, ports, floating_ips, volumes, gigabytes] = [Some(line); 5];
        Quota { instances, cores, memory_mib, server_groups, server_group_members: Some(limit), ports, floating_ips, volumes, gigabytes }
    }

    #[test]
    fn every_line_counts_alone() {
        let changes: [fn(&mut Quota); 9] = [
            |q| q.instances.limit = 20,
            |q| q.cores.limit = -1,
            |q| q.memory_mib.limit = 20,
            |q| q.server_groups = Some(Line { limit: 20, used: 5 }),
            |q| q.server_group_members = Some(20),
            |q| q.ports = Some(Line { limit: 20, used: 5 }),
            |q| q.floating_ips = Some(Line { limit: 20, used: 5 }),
            |q| q.volumes = Some(Line { limit: 20, used: 5 }),
            |q| q.gigabytes = Some(Line { limit: 20, used: 5 }),
        ];
        for (n, change) in changes.iter().enumerate() {
            let mut raised = quota(10, 5);
            change(&mut raised);
            assert!(of_limits(&quota(10, 5), &raised) && of_room(&quota(10, 5), &raised), "{n}");
            assert!(!of_limits(&raised, &quota(10, 5)) && !of_room(&raised, &quota(10, 5)), "{n}");
        }
    }

    #[test]
    fn what_is_given_back_is_room_but_no_limit() {
        assert!(of_room(&quota(10, 5), &quota(10, 4)) && !of_limits(&quota(10, 5), &quota(10, 4)));
        assert!(!of_room(&quota(10, 5), &quota(10, 6)) && !of_room(&quota(-1, 5), &quota(-1, 4)));
    }

    #[test]
    fn a_line_that_is_not_told_says_nothing() {
        let untold = Quota { ports: None, ..quota(10, 5) };
        assert!(!of_room(&untold, &quota(10, 5)) && !of_room(&quota(10, 5), &untold));
    }
}
