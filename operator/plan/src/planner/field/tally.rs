//! Counts by domain of one kind of pods.

/// One counter's counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// By domain.
    pub counts: Vec<i64>,
    /// By domain, the least skew that somebody whom this plan placed there was promised.
    pub promised: Vec<i64>,
    /// The most domains that one of them wants.
    pub promised_domains: Option<usize>,
    /// By domain, pods that this plan placed there because they need each other.
    pub leaning: Vec<i64>,
    pub total: i64,
    /// Where nodes are the domains, how many are counted on a host that could be bought, at least.
    pub anew: Option<i64>,
    /// The least count of all domains that count and how many have it, while it is known.
    pub least: Option<(i64, usize)>,
}

/// The least count and how many have it when one goes from `before` to `now`; `None` if that is no longer known.
pub(super) fn shifted((least, have): (i64, usize), before: i64, now: i64, counts: bool) -> Option<(i64, usize)> {
    if !counts || (before > least && now > least) {
        return Some((least, have));
    }
    (before == least && now > least && have > 1).then(|| (least, have - 1))
}

/// The entry of a domain, in a list that grows.
pub(super) fn grown<T: Clone + Default>(list: &mut Vec<T>, domain: u32) -> &mut T {
    let at = domain as usize;
    if list.len() <= at {
        list.resize(at + 1, T::default());
    }
    &mut list[at]
}
