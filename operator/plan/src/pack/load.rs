//! Which items may share a bin.

use super::bits::Bits;

/// What an item asks of those that share its bin.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rules {
    /// Tokens that it brings.
    pub takes: Bits,
    /// Tokens that it does not stand. One that it brings itself means one such item in a bin.
    pub forbids: Bits,
    /// Groups that it is a member of: a bin holds so many members at most ([`super::Problem::caps`]).
    pub groups: Vec<usize>,
}

/// What a bin holds, as far as rules mind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Load {
    /// Tokens in it.
    pub takes: Bits,
    /// Tokens that something in it does not stand.
    pub forbids: Bits,
    /// Members by group.
    pub counts: Vec<(usize, usize)>,
}

impl Rules {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.takes.is_empty() && self.forbids.is_empty() && self.groups.is_empty()
    }

    /// Whether one excludes the next.
    pub(super) fn alone(&self) -> bool {
        self.takes.meets(&self.forbids)
    }
}

impl Load {
    /// How many items with these rules may still come.
    pub(super) fn room(&self, rules: &Rules, caps: &[usize]) -> usize {
        if rules.takes.meets(&self.forbids) || rules.forbids.meets(&self.takes) {
            return 0;
        }
        let most = if rules.alone() { 1 } else { usize::MAX };
        rules
            .groups
            .iter()
            .map(|group| caps.get(*group).map_or(usize::MAX, |cap| cap.saturating_sub(self.count(*group))))
            .fold(most, usize::min)
    }

    /// Takes in so many items with these rules.
    pub(super) fn add(&mut self, rules: &Rules, count: usize) {
        self.takes.add(&rules.takes);
        self.forbids.add(&rules.forbids);
        for group in &rules.groups {
            match self.counts.iter_mut().find(|(of, _)| of == group) {
                Some((_, members)) => *members += count,
                None => self.counts.push((*group, count)),
            }
        }
    }

    /// Members of a group.
    pub(super) fn count(&self, group: usize) -> usize {
        self.counts.iter().find(|(of, _)| *of == group).map_or(0, |(_, members)| *members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_exclude_and_groups_are_capped() {
        let port = Rules { takes: Bits::of([0]), forbids: Bits::of([0]), ..Rules::default() };
        let shy = Rules { forbids: Bits::of([0]), ..Rules::default() };
        let member = Rules { groups: vec![0], ..Rules::default() };
        let mut load = Load { counts: vec![(0, 1)], ..Load::default() };
        let room = |load: &Load| [&port, &shy, &member, &Rules::default()].map(|rules| load.room(rules, &[3]));
        assert_eq!(room(&load), [1, usize::MAX, 2, usize::MAX]);
        load.add(&port, 1);
        load.add(&member, 2);
        assert_eq!(room(&load), [0, 0, 0, usize::MAX]);
    }
}
