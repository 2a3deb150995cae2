//! `make bench`: how long a pod waits for its POST /servers and until it runs, and what the operator costs at rest.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::lab::cloud::Which;
use crate::lab::operator::Operator;
use crate::lab::vitals;
use crate::lab::wait::until;
use crate::lab::{Lab, Options, helm};
use crate::suite::manifests;

const NAMESPACE: &str = "bench";
/// A pod that is not served by then is a failure.
const LIMIT: Duration = Duration::from_secs(120);
/// How often the simulator's counter is read: the resolution of the times.
const TICK: Duration = Duration::from_millis(5);
/// How long the operator is watched at rest.
const REST: Duration = Duration::from_secs(60);

/// When a pod was seen in a state.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    unschedulable: Option<Instant>,
    running: Option<Instant>,
}

type Log = Arc<Mutex<HashMap<String, Seen>>>;

/// Runs the benchmark: `rounds` pods, each of which needs a host of its own, each created when the one before it runs: a pod that
/// comes while others wait may take their host, and the times would say more of kube-scheduler's queue than of Gantry.
///
/// # Errors
/// If a pod is not served in time.
pub async fn run(rounds: usize, dir: PathBuf) -> Result<()> {
    let options = Options::light(Which::Simulated, dir);
    let lab = Lab::with_chart(&options).await?;
    let operator = Operator::start(&lab, "operator").await?;
    let outcome = measure(&lab, &operator, rounds).await;
    drop(operator.kill().await);
    let stopped = lab.stop().await;
    outcome.and(stopped)
}

async fn measure(lab: &Lab, operator: &Operator, rounds: usize) -> Result<()> {
    prepare(lab, rounds).await?;
    let log: Log = Arc::default();
    let watch = tokio::spawn(watch(Api::namespaced(lab.client.clone(), NAMESPACE), log.clone()));
    let mut posted = Vec::with_capacity(rounds);
    let start = Instant::now();
    for round in 0..rounds {
        let name = format!("pod-{round}");
        let before = posts(lab)?;
        helm::apply(lab, &pod(&name)).await?;
        let at = wait_for_post(lab, before, &name).await?;
        until(&format!("{name} to run"), LIMIT, || async {
            let running = lock(&log).get(&name).is_some_and(|seen| seen.running.is_some());
            if running { Ok(()) } else { Err("it does not run yet".to_owned()) }
        })
        .await?;
        posted.push((name, at));
        let left = start.elapsed().as_secs_f64() / (round + 1) as f64 * (rounds - round - 1) as f64;
        eprint!("\r{} of {rounds} scale-ups, about {left:.0} s left   ", round + 1);
        let pause = rand::Rng::random_range(&mut rand::rng(), 100..900);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    eprintln!();
    watch.abort();
    report(&posted, &log)?;
    at_rest(operator, rounds).await
}

async fn prepare(lab: &Lab, rounds: usize) -> Result<()> {
    lab.cloud.simulator_admin("PUT", "quotas/demo", json!({"instances": -1, "cores": -1, "ram": -1, "ports": -1}))?;
    let pool = manifests::pool(NAMESPACE, "general", &format!("  maxHosts: {}\n", rounds + 10), "{}");
    let pool = pool.replace("[m1.large, m1.xlarge]", "[m1.large]").replace("after: 3s", "after: 1h");
    let cloud = manifests::cloud(NAMESPACE, &lab.cloud.clouds_yaml_text()?, "openstack-appcred");
    helm::apply(lab, &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n---\n{cloud}---\n{pool}")).await?;
    until("the pool to be ready", LIMIT, || async {
        let shown = helm::kubectl(
            lab,
            &["get", "vmpool", "general", "-n", NAMESPACE, "-o", "jsonpath={.status.conditions[?(@.type=='CanGrow')].status}"],
        )
        .await;
        match shown {
            Ok(text) if text == "True" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

fn pod(name: &str) -> String {
    let spec = "terminationGracePeriodSeconds: 1, containers: [{name: main, image: gantry.local/pause:1, resources: {requests: {cpu: \"3\", memory: 64Mi}}}]";
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {NAMESPACE}}}\nspec: {{{spec}}}\n")
}

/// Servers that Nova was asked for so far.
fn posts(lab: &Lab) -> Result<u64> {
    let state = lab.cloud.simulator_admin("GET", "state", Value::Null)?;
    let requests = state["requests"].as_object().context("the simulator counts no requests")?;
    Ok(requests.iter().filter(|(route, _)| route.starts_with("POST") && route.ends_with("/servers")).filter_map(|(_, n)| n.as_u64()).sum())
}

async fn wait_for_post(lab: &Lab, before: u64, name: &str) -> Result<Instant> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if posts(lab)? > before {
            return Ok(Instant::now());
        }
        tokio::time::sleep(TICK).await;
    }
    bail!("no server was asked for {} s after {name} was created", LIMIT.as_secs())
}

async fn watch(pods: Api<Pod>, log: Log) -> Result<()> {
    let mut events = watcher(pods, watcher::Config::default()).applied_objects().boxed();
    while let Some(pod) = events.try_next().await? {
        let status = pod.status.clone().unwrap_or_default();
        let unschedulable = status.conditions.iter().flatten().any(|c| c.reason.as_deref() == Some("Unschedulable"));
        let running = status.phase.as_deref() == Some("Running");
        let mut log = lock(&log);
        let seen = log.entry(pod.name_any()).or_default();
        if unschedulable {
            seen.unschedulable.get_or_insert_with(Instant::now);
        }
        if running {
            seen.running.get_or_insert_with(Instant::now);
        }
    }
    Ok(())
}

fn lock(log: &Log) -> std::sync::MutexGuard<'_, HashMap<String, Seen>> {
    log.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn report(posted: &[(String, Instant)], log: &Log) -> Result<()> {
    let log = lock(log);
    let (mut to_post, mut to_running) = (Vec::new(), Vec::new());
    for (name, at) in posted {
        let seen = log.get(name).with_context(|| format!("{name} was never seen"))?;
        // It took the host of another pod that still waited; that one then waited for this one's.
        let Some(start) = seen.unschedulable else { continue };
        to_post.push(at.saturating_duration_since(start));
        to_running.push(seen.running.context("a pod never ran")?.saturating_duration_since(start));
    }
    println!("{} of {} pods found no room and waited for a host", to_post.len(), posted.len());
    println!("{:<44} {:>9} {:>9} {:>9} {:>9}", "", "p50 ms", "p90 ms", "p99 ms", "max ms");
    line("pod unschedulable to POST /servers", &mut to_post);
    line("pod unschedulable to pod Running", &mut to_running);
    Ok(())
}

fn line(what: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: f64| times[((times.len() as f64 * share).ceil() as usize).clamp(1, times.len()) - 1].as_millis();
    println!("{what:<44} {:>9} {:>9} {:>9} {:>9}", at(0.5), at(0.9), at(0.99), at(1.0));
}

/// RSS and CPU of the operator while nothing happens, and what it asks of OpenStack and Kubernetes meanwhile.
async fn at_rest(operator: &Operator, hosts: usize) -> Result<()> {
    eprintln!("at rest with {hosts} hosts: settling for 20 s, then watching for {} s", REST.as_secs());
    tokio::time::sleep(Duration::from_secs(20)).await;
    let (cpu, calls, begun) = (vitals::cpu_seconds(operator.pid)?, vitals::requests(operator).await?, Instant::now());
    tokio::time::sleep(REST).await;
    let seconds = begun.elapsed().as_secs_f64();
    let share = (vitals::cpu_seconds(operator.pid)? - cpu) / seconds * 100.0;
    println!("{:<44} {:>9.1} MiB", format!("operator's RSS at rest, {hosts} hosts"), vitals::rss_mib(operator.pid)?);
    println!("{:<44} {:>9.2} % of a core", "operator's CPU at rest", share);
    println!("{:<44} {:>9}", "operator's OpenStack calls in that minute", vitals::requests(operator).await?.saturating_sub(calls));
    Ok(())
}
