//! What a call is, without the ids that differ from run to run, and whether it counts.

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The API server.
    Kubernetes,
    /// An OpenStack service.
    OpenStack,
}

/// One call of the operator's, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// Who is called.
    pub side: Side,
    /// Method and path without ids, e.g. `POST compute/v2.1/servers` or `PATCH hosts/status`.
    pub label: String,
    /// Whether it may change something.
    pub writes: bool,
}

impl Call {
    /// A call to Kubernetes by its path.
    #[must_use]
    pub fn kubernetes(method: &str, path: &str) -> Self {
        Self { side: Side::Kubernetes, label: format!("{method} {}", resource(path)), writes: method != "GET" }
    }

    /// A call to OpenStack by its path below the service's origin. A log-in makes nothing that anybody counts.
    #[must_use]
    pub fn openstack(method: &str, path: &str) -> Self {
        let shown: Vec<&str> = segments(path).map(|segment| if is_id(segment) { "{id}" } else { segment }).collect();
        let label = format!("{method} {}", shown.join("/"));
        let writes = method != "GET" && !label.ends_with("auth/tokens");
        Self { side: Side::OpenStack, label, writes }
    }

    /// Whether it is one of the operator's external calls: all of OpenStack, and Kubernetes writes but for lease and Events, which say
    /// nothing about hosts.
    #[must_use]
    pub fn counts(&self) -> bool {
        let aside = ["leases", "events"];
        self.side == Side::OpenStack || (self.writes && !aside.iter().any(|word| self.label.ends_with(&format!(" {word}"))))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// `hosts/status` of `/apis/gantry.cloud/v1alpha1/namespaces/a/hosts/b/status`.
fn resource(path: &str) -> String {
    let mut rest: Vec<&str> = segments(path).collect();
    let prefix = if rest.first() == Some(&"apis") { 3 } else { 2 };
    rest.drain(..prefix.min(rest.len()));
    if rest.first() == Some(&"namespaces") && rest.len() > 2 {
        rest.drain(..2);
    }
    match rest.as_slice() {
        [] => path.to_owned(),
        [kind] | [kind, _] => (*kind).to_owned(),
        [kind, _, sub, ..] => format!("{kind}/{sub}"),
    }
}

/// Ids are UUIDs, with or without hyphens.
fn is_id(segment: &str) -> bool {
    let hex = segment.chars().filter(|c| c.is_ascii_hexdigit()).count();
    hex == 32 && segment.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_named_without_ids_and_names() {
        let openstack = |method, path| Call::openstack(method, path).label;
        assert_eq!(openstack("DELETE", "/compute/v2.1/servers/1b4e28ba-2fa1-11d2-883f-0016d3cca427"), "DELETE compute/v2.1/servers/{id}");
        assert_eq!(openstack("GET", "/networking/v2.0/ports"), "GET networking/v2.0/ports");
        let kubernetes = |method, path| Call::kubernetes(method, path).label;
        assert_eq!(kubernetes("PATCH", "/apis/gantry.cloud/v1alpha1/namespaces/a/hosts/b-1/status"), "PATCH hosts/status");
        assert_eq!(kubernetes("DELETE", "/api/v1/nodes/b-1"), "DELETE nodes");
        assert_eq!(kubernetes("POST", "/api/v1/namespaces/kube-system/secrets"), "POST secrets");
        assert_eq!(kubernetes("GET", "/api/v1/namespaces/kube-system"), "GET namespaces");
    }

    #[test]
    fn openstack_counts_always_and_kubernetes_when_it_is_written_but_for_lease_and_events() {
        assert!(Call::openstack("GET", "/compute/v2.1/servers/detail").counts());
        assert!(Call::kubernetes("POST", "/apis/gantry.cloud/v1alpha1/namespaces/a/hosts").counts());
        assert!(!Call::kubernetes("GET", "/apis/gantry.cloud/v1alpha1/hosts").counts());
        assert!(!Call::kubernetes("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/gantry").counts());
        assert!(!Call::kubernetes("POST", "/api/v1/namespaces/a/events").counts());
    }
}
