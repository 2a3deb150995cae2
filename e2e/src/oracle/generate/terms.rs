//! Selectors.

use serde_json::{Value, json};

use super::Dice;

/// Labels of pods that selectors look at.
pub(super) const APPS: [&str; 3] = ["a", "b", "c"];

/// A label selector over pods: by label, by expression, everything, or, rarely, none at all.
pub(super) fn pods(dice: &mut Dice) -> Value {
    match dice.number(0, 9) {
        0 => Value::Null,
        1 => json!({}),
        2..=6 => json!({"matchLabels": {"app": dice.word(&APPS)}}),
        7 => json!({"matchLabels": {"app": dice.word(&APPS), "tier": dice.word(&["x", "y"])}}),
        _ => json!({"matchExpressions": [expression(dice)]}),
    }
}

fn expression(dice: &mut Dice) -> Value {
    let key = dice.word(&["app", "tier", "absent"]);
    match dice.number(0, 3) {
        0 => json!({"key": key, "operator": "In", "values": ["a", "x"]}),
        1 => json!({"key": key, "operator": "NotIn", "values": ["a", "x"]}),
        2 => json!({"key": key, "operator": "Exists"}),
        _ => json!({"key": key, "operator": "DoesNotExist"}),
    }
}

/// A label selector over namespaces.
pub(super) fn namespaces(dice: &mut Dice) -> Value {
    match dice.number(0, 4) {
        0 => json!({}),
        1 => json!({"matchLabels": {"team": "blue"}}),
        2 => json!({"matchLabels": {"team": "none"}}),
        3 => json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]}),
        _ => json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["default", "red"]}]}),
    }
}

/// A requirement on a node's labels, with all operators.
pub(super) fn node_expression(dice: &mut Dice) -> Value {
    let key = dice.word(&["topology.kubernetes.io/zone", "disk", "rack", "generation", "kubernetes.io/hostname"]);
    match dice.number(0, 6) {
        0 | 1 => json!({"key": key, "operator": "In", "values": ["z1", "ssd", "r1", "2", "node-0", "node-1"]}),
        2 => json!({"key": key, "operator": "NotIn", "values": ["z1", "ssd", "r1", "2", "node-0"]}),
        3 => json!({"key": key, "operator": "Exists"}),
        4 => json!({"key": key, "operator": "DoesNotExist"}),
        5 => json!({"key": "generation", "operator": "Gt", "values": [dice.word(&["1", "4", "0"])]}),
        _ => json!({"key": "generation", "operator": "Lt", "values": [dice.word(&["1", "4", "10"])]}),
    }
}
