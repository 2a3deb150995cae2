//! Nodes.

use serde_json::{Map, Value, json};

use super::{Dice, Themes, metadata};

/// Zones; few, so that they collide.
pub(super) const ZONES: [&str; 3] = ["z1", "z2", "z3"];
/// Taints' keys.
pub(super) const TAINTS: [&str; 5] =
    ["dedicated", "gpu", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/unschedulable"];
/// Taints' and tolerations' values.
pub(super) const TAINT_VALUES: [&str; 3] = ["", "a", "7"];
const EFFECTS: [&str; 4] = ["NoSchedule", "NoSchedule", "NoExecute", "PreferNoSchedule"];

pub(super) fn node(dice: &mut Dice, themes: Themes, name: &str) -> Value {
    let mut metadata = metadata(None, name);
    metadata["labels"] = labels(dice, name);
    let mut spec = json!({});
    let taints = taints(dice, themes);
    if !taints.is_empty() {
        spec["taints"] = taints.into();
    }
    if dice.percent(themes.taints / 5) {
        spec["unschedulable"] = true.into();
    }
    let amounts = allocatable(dice);
    let ready = if dice.percent(95) { "True" } else { "False" };
    let conditions = json!([{"type": "Ready", "status": ready, "reason": "KubeletReady", "message": ""}]);
    json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec,
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": conditions}})
}

fn labels(dice: &mut Dice, name: &str) -> Value {
    let mut labels = Map::new();
    let mut set = |key: &str, value: String| labels.insert(key.to_owned(), value.into());
    if dice.percent(95) {
        let name = if dice.percent(95) { name.to_owned() } else { "node-0".to_owned() };
        set("kubernetes.io/hostname", name);
    }
    if dice.percent(90) {
        set("topology.kubernetes.io/zone", dice.word(&ZONES));
    }
    if dice.percent(60) {
        set("rack", dice.word(&["r1", "r2"]));
    }
    if dice.percent(60) {
        set("disk", dice.word(&["ssd", "hdd", ""]));
    }
    if dice.percent(60) {
        set("generation", dice.word(&["1", "2", "05", "10", "x", "0", "9223372036854775808"]));
    }
    labels.into()
}

fn taints(dice: &mut Dice, themes: Themes) -> Vec<Value> {
    let mut taints: Vec<Value> = Vec::new();
    for key in TAINTS {
        if dice.percent(themes.taints / 3) {
            let effect = dice.word(&EFFECTS);
            let mut taint = json!({"key": key, "effect": effect});
            let value = dice.word(&TAINT_VALUES);
            if !value.is_empty() {
                taint["value"] = value.into();
            }
            taints.push(taint);
        }
    }
    taints
}

fn allocatable(dice: &mut Dice) -> Value {
    let mut amounts = json!({
        "cpu": dice.word(&["1", "2", "1500m", "4", "0.5", "3.999"]),
        "memory": dice.word(&["2Gi", "1G", "3000Mi", "4294967297", "1e9", "1500000000000m"]),
        "pods": dice.word(&["2", "4", "10", "110", "110"]),
    });
    if dice.percent(70) {
        amounts["ephemeral-storage"] = dice.word(&["1Gi", "5G"]).into();
    }
    if dice.percent(50) {
        amounts["example.com/gpu"] = dice.word(&["0", "1", "2"]).into();
    }
    if dice.percent(40) {
        amounts["hugepages-2Mi"] = dice.word(&["0", "4Mi", "64Mi"]).into();
    }
    amounts
}
