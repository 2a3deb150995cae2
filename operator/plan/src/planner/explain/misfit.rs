//! Sentences about labels and taints that keep a pod off every host of a pool.

use std::collections::BTreeSet;

use crate::model::Expression;
use crate::planner::catalog::Candidate;
use crate::scheduling::{Constraints, HOST_LABEL, HOSTNAME, Unmet, ZONE, taint_in_words, terms_by};

/// One sentence for what all candidates have against the pod.
pub(super) fn sentence(misfits: Vec<Unmet<'_>>, class: &Constraints<'_>, candidates: &[&Candidate<'_>]) -> String {
    let Some(first) = misfits.first() else {
        return "no host of the pool matches".to_owned();
    };
    if misfits.iter().any(|misfit| misfit != first) {
        let wanted = wanted(class).join("; ");
        return format!("no single flavor and zone of the pool meets all of: {wanted}");
    }
    match first {
        Unmet::Taint(taint) => format!("does not tolerate taint {}", taint_in_words(taint)),
        Unmet::Affinity => {
            format!("required node affinity matches no host of the pool: wants {}", terms_by(class.affinity.unwrap_or(&[]), expression))
        }
        Unmet::Selector(key, value) => selector(key, value, candidates),
    }
}

fn selector(key: &str, value: &str, candidates: &[&Candidate<'_>]) -> String {
    let has: BTreeSet<&str> = candidates.iter().filter_map(|c| c.labels.get(key)).map(String::as_str).collect();
    let has = has.into_iter().collect::<Vec<_>>().join(", ");
    match key {
        HOSTNAME | HOST_LABEL => format!("asks for node {value} by name, which no new host can be"),
        ZONE => format!("wants zone {value}; pool has {has}"),
        _ if has.is_empty() => {
            format!("node selector {key}={value} matches no pool label: add it to template.node.labels, or take it off the pod")
        }
        _ => format!("node selector {key}={value} does not match: pool has {has}"),
    }
}

fn wanted(class: &Constraints<'_>) -> Vec<String> {
    let labels = class.selector.iter().map(|(key, value)| format!("{key}={value}"));
    let affinity = class.affinity.map(|all| format!("node affinity {}", terms_by(all, expression)));
    labels.chain(affinity).collect()
}

fn expression(expression: &Expression) -> String {
    let Expression { key, operator, values } = expression;
    if values.is_empty() { format!("{key} {operator}") } else { format!("{key} {operator} [{}]", values.join(", ")) }
}
