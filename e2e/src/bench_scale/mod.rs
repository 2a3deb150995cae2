//! `gantry-lab bench-scale`: the operator with 5,000 hosts and nothing to do, after a restart, and buying 500 hosts at once.

mod seed;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::lab::cloud::Which;
use crate::lab::operator::Operator;
use crate::lab::wait::until;
use crate::lab::{Lab, Nodes, Options, helm, vitals};
use crate::suite::manifests;
use crate::suite::world::{COMING, World};
use seed::Original;

const NAMESPACE: &str = "scale";
/// Hosts that are bought at once.
const BURST: usize = 500;
/// Time for them to be asked for.
const BURST_LIMIT: Duration = Duration::from_secs(600);
/// What the cloud allows.
const REQUESTS_PER_SECOND: usize = 20;
/// Nothing was written for this long: the operator has settled.
const SETTLED: Duration = Duration::from_secs(15);
const SETTLE_LIMIT: Duration = Duration::from_secs(300);
/// The promises.
const CALLS_MAX: f64 = 10.0;
const WRITES_MAX: u64 = 0;
const RSS_MAX_MIB: f64 = 200.0;
const READY_MAX: Duration = Duration::from_secs(10);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept that is written.
    pub dir: PathBuf,
    /// Hosts that are there.
    pub hosts: usize,
    /// Pods on each of them.
    pub pods_each: usize,
    /// How long the operator is watched at rest.
    pub rest: Duration,
}

/// Measures, prints, and judges by the promises.
///
/// # Errors
/// If the laboratory fails or a promise is not kept.
pub async fn run(settings: Settings) -> Result<()> {
    let options = Options { nodes: Nodes::Unwatched, ..Options::light(Which::Simulated, settings.dir.clone()) };
    let mut world = World::new(Lab::with_chart(&options).await?);
    let outcome = measure(&mut world, &settings).await;
    if let Some(operator) = world.operator.take() {
        drop(operator.kill().await);
    }
    let stopped = world.lab.stop().await;
    let broken = outcome?;
    if !broken.is_empty() {
        bail!("promises that were not kept: {}", broken.join("; "));
    }
    println!("bench-scale: every promise was kept");
    stopped
}

async fn measure(world: &mut World, settings: &Settings) -> Result<Vec<String>> {
    prepare(world, settings).await?;
    let mut broken = Vec::new();
    let ready = start(world, "operator").await?;
    line("time to /readyz, first start", format!("{:.1} s", ready.0.as_secs_f64()));
    settle(world).await?;
    broken.extend(at_rest(world, settings).await?);
    if let Some(operator) = world.operator.take() {
        operator.kill().await?;
    }
    let (ready, planned) = start(world, "operator").await?;
    line("after kill -9: time to /readyz", format!("{:.1} s", ready.as_secs_f64()));
    line("after kill -9: time to the first plan", format!("{:.1} s", planned.as_secs_f64()));
    broken.extend((planned > READY_MAX).then(|| format!("ready and planned after {:.1} s", planned.as_secs_f64())));
    settle(world).await?;
    burst(world, settings.hosts).await?;
    Ok(broken)
}

fn line(what: &str, value: String) {
    println!("{what:<52} {value:>14}");
}

/// One real host, then copies of it, and their pods.
async fn prepare(world: &mut World, settings: &Settings) -> Result<()> {
    world.namespace = NAMESPACE.to_owned();
    let unlimited = json!({"instances": -1, "cores": -1, "ram": -1, "ports": -1});
    world.lab.cloud.simulator_admin("PUT", "quotas/demo", unlimited)?;
    let cloud = manifests::cloud(NAMESPACE, &world.lab.cloud.clouds_yaml_text()?, "openstack-appcred");
    let cloud = cloud.replace(
        "requestsPerSecond: 50, concurrentBuilds: 20",
        &format!("requestsPerSecond: {REQUESTS_PER_SECOND}, concurrentBuilds: 500"),
    );
    helm::apply(&world.lab, &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n---\n{cloud}")).await?;
    let pool = manifests::pool(NAMESPACE, "general", "  minHosts: 1\n  maxHosts: 5000\n", "{}");
    world.apply(&pool.replace("[m1.large, m1.xlarge]", "[m1.large]").replace("after: 3s", "after: 24h")).await?;
    world.start_operator().await?;
    first_host(world).await?;
    if let Some(operator) = world.operator.take() {
        operator.stop().await?;
    }
    // Seeded servers have no guests, and looking for them costs more than what is measured.
    if let Some(booter) = world.lab.booter.take() {
        booter.stop().await;
    }
    let start = Instant::now();
    eprintln!("seeding {} hosts and {} pods", settings.hosts, settings.hosts * settings.pods_each);
    let original = Original::read(&world.lab.client, NAMESPACE).await?;
    original.copy(&world.lab, settings.hosts - 1).await?;
    seed::pods(&world.lab.client, NAMESPACE, settings.hosts - 1, settings.pods_each).await?;
    eprintln!("seeded in {} s", start.elapsed().as_secs());
    Ok(())
}

/// Waits for the first host, and does for its node what the controller does that does not run here.
async fn first_host(world: &World) -> Result<()> {
    until("the first node", COMING, || async {
        let nodes = world.nodes().await.map_err(|error| error.to_string())?;
        let ready = nodes.iter().filter_map(|node| node.status.as_ref()?.conditions.as_ref()).flatten();
        if ready.clone().any(|c| c.type_ == "Ready" && c.status == "True") {
            Ok(())
        } else {
            Err(format!("{} nodes, none ready", nodes.len()))
        }
    })
    .await?;
    world.kubectl(&["taint", "nodes", "--all", "node.kubernetes.io/not-ready-"]).await?;
    world.until_hosts(1).await.map(drop)
}

/// Starts the operator; the time to /readyz and to the end of its first plan.
async fn start(world: &mut World, name: &str) -> Result<(Duration, Duration)> {
    let start = Instant::now();
    let operator = Operator::start(&world.lab, name).await?;
    let ready = start.elapsed();
    until("the first plan", Duration::from_secs(120), || async {
        let metrics = operator.metrics().await.map_err(|error| error.to_string())?;
        let plans: u64 = vitals::sums(&metrics, "gantry_plan_duration_seconds_count").values().sum();
        if plans > 0 { Ok(()) } else { Err("none yet".to_owned()) }
    })
    .await?;
    let planned = start.elapsed();
    world.operator = Some(operator);
    Ok((ready, planned))
}

/// Writes to Kubernetes by verb and kind, by the operator's own count; lease and Events left out.
async fn writes(operator: &Operator) -> Result<BTreeMap<String, u64>> {
    let mut writes = vitals::sums(&operator.metrics().await?, "gantry_kubernetes_writes_total");
    writes.retain(|labels, _| !labels.contains("lease") && !labels.contains("event"));
    Ok(writes)
}

async fn settle(world: &World) -> Result<()> {
    let operator = world.operator()?;
    let (start, mut since, mut before) = (Instant::now(), Instant::now(), writes(operator).await?);
    while since.elapsed() < SETTLED {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = writes(operator).await?;
        if now != before {
            (since, before) = (Instant::now(), now);
        }
        if start.elapsed() > SETTLE_LIMIT {
            bail!("the operator still writes after {} s with nothing to do: {before:?}", SETTLE_LIMIT.as_secs());
        }
    }
    line("writes until it had settled", before.values().sum::<u64>().to_string());
    before.iter().for_each(|(labels, n)| line(&format!("    {labels}"), n.to_string()));
    Ok(())
}

/// What differs between two counts.
fn grown(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let more = after.iter().map(|(key, n)| (key.clone(), n - before.get(key).copied().unwrap_or(0)));
    more.filter(|(_, n)| *n > 0).collect()
}

/// Calls that the simulator has answered, by route.
fn calls(world: &World) -> Result<BTreeMap<String, u64>> {
    let state = world.lab.cloud.simulator_admin("GET", "state", Value::Null)?;
    let requests = state["requests"].as_object().context("the simulator counts no requests")?;
    Ok(requests.iter().filter_map(|(route, n)| Some((route.clone(), n.as_u64()?))).collect())
}

async fn at_rest(world: &World, settings: &Settings) -> Result<Vec<String>> {
    let operator = world.operator()?;
    eprintln!("at rest for {} s", settings.rest.as_secs());
    let (cpu, asked, written, start) = (vitals::cpu_seconds(operator.pid)?, calls(world)?, writes(operator).await?, Instant::now());
    tokio::time::sleep(settings.rest).await;
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let (asked, written) = (grown(&asked, &calls(world)?), grown(&written, &writes(operator).await?));
    let (a_minute, writes) = (asked.values().sum::<u64>() as f64 / minutes, written.values().sum::<u64>());
    let (rss, cpu) = (vitals::rss_mib(operator.pid)?, (vitals::cpu_seconds(operator.pid)? - cpu) / minutes / 0.6);
    let (hosts, pods) = (settings.hosts, settings.hosts * settings.pods_each);
    line(&format!("RSS at rest, {hosts} hosts, {pods} pods"), format!("{rss:.1} MiB"));
    line("most RSS since the start", format!("{:.1} MiB", vitals::peak_rss_mib(operator.pid)?));
    line("CPU at rest", format!("{cpu:.2} % of a core"));
    line("OpenStack calls a minute", format!("{a_minute:.1}"));
    asked.iter().for_each(|(route, n)| line(&format!("    {route}"), format!("{:.1}", *n as f64 / minutes)));
    line("Kubernetes writes", writes.to_string());
    written.iter().for_each(|(labels, n)| line(&format!("    {labels}"), n.to_string()));
    let found = [
        (a_minute > CALLS_MAX).then(|| format!("{a_minute:.1} calls a minute instead of at most {CALLS_MAX}")),
        (writes > WRITES_MAX).then(|| format!("{writes} writes with nothing to do")),
        (rss > RSS_MAX_MIB).then(|| format!("RSS {rss:.0} MiB instead of at most {RSS_MAX_MIB}")),
    ];
    Ok(found.into_iter().flatten().collect())
}

/// Servers that were asked for.
fn posts(world: &World) -> Result<u64> {
    Ok(calls(world)?.iter().filter(|(route, _)| route.starts_with("POST") && route.ends_with("/servers")).map(|(_, n)| *n).sum())
}

/// A pool that wants 500 hosts at once: how fast they are asked for.
async fn burst(world: &World, hosts: usize) -> Result<()> {
    let pool = manifests::pool(NAMESPACE, "burst", &format!("  minHosts: {BURST}\n  maxHosts: {BURST}\n"), "{}");
    let (before, asked, start) = (posts(world)?, calls(world)?, Instant::now());
    world.apply(&pool.replace("[m1.large, m1.xlarge]", "[m1.large]").replace("after: 3s", "after: 24h")).await?;
    let (wanted, mut first) = (before + BURST as u64, None);
    while posts(world)? < wanted {
        if posts(world)? > before {
            first.get_or_insert_with(Instant::now);
        }
        if start.elapsed() > BURST_LIMIT {
            bail!("{} of {BURST} servers were asked for after {} s", posts(world)? - before, BURST_LIMIT.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seconds = first.unwrap_or(start).elapsed().as_secs_f64();
    let asked = grown(&asked, &calls(world)?);
    let all: u64 = asked.values().sum();
    line(&format!("{BURST} hosts beside {hosts}: first POST after"), format!("{:.1} s", start.elapsed().as_secs_f64() - seconds));
    line("creations a second", format!("{:.1}", BURST as f64 / seconds));
    line(&format!("calls a second, of {REQUESTS_PER_SECOND} allowed"), format!("{:.1}", all as f64 / seconds));
    asked.iter().for_each(|(route, n)| line(&format!("    {route}"), n.to_string()));
    let operator = world.operator()?;
    line("RSS after it", format!("{:.1} MiB", vitals::rss_mib(operator.pid)?));
    Ok(())
}
