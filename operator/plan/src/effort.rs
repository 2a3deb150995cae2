//! How much the planner may think. It is counted in units of work, not in time: the same snapshot with the same units gives the same plan.

/// A purse of units that the planner spends. A unit is about a microsecond of one core.
pub struct Effort<'a> {
    left: u64,
    used: u64,
    go_on: Option<Box<dyn FnMut() -> bool + 'a>>,
}

impl std::fmt::Debug for Effort<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Effort").field("left", &self.left).field("used", &self.used).finish_non_exhaustive()
    }
}

/// Units of a plan of the running operator.
const USUAL_UNITS: u64 = 200_000;

impl Default for Effort<'_> {
    fn default() -> Self {
        Self::units(USUAL_UNITS)
    }
}

impl<'a> Effort<'a> {
    /// So many units and no more.
    pub fn units(units: u64) -> Self {
        Self { left: units, used: 0, go_on: None }
    }

    /// So many units, and only as long as `go_on` says so: a caller with a clock stops the search by it. [`Effort::used`] then replays it.
    pub fn while_true(units: u64, go_on: impl FnMut() -> bool + 'a) -> Self {
        Self { left: units, used: 0, go_on: Some(Box::new(go_on)) }
    }

    /// Spends units for the next step of a search; false: there are not enough, and the search ends with what it has.
    pub fn spend(&mut self, units: u64) -> bool {
        if units > self.left || self.go_on.as_mut().is_some_and(|go_on| !go_on()) {
            self.left = 0;
            return false;
        }
        self.left -= units;
        self.used += units;
        true
    }

    /// Lets a part of the work have so many units at most, of those that are left. The number may not depend on how many are left: a replay
    /// with other units would divide them otherwise.
    pub fn share<T>(&mut self, units: u64, work: impl FnOnce(&mut Effort<'a>) -> T) -> T {
        let kept = self.left.saturating_sub(units);
        self.left -= kept;
        let result = work(self);
        self.left += kept;
        result
    }

    /// Whether there is nothing left to spend.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Units spent so far.
    pub fn used(&self) -> u64 {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_is_gone_and_a_refusal_ends_it() {
        let mut effort = Effort::units(10);
        assert_eq!((effort.spend(7), effort.spend(4), effort.spend(1), effort.used()), (true, false, false, 7));
    }

    #[test]
    fn a_share_is_a_limit_and_what_it_does_not_use_stays() {
        let mut effort = Effort::units(10);
        assert!(effort.share(6, |effort| effort.spend(5)));
        assert_eq!((effort.share(2, |effort| effort.spend(3)), effort.spend(4), effort.spend(0), effort.used()), (false, false, true, 5));
    }

    #[test]
    fn whoever_has_a_clock_ends_it_and_the_units_replay_it() {
        let mut ticks = 3;
        let mut effort = Effort::while_true(100, || {
            ticks -= 1;
            ticks > 0
        });
        assert_eq!((effort.spend(5), effort.spend(5), effort.spend(5)), (true, true, false));
        assert_eq!(effort.used(), 10);
    }
}
