//! Which of a pod's preferences a plan meets.

use gantry_plan::model::{Pod, Snapshot};
use gantry_plan::{Plan, Preference, Wanted, preferences};

use super::wishes::{node_term, pod_term, spread};

/// A line for each preference, of a pod that the plan has a place for.
pub(super) fn met(snapshot: &Snapshot, plan: &Plan, pod: &Pod) -> Vec<String> {
    preferences(snapshot, plan, pod).iter().map(told).collect()
}

fn told(preference: &Preference<'_>) -> String {
    let percent = preference.met_percent;
    let kept = if percent == 100 { "met" } else { "not met" };
    let share = |what: &str| format!("{percent} % of these pods are {what}");
    match preference.wanted {
        Wanted::Nodes(nodes) => format!("{kept}: {}", node_term(&nodes.term)),
        Wanted::Untainted => format!("{kept}: no taint that it does not tolerate (PreferNoSchedule)"),
        Wanted::Near(pods) => format!("near {}: {}", pod_term(&pods.term), share("there")),
        Wanted::Away(pods) => format!("apart from {}: {}", pod_term(&pods.term), share("elsewhere")),
        Wanted::Even(even) => format!("{}: {}", spread(even), share("elsewhere")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_plan::model::{NodeTerm, PodTerm, Preferred};

    #[test]
    fn a_line_says_how_much_of_a_preference_is_met() {
        let (nodes, pods) = (Preferred { weight: 5, term: NodeTerm::default() }, Preferred { weight: 5, term: PodTerm::default() });
        let line = |wanted, met_percent| told(&Preference { wanted, met_percent });
        assert_eq!(line(Wanted::Nodes(&nodes), 0), "not met: nothing");
        assert_eq!(line(Wanted::Untainted, 100), "met: no taint that it does not tolerate (PreferNoSchedule)");
        assert_eq!(line(Wanted::Near(&pods), 40), "near no pods by : 40 % of these pods are there");
        assert_eq!(line(Wanted::Away(&pods), 60), "apart from no pods by : 60 % of these pods are elsewhere");
    }
}
