//! What others would buy: their published algorithms, written anew, on the same worlds.

mod autoscaler;
mod ground;
mod karpenter;
mod read;

pub use autoscaler::autoscaler;
pub use ground::Host;
pub use karpenter::{karpenter, karpenter_hosts};
pub use read::{Kind, Problem, Rule, Scope, Shape};

/// A problem of which others know the answer.
pub fn problem(snapshot: &gantry_plan::model::Snapshot) -> anyhow::Result<Problem> {
    Problem::of(snapshot)
}

#[cfg(test)]
mod tests;
