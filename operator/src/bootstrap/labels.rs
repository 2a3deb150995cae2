//! Which labels of a node its kubelet may set, which it sets anyway, and which are left to the operator.

use std::collections::BTreeMap;

/// Labels that a kubelet sets by itself from what it sees; telling it would only let it lie.
const KUBELETS_OWN: [&str; 3] = ["kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"];
/// Labels of Kubernetes' own domains that a kubelet may be told to set (Kubernetes' `kubelet/apis/well_known_labels.go`).
const ALLOWED: [&str; 8] = [
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "failure-domain.beta.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
];
/// Prefixes of Kubernetes' own domains under which a kubelet may set any label.
const ALLOWED_DOMAINS: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];
/// Domains that the kubelet and NodeRestriction guard.
const GUARDED_DOMAINS: [&str; 2] = ["kubernetes.io", "k8s.io"];
const MAX_NAME_CHARS: usize = 63;
const MAX_PREFIX_CHARS: usize = 253;

/// Labels that the kubelet is told to register with.
pub fn for_kubelet(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    select(labels, |key| may_kubelet_set(key) && !KUBELETS_OWN.contains(&key))
}

/// Labels that a kubelet may not set on its own Node: the operator sets them once the Node is there.
pub fn for_operator(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    select(labels, |key| !may_kubelet_set(key) && !KUBELETS_OWN.contains(&key))
}

fn select(labels: &BTreeMap<String, String>, keep: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    labels.iter().filter(|(key, _)| keep(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn may_kubelet_set(key: &str) -> bool {
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let within =
        |parents: &[&str]| parents.iter().any(|p| domain.strip_suffix(p).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    !within(&GUARDED_DOMAINS) || ALLOWED.contains(&key) || within(&ALLOWED_DOMAINS)
}

/// Whether Kubernetes takes `key` as the key of a label or taint.
pub fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => is_name(name) && is_dns_name(prefix),
        None => is_name(key),
    }
}

/// Whether Kubernetes takes `value` as the value of a label or taint.
pub fn is_value(value: &str) -> bool {
    value.is_empty() || is_name(value)
}

/// Whether `name` is a DNS subdomain, as the names of nodes are.
pub fn is_dns_name(name: &str) -> bool {
    let is_edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_part = |part: &str| {
        let bytes = part.as_bytes();
        is_edge(bytes.first()) && is_edge(bytes.last()) && bytes.iter().all(|b| is_edge(Some(b)) || *b == b'-')
    };
    name.len() <= MAX_PREFIX_CHARS && name.split('.').all(is_part)
}

fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let is_edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    name.len() <= MAX_NAME_CHARS
        && is_edge(bytes.first())
        && is_edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(key: &str) -> (bool, bool) {
        let labels = BTreeMap::from([(key.to_string(), "x".to_string())]);
        (!for_kubelet(&labels).is_empty(), !for_operator(&labels).is_empty())
    }

    #[test]
    fn each_label_has_one_who_sets_it() {
        for key in [
            "tier",
            "gantry.cloud/pool",
            "topology.kubernetes.io/zone",
            "node.kubernetes.io/instance-type",
            "topology.cinder.csi.openstack.org/zone",
            "x.node.kubernetes.io/a",
            "notkubernetes.io/a",
        ] {
            assert_eq!(split(key), (true, false), "{key}");
        }
        for key in [
            "node-restriction.kubernetes.io/a",
            "node-role.kubernetes.io/worker",
            "kubernetes.io/a",
            "my.k8s.io/a",
            "k8s.io/a",
            "xnode.kubernetes.io/a",
        ] {
            assert_eq!(split(key), (false, true), "{key}");
        }
        for key in KUBELETS_OWN {
            assert_eq!(split(key), (false, false), "{key}");
        }
    }

    #[test]
    fn names_follow_kubernetes() {
        for key in ["a", "a.b/c_d", "gantry.cloud/pool", "A9"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "/", "a/", "/a", "a/b/c", "a b", "-a", "a=b", "a,b", "{{", "Up/a", "a\n"] {
            assert!(!is_key(key), "{key}");
        }
        assert!(is_value("") && is_value("a-b") && !is_value("a,b") && !is_value("{{x}}"));
    }
}
