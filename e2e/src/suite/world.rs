//! What a scenario works with: the laboratory, its operator, a namespace of its own, and the user's tools.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use gantry_crds::{Host, OpenStackCloud, VMPool, condition};
use k8s_openapi::api::core::v1::{Event, Namespace, Node, Pod, Secret};
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::manifests;
use crate::lab::gate::Gate;
use crate::lab::operator::Operator;
use crate::lab::wait::until;
use crate::lab::{Lab, helm};

/// Time for hosts and pods to come; the real OpenStack builds one server a second, and after a kill between intent and answer
/// a minute passes before a server is asked for again.
pub const COMING: Duration = Duration::from_secs(240);
/// Time for hosts to go.
pub const GOING: Duration = Duration::from_secs(120);

/// The world of a scenario.
pub struct World {
    /// The laboratory.
    pub lab: Lab,
    /// The operator; `None` while it is down.
    pub operator: Option<Operator>,
    /// The scenario's namespace.
    pub namespace: String,
    /// Whether the operator runs in a pod, from the chart; else it is a process of ours.
    pub in_pod: bool,
    /// What the operator's calls pass through, if they are to be counted or spoiled.
    pub gate: Option<Gate>,
    number: usize,
}

impl World {
    /// A world around a laboratory in which the chart is installed.
    #[must_use]
    pub fn new(lab: Lab) -> Self {
        Self { lab, operator: None, namespace: String::new(), in_pod: false, gate: None, number: 0 }
    }

    /// A fresh namespace, and an operator that runs.
    pub(super) async fn begin(&mut self) -> Result<()> {
        if let Some(gate) = &self.gate {
            gate.spoil_nothing();
            gate.arm(None);
        }
        self.number += 1;
        self.namespace = format!("apps-{}", self.number);
        let namespaces: Api<Namespace> = Api::all(self.lab.client.clone());
        let metadata = ObjectMeta { name: Some(self.namespace.clone()), ..ObjectMeta::default() };
        namespaces.create(&PostParams::default(), &Namespace { metadata, ..Namespace::default() }).await?;
        self.start_operator().await
    }

    /// Takes away what the scenario made and checks that nothing is left: no Host, Node, server, port, token.
    pub(super) async fn end(&mut self) -> Result<()> {
        self.start_operator().await?;
        self.delete_all().await?;
        self.nothing_left().await?;
        self.delete_namespace().await
    }

    /// After a failure: the same without complaint, then by force, so that the next scenario has a clean world.
    pub(super) async fn clean(&mut self) -> Result<()> {
        if self.lab.cloud.simulator.is_some() {
            self.lab.cloud.no_faults()?;
        }
        if let Some(gate) = &self.gate {
            gate.spoil_nothing();
        }
        if self.end().await.is_ok() {
            return Ok(());
        }
        if let Some(operator) = self.operator.take() {
            operator.kill().await?;
        }
        let ns = self.namespace.clone();
        for kind in ["hosts", "vmpools", "openstackclouds"] {
            let names = self.kubectl(&["get", kind, "-n", &ns, "-o", "name"]).await.unwrap_or_default();
            for name in names.lines() {
                let _ = self.kubectl(&["patch", name, "-n", &ns, "--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}"]).await;
                let _ = self.kubectl(&["delete", name, "-n", &ns, "--ignore-not-found"]).await;
            }
        }
        let _ = self.kubectl(&["delete", "nodes", "-l", "gantry.cloud/pool"]).await;
        for server in self.lab.cloud.servers().await? {
            self.lab.cloud.delete_server(server["id"].as_str().unwrap_or_default()).await?;
        }
        self.delete_namespace().await
    }

    async fn delete_all(&self) -> Result<()> {
        let ns = self.namespace.as_str();
        self.kubectl(&["delete", "deployments,pods,poddisruptionbudgets", "--all", "-n", ns, "--wait=true", "--timeout=60s"]).await?;
        self.kubectl(&["delete", "vmpools", "--all", "-n", ns, "--wait=true", "--timeout=120s"]).await?;
        self.kubectl(&["delete", "openstackclouds", "--all", "-n", ns, "--wait=true", "--timeout=30s"]).await.map(drop)
    }

    async fn delete_namespace(&self) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.lab.client.clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await?;
        Ok(())
    }

    /// The check that ends every scenario.
    async fn nothing_left(&mut self) -> Result<()> {
        let hosts = self.all_hosts().await?;
        let tokens = self.tokens().await?;
        let nodes: Vec<String> = self.nodes().await?.iter().map(ResourceExt::name_any).collect();
        let cloud = self.lab.cloud.left().await?;
        if !hosts.is_empty() || !tokens.is_empty() || !nodes.is_empty() || !cloud.is_empty() {
            bail!("something is left: hosts {hosts:?}, tokens {tokens:?}, nodes {nodes:?}, in the cloud {cloud:?}");
        }
        Ok(())
    }

    /// Starts the operator if it is down and ours to start.
    pub async fn start_operator(&mut self) -> Result<()> {
        if self.operator.is_none() && !self.in_pod {
            self.operator = Some(match &self.gate {
                Some(gate) => Operator::start_behind(&self.lab, gate, "operator").await?,
                None => Operator::start(&self.lab, "operator").await?,
            });
        }
        Ok(())
    }

    /// The cloud `main` with good credentials.
    pub async fn apply_cloud(&self) -> Result<()> {
        self.apply(&manifests::cloud(&self.namespace, &self.clouds_yaml()?, "openstack-appcred")).await
    }

    /// clouds.yaml as the operator is given it: through the gate, if there is one.
    pub fn clouds_yaml(&self) -> Result<String> {
        let text = self.lab.cloud.clouds_yaml_text()?;
        Ok(self.gate.as_ref().map_or(text.clone(), |gate| gate.clouds_yaml(&text)))
    }

    /// The gate.
    pub fn gate(&self) -> Result<&Gate> {
        self.gate.as_ref().context("this scenario needs a gate")
    }

    /// A pool.
    pub async fn apply_pool(&self, name: &str, extra: &str, node: &str) -> Result<()> {
        self.apply(&manifests::pool(&self.namespace, name, extra, node)).await
    }

    /// A Deployment.
    pub async fn apply_deployment(&self, name: &str, replicas: usize, cpu: &str, pod: &str) -> Result<()> {
        self.apply(&manifests::deployment(&self.namespace, name, replicas, cpu, pod)).await
    }

    /// `kubectl apply`.
    pub async fn apply(&self, yaml: &str) -> Result<()> {
        helm::apply(&self.lab, yaml).await.map(drop)
    }

    /// `kubectl`.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        helm::kubectl(&self.lab, arguments).await
    }

    /// `kubectl scale` of a Deployment.
    pub async fn scale(&self, deployment: &str, replicas: usize) -> Result<()> {
        self.kubectl(&["scale", "deployment", deployment, "-n", &self.namespace, &format!("--replicas={replicas}")]).await.map(drop)
    }

    /// The Hosts of the scenario.
    pub async fn hosts(&self) -> Result<Vec<Host>> {
        let api: Api<Host> = Api::namespaced(self.lab.client.clone(), &self.namespace);
        Ok(api.list(&ListParams::default()).await?.items)
    }

    async fn all_hosts(&self) -> Result<Vec<String>> {
        let api: Api<Host> = Api::all(self.lab.client.clone());
        Ok(api.list(&ListParams::default()).await?.iter().map(ResourceExt::name_any).collect())
    }

    /// Nodes of hosts, of any pool.
    pub async fn nodes(&self) -> Result<Vec<Node>> {
        let api: Api<Node> = Api::all(self.lab.client.clone());
        Ok(api.list(&ListParams::default().labels(gantry_crds::LABEL_POOL)).await?.items)
    }

    /// Names of Gantry's bootstrap tokens.
    pub async fn tokens(&self) -> Result<Vec<String>> {
        let api: Api<Secret> = Api::namespaced(self.lab.client.clone(), "kube-system");
        let ours = ListParams::default().labels(gantry_crds::LABEL_HOST_UID);
        Ok(api.list(&ours).await?.iter().map(ResourceExt::name_any).collect())
    }

    /// The pool.
    pub async fn pool(&self, name: &str) -> Result<VMPool> {
        let api: Api<VMPool> = Api::namespaced(self.lab.client.clone(), &self.namespace);
        Ok(api.get(name).await?)
    }

    /// Pods of a Deployment.
    pub async fn pods(&self, app: &str) -> Result<Vec<Pod>> {
        let api: Api<Pod> = Api::namespaced(self.lab.client.clone(), &self.namespace);
        Ok(api.list(&ListParams::default().labels(&format!("app={app}"))).await?.items)
    }

    /// Waits until so many pods of a Deployment are Running.
    pub async fn until_running(&self, app: &str, count: usize) -> Result<()> {
        until(&format!("{count} pods of {app} to run"), COMING, || async {
            let pods = self.pods(app).await.map_err(|error| error.to_string())?;
            let running = pods.iter().filter(|pod| phase(pod) == "Running").count();
            if running == count && pods.len() == count { Ok(()) } else { Err(format!("{running} of {} run", pods.len())) }
        })
        .await
    }

    /// Waits until there are exactly so many Hosts and all of them are Ready.
    pub async fn until_hosts(&self, count: usize) -> Result<Vec<Host>> {
        let limit = if count == 0 { GOING } else { COMING };
        until(&format!("{count} hosts, all ready"), limit, || async {
            let hosts = self.hosts().await.map_err(|error| error.to_string())?;
            let told: Vec<String> =
                hosts.iter().map(|host| format!("{} {:?}", host.name_any(), host.status.as_ref().map(|s| s.phase))).collect();
            let ready = hosts.iter().all(|host| host.status.as_ref().is_some_and(|s| s.phase == gantry_crds::HostPhase::Ready));
            if hosts.len() == count && ready { Ok(hosts) } else { Err(format!("{told:?}")) }
        })
        .await
    }

    /// Waits until the cloud holds exactly so many servers and ports together.
    pub async fn until_left(&mut self, count: usize) -> Result<()> {
        let start = std::time::Instant::now();
        loop {
            let left = self.lab.cloud.left().await?;
            if left.len() == count {
                return Ok(());
            }
            if start.elapsed() > GOING {
                bail!("waited {} s for {count} servers and ports in the cloud; there is {left:?}", GOING.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until the cloud's condition Ready has this status and reason.
    pub async fn until_cloud(&self, status: &str, reason: &str) -> Result<()> {
        let clouds: Api<OpenStackCloud> = Api::namespaced(self.lab.client.clone(), &self.namespace);
        until(&format!("the cloud to be Ready={status} ({reason})"), COMING, || async {
            let cloud = clouds.get("main").await.map_err(|error| error.to_string())?;
            let conditions = cloud.status.unwrap_or_default().conditions;
            let seen = condition::find(&conditions, "Ready").map(|c| (c.status.clone(), c.reason.clone()));
            if seen == Some((status.into(), reason.into())) { Ok(()) } else { Err(format!("{seen:?}")) }
        })
        .await
    }

    /// Waits until an Event of the scenario's namespace has this reason and a message that contains `text`.
    pub async fn until_event(&self, reason: &str, text: &str) -> Result<String> {
        until(&format!("an Event {reason} that says {text:?}"), Duration::from_secs(45), || async {
            let events = self.events().await.map_err(|error| error.to_string())?;
            let hit = events.iter().find(|(r, message)| r == reason && message.contains(text));
            hit.map(|(_, message)| message.clone()).ok_or_else(|| format!("{events:?}"))
        })
        .await
    }

    /// Reason and message of the Events of the scenario's namespace.
    pub async fn events(&self) -> Result<Vec<(String, String)>> {
        let api: Api<Event> = Api::namespaced(self.lab.client.clone(), &self.namespace);
        let events = api.list(&ListParams::default()).await?.items;
        Ok(events.into_iter().map(|event| (event.reason.unwrap_or_default(), event.message.unwrap_or_default())).collect())
    }

    /// Servers in the cloud, as Nova shows them.
    pub async fn servers(&mut self) -> Result<Vec<Value>> {
        self.lab.cloud.servers().await
    }

    /// The running operator.
    pub fn operator(&self) -> Result<&Operator> {
        self.operator.as_ref().context("the operator is down")
    }

    /// Ends the operator in order, then the laboratory.
    ///
    /// # Errors
    /// If one of them does not end as it should.
    pub async fn finish(mut self) -> Result<()> {
        let stopped = match self.operator.take() {
            Some(operator) => operator.stop().await,
            None => Ok(()),
        };
        let ended = self.lab.stop().await;
        stopped.and(ended)
    }

    /// What there is, for a failed scenario's report.
    pub(super) async fn state(&mut self) -> String {
        let ns = self.namespace.clone();
        let mut text = String::new();
        for arguments in [
            &["get", "osc,vmp,gh,pods", "-n", &ns, "-o", "wide"][..],
            &["get", "nodes,csr"],
            &["get", "events", "-n", &ns, "--sort-by=.lastTimestamp"],
        ] {
            text += &self.kubectl(arguments).await.unwrap_or_else(|error| format!("{error:#}\n"));
        }
        text += &format!("cloud: {:?}\n", self.lab.cloud.left().await);
        text += &self.operator.as_ref().map(|operator| operator.log_tail(40)).unwrap_or_default();
        text
    }
}

/// A pod's phase.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("?")
}
