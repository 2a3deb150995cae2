//! Verdicts on selectors, affinity and taints.

mod replay;

use super::*;
use crate::fixtures::{expression, labels, taint, term};
use crate::model::Expression;

fn matches(expression: Expression, name: Option<&str>) -> bool {
    let labels = labels(&[("tier", "gold"), ("cpus", "8"), ("odd", "x"), (HOSTNAME, "n1")]);
    let node = NodeView { name, labels: &labels, taints: &[] };
    affinity::matches(&term(vec![expression]), &node)
}

#[test]
fn affinity_operators_are_kubernetes_own() {
    let cases = [
        ("tier", "In", vec!["gold", "iron"], true),
        ("tier", "In", vec!["iron"], false),
        ("tier", "In", vec![], false),
        ("none", "In", vec!["gold"], false),
        ("tier", "NotIn", vec!["gold"], false),
        ("tier", "NotIn", vec!["iron"], true),
        ("none", "NotIn", vec!["gold"], true),
        ("none", "NotIn", vec![], false),
        ("tier", "Exists", vec![], true),
        ("none", "Exists", vec![], false),
        ("tier", "Exists", vec!["gold"], false),
        ("none", "DoesNotExist", vec![], true),
        ("tier", "DoesNotExist", vec![], false),
        ("cpus", "Gt", vec!["7"], true),
        ("cpus", "Gt", vec!["8"], false),
        ("cpus", "Lt", vec!["9"], true),
        ("cpus", "Lt", vec!["8"], false),
        ("cpus", "Gt", vec!["1", "2"], false),
        ("odd", "Gt", vec!["7"], false),
        ("none", "Lt", vec!["7"], false),
        ("tier", "Like", vec!["gold"], false),
    ];
    for (key, operator, values, expected) in cases {
        assert_eq!(matches(expression(key, operator, &values), Some("n1")), expected, "{key} {operator} {values:?}");
    }
}

#[test]
fn the_name_of_a_node_to_come_is_unknown() {
    let on_new = |operator, values: &[&str]| matches(expression(HOSTNAME, operator, values), None);
    assert_eq!(
        [on_new("In", &["n1"]), on_new("NotIn", &["n1"]), on_new("Exists", &[]), on_new("DoesNotExist", &[])],
        [false, true, true, false]
    );
}

#[test]
fn nodes_have_no_field_but_their_name() {
    let labels = labels(&[]);
    let matches = |name, expression| {
        let fields = NodeTerm { expressions: Vec::new(), fields: vec![expression] };
        affinity::matches(&fields, &NodeView { name, labels: &labels, taints: &[] })
    };
    assert!(matches(Some("n1"), expression("metadata.name", "In", &["n1"])));
    assert!(!matches(Some("n2"), expression("metadata.name", "In", &["n1"])));
    assert!(!matches(None, expression("metadata.name", "In", &["n1"])));
    assert!(matches(None, expression("metadata.name", "NotIn", &["n1"])));
    assert!(!matches(Some("n1"), expression("metadata.name", "In", &["n1", "n2"])));
    assert!(matches(Some("n1"), expression("metadata.uid", "NotIn", &["n1"])));
}

#[test]
fn terms_are_alternatives_and_an_empty_one_matches_nothing() {
    let labels = labels(&[("tier", "gold")]);
    let node = NodeView { name: None, labels: &labels, taints: &[] };
    let selector = BTreeMap::new();
    let verdict = |terms: &[NodeTerm]| admits(&node, &Constraints { selector: &selector, affinity: Some(terms), tolerations: &[] }).is_ok();
    let gold = term(vec![expression("tier", "Exists", &[])]);
    let iron = term(vec![expression("iron", "Exists", &[])]);
    let both = term(vec![expression("tier", "Exists", &[]), expression("iron", "Exists", &[])]);
    assert_eq!(
        [verdict(&[]), verdict(&[term(vec![])]), verdict(&[iron.clone(), gold.clone()]), verdict(&[iron]), verdict(&[both])],
        [false, false, true, false, false]
    );
}

fn toleration(key: &str, operator: &str, value: &str, effect: &str) -> Toleration {
    let [key, operator, value, effect] = [key, operator, value, effect].map(str::to_owned);
    Toleration { key, operator, value, effect }
}

#[test]
fn tolerations_are_kubernetes_own() {
    let taints = [taint("dedicated", "db", "NoSchedule")];
    let cases = [
        (toleration("dedicated", "Equal", "db", "NoSchedule"), true),
        (toleration("dedicated", "", "db", ""), true),
        (toleration("dedicated", "Exists", "", ""), true),
        (toleration("", "Exists", "", ""), true),
        (toleration("dedicated", "Equal", "web", "NoSchedule"), false),
        (toleration("dedicated", "Equal", "db", "NoExecute"), false),
        (toleration("other", "Exists", "", ""), false),
        (toleration("dedicated", "Gt", "1", ""), false),
    ];
    for (toleration, expected) in cases {
        assert_eq!(untolerated(&taints, std::slice::from_ref(&toleration)).is_none(), expected, "{toleration:?}");
    }
}

#[test]
fn preferences_keep_nobody_away_and_every_taint_must_be_tolerated() {
    let soft = taint("spare", "", "PreferNoSchedule");
    let hard = taint("dedicated", "db", "NoExecute");
    assert_eq!(untolerated(std::slice::from_ref(&soft), &[]), None);
    let tolerated = toleration("other", "Exists", "", "");
    let taints = [taint("other", "", "NoSchedule"), soft, hard.clone()];
    assert_eq!(untolerated(&taints, &[tolerated]), Some(&hard));
}
