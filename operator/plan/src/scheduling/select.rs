//! Which pods a selector or a term means, what a pod prefers, and which nodes a spread constraint counts.

use std::collections::BTreeMap;

use super::{Constraints, Label, NodeView, affinity, syntax, untolerated};
use crate::model::{Labels, NodeTerm, PodSpec, PodTerm, Preferred, Selector, Spread};

impl Selector {
    /// Whether the labels meet every requirement. A selector that Kubernetes could not parse matches nothing.
    pub fn matches(&self, labels: &Labels) -> bool {
        let same = |(key, value): (&String, &String)| syntax::is_key(key) && syntax::is_value(value) && labels.get(key) == Some(value);
        let known = |operator: &str| matches!(operator, "In" | "NotIn" | "Exists" | "DoesNotExist");
        self.labels.iter().all(same)
            && self.expressions.iter().all(|expression| known(&expression.operator) && affinity::labels_hold(expression, labels))
    }

    /// Whether it requires nothing.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }
}

impl PodTerm {
    /// Whether the term of a pod that waits means a pod of that namespace. A namespace that is not there is matched by an empty
    /// namespace selector only.
    pub(crate) fn selects(&self, namespace: &str, namespaces: &BTreeMap<String, Labels>, labels: &Labels) -> bool {
        let chosen = |selector: &Selector| selector.is_empty() || namespaces.get(namespace).is_some_and(|own| selector.matches(own));
        self.means(namespace, chosen, labels)
    }

    /// Whether the term of a pod that runs means a pod of that namespace. A namespace that is not there has no labels.
    pub(crate) fn refuses(&self, namespace: &str, namespaces: &BTreeMap<String, Labels>, labels: &Labels) -> bool {
        let none = Labels::new();
        let chosen = |selector: &Selector| selector.matches(namespaces.get(namespace).unwrap_or(&none));
        self.means(namespace, chosen, labels)
    }

    fn means(&self, namespace: &str, chosen: impl Fn(&Selector) -> bool, labels: &Labels) -> bool {
        let there = self.namespaces.iter().any(|named| named == namespace) || self.namespace_selector.as_ref().is_some_and(chosen);
        there && self.selector.as_ref().is_some_and(|selector| selector.matches(labels))
    }
}

/// The sum of the weights of the preferences that the node meets.
pub(crate) fn preference(preferred: &[Preferred<NodeTerm>], node: &NodeView<'_>) -> i64 {
    preferred.iter().filter(|preferred| affinity::matches(&preferred.term, node)).map(|preferred| i64::from(preferred.weight)).sum()
}

/// Whether pods on the node count for this constraint of the pod: it bears the keys of all its required constraints, and the
/// constraint's policies leave it in.
pub(crate) fn spread_counts(spec: &PodSpec, spread: &Spread, node: &NodeView<'_>) -> bool {
    let mut required = spec.spread.iter().filter(|spread| spread.required);
    let keyed = required.all(|spread| node.label(&spread.topology_key) != Label::Absent);
    let constraints = Constraints::of_spec(spec);
    let wanted = !spread.honors_affinity || super::wants(node, &constraints).is_ok();
    let tolerated = !spread.honors_taints || untolerated(node.taints, &spec.tolerations).is_none();
    keyed && wanted && tolerated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{expression, labels, taint, term};
    use crate::model::Expression;

    #[test]
    fn a_selector_means_labels_that_meet_every_requirement() {
        let meant = |pairs: &[(&str, &str)], expressions: Vec<Expression>| {
            Selector { labels: labels(pairs), expressions }.matches(&labels(&[("app", "web"), ("tier", "1")]))
        };
        assert_eq!(
            [
                meant(&[], vec![]),
                meant(&[("app", "web")], vec![expression("tier", "In", &["1", "2"])]),
                meant(&[("app", "web")], vec![expression("tier", "NotIn", &["1"])]),
                meant(&[("app", "db")], vec![]),
                meant(&[], vec![expression("zone", "DoesNotExist", &[]), expression("tier", "Exists", &[])]),
            ],
            [true, true, false, false, true]
        );
    }

    #[test]
    fn a_selector_that_cannot_be_parsed_means_nothing() {
        let meant = |expression| Selector { expressions: vec![expression], ..Selector::default() }.matches(&labels(&[("tier", "1")]));
        let broken = [
            expression("tier", "Gt", &["0"]),
            expression("tier", "In", &[]),
            expression("tier", "Exists", &["1"]),
            expression("none", "NotIn", &["not a value"]),
            expression("not a key", "DoesNotExist", &[]),
        ];
        assert_eq!(broken.map(meant), [false; 5]);
    }

    #[test]
    fn preferences_that_a_node_meets_add_up() {
        let has = labels(&[("disk", "ssd"), ("cpus", "8")]);
        let node = NodeView { name: Some("n1"), labels: &has, taints: &[] };
        let wish =
            |weight, key: &str, operator: &str, values: &[&str]| Preferred { weight, term: term(vec![expression(key, operator, values)]) };
        let wishes = [wish(10, "disk", "In", &["ssd"]), wish(5, "cpus", "Gt", &["4"]), wish(80, "gpu", "Exists", &[])];
        assert_eq!(preference(&wishes, &node), 15);
    }

    #[test]
    fn a_spread_counts_nodes_with_all_keys_that_its_policies_leave_in() {
        let over = |key: &str, required| Spread { topology_key: key.to_owned(), required, ..Spread::default() };
        let spec = PodSpec { spread: vec![over("zone", true), over("rack", true), over("row", false)], ..PodSpec::default() };
        let (both, one) = (labels(&[("zone", "a"), ("rack", "r")]), labels(&[("zone", "a")]));
        let taints = [taint("gpu", "", "NoSchedule")];
        let counts = |labels, taints, honors_taints| {
            let spread = Spread { honors_taints, ..over("zone", true) };
            spread_counts(&spec, &spread, &NodeView { name: Some("n1"), labels, taints })
        };
        assert_eq!(
            [counts(&both, &[], true), counts(&one, &[], true), counts(&both, &taints, true), counts(&both, &taints, false)],
            [true, false, false, true]
        );
    }
}
