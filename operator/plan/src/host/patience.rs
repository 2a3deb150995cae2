//! How long a stage of a host's life has been watched: what deadlines are measured by.
//!
//! No stamp of another machine, or of another process, is compared with this clock. Time counts only between two looks of this
//! process at the same stage with the cloud in sight, and no more than [`GAP`] of it at once. So a wrong clock, an API server that was away for an hour, or
//! a process that stood still cost nobody a server; after a restart a deadline starts again.

use jiff::{SignedDuration, Timestamp};

use super::ledger::Stage;

/// The most that counts between two looks.
pub const GAP: SignedDuration = SignedDuration::from_secs(30);

/// Whether the world could be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sight {
    /// The cloud answers and knows how the server is.
    #[default]
    Clear,
    /// It does not.
    Blind,
}

/// Time spent in a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Patience {
    stage: Stage,
    spent: SignedDuration,
    last: Option<(Timestamp, Sight)>,
}

impl Patience {
    /// One look at the host.
    pub fn look(&mut self, stage: Stage, sight: Sight, now: Timestamp) {
        if self.stage != stage {
            *self = Self { stage, ..Self::default() };
        }
        if let (Some((last, Sight::Clear)), Sight::Clear) = (self.last, sight) {
            self.spent += now.duration_since(last).clamp(SignedDuration::ZERO, GAP);
        }
        self.last = Some((now, sight));
    }

    /// Whether the stage has lasted longer than `limit`, seen clearly.
    pub fn is_over(&self, stage: Stage, limit: SignedDuration) -> bool {
        let clear = self.last.is_some_and(|(_, sight)| sight == Sight::Clear);
        clear && self.stage == stage && self.spent > limit
    }

    /// One that has watched this stage for so long: for tests and the model.
    pub fn of(stage: Stage, spent: SignedDuration) -> Self {
        Self { stage, spent, last: Some((Timestamp::UNIX_EPOCH, Sight::Clear)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn watched(looks: &[(i64, Sight)]) -> Patience {
        let mut patience = Patience::default();
        looks.iter().for_each(|(second, sight)| patience.look(Stage::Building, *sight, at(*second)));
        patience
    }

    #[test]
    fn time_counts_while_the_stage_is_watched() {
        let looks: Vec<_> = (0..=13).map(|n| (n * 5, Sight::Clear)).collect();
        assert!(watched(&looks).is_over(Stage::Building, MINUTE));
        assert!(!watched(&looks[..=12]).is_over(Stage::Building, MINUTE));
        assert!(!watched(&looks).is_over(Stage::Joining, MINUTE), "another stage");
    }

    #[test]
    fn t21_a_clock_that_jumps_costs_half_a_minute_at_most() {
        let two_days = 2 * 86_400;
        assert_eq!(watched(&[(0, Sight::Clear), (two_days, Sight::Clear)]).spent, GAP);
        assert_eq!(watched(&[(two_days, Sight::Clear), (0, Sight::Clear)]).spent, SignedDuration::ZERO);
    }

    #[test]
    fn t15_time_in_which_nothing_could_be_seen_does_not_count() {
        let looks: Vec<_> = (0..720).map(|n| (n * 5, Sight::Blind)).chain([(3600, Sight::Clear)]).collect();
        assert_eq!(watched(&looks).spent, SignedDuration::ZERO);
        let mut patience = watched(&[(0, Sight::Clear), (20, Sight::Clear)]);
        patience.look(Stage::Building, Sight::Blind, at(40));
        assert!(!patience.is_over(Stage::Building, SignedDuration::from_secs(10)), "no verdict while blind");
    }

    #[test]
    fn a_new_stage_starts_again() {
        let mut patience = watched(&[(0, Sight::Clear), (20, Sight::Clear)]);
        patience.look(Stage::Joining, Sight::Clear, at(25));
        assert_eq!(patience.spent, SignedDuration::ZERO);
    }
}
