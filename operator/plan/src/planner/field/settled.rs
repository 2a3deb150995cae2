//! Counts whoever is there before a plan is made.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Field, Spot};
use crate::model::{Labels, PodSpec};
use crate::planner::cluster::Cluster;
use crate::planner::rules::Rules;

impl<'a> Field<'a> {
    /// Counts pods that run or are nominated, each where its node is.
    pub fn count_settled(&mut self, rules: &Rules<'a>, cluster: &Cluster<'a>, spots: &HashMap<&'a str, Spot>) {
        if rules.counters.is_empty() {
            return;
        }
        let mut known: HashMap<(&str, *const Labels, *const PodSpec, bool), Vec<usize>> = HashMap::new();
        let by_spec = rules.counters.iter().any(|counter| counter.whom.looks_at_spec());
        for pod in &cluster.snapshot.pods {
            let Some(spot) = pod.place().and_then(|node| spots.get(node)) else {
                continue;
            };
            let spec = if by_spec { Arc::as_ptr(&pod.spec) } else { std::ptr::null() };
            let key = (pod.key.namespace.as_str(), Arc::as_ptr(&pod.labels), spec, pod.terminating);
            let adds = known.entry(key).or_insert_with(|| rules.counted(|whom| whom.counts(pod, &cluster.snapshot.namespaces)));
            self.count(adds, spot, 1);
        }
    }
}
