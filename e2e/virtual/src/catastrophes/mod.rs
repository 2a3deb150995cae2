//! Catastrophes that hit others, by their numbers: each is brought about with its true duration and must pass its criterion.

mod clocks;
mod cloud_lies;
mod creation;
mod credentials;
mod kubernetes_lies;
mod scene;
mod standing_still;
mod twins;
mod useless;
mod waves;

use anyhow::Result;

pub use scene::{Scene, Size, Trial};

/// One catastrophe.
pub struct Case {
    /// `T6`.
    pub id: &'static str,
    /// What happens.
    pub what: &'static str,
    /// Brings it about; the answer is what was counted.
    pub run: fn(Trial) -> Result<String>,
}

macro_rules! case {
    ($id:literal, $what:literal, $run:path) => {
        Case { id: $id, what: $what, run: $run }
    };
}

/// All of them.
pub const CASES: [Case; 37] = [
    case!("T1", "the cloud's list is empty for 30 min", cloud_lies::empty_list),
    case!("T2", "Kubernetes lists nothing, fails, or never syncs", kubernetes_lies::hosts_unlisted),
    case!("T3", "a page of the list is broken", cloud_lies::broken_pages),
    case!("T4", "one of two cells is down", cloud_lies::cell_down),
    case!("T5", "a proxy answers everything for 10 min", cloud_lies::proxy),
    case!("T6", "creations are answered 503, 504 or not at all", creation::answers_lost),
    case!("T7", "a creation takes 142 s, then 30 min", creation::slow),
    case!("T8", "own writes are invisible for 10 s, then 60 s", kubernetes_lies::own_writes_invisible),
    case!("T9", "half of the machines lose their labels", kubernetes_lies::labels_stripped),
    case!("T10", "leadership is lost in the middle of creations", twins::leadership_lost),
    case!("T11", "orphans are swept while creations take hours", creation::swept_while_creating),
    case!("T12", "one host of three never registers", standing_still::one_never_registers),
    case!("T13", "nodes have a foreign taint for 1 h", useless::foreign_taint),
    case!("T13", "nodes are smaller than their flavor says", useless::smaller),
    case!("T13", "nodes never join for 1 h", useless::never_join),
    case!("T14", "quota is spent for 6 h", standing_still::quota_spent),
    case!("T14", "no valid host for 6 h", standing_still::no_valid_host),
    case!("T15", "servers are shut off, in ERROR, the API away for 1 h", standing_still::away_for_an_hour),
    case!("T16", "deletions take 2 h", standing_still::deletion_hangs),
    case!("T16", "deletions are soft", standing_still::soft_deletion),
    case!("T17", "two clusters in one project for 24 h", twins::two_clusters),
    case!("T20", "tokens end in the middle of calls", credentials::tokens_end),
    case!("T20", "the Secret is rotated", credentials::rotated),
    case!("T20", "the application credential is deleted", credentials::revoked),
    case!("T20", "the user's password is changed", credentials::password_changed),
    case!("T21", "the operator's clock is wrong by 10 min and by 2 days", clocks::wrong_clocks),
    case!("T22", "the pool is deleted while the operator starts", kubernetes_lies::pool_deleted_at_start),
    case!("T23", "500 joins in a minute, watches cut, 429s", kubernetes_lies::many_joins),
    case!("T24", "each field of a Host's status is left out", kubernetes_lies::fields_left_out),
    case!("T24", "each field of the cloud's answer is left out", cloud_lies::fields_left_out),
    case!("T25", "namesakes everywhere", twins::namesakes),
    case!("T25", "the provider id is empty", kubernetes_lies::provider_id_empty),
    case!("T29", "the operator is killed for good", twins::killed_for_good),
    case!("T30", "the operator is killed between purchase and join", waves::killed_before_the_join),
    case!("T31", "hosts join one after the other", waves::joins_one_by_one),
    case!("T32", "most pods go while their hosts are built", waves::surplus_is_cancelled),
    case!("T33", "no pod may be let in to the node that is kept for it", waves::nobody_is_let_in),
];

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
