//! Whether the scheduler could make room by preemption: all pods of lower priority off a node, then the filters again.

use std::sync::Arc;

use super::case::Case;
use super::{Judge, NodeAt};
use crate::model::Pod;

impl Judge<'_> {
    /// A node on which the pod would fit without the pods of lower priority, where it does not fit with them; `None` if there is
    /// none, or the pod preempts nobody.
    pub fn preempts(&mut self, pod: &Pod) -> Option<NodeAt> {
        let lowest = self.lowest.is_some_and(|lowest| lowest < pod.spec.priority);
        if pod.spec.never_preempts || !lowest {
            return None;
        }
        let case = self.case(pod).ok()?;
        self.nodes().find(|at| self.makes_room(&case, *at))
    }

    fn makes_room(&mut self, case: &Case<'_, '_>, at: NodeAt) -> bool {
        let lower = |pod: &Pod| pod.spec.priority < case.pod.spec.priority;
        let node = &self.nodes[at.index()];
        if !node.pods.iter().any(|pod| lower(pod)) || !node.would_hold(case.pod, |pod| !lower(pod)) {
            return false;
        }
        if !self.judged(case, at).is_err_and(|misfit| misfit.yields_to_eviction()) {
            return false;
        }
        let before = self.nodes[at.index()].pods.clone();
        let victims: Vec<Arc<Pod>> = before.iter().filter(|pod| lower(pod)).map(|pod| Arc::clone(pod)).collect();
        victims.iter().for_each(|victim| self.go(victim, at));
        let fits = self.judged(case, at).is_ok();
        victims.iter().for_each(|victim| self.come(victim, at));
        self.nodes[at.index()].pods = before;
        fits
    }
}
