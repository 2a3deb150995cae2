//! The files that the control plane's programs read: certificates, kubeconfigs, configuration.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context, Result};

use super::network::{API_SERVICE, BRIDGE_ADDRESS};
use super::options::{Endpoints, Layout};
use super::pki::{Identity, Pki};
use super::{kubeconfig, programs};

/// Who the programs and the admin are: (name of the kubeconfig, identity).
const USERS: [(&str, Identity); 4] = [
    ("admin", Identity { user: "kubernetes-admin", group: Some("system:masters") }),
    ("controller-manager", Identity { user: "system:kube-controller-manager", group: None }),
    ("scheduler", Identity { user: "system:kube-scheduler", group: None }),
    ("kwok", Identity { user: "kwok", group: Some("system:masters") }),
];

/// Writes certificates, kubeconfigs and configuration; gives the authority's certificate.
///
/// # Errors
/// When one cannot be written.
pub fn write(layout: &Layout, endpoints: &Endpoints) -> Result<String> {
    let addresses = [Ipv4Addr::LOCALHOST, API_SERVICE, BRIDGE_ADDRESS].map(IpAddr::V4);
    let pki = Pki::create(&layout.pki(), &addresses)?;
    for (name, identity) in &USERS {
        let path = layout.kubeconfig(name);
        kubeconfig::write(&path, &endpoints.server(), &pki.authority_pem(), &pki.client(identity)?)?;
    }
    let files = [
        ("scheduler.yaml", programs::scheduler_config(layout)),
        ("kwok-stages.yaml", include_str!("../../kubernetes/kwok-stages.yaml").to_owned()),
        ("audit-policy.yaml", include_str!("../../kubernetes/audit-policy.yaml").to_owned()),
    ];
    for (name, text) in files {
        fs::write(layout.config(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(pki.authority_pem())
}
