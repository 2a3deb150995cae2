//! What of a cluster one operator sees: so that many of them share one Kubernetes, each with a cluster of its own as far as it can tell.

use serde_json::{Value, json};

/// An operator's view.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The only namespace whose pools, clouds, hosts and pods are seen; `None` for all.
    pub namespace: Option<String>,
    /// The only nodes that are seen, as `key=value` of a label.
    pub node_label: Option<String>,
    /// The cluster's identity as this operator is told it, if not the real one.
    pub cluster_uid: Option<String>,
}

/// Lists of these, over all namespaces, become lists of one namespace.
const NAMESPACED: [(&str, &str); 4] = [
    ("/apis/gantry.cloud/v1alpha1/", "hosts"),
    ("/apis/gantry.cloud/v1alpha1/", "vmpools"),
    ("/apis/gantry.cloud/v1alpha1/", "openstackclouds"),
    ("/api/v1/", "pods"),
];

impl Scope {
    /// Path and query as the API server is asked.
    #[must_use]
    pub fn narrowed(&self, path: &str, query: Option<&str>) -> String {
        let query = query.unwrap_or_default();
        if let (Some(label), "/api/v1/nodes") = (&self.node_label, path) {
            return format!("{path}?{}", with_selector(query, label));
        }
        let whole = NAMESPACED.iter().find(|(base, kind)| path.strip_prefix(base) == Some(kind));
        let path = match (&self.namespace, whole) {
            (Some(namespace), Some((base, kind))) => format!("{base}namespaces/{namespace}/{kind}"),
            _ => path.to_owned(),
        };
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    /// Whether the answer to this path tells whose cluster this is.
    #[must_use]
    pub fn tells_identity(&self, path: &str) -> bool {
        self.cluster_uid.is_some() && path == "/api/v1/namespaces/kube-system"
    }

    /// The namespace kube-system with this view's UID.
    #[must_use]
    pub fn with_identity(&self, mut namespace: Value) -> Value {
        if let Some(uid) = &self.cluster_uid {
            namespace["metadata"]["uid"] = json!(uid);
        }
        namespace
    }
}

fn with_selector(query: &str, label: &str) -> String {
    let label = label.replace('=', "%3D");
    let mut found = false;
    let parts: Vec<String> = query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| match part.strip_prefix("labelSelector=") {
            Some(own) if !own.is_empty() => {
                found = true;
                format!("labelSelector={own}%2C{label}")
            }
            _ => part.to_owned(),
        })
        .collect();
    let own = if found { None } else { Some(format!("labelSelector={label}")) };
    parts.into_iter().chain(own).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope { namespace: Some("lane-1".into()), node_label: Some("lane=1".into()), cluster_uid: Some("other".into()) }
    }

    #[test]
    fn lists_over_all_namespaces_become_those_of_one() {
        assert_eq!(
            scope().narrowed("/apis/gantry.cloud/v1alpha1/hosts", Some("watch=true")),
            "/apis/gantry.cloud/v1alpha1/namespaces/lane-1/hosts?watch=true"
        );
        assert_eq!(scope().narrowed("/api/v1/pods", None), "/api/v1/namespaces/lane-1/pods");
        assert_eq!(scope().narrowed("/api/v1/namespaces/a/pods", None), "/api/v1/namespaces/a/pods");
        assert_eq!(Scope::default().narrowed("/api/v1/pods", Some("limit=5")), "/api/v1/pods?limit=5");
    }

    #[test]
    fn nodes_are_those_of_the_label() {
        assert_eq!(scope().narrowed("/api/v1/nodes", Some("watch=1")), "/api/v1/nodes?watch=1&labelSelector=lane%3D1");
        assert_eq!(scope().narrowed("/api/v1/nodes", Some("labelSelector=a%3Db")), "/api/v1/nodes?labelSelector=a%3Db%2Clane%3D1");
        assert_eq!(scope().narrowed("/api/v1/nodes/x", None), "/api/v1/nodes/x");
    }

    #[test]
    fn the_clusters_identity_can_be_another() {
        assert!(scope().tells_identity("/api/v1/namespaces/kube-system"));
        assert!(!Scope::default().tells_identity("/api/v1/namespaces/kube-system"));
        assert_eq!(scope().with_identity(json!({"metadata": {"uid": "real"}}))["metadata"]["uid"], "other");
    }
}
