//! Which pods a counter counts.

use std::collections::BTreeMap;

use crate::model::{HostPort, Key, Labels, Pod, PodTerm, Selector};

/// Namespaces and their labels.
pub(crate) type Namespaces = BTreeMap<String, Labels>;

/// Which pods.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Whom<'a> {
    /// Those of a namespace that a selector matches, for spread; pods that end are not counted.
    Selected { namespace: &'a str, selector: &'a Selector },
    /// None at all: spread without a selector.
    Nobody,
    /// Those that match all terms of required affinity.
    All(&'a [PodTerm]),
    /// Those that an anti-affinity term of a pod that waits matches.
    Shunned(&'a PodTerm),
    /// Those that have this anti-affinity term themselves.
    Shunning(&'a PodTerm),
    /// Those that take this port.
    Port(&'a HostPort),
    /// Those that use this volume claim, not as an ephemeral volume of their own.
    User(Key),
}

impl Whom<'_> {
    /// Whether a pod is counted.
    pub fn counts(&self, pod: &Pod, namespaces: &Namespaces) -> bool {
        let namespace = pod.key.namespace.as_str();
        match self {
            Self::Selected { namespace: own, selector } => {
                // An empty selector counts nobody, as the plugin has it.
                let empty = selector.labels.is_empty() && selector.expressions.is_empty();
                !empty && !pod.terminating && *own == namespace && selector.matches(&pod.labels)
            }
            Self::Nobody => false,
            Self::All(terms) => terms.iter().all(|term| term.selects(namespace, namespaces, &pod.labels)),
            Self::Shunned(term) => term.selects(namespace, namespaces, &pod.labels),
            Self::Shunning(term) => pod.spec.anti_affinity.contains(term),
            Self::Port(port) => pod.spec.host_ports.contains(port),
            Self::User(claim) => {
                let own = || pod.spec.ephemeral_claims.contains(&claim.name);
                claim.namespace == namespace && pod.spec.claims.contains(&claim.name) && !own()
            }
        }
    }

    /// Whether what is counted does not depend on labels alone.
    pub fn looks_at_spec(&self) -> bool {
        matches!(self, Self::Shunning(_) | Self::Port(_) | Self::User(_))
    }
}
