//! DaemonSets.

use serde_json::{Value, json};

use super::{Dice, Themes, affinity, metadata, resources};

pub(super) fn daemon_set(dice: &mut Dice, themes: Themes, index: usize) -> Value {
    let name = format!("daemon-{index}");
    let mut spec = json!({});
    resources::fill(dice, themes, &mut spec);
    affinity::fill(dice, themes, &mut spec);
    if dice.percent(20) {
        spec["hostNetwork"] = true.into();
    }
    if dice.percent(10) {
        spec["nodeName"] = dice.word(&["node-0", "node-1"]).into();
    }
    let app = ["a", "b", "c"][index % 3];
    let labels = json!({"daemon": name, "app": app});
    json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata(Some("default"), &name),
        "spec": {"selector": {"matchLabels": {"daemon": name}}, "template": {"metadata": {"labels": labels}, "spec": spec}},
        "status": {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0}})
}
