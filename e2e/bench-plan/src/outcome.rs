//! What a plan buys, in figures.

use gantry_plan::{Command, Plan};
use serde::{Deserialize, Serialize};

/// Figures of a plan, or of what another program would have bought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub hosts: usize,
    pub price_micro: i64,
    /// What nothing can undercut; 0 where nobody proved anything.
    pub bound_micro: i64,
    pub unplaced: usize,
    pub effort_used: u64,
}

impl Outcome {
    pub fn of(plan: &Plan) -> Self {
        let prices = plan.commands.iter().filter_map(|command| match command {
            Command::CreateHost { price_micro, .. } => Some(*price_micro),
            Command::DeleteHost { .. } => None,
        });
        let prices: Vec<i64> = prices.collect();
        Self {
            hosts: prices.len(),
            price_micro: prices.iter().sum(),
            bound_micro: plan.cost.lower_bound_micro - plan.cost.before_micro,
            unplaced: plan.unplaced.len(),
            effort_used: plan.effort_used,
        }
    }

    /// Price over bound.
    pub fn ratio(&self) -> f64 {
        self.over(self.bound_micro)
    }

    /// Price over someone else's bound; 1 where both are nothing.
    pub fn over(&self, bound_micro: i64) -> f64 {
        if self.price_micro == bound_micro { 1.0 } else { self.price_micro as f64 / bound_micro as f64 }
    }

    /// The price if all pods have a place: else no price beats it.
    pub fn price_of_all(&self) -> i64 {
        if self.unplaced == 0 { self.price_micro } else { i64::MAX }
    }
}
