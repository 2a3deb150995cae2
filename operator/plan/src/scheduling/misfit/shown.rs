//! Requirements in words.

use std::fmt;

use crate::model::{Expression, NodeTerm, Selector, Taint};
use crate::scheduling::{HOST_LABEL, HOSTNAME};

/// Alternatives that a sentence shows at most.
const SHOWN_TERMS: usize = 3;

pub(super) fn selector(f: &mut fmt::Formatter<'_>, key: &str, value: &str, has: Option<&str>) -> fmt::Result {
    match has {
        _ if key == HOSTNAME || key == HOST_LABEL => write!(f, "node selector {key}={value}: asks for that one node by name"),
        None => write!(f, "node selector {key}={value}: no such label; add it to the pool's template.node.labels or correct the selector"),
        Some(has) => write!(f, "node selector {key}={value}: the node has {has}; a pool with {value}, or correct the selector"),
    }
}

pub(crate) fn taint(taint: &Taint) -> String {
    let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
    format!("{}{value}:{}", taint.key, taint.effect)
}

pub(super) fn terms(terms: &[NodeTerm]) -> String {
    terms_by(terms, expression)
}

/// Alternatives, each requirement written by `expression`.
pub(crate) fn terms_by(terms: &[NodeTerm], expression: fn(&Expression) -> String) -> String {
    let term = |term: &NodeTerm| {
        let all: Vec<String> = term.expressions.iter().chain(&term.fields).map(expression).collect();
        if all.is_empty() { "an empty term, which matches nothing".to_owned() } else { all.join(" and ") }
    };
    let shown: Vec<String> = terms.iter().take(SHOWN_TERMS).map(term).collect();
    let more = if terms.len() > SHOWN_TERMS { " or others" } else { "" };
    if shown.is_empty() { "nothing that exists".to_owned() } else { format!("{}{more}", shown.join(" or ")) }
}

fn expression(expression: &Expression) -> String {
    let Expression { key, operator, values } = expression;
    if values.is_empty() { format!("{key} {operator}") } else { format!("{key} {operator} {}", values.join(",")) }
}

pub(super) fn pods(selector: Option<&Selector>) -> String {
    let Some(selector) = selector else {
        return "nothing that exists".to_owned();
    };
    let labels = selector.labels.iter().map(|(key, value)| format!("{key}={value}"));
    let all: Vec<String> = labels.chain(selector.expressions.iter().map(expression)).collect();
    if all.is_empty() { "any labels".to_owned() } else { all.join(" and ") }
}
