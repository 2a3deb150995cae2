//! Thousands of hosts that are simply there: one that the operator made is copied, on both sides, with what ties the sides together.

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt};
use gantry_crds::{Host, META_CLUSTER, META_HOST, META_POOL};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::lab::Lab;

/// Writes to the API server at the same time.
const AT_ONCE: usize = 32;
/// Servers that the simulator is given in one request.
const SERVERS_AT_ONCE: usize = 1000;

/// What is copied.
pub struct Original {
    namespace: String,
    host: Host,
    node: Node,
}

impl Original {
    /// The only host of this namespace, which is ready.
    ///
    /// # Errors
    /// If there is not exactly one.
    pub async fn read(client: &Client, namespace: &str) -> Result<Self> {
        let mut hosts = Api::<Host>::namespaced(client.clone(), namespace).list(&ListParams::default()).await?.items;
        ensure!(hosts.len() == 1, "{} hosts are there instead of one", hosts.len());
        let host = hosts.remove(0);
        let node = Api::<Node>::all(client.clone()).get(&host.name_any()).await?;
        Ok(Self { namespace: namespace.to_owned(), host, node })
    }

    /// Makes `count` hosts like it, each with a server, a port and a node.
    ///
    /// # Errors
    /// If one of the two sides refuses.
    pub async fn copy(&self, lab: &Lab, count: usize) -> Result<()> {
        let names: Vec<String> = (0..count).map(|n| format!("seeded-{n:05}")).collect();
        let made = self.hosts(&lab.client, &names).await?;
        let servers = self.servers(lab, &made)?;
        let api = Api::<Host>::namespaced(lab.client.clone(), &self.namespace);
        let nodes = Api::<Node>::all(lab.client.clone());
        let writes = made.iter().zip(&servers).map(|((name, _), server)| async {
            let status = self.status(name, server)?;
            api.patch_status(name, &PatchParams::default(), &Patch::Merge(json!({ "status": status }))).await?;
            nodes.create(&PostParams::default(), &self.node(name, server)?).await?;
            anyhow::Ok(())
        });
        futures::stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// The Hosts, without status; their names and UIDs.
    async fn hosts(&self, client: &Client, names: &[String]) -> Result<Vec<(String, String)>> {
        let api = Api::<Host>::namespaced(client.clone(), &self.namespace);
        let writes = names.iter().map(|name| async {
            let mut host: Host = self.renamed(&self.host, name)?;
            host.status = None;
            host.metadata.uid = None;
            host.metadata.resource_version = None;
            host.metadata.managed_fields = None;
            let made = api.create(&PostParams::default(), &host).await?;
            anyhow::Ok((name.clone(), made.uid().context("a Host without UID")?))
        });
        futures::stream::iter(writes).buffered(AT_ONCE).try_collect().await
    }

    /// Their servers; the simulator's answers in the order of the hosts.
    fn servers(&self, lab: &Lab, made: &[(String, String)]) -> Result<Vec<Value>> {
        let original = self.host.status.as_ref().and_then(|status| status.server_id.clone()).context("the host has no server")?;
        let like = lab.cloud.simulator_admin("GET", "inventory", Value::Null)?;
        let all = like["servers"].as_array().context("the simulator shows no servers")?;
        let like = all.iter().find(|server| server["id"] == original.as_str()).context("the host's server is not there")?;
        let mut servers = Vec::with_capacity(made.len());
        for part in made.chunks(SERVERS_AT_ONCE) {
            let wanted: Vec<Value> = part.iter().map(|(name, uid)| self.server(like, name, uid)).collect();
            let answer = lab.cloud.simulator_admin("POST", "servers", json!({"project": "demo", "servers": wanted}))?;
            servers.extend(answer["servers"].as_array().cloned().unwrap_or_default());
        }
        ensure!(servers.len() == made.len(), "the simulator made {} servers for {} hosts", servers.len(), made.len());
        Ok(servers)
    }

    fn server(&self, like: &Value, name: &str, uid: &str) -> Value {
        let cluster = &like["metadata"][META_CLUSTER];
        let tags = [format!("{META_HOST}:{uid}"), format!("{META_CLUSTER}:{}", cluster.as_str().unwrap_or_default())];
        json!({
            "name": name, "flavor": self.host.spec.flavor, "zone": self.host.spec.zone, "tags": tags,
            "metadata": {META_HOST: uid, META_CLUSTER: cluster, META_POOL: like["metadata"][META_POOL]},
            "ports": [{"name": format!("{name}-0"), "network": "apps", "tags": tags, "description": tags.join(" ")}],
        })
    }

    fn status(&self, name: &str, server: &Value) -> Result<Value> {
        let mut status = serde_json::to_value(self.renamed(&self.host.status.clone().unwrap_or_default(), name)?)?;
        let id = server["id"].as_str().context("a server without id")?;
        status["serverID"] = json!(id);
        status["portIDs"] = server["ports"].clone();
        status["providerID"] = json!(format!("openstack:///{id}"));
        Ok(status)
    }

    /// The node, which nobody keeps: neither kwok nor a kubelet.
    fn node(&self, name: &str, server: &Value) -> Result<Node> {
        let mut node: Node = self.renamed(&self.node, name)?;
        node.metadata.uid = None;
        node.metadata.resource_version = None;
        node.metadata.managed_fields = None;
        node.metadata.annotations = None;
        let spec = node.spec.get_or_insert_default();
        spec.provider_id = Some(format!("openstack:///{}", server["id"].as_str().context("a server without id")?));
        spec.pod_cidr = None;
        spec.pod_cidrs = None;
        Ok(node)
    }

    /// A copy in which the host's name is another, wherever it stands.
    fn renamed<T: serde::Serialize + serde::de::DeserializeOwned>(&self, original: &T, name: &str) -> Result<T> {
        let text = serde_json::to_string(original)?.replace(&self.host.name_any(), name);
        Ok(serde_json::from_str(&text)?)
    }
}

/// Pods that run already, so many on each of the seeded nodes.
///
/// # Errors
/// What the API server says.
pub async fn pods(client: &Client, namespace: &str, hosts: usize, each: usize) -> Result<()> {
    let api = Api::<Pod>::namespaced(client.clone(), namespace);
    let writes = (0..hosts * each).map(|n| {
        let api = api.clone();
        async move {
            let (host, number) = (n / each, n % each);
            let pod = json!({"metadata": {"name": format!("pod-{host:05}-{number}")}, "spec": {
                "nodeName": format!("seeded-{host:05}"), "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false,
                "containers": [{"name": "main", "image": "gantry.local/pause:1", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}],
            }});
            api.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
            anyhow::Ok(())
        }
    });
    futures::stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await
}
