//! Seats that hosts keep for the pods that they were bought for, and the room beside them.

use std::collections::HashMap;

use super::{MAX_PASSES, Placing};
use crate::planner::buy::Market;
use crate::planner::demand::Demand;
use crate::planner::field::Spot;
use crate::planner::supply::Verdicts;

/// Times that pods come to their seats once others have found room.
const MAX_TURNS: usize = 8;

/// Seats of a bin that nobody has taken.
struct Seats {
    bin: usize,
    /// For pods of this mark.
    mark: u64,
    free: usize,
}

/// Room that is held for pods whose seat lets nobody in yet.
struct Held {
    bin: usize,
    shape: usize,
    pods: usize,
}

impl<'a> Placing<'a> {
    /// Fills seats, then free room. Whose seat lets nobody in yet is not sent elsewhere while others come: he may have waited for them, as
    /// those who were there before the host was bought.
    pub(super) fn fill_keeping(&mut self, market: &Market<'a>, bins: &[usize], hoped: &[&Spot]) {
        let (demand, verdicts) = (market.demand, market.verdicts);
        let mut seats = self.seats(bins);
        for _ in 0..MAX_TURNS {
            self.take_seats(demand, verdicts, &mut seats);
            // Whoever comes later is spread over zones in which hosts may be bought by then.
            self.field.hope(&demand.rules, hoped);
            let held = self.hold_seats(demand, verdicts, &seats);
            let before = self.waiting();
            self.pour(demand, verdicts, bins);
            let came = self.waiting() < before;
            self.give_room_back(demand, &held);
            if held.is_empty() {
                return;
            }
            if !came {
                break;
            }
            self.field.forget_hope();
        }
        self.field.hope(&demand.rules, hoped);
        self.pour(demand, verdicts, bins);
    }

    fn waiting(&self) -> usize {
        self.left.iter().sum()
    }

    fn seats(&self, bins: &[usize]) -> Vec<Seats> {
        let of_bin = |bin: &usize| {
            let bin = *bin;
            self.bins[bin].claims.iter().map(move |(mark, free)| Seats { bin, mark: *mark, free: *free })
        };
        bins.iter().flat_map(of_bin).collect()
    }

    /// Seats pods where hosts keep seats for them, one at a time in turn: pods that must be spread come to their seats as the others do. A
    /// seat that the rules do not let anybody take stays free.
    fn take_seats(&mut self, demand: &Demand<'_>, verdicts: &Verdicts, seats: &mut Vec<Seats>) {
        let by_mark = by_mark(demand);
        for _ in 0..MAX_PASSES {
            let mut taken = 0;
            for Seats { bin, mark, free } in seats.iter_mut() {
                for shape in by_mark.get(mark).into_iter().flatten() {
                    let asks = &demand.rules.rules[demand.shapes[*shape].rule].all;
                    let at_once = if asks.is_free() { *free } else { 1 };
                    for _ in 0..at_once.min(*free) {
                        if self.lets_in(demand, verdicts, *shape, *bin, asks) {
                            self.seat(demand, *shape, *bin, 1);
                            (*free, taken) = (*free - 1, taken + 1);
                        }
                    }
                }
            }
            seats.retain(|seats| seats.free > 0);
            if taken == 0 {
                return;
            }
        }
    }

    /// Holds the room of seats for those who wait for them: neither wait for as long.
    fn hold_seats(&mut self, demand: &Demand<'_>, verdicts: &Verdicts, seats: &[Seats]) -> Vec<Held> {
        let by_mark = by_mark(demand);
        let mut held = Vec::new();
        for Seats { bin, mark, free } in seats {
            let mut free = *free;
            for shape in by_mark.get(mark).into_iter().flatten() {
                let (wanted, there) = (&demand.shapes[*shape], &mut self.bins[*bin]);
                if there.takes(wanted, verdicts) {
                    let pods = wanted.requests.times(&there.free).min(self.left[*shape]).min(free);
                    there.free.sub(&wanted.requests.scaled(pods));
                    self.left[*shape] -= pods;
                    free -= pods;
                    held.extend((pods > 0).then_some(Held { bin: *bin, shape: *shape, pods }));
                }
            }
        }
        held
    }

    fn give_room_back(&mut self, demand: &Demand<'_>, held: &[Held]) {
        for Held { bin, shape, pods } in held {
            self.bins[*bin].free.add(&demand.shapes[*shape].requests.scaled(*pods));
            self.left[*shape] += pods;
        }
    }
}

/// Shapes by their mark.
fn by_mark(demand: &Demand<'_>) -> HashMap<u64, Vec<usize>> {
    let mut by_mark: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, shape) in demand.shapes.iter().enumerate() {
        by_mark.entry(shape.mark).or_default().push(at);
    }
    by_mark
}
