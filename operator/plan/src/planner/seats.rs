//! Seats in server groups: Nova limits the members of a group and the groups of a project, so that a pool has as many groups as it needs.

use std::collections::BTreeMap;

use crate::model::Quota;

/// The server groups of a pool.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats {
    /// Members of each group, by its id.
    members: BTreeMap<String, i64>,
    /// Seats that are promised to hosts without a group yet.
    promised: i64,
    /// Groups that are to be made for those.
    coming: i64,
}

impl Seats {
    /// A host that is a member of this group.
    pub fn sits(&mut self, group: &str) {
        *self.members.entry(group.to_owned()).or_default() += 1;
    }

    /// Promises seats to so many hosts, in new groups where there are none left.
    pub fn promise(&mut self, hosts: i64, quota: &mut Quota) {
        let short = hosts.saturating_sub(self.free(quota.server_group_members));
        self.promised = self.promised.saturating_add(hosts);
        if short > 0 {
            let size = if quota.server_group_members < 0 { short } else { quota.server_group_members.max(1) };
            // No more than the quota allows: hosts that were promised more have no seat to share.
            let groups = (short.div_euclid(size) + i64::from(short % size != 0)).min(new_groups(quota));
            self.coming = self.coming.saturating_add(groups);
            quota.server_groups.used = quota.server_groups.used.saturating_add(groups);
        }
    }

    /// How many more hosts find a seat.
    ///
    /// # Errors
    /// Why none does, and what to change.
    pub fn room(&self, quota: &Quota) -> Result<usize, String> {
        let (line, size) = (quota.server_groups, quota.server_group_members);
        let groups = new_groups(quota);
        let new = if groups > 0 && size < 0 { i64::MAX } else { groups.saturating_mul(size.max(0)) };
        let seats = self.free(size).saturating_add(new);
        usize::try_from(seats).ok().filter(|seats| *seats > 0).ok_or_else(|| {
            let members = if size < 0 { "any number of".to_owned() } else { size.to_string() };
            format!(
                "quota for server groups is {} of {}, of {members} members each, and the pool's are full; raise it by 1, or that for members",
                line.used, line.limit
            )
        })
    }

    /// Seats in groups that exist or are to be made.
    fn free(&self, size: i64) -> i64 {
        if size < 0 {
            return if self.members.is_empty() && self.coming == 0 { 0 } else { i64::MAX };
        }
        let free: i64 = self.members.values().map(|members| size.saturating_sub(*members).max(0)).sum();
        free.saturating_add(self.coming.saturating_mul(size)).saturating_sub(self.promised).max(0)
    }
}

/// How many more groups the quota allows.
fn new_groups(quota: &Quota) -> i64 {
    let line = quota.server_groups;
    if line.limit < 0 { i64::MAX } else { line.limit.saturating_sub(line.used).max(0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Line;

    fn quota(groups: (i64, i64), members: i64) -> Quota {
        Quota { server_groups: Line { used: groups.0, limit: groups.1 }, server_group_members: members, ..Quota::default() }
    }

    fn seated(members: &[i64]) -> Seats {
        let mut seats = Seats::default();
        members.iter().enumerate().for_each(|(at, count)| (0..*count).for_each(|_| seats.sits(&at.to_string())));
        seats
    }

    #[test]
    fn a_seat_is_in_a_group_that_is_not_full_or_in_a_new_one() {
        assert_eq!(seated(&[]).room(&quota((3, 5), 10)), Ok(20));
        assert_eq!(seated(&[10, 4]).room(&quota((5, 5), 10)), Ok(6));
        assert_eq!(seated(&[12]).room(&quota((4, 5), 10)), Ok(10));
        assert_eq!(seated(&[]).room(&quota((0, -1), 10)), Ok(usize::try_from(i64::MAX).unwrap()));
        assert_eq!(seated(&[300]).room(&quota((5, 5), -1)), Ok(usize::try_from(i64::MAX).unwrap()));
    }

    #[test]
    fn without_a_seat_the_quota_to_raise_is_told() {
        let why = seated(&[10]).room(&quota((5, 5), 10)).unwrap_err();
        assert_eq!(
            why,
            "quota for server groups is 5 of 5, of 10 members each, and the pool's are full; raise it by 1, or that for members"
        );
        assert!(seated(&[]).room(&quota((5, 5), -1)).unwrap_err().contains("any number of members"));
        assert!(seated(&[]).room(&quota((0, 5), 0)).is_err());
    }

    #[test]
    fn promised_seats_are_taken_and_new_groups_count_against_their_quota() {
        let (mut seats, mut quota) = (seated(&[8]), quota((1, 3), 10));
        seats.promise(5, &mut quota);
        assert_eq!((quota.server_groups.used, seats.room(&quota)), (2, Ok(17)));
        seats.promise(17, &mut quota);
        assert_eq!(quota.server_groups.used, 3);
        assert!(seats.room(&quota).is_err());
    }

    #[test]
    fn a_group_that_the_quota_forbids_has_no_seats() {
        let (mut seats, mut quota) = (seated(&[10]), quota((1, 1), 10));
        seats.promise(3, &mut quota);
        assert!(seats.room(&quota).is_err());
        assert_eq!(quota.server_groups.used, 1);
    }
}
