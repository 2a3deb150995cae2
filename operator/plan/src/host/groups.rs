//! Which server group a host joins: one that has room under the quota of members, or a new one.

/// A server group of this pool and policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shard {
    /// Nova id.
    pub id: String,
    /// Its number in the name.
    pub number: u32,
    /// Servers in it.
    pub members: Vec<String>,
    /// Hosts that recorded it, each with its server, if it has one.
    pub recorded: Vec<Option<String>>,
    /// Whether its rule is the one that is asked for; else it only takes its number.
    pub open: bool,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Join this one.
    Use(String),
    /// Create the one of this number.
    Create(u32),
}

/// Members of a group if the cloud does not say: Nova's default.
pub const MEMBERS_DEFAULT: usize = 10;

/// The fullest group that has room, so that few are needed; of equals the one with the lowest number. `limit` is the quota of members; none means Nova's default.
pub fn choose(shards: &[Shard], limit: Option<i64>) -> Choice {
    let limit = match limit {
        Some(none) if none < 0 => usize::MAX,
        Some(limit) => usize::try_from(limit).unwrap_or(MEMBERS_DEFAULT),
        None => MEMBERS_DEFAULT,
    };
    let with_room = shards.iter().filter(|shard| shard.open && shard.taken() < limit);
    match with_room.max_by(|a, b| a.taken().cmp(&b.taken()).then_with(|| b.number.cmp(&a.number))) {
        Some(shard) => Choice::Use(shard.id.clone()),
        None => Choice::Create((0..).find(|number| shards.iter().all(|shard| shard.number != *number)).unwrap_or_default()),
    }
}

impl Shard {
    /// Places that are taken: by members, and by hosts whose server is not a member yet.
    fn taken(&self) -> usize {
        let coming = self.recorded.iter().filter(|server| server.as_ref().is_none_or(|id| !self.members.contains(id)));
        self.members.len() + coming.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(number: u32, members: usize, coming: usize) -> Shard {
        let members = (0..members).map(|n| format!("s{n}")).collect();
        Shard { id: format!("g{number}"), number, members, recorded: vec![None; coming], open: true }
    }

    #[test]
    fn the_fullest_group_with_room_is_joined_and_a_full_one_is_followed_by_another() {
        let choices = [
            choose(&[], Some(10)),
            choose(&[shard(0, 3, 0), shard(1, 5, 4)], Some(10)),
            choose(&[shard(0, 6, 4), shard(1, 10, 0)], Some(10)),
            choose(&[shard(1, 10, 0)], None),
            choose(&[shard(0, 500, 0)], Some(-1)),
            choose(&[shard(0, 1, 0), shard(1, 1, 0)], Some(10)),
            choose(&[Shard { open: false, ..shard(0, 1, 0) }], Some(10)),
        ];
        let wanted = [
            Choice::Create(0),
            Choice::Use("g1".into()),
            Choice::Create(2),
            Choice::Create(0),
            Choice::Use("g0".into()),
            Choice::Use("g0".into()),
            Choice::Create(1),
        ];
        assert_eq!(choices, wanted);
    }

    #[test]
    fn a_host_whose_server_is_a_member_counts_once() {
        let full = Shard { recorded: vec![Some("s0".into()), Some("s1".into()), None], ..shard(0, 2, 0) };
        assert_eq!(full.taken(), 3);
    }
}
