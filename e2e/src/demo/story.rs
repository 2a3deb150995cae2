//! The demo's story: nothing, a wave, a second wave, nothing again; with the times that each took.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use gantry_crds::Host;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::screen::{Picture, Row, Screen};
use crate::lab::{Lab, helm};

/// The namespace of the demo's tenant.
const NAMESPACE: &str = "apps";
/// A wave that takes longer has failed.
const WAVE_LIMIT: Duration = Duration::from_secs(240);
/// How often the picture is taken.
const EVERY: Duration = Duration::from_millis(300);

/// How long each part took.
#[derive(Debug, Default)]
pub struct Times(Vec<(String, f64)>);

impl Times {
    /// Prints them.
    pub fn print(&self) {
        println!("\n  {:<64} {:>8}", "WHAT", "SECONDS");
        self.0.iter().for_each(|(what, seconds)| println!("  {what:<64} {seconds:>8.1}"));
        println!();
    }
}

/// Tells it.
pub async fn tell(lab: &mut Lab, screen: &mut Screen) -> Result<Times> {
    let mut times = Times::default();
    screen.step("kubectl apply: a cloud, a pool (0 to 6 hosts), and a Deployment of 4 pods that fits nowhere");
    let yaml = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n---\n{}---\n{}---\n{}",
        cloud(lab)?,
        pool(),
        deployment(4)
    );
    helm::apply(lab, &yaml).await?;
    times.0.push(("first wave: 0 to 4 pods running, hosts from nothing".into(), wave(lab, screen, 4).await?));
    screen.step("second wave: the Deployment grows to 10 pods");
    scale(lab, 10).await?;
    times.0.push(("second wave: 4 to 10 pods running".into(), wave(lab, screen, 10).await?));
    screen.step("scale to zero: the pods go, then the hosts (empty for 5 s), then the servers");
    scale(lab, 0).await?;
    times.0.push(("scale to zero: pods, hosts and servers gone".into(), wave(lab, screen, 0).await?));
    let left = lab.cloud.left().await?;
    if !left.is_empty() {
        bail!("the cloud is not empty: {left:?}");
    }
    helm::kubectl(lab, &["delete", "vmpools,openstackclouds", "--all", "-n", NAMESPACE, "--timeout=60s"]).await?;
    Ok(times)
}

async fn scale(lab: &Lab, replicas: usize) -> Result<()> {
    helm::kubectl(lab, &["scale", "deployment", "web", "-n", NAMESPACE, &format!("--replicas={replicas}")]).await.map(drop)
}

/// Shows the picture until so many pods run; for zero, until no host and no server is left.
async fn wave(lab: &mut Lab, screen: &mut Screen, wanted: usize) -> Result<f64> {
    let start = Instant::now();
    loop {
        let picture = picture(lab).await?;
        let running = picture.pods.iter().filter(|pod| pod.state == "Running").count();
        let done =
            running == wanted && picture.pods.len() == wanted && (wanted > 0 || picture.hosts.is_empty() && picture.servers.is_empty());
        screen.show(picture);
        if done {
            return Ok(start.elapsed().as_secs_f64());
        }
        if start.elapsed() > WAVE_LIMIT {
            let why = helm::kubectl(lab, &["get", "events", "-n", NAMESPACE, "--sort-by=.lastTimestamp"]).await?;
            bail!("{wanted} pods were not reached within {} s; the events:\n{why}", WAVE_LIMIT.as_secs());
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn picture(lab: &mut Lab) -> Result<Picture> {
    let pods: Api<Pod> = Api::namespaced(lab.client.clone(), NAMESPACE);
    let hosts: Api<Host> = Api::namespaced(lab.client.clone(), NAMESPACE);
    let all = ListParams::default();
    let pods = pods.list(&all).await?.items.iter().map(pod_row).collect();
    let hosts = hosts.list(&all).await?.items.iter().map(host_row).collect();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
    let servers = lab.cloud.servers().await?;
    let servers =
        servers.iter().map(|s| Row { name: text(&s["name"]), state: text(&s["status"]), detail: text(&s["OS-EXT-AZ:availability_zone"]) });
    Ok(Picture { pods, hosts, servers: servers.collect() })
}

fn pod_row(pod: &Pod) -> Row {
    let status = pod.status.clone().unwrap_or_default();
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    let state = if pod.metadata.deletion_timestamp.is_some() { "Terminating".into() } else { status.phase.unwrap_or_default() };
    Row { name: pod.name_any(), state, detail: node.map(|node| format!("on {node}")).unwrap_or_default() }
}

fn host_row(host: &Host) -> Row {
    let status = host.status.clone().unwrap_or_default();
    Row {
        name: host.name_any(),
        state: format!("{:?}", status.phase),
        detail: format!("{} in {}: {}", host.spec.flavor, host.spec.zone, status.message),
    }
}

fn cloud(lab: &Lab) -> Result<String> {
    Ok(crate::suite::manifests::cloud(NAMESPACE, &lab.cloud.clouds_yaml_text()?, "openstack-appcred"))
}

/// Two vCPUs a host: what a real kubelet on a small machine can keep.
fn pool() -> String {
    let pool = crate::suite::manifests::pool(NAMESPACE, "general", "  maxHosts: 6\n", "{labels: {tier: general}}");
    pool.replace("[m1.large, m1.xlarge]", "[m1.small]").replace("after: 3s", "after: 5s")
}

fn deployment(replicas: usize) -> String {
    crate::suite::manifests::deployment(NAMESPACE, "web", replicas, "500m", "      nodeSelector: {tier: general}\n")
}
