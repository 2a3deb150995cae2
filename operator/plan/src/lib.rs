//! Pure planning: what the world looks like, what to do about it, and how a host lives.
//!
//! Architecture invariant: no client, no async runtime, no clock, no randomness. Time and ids are arguments, so that the same
//! snapshot gives the same plan and a failing run replays.

pub mod effort;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod fleet;
pub mod host;
pub mod model;
pub mod pack;
mod planner;
pub mod quantity;
pub mod resources;
pub mod scheduling;
pub mod sweep;

pub use planner::{
    Candidate, Command, Cost, Finding, Growth, Plan, Preference, Unplaced, Wanted, candidates, lower_bound_micro, lower_bound_with, plan,
    plan_with, preferences,
};
