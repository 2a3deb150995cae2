//! What containers and pods request, in all the ways that there are.

use serde_json::{Value, json};

use super::{Dice, Themes};

const CPU: [&str; 9] = ["0", "1m", "100m", "0.25", "500m", "1", "1500m", "1e0", "0.0005"];
const MEMORY: [&str; 9] = ["0", "64Mi", "128974848", "129e6", "512Mi", "1Gi", "0.5Gi", "1", "123456789012m"];

/// Containers, init containers, overhead and pod-level resources, written into a pod's spec.
pub(super) fn fill(dice: &mut Dice, themes: Themes, spec: &mut Value) {
    let containers: Vec<Value> = (0..dice.number(1, 2)).map(|index| container(dice, themes, &format!("c{index}"))).collect();
    spec["containers"] = containers.into();
    if dice.percent(themes.resources / 2) {
        let inits: Vec<Value> = (0..dice.number(1, 3)).map(|index| init(dice, themes, &format!("i{index}"))).collect();
        spec["initContainers"] = inits.into();
    }
    if dice.percent(themes.resources / 4) {
        spec["overhead"] = json!({"cpu": dice.word(&["10m", "250m"]), "memory": dice.word(&["1Mi", "100Mi"])});
    }
    if dice.percent(themes.resources / 4) {
        pod_level(dice, spec);
    }
}

fn container(dice: &mut Dice, themes: Themes, name: &str) -> Value {
    let mut container = json!({"name": name, "image": "img"});
    if dice.percent(20 + themes.resources) {
        container["resources"] = needs(dice, themes);
    }
    container
}

fn init(dice: &mut Dice, themes: Themes, name: &str) -> Value {
    let mut container = container(dice, themes, name);
    if dice.percent(40) {
        container["restartPolicy"] = "Always".into();
    }
    container
}

fn needs(dice: &mut Dice, themes: Themes) -> Value {
    let mut requests = json!({});
    let mut limits = json!({});
    if dice.percent(70) {
        requests["cpu"] = dice.word(&CPU).into();
    }
    if dice.percent(60) {
        requests["memory"] = dice.word(&MEMORY).into();
    }
    if dice.percent(20) {
        // A limit alone is the request too.
        requests.as_object_mut().map(|map| map.remove("cpu"));
        limits["cpu"] = dice.word(&["300m", "1"]).into();
    }
    if dice.percent(themes.resources / 3) {
        requests["ephemeral-storage"] = dice.word(&["100Mi", "1G"]).into();
    }
    if dice.percent(themes.resources / 3) {
        limits["example.com/gpu"] = dice.word(&["0", "1", "1", "2"]).into();
    }
    if dice.percent(themes.resources / 5)
        && (requests["cpu"] != Value::Null || requests["memory"] != Value::Null || limits["cpu"] != Value::Null)
    {
        limits["hugepages-2Mi"] = dice.word(&["2Mi", "4Mi"]).into();
    }
    // Indexing puts nulls there.
    for map in [&mut requests, &mut limits] {
        if let Some(map) = map.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
    }
    json!({"requests": requests, "limits": limits})
}

/// Pod-level requests, which count in place of the containers' sum.
fn pod_level(dice: &mut Dice, spec: &mut Value) {
    let mut requests = json!({"cpu": dice.word(&["3", "4"])});
    if dice.percent(50) {
        requests["memory"] = dice.word(&["2Gi", "3Gi"]).into();
    }
    spec["resources"] = if dice.percent(70) { json!({"requests": requests}) } else { json!({"limits": requests}) };
}
