//! The exchange rate between preferences and price.

use super::FULL_WEIGHT;
use super::crowd::MILLI;
use crate::resources::Resources;

/// What a satisfied preference of weight 100 is worth, in percent of what the pod's own share of the host costs.
pub(super) const PREFERENCE_SHARE: i64 = 10;

/// What a pod's share of a host costs: of all that it asks for, what it takes the most of.
pub(super) fn share_micro(requests: &Resources, free: &Resources, price_micro: i64) -> i64 {
    let share = |ask: i64, free: i64| i128::from(price_micro) * i128::from(ask.max(0)) / i128::from(free.max(1));
    let named = requests.extended.iter().map(|(name, ask)| share(*ask, free.extended.get(name).copied().unwrap_or(0)));
    let most = share(requests.cpu_milli, free.cpu_milli)
        .max(share(requests.memory_bytes, free.memory_bytes))
        .max(share(requests.ephemeral_bytes, free.ephemeral_bytes))
        .max(share(requests.pods, free.pods))
        .max(named.max().unwrap_or(0));
    i64::try_from(most.clamp(0, i128::from(price_micro.max(0)))).unwrap_or(price_micro)
}

/// What so much satisfied weight is worth to a pod whose share costs this.
pub(super) fn worth_micro(share_micro: i64, weight_milli: i64) -> i64 {
    let worth = i128::from(share_micro) * i128::from(weight_milli) * i128::from(PREFERENCE_SHARE) / i128::from(100 * FULL_WEIGHT * MILLI);
    i64::try_from(worth).unwrap_or(i64::MAX)
}

/// What so much satisfied weight is worth to a pod on a host.
#[cfg(test)]
pub(crate) fn worth_of(requests: &Resources, free: &Resources, price_micro: i64, weight: i64) -> i64 {
    worth_micro(share_micro(requests, free, price_micro), weight * MILLI)
}

/// By how much weight, in thousandths, something must be preferred that costs this much more, in thousandths of the price.
pub(super) fn weight_of_milli(dearer_milli: i64) -> i64 {
    dearer_milli.saturating_mul(100 * FULL_WEIGHT) / PREFERENCE_SHARE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{offers, resources};

    #[test]
    fn the_full_weight_is_worth_a_tenth_of_the_share() {
        let share = share_micro(&resources(1_000, 8), &offers(4_000, 16), 4_000_000);
        assert_eq!((share, worth_micro(share, 100 * MILLI), worth_micro(share, 10 * MILLI)), (2_000_000, 200_000, 20_000));
    }

    #[test]
    fn what_costs_a_tenth_more_must_be_preferred_in_full() {
        assert_eq!(weight_of_milli(100), 100 * MILLI);
    }

    #[test]
    fn a_share_is_never_more_than_the_host() {
        assert_eq!(share_micro(&resources(9_000, 1), &offers(0, 16), 4_000_000), 4_000_000);
    }
}
