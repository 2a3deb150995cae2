//! What a node proves itself with: the bootstrap token first, its own client certificate afterwards.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A node's client certificate and where it is good. It holds a private key, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct NodeIdentity {
    /// URL of the API server.
    pub server: String,
    /// The API server's CA, PEM.
    pub ca_pem: String,
    /// Client certificate, PEM.
    pub certificate_pem: String,
    /// Private key of the certificate, PEM.
    pub key_pem: String,
}

/// A client that bears the bootstrap token.
///
/// # Errors
/// A server URL or a CA that is not one.
pub async fn bootstrap_client(server: &str, ca_pem: &[u8], token: &str) -> Result<Client> {
    client(server, ca_pem, json!({ "token": token })).await
}

impl NodeIdentity {
    /// A client that is the node.
    ///
    /// # Errors
    /// A certificate or key that does not fit.
    pub async fn client(&self) -> Result<Client> {
        let user = json!({
            "client-certificate-data": STANDARD.encode(&self.certificate_pem),
            "client-key-data": STANDARD.encode(&self.key_pem),
        });
        client(&self.server, self.ca_pem.as_bytes(), user).await
    }
}

async fn client(server: &str, ca_pem: &[u8], user: Value) -> Result<Client> {
    let cluster = json!({ "server": server, "certificate-authority-data": STANDARD.encode(ca_pem) });
    let kubeconfig: Kubeconfig = serde_json::from_value(json!({
        "clusters": [{ "name": "cluster", "cluster": cluster }],
        "users": [{ "name": "node", "user": user }],
        "contexts": [{ "name": "node", "context": { "cluster": "cluster", "user": "node" } }],
        "current-context": "node",
    }))?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let config = config.with_context(|| format!("the credentials for {server} make no client"))?;
    Client::try_from(config).with_context(|| format!("the credentials for {server} make no client"))
}
