//! When the operator is killed: at which of its calls, and on which side of it. Pure.

use std::collections::BTreeMap;

use super::calls::Call;

/// On which side of a call the operator dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// Before it is sent on.
    Before,
    /// It was applied, the answer is lost.
    Applied,
    /// The answer was passed on; at the next call, so that what it said was not recorded.
    Answered,
}

impl Cut {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Before, Self::Applied, Self::Answered];
}

/// A call, by what it is and how many of the same kind came before it, and a side of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The call's label.
    pub label: String,
    /// The first is 1.
    pub occurrence: u32,
    /// On which side of it.
    pub cut: Cut,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} #{}, {:?}", self.label, self.occurrence, self.cut)
    }
}

/// What to do with a call that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send it on and pass the answer on.
    Pass,
    /// Kill the operator, send nothing.
    Kill,
    /// Send it on and kill the operator when the answer is there.
    KillWhenApplied,
    /// Send it on, pass the answer on, and tell [`Trap::answered`].
    TellWhenAnswered,
}

/// Counts calls and waits for its point.
#[derive(Debug, Default)]
pub struct Trap {
    point: Option<Point>,
    seen: BTreeMap<String, u32>,
    counted: Vec<Call>,
    /// The point's answer was passed on.
    passed: bool,
    sprung: bool,
}

impl Trap {
    /// A trap for this point, or one that only counts.
    #[must_use]
    pub fn armed(point: Option<Point>) -> Self {
        Self { point, ..Self::default() }
    }

    /// A call that counts arrives.
    pub fn arrives(&mut self, call: &Call) -> Order {
        let seen = self.seen.entry(call.label.clone()).or_default();
        *seen += 1;
        let occurrence = *seen;
        self.counted.push(call.clone());
        if self.spring_if_passed() {
            return Order::Kill;
        }
        let hit = |point: &&Point| point.label == call.label && point.occurrence == occurrence;
        match self.point.as_ref().filter(hit).map(|point| point.cut).filter(|_| !self.sprung) {
            None => Order::Pass,
            Some(Cut::Before) => {
                self.sprung = true;
                Order::Kill
            }
            Some(Cut::Applied) => {
                self.sprung = true;
                Order::KillWhenApplied
            }
            Some(Cut::Answered) => Order::TellWhenAnswered,
        }
    }

    /// The answer of the point is being passed on.
    pub fn answered(&mut self) {
        self.passed = true;
    }

    /// Springs if the point's answer has passed; whether it did.
    pub fn spring_if_passed(&mut self) -> bool {
        let springs = self.passed && !self.sprung;
        self.sprung |= springs;
        springs
    }

    /// Whether the point was reached.
    #[must_use]
    pub fn sprung(&self) -> bool {
        self.sprung
    }

    /// What arrived, in its order.
    #[must_use]
    pub fn counted(&self) -> &[Call] {
        &self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str) -> Call {
        Call::openstack("POST", path)
    }

    fn trap(cut: Cut) -> Trap {
        Trap::armed(Some(Point { label: "POST ports".into(), occurrence: 2, cut }))
    }

    #[test]
    fn before_kills_at_the_second_call_of_its_kind_and_only_once() {
        let mut trap = trap(Cut::Before);
        assert_eq!([call("ports"), call("servers"), call("ports"), call("ports")].map(|c| trap.arrives(&c)), {
            [Order::Pass, Order::Pass, Order::Kill, Order::Pass]
        });
        assert!(trap.sprung());
    }

    #[test]
    fn applied_kills_after_the_answer() {
        let mut trap = trap(Cut::Applied);
        assert_eq!([call("ports"), call("ports")].map(|c| trap.arrives(&c)), [Order::Pass, Order::KillWhenApplied]);
    }

    #[test]
    fn answered_kills_at_the_next_call_of_any_kind() {
        let mut trap = trap(Cut::Answered);
        assert_eq!([call("ports"), call("ports")].map(|c| trap.arrives(&c)), [Order::Pass, Order::TellWhenAnswered]);
        assert_eq!(trap.arrives(&call("servers")), Order::Pass, "it was sent before the answer was there");
        trap.answered();
        assert_eq!(trap.arrives(&call("servers")), Order::Kill);
        assert_eq!(trap.arrives(&call("servers")), Order::Pass);
    }

    #[test]
    fn without_a_point_it_only_counts() {
        let mut trap = Trap::armed(None);
        assert_eq!(trap.arrives(&call("ports")), Order::Pass);
        assert_eq!(trap.counted().len(), 1);
        assert!(!trap.sprung());
    }
}
