//! Node affinity terms, with all operators, as `component-helpers/scheduling/corev1/nodeaffinity` reads them.

use super::{Label, NodeView};
use crate::model::{Expression, NodeTerm};

/// The only field that a term may ask for.
const NAME_FIELD: &str = "metadata.name";

/// Whether all of the term holds. An empty term matches nothing, and so does one that Kubernetes could not parse.
pub(super) fn matches(term: &NodeTerm, node: &NodeView<'_>) -> bool {
    if term.expressions.is_empty() && term.fields.is_empty() {
        return false;
    }
    term.expressions.iter().all(|expression| label_matches(expression, node))
        && term.fields.iter().all(|expression| field_matches(expression, node.name))
}

fn label_matches(expression: &Expression, node: &NodeView<'_>) -> bool {
    let label = node.label(&expression.key);
    let values = &expression.values;
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

/// The label and the one value to compare it with, both integers; else nothing matches.
fn compared(value: &str, values: &[String]) -> Option<(i64, i64)> {
    match values {
        [than] => Some((value.parse().ok()?, than.parse().ok()?)),
        _ => None,
    }
}

/// A node to come has a name that nobody has asked for: `In` fails, `NotIn` holds.
fn field_matches(expression: &Expression, name: Option<&str>) -> bool {
    let [wanted] = expression.values.as_slice() else {
        return false;
    };
    let same = name == Some(wanted);
    match (expression.key.as_str(), expression.operator.as_str()) {
        (NAME_FIELD, "In") => same,
        (NAME_FIELD, "NotIn") => !same,
        _ => false,
    }
}
