//! Where pods want to be: node affinity, pod affinity and anti-affinity, spread, tolerations.

use serde_json::{Value, json};

use super::nodes::{TAINT_VALUES, TAINTS, ZONES};
use super::{Dice, NAMESPACES, Themes, terms};

const TOPOLOGIES: [&str; 4] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/zone", "rack"];

/// Writes all of it into a pod's spec.
pub(super) fn fill(dice: &mut Dice, themes: Themes, spec: &mut Value) {
    if dice.percent(themes.places / 3) {
        spec["nodeSelector"] = selector(dice);
    }
    let mut affinity = json!({});
    if dice.percent(themes.places) {
        affinity["nodeAffinity"] = node_affinity(dice);
    }
    if dice.percent(themes.company) {
        affinity["podAffinity"] = company(dice);
    }
    if dice.percent(themes.company) {
        affinity["podAntiAffinity"] = company(dice);
    }
    if affinity.as_object().is_some_and(|map| !map.is_empty()) {
        spec["affinity"] = affinity;
    }
    if dice.percent(themes.spread) {
        spec["topologySpreadConstraints"] = spread(dice);
    }
    if dice.percent(themes.taints) {
        let tolerations: Vec<Value> = (0..dice.number(1, 2)).map(|_| toleration(dice)).collect();
        spec["tolerations"] = tolerations.into();
    }
}

fn selector(dice: &mut Dice) -> Value {
    match dice.number(0, 2) {
        0 => json!({"topology.kubernetes.io/zone": dice.word(&ZONES)}),
        1 => json!({"disk": dice.word(&["ssd", "hdd", ""])}),
        _ => json!({"rack": dice.word(&["r1", "r2"]), "kubernetes.io/hostname": dice.word(&["node-0", "node-1"])}),
    }
}

fn node_affinity(dice: &mut Dice) -> Value {
    let mut affinity = json!({});
    if dice.percent(80) {
        let terms: Vec<Value> = (0..dice.number(1, 2)).map(|_| node_term(dice)).collect();
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = json!({"nodeSelectorTerms": terms});
    }
    if dice.percent(30) {
        let preferred = json!([{"weight": 10, "preference": {"matchExpressions": [terms::node_expression(dice)]}}]);
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred;
    }
    affinity
}

fn node_term(dice: &mut Dice) -> Value {
    let mut term = json!({});
    if dice.percent(85) {
        let expressions: Vec<Value> = (0..dice.number(1, 2)).map(|_| terms::node_expression(dice)).collect();
        term["matchExpressions"] = expressions.into();
    }
    if dice.percent(20) {
        let operator = dice.word(&["In", "NotIn"]);
        term["matchFields"] =
            json!([{"key": "metadata.name", "operator": operator, "values": [dice.word(&["node-0", "node-1", "node-9"])]}]);
    }
    term
}

fn company(dice: &mut Dice) -> Value {
    let mut company = json!({});
    if dice.percent(80) {
        let required: Vec<Value> = (0..dice.number(1, 2)).map(|_| pod_term(dice)).collect();
        company["requiredDuringSchedulingIgnoredDuringExecution"] = required.into();
    }
    if dice.percent(30) {
        let preferred = json!([{"weight": dice.number(1, 100), "podAffinityTerm": pod_term(dice)}]);
        company["preferredDuringSchedulingIgnoredDuringExecution"] = preferred;
    }
    company
}

fn pod_term(dice: &mut Dice) -> Value {
    let selector = terms::pods(dice);
    let mut term = json!({"topologyKey": dice.word(&TOPOLOGIES)});
    if !selector.is_null() {
        term["labelSelector"] = selector;
        if dice.percent(15) {
            term[dice.word(&["matchLabelKeys", "mismatchLabelKeys"])] = json!(["revision"]);
        }
    }
    if dice.percent(20) {
        term["namespaces"] = json!([dice.word(&NAMESPACES)]);
    }
    if dice.percent(20) {
        term["namespaceSelector"] = terms::namespaces(dice);
    }
    term
}

fn spread(dice: &mut Dice) -> Value {
    let mut keys: Vec<(String, &str)> = Vec::new();
    for _ in 0..dice.number(1, 2) {
        let key = dice.word(&TOPOLOGIES);
        let when = if dice.percent(80) { "DoNotSchedule" } else { "ScheduleAnyway" };
        if !keys.contains(&(key.clone(), when)) {
            keys.push((key, when));
        }
    }
    keys.into_iter().map(|(key, when)| constraint(dice, &key, when)).collect()
}

fn constraint(dice: &mut Dice, key: &str, when: &str) -> Value {
    let mut constraint = json!({"maxSkew": dice.number(1, 3), "topologyKey": key, "whenUnsatisfiable": when});
    let selector = terms::pods(dice);
    if !selector.is_null() {
        constraint["labelSelector"] = selector;
        if dice.percent(20) {
            constraint["matchLabelKeys"] = json!(["revision"]);
        }
    }
    if when == "DoNotSchedule" && dice.percent(30) {
        constraint["minDomains"] = dice.number(1, 4).into();
    }
    if dice.percent(30) {
        constraint["nodeAffinityPolicy"] = dice.word(&["Honor", "Ignore"]).into();
    }
    if dice.percent(30) {
        constraint["nodeTaintsPolicy"] = dice.word(&["Honor", "Ignore"]).into();
    }
    constraint
}

fn toleration(dice: &mut Dice) -> Value {
    let mut toleration = json!({});
    if dice.percent(10) {
        toleration["operator"] = "Exists".into();
    } else {
        toleration["key"] = dice.word(&TAINTS).into();
        if dice.percent(50) {
            toleration["operator"] = "Exists".into();
        } else {
            if dice.percent(50) {
                toleration["operator"] = "Equal".into();
            }
            toleration["value"] = dice.word(&TAINT_VALUES).into();
        }
    }
    if dice.percent(60) {
        let effect = dice.word(&["NoSchedule", "NoExecute", "PreferNoSchedule"]);
        if effect == "NoExecute" && dice.percent(50) {
            toleration["tolerationSeconds"] = 30.into();
        }
        toleration["effect"] = effect.into();
    }
    toleration
}
