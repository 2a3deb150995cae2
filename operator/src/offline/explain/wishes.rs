//! What a pod asks for, each wish in a line.

use gantry_plan::model::{Expression, HostPort, Labels, NodeTerm, Pod, PodTerm, Selector, Spread, Toleration};

use crate::offline::show::amount;

/// All wishes: what kind, and what.
pub(super) fn wishes(pod: &Pod) -> Vec<(&'static str, String)> {
    let spec = &pod.spec;
    let mut all = vec![("asks for", amount(&spec.requests)), ("priority", spec.priority.to_string())];
    if spec.scheduler != "default-scheduler" {
        all.push(("scheduler", spec.scheduler.clone()));
    }
    if !spec.node_selector.is_empty() {
        all.push(("labels", labels(&spec.node_selector)));
    }
    if let Some(terms) = &spec.node_affinity {
        all.push(("nodes with", join(terms, node_term, " or ")));
    }
    let lists = [
        ("prefers", join(&spec.preferred_nodes, |preferred| format!("{} (weight {})", node_term(&preferred.term), preferred.weight), ", ")),
        ("tolerates", join(&spec.tolerations, toleration, ", ")),
        ("ports", join(&spec.host_ports, port, ", ")),
        ("near", join(&spec.affinity, pod_term, ", ")),
        ("apart from", join(&spec.anti_affinity, pod_term, ", ")),
        ("likes near", join(&spec.preferred_affinity, |preferred| pod_term(&preferred.term), ", ")),
        ("likes apart", join(&spec.preferred_anti_affinity, |preferred| pod_term(&preferred.term), ", ")),
        ("spread", join(&spec.spread, spread, ", ")),
        ("claims", spec.claims.join(", ")),
        ("beyond", spec.beyond.join(", ")),
    ];
    all.extend(lists.into_iter().filter(|(_, text)| !text.is_empty()));
    all
}

fn join<T>(all: &[T], shown: impl Fn(&T) -> String, by: &str) -> String {
    all.iter().map(shown).collect::<Vec<_>>().join(by)
}

fn labels(labels: &Labels) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

fn expression(e: &Expression) -> String {
    if e.values.is_empty() { format!("{} {}", e.key, e.operator) } else { format!("{} {} ({})", e.key, e.operator, e.values.join(", ")) }
}

pub(super) fn node_term(term: &NodeTerm) -> String {
    let all: Vec<String> = term.expressions.iter().chain(&term.fields).map(expression).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(" and ") }
}

fn selector(selector: Option<&Selector>) -> String {
    let Some(selector) = selector else { return "no pods".to_owned() };
    let all = selector.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let all: Vec<String> = all.chain(selector.expressions.iter().map(expression)).collect();
    if all.is_empty() { "all pods".to_owned() } else { format!("pods with {}", all.join(" and ")) }
}

pub(super) fn pod_term(term: &PodTerm) -> String {
    format!("{} by {}", selector(term.selector.as_ref()), term.topology_key)
}

fn toleration(t: &Toleration) -> String {
    let key = if t.key.is_empty() { "everything" } else { &t.key };
    let value = if t.value.is_empty() { String::new() } else { format!("={}", t.value) };
    let effect = if t.effect.is_empty() { String::new() } else { format!(":{}", t.effect) };
    format!("{key}{value}{effect}")
}

fn port(port: &HostPort) -> String {
    format!("{} {}:{}", port.protocol, port.ip, port.port)
}

pub(super) fn spread(spread: &Spread) -> String {
    let strictness = if spread.required { "at most" } else { "preferably at most" };
    let least = spread.min_domains.map(|least| format!(", {least} domains at least")).unwrap_or_default();
    format!("{} by {}, {strictness} {} apart{least}", selector(spread.selector.as_ref()), spread.topology_key, spread.max_skew)
}
