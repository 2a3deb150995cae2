//! Kubeconfig files for the control plane's programs and its admin, written as JSON, which is YAML.

use std::path::Path;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::pki::{KeyedCertificate, write_private};

/// Writes a kubeconfig whose one context talks to `server` with a client certificate; only its owner may read it.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, server: &str, authority_pem: &str, client: &KeyedCertificate) -> Result<()> {
    write_private(path, &format!("{:#}\n", document(server, authority_pem, client)))
}

fn document(server: &str, authority_pem: &str, client: &KeyedCertificate) -> Value {
    let cluster = json!({"server": server, "certificate-authority-data": STANDARD.encode(authority_pem)});
    let user = json!({
        "client-certificate-data": STANDARD.encode(&client.certificate_pem),
        "client-key-data": STANDARD.encode(&client.key_pem),
    });
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "gantry-e2e", "cluster": cluster}],
        "users": [{"name": "client", "user": user}],
        "contexts": [{"name": "gantry-e2e", "context": {"cluster": "gantry-e2e", "user": "client"}}],
        "current-context": "gantry-e2e",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_has_what_kube_reads() {
        let pair = KeyedCertificate { certificate_pem: "cert".into(), key_pem: "key".into() };
        let text = document("https://127.0.0.1:6443", "ca", &pair).to_string();
        let read = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        let cluster = read.clusters[0].cluster.clone().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://127.0.0.1:6443"));
        assert_eq!(cluster.certificate_authority_data.as_deref(), Some("Y2E="));
        assert_eq!(read.current_context.as_deref(), Some("gantry-e2e"));
    }
}
