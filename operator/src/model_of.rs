//! The model of Gantry's own kinds, from their objects alone: what the operator and `gantry plan` have in common, so that they cannot differ.

mod cloud;
mod host;
mod pool;

pub use cloud::{cloud, offering, quota};
pub use host::host;
pub use pool::pool;

use gantry_plan::model;

fn taints(taints: &[gantry_crds::Taint]) -> Vec<model::Taint> {
    taints.iter().map(|t| model::Taint { key: t.key.clone(), value: t.value.clone(), effect: t.effect.as_str().into() }).collect()
}
