//! Node affinity terms, with all operators, as `component-helpers/scheduling/corev1/nodeaffinity` reads them.

use super::syntax::{is_key, is_value};
use super::{Label, NodeView};
use crate::model::{Expression, Labels, NodeTerm};

/// The only field that a node has.
const NAME_FIELD: &str = "metadata.name";

/// Whether all of the term holds. An empty term matches nothing, and so does one that Kubernetes could not parse.
pub(super) fn matches(term: &NodeTerm, node: &NodeView<'_>) -> bool {
    if term.expressions.is_empty() && term.fields.is_empty() {
        return false;
    }
    term.expressions.iter().all(|expression| holds(expression, node.label(&expression.key)))
        && term.fields.iter().all(|expression| field_matches(expression, node.name))
}

/// Whether all of the term holds for labels alone, as volumes are matched: fields are parsed but not compared.
pub(super) fn matches_labels(term: &NodeTerm, node: &NodeView<'_>) -> bool {
    if term.expressions.is_empty() && term.fields.is_empty() {
        return false;
    }
    term.expressions.iter().all(|expression| holds(expression, node.label(&expression.key)))
        && term.fields.iter().all(|field| wanted(field).is_some())
}

/// Whether the labels have what the expression asks for.
pub(super) fn labels_hold(expression: &Expression, labels: &Labels) -> bool {
    holds(expression, labels.get(&expression.key).map_or(Label::Absent, |value| Label::Is(value)))
}

fn holds(expression: &Expression, label: Label<'_>) -> bool {
    let values = &expression.values;
    if !is_key(&expression.key) || !values.iter().all(|value| is_value(value)) {
        return false;
    }
    let among = |value: &str| values.iter().any(|wanted| wanted == value);
    match (expression.operator.as_str(), label) {
        ("In", Label::Is(value)) => among(value),
        ("NotIn", Label::Is(value)) => !values.is_empty() && !among(value),
        ("NotIn", _) => !values.is_empty(),
        ("Exists", label) => values.is_empty() && label != Label::Absent,
        ("DoesNotExist", label) => values.is_empty() && label == Label::Absent,
        ("Gt", Label::Is(value)) => compared(value, values).is_some_and(|(is, than)| is > than),
        ("Lt", Label::Is(value)) => compared(value, values).is_some_and(|(is, than)| is < than),
        _ => false,
    }
}

/// The label and the one value to compare it with, both integers as Go parses them; else nothing matches.
fn compared(value: &str, values: &[String]) -> Option<(i64, i64)> {
    match values {
        [than] => Some((value.parse().ok()?, than.parse().ok()?)),
        _ => None,
    }
}

/// The one value of a field expression and whether it is the one wanted; `None` if Kubernetes could not parse it.
fn wanted(expression: &Expression) -> Option<(&str, bool)> {
    match (expression.values.as_slice(), expression.operator.as_str()) {
        ([value], "In") => Some((value, true)),
        ([value], "NotIn") => Some((value, false)),
        _ => None,
    }
}

/// A field that nodes do not have is empty. A node to come has a name that nobody has asked for: `In` fails, `NotIn` holds.
fn field_matches(expression: &Expression, name: Option<&str>) -> bool {
    let field = if expression.key == NAME_FIELD { name } else { Some("") };
    wanted(expression).is_some_and(|(value, same)| (field == Some(value)) == same)
}
