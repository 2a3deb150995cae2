//! Ways to fill bins.

/// Who goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All tiers together: packs best, right where all find room.
    Mixed,
    /// Lower tiers first: right where room is short.
    Strict,
}

/// Which item opens a bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The hardest that fits, so that what is hard to place does not stay behind.
    Hardest,
    /// The hardest that shares a bin with none of its like: there will be a bin for each, so each brings others along.
    Shy,
    /// Whichever is best.
    Balanced,
}

/// What makes an item the best next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// It leaves the free shares of all dimensions closest to each other.
    Balance,
    /// It leaves the least, most of all where most is free.
    Rest,
}

/// A way to fill bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Who goes first.
    pub order: Order,
    /// Which item opens a bin.
    pub opening: Opening,
    /// What makes an item the best next one.
    pub measure: Measure,
    /// What an item's own share counts against the imbalance that it leaves: 0 minds balance only.
    pub size_weight: f64,
}

/// All ways, the one that is most often the best first.
pub const STYLES: [Style; 5] = [
    Style { order: Order::Mixed, opening: Opening::Hardest, measure: Measure::Balance, size_weight: 1.0 },
    Style { order: Order::Mixed, opening: Opening::Hardest, measure: Measure::Balance, size_weight: 0.2 },
    Style { order: Order::Mixed, opening: Opening::Balanced, measure: Measure::Balance, size_weight: 0.2 },
    Style { order: Order::Mixed, opening: Opening::Hardest, measure: Measure::Rest, size_weight: 1.0 },
    Style { order: Order::Strict, opening: Opening::Hardest, measure: Measure::Balance, size_weight: 1.0 },
];
