//! Where hosts find the API server, and the CA that proves it: read from the cluster, as `kubeadm join` itself would.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::config::Kubeconfig;
use kube::{Api, Client};
use tokio_util::sync::CancellationToken;

use crate::bootstrap::user_data::Discovery;

/// How often the cluster's word is read again: CAs are rotated, rarely.
const EVERY: Duration = Duration::from_secs(300);
/// How often while there is none.
const EVERY_MISSING: Duration = Duration::from_secs(10);

/// The last answer.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(Arc<RwLock<Known>>);

#[derive(Clone, Debug, Default)]
struct Known {
    server: Option<String>,
    ca_pem: Option<String>,
}

impl Endpoints {
    /// Server and CA for a pool, which may name a server of its own; why not, in words.
    pub fn endpoint(&self, own: Option<&str>) -> Result<Discovery, String> {
        let known = self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let server = own.map(str::to_owned).or(known.server).ok_or(
            "it is not known where hosts reach the API server: the ConfigMap kube-public/cluster-info names none; set template.bootstrap.kubeadm.apiServer",
        )?;
        let ca_pem = known
            .ca_pem
            .ok_or("the API server's CA is not known: neither kube-public/cluster-info nor kube-system/kube-root-ca.crt holds it")?;
        Ok(Discovery { server, ca_pem })
    }

    /// Reads until stopped; a failed read keeps what was known.
    pub async fn run(self, client: Client, changed: impl Fn() + Send, stop: CancellationToken) {
        loop {
            let read = read(&client).await;
            let complete = read.server.is_some() && read.ca_pem.is_some();
            if self.take(read) {
                changed();
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(if complete { EVERY } else { EVERY_MISSING }) => {}
            }
        }
    }

    fn take(&self, read: Known) -> bool {
        let mut known = self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        let new = Known { server: read.server.or_else(|| known.server.clone()), ca_pem: read.ca_pem.or_else(|| known.ca_pem.clone()) };
        let changed = (&new.server, &new.ca_pem) != (&known.server, &known.ca_pem);
        *known = new;
        changed
    }
}

async fn read(client: &Client) -> Known {
    let info = config_map(client, "kube-public", "cluster-info", "kubeconfig").await;
    let (server, ca_pem) = info.map(|text| from_kubeconfig(&text)).unwrap_or_default();
    match ca_pem {
        Some(ca_pem) => Known { server, ca_pem: Some(ca_pem) },
        None => Known { server, ca_pem: config_map(client, "kube-system", "kube-root-ca.crt", "ca.crt").await },
    }
}

async fn config_map(client: &Client, namespace: &str, name: &str, key: &str) -> Option<String> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    match api.get_opt(name).await {
        Ok(map) => map?.data?.remove(key),
        Err(error) => {
            tracing::warn!(namespace, name, %error, "a ConfigMap cannot be read");
            None
        }
    }
}

fn from_kubeconfig(text: &str) -> (Option<String>, Option<String>) {
    let cluster = Kubeconfig::from_yaml(text).ok().and_then(|config| config.clusters.into_iter().next()).and_then(|named| named.cluster);
    let Some(cluster) = cluster else { return (None, None) };
    let ca = cluster.certificate_authority_data.and_then(|data| {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::STANDARD.decode(data.trim()).ok()?;
        String::from_utf8(bytes).ok()
    });
    (cluster.server, ca)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_info_gives_server_and_ca() {
        let text = "apiVersion: v1\nkind: Config\nclusters:\n- name: ''\n  cluster:\n    server: https://10.0.0.1:6443\n    certificate-authority-data: Q0E=\n";
        assert_eq!(from_kubeconfig(text), (Some("https://10.0.0.1:6443".into()), Some("CA".into())));
        assert_eq!(from_kubeconfig("nonsense: ["), (None, None));
    }

    #[test]
    fn a_failed_read_keeps_what_was_known() {
        let endpoints = Endpoints::default();
        assert!(endpoints.endpoint(None).is_err());
        endpoints.take(Known { server: Some("https://a:1".into()), ca_pem: Some("CA".into()) });
        assert!(!endpoints.take(Known::default()));
        assert_eq!(endpoints.endpoint(None).unwrap().server, "https://a:1");
        assert_eq!(endpoints.endpoint(Some("https://b:2")).unwrap().server, "https://b:2");
    }
}
