//! The contract suite: one list of requests and answers, run against the simulated and the real OpenStack, so that the first stays like the second.
//!
//! The list is `cases/*.yaml`, over plain HTTP; `access` tries the access rules that Gantry ships, `client` Gantry's own client. A case:
//!
//! ```yaml
//! - case: an unknown flavor                                  # what holds, as a sentence
//!   POST compute /servers: {server: {$: good, flavorRef: nope}}
//!   expect: 400 badRequest Flavor * could not be found.      # status, the error's word, its text
//!   means: BadSpec                                           # what Gantry's client takes it for
//! ```
//!
//! What the real one answers is right; a case that the simulator cannot pass is its README's business and says so by `not_on`.

pub mod access;
pub mod case;
pub mod client;
pub mod life;
pub mod pattern;
pub mod runner;
pub mod session;
pub mod sweep;
pub mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::lab::cloud::{LabCloud, Which};
use runner::Count;
use session::{Ask, Session};
use sweep::Quotas;
use values::Values;

/// Of which clouds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Clouds {
    /// e2e/cloud-sim.
    Simulated,
    /// e2e/openstack.
    Real,
    /// One after the other.
    Both,
}

/// The command line of `gantry-lab contract`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// On which OpenStack.
    #[arg(long, value_enum, default_value = "both")]
    cloud: Clouds,
    /// The folder of a real one that is up (`openstack.sh up --dir`); its project demo is emptied.
    #[arg(long)]
    running: Option<PathBuf>,
    /// Only groups whose name contains this.
    #[arg(long)]
    filter: Option<String>,
}

impl Arguments {
    /// What they ask for; `dir` takes the files of this run.
    #[must_use]
    pub fn settings(self, dir: PathBuf) -> Settings {
        let clouds = match self.cloud {
            Clouds::Simulated => vec![Which::Simulated],
            Clouds::Real => vec![Which::Real],
            Clouds::Both => vec![Which::Simulated, Which::Real],
        };
        Settings { clouds, running: self.running, filter: self.filter, dir }
    }
}

/// What to run, and on what.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The clouds, one after the other.
    pub clouds: Vec<Which>,
    /// The folder of a real cloud that is up already (`openstack.sh up --dir`). Its member's project is emptied.
    pub running: Option<PathBuf>,
    /// Only groups whose name contains this.
    pub filter: Option<String>,
    /// A folder for files of this run.
    pub dir: PathBuf,
}

/// Runs the suite and prints a line for each group and a closing one.
///
/// # Errors
/// If a cloud cannot be started, or a case failed.
pub async fn run(settings: &Settings) -> Result<()> {
    let mut closing = Vec::new();
    let mut failed = 0;
    for which in &settings.clouds {
        let count = on_cloud(*which, settings).await.with_context(|| format!("the {} cloud", word(*which)))?;
        failed += count.failed.len();
        closing.push(close(word(*which), &count));
    }
    println!("contract: {}", closing.join("; "));
    if failed > 0 {
        bail!("{failed} cases were not answered as the contract says");
    }
    Ok(())
}

/// The cloud's name in the list of cases and in the report.
fn word(which: Which) -> &'static str {
    match which {
        Which::Simulated => "simulated",
        Which::Real => "real",
    }
}

fn close(cloud: &str, count: &Count) -> String {
    let mut text = format!("{cloud} {} passed, {} failed", count.passed, count.failed.len());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    count.not_applicable.iter().for_each(|(_, why)| *reasons.entry(why).or_default() += 1);
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.iter().map(|(why, count)| format!("{count}: {why}")).collect();
        text.push_str(&format!(", {} not applicable ({})", count.not_applicable.len(), reasons.join("; ")));
    }
    text
}

async fn on_cloud(which: Which, settings: &Settings) -> Result<Count> {
    if let (Which::Real, Some(folder)) = (which, &settings.running) {
        return groups(which, &folder.join("clouds.yaml"), settings.filter.as_deref()).await;
    }
    eprintln!("starting the {} OpenStack", word(which));
    let mut cloud = LabCloud::start(which, &settings.dir, None).await?;
    let outcome = groups(which, &cloud.clouds_yaml, settings.filter.as_deref()).await;
    cloud.stop().await?;
    outcome
}

async fn groups(which: Which, clouds_yaml: &Path, filter: Option<&str>) -> Result<Count> {
    let mut session = Session::open(clouds_yaml).await?;
    let quotas = Quotas::read(&session).await?;
    let seed = seed(&session).await?;
    sweep::sweep(&session).await?;
    let wanted = |name: &str| filter.is_none_or(|text| name.contains(text));
    let mut total = Count::default();
    for group in case::groups()?.iter().filter(|group| wanted(&group.group)) {
        let start = Instant::now();
        let count = runner::run(&session, group, &seed, word(which)).await;
        // A case may have ended tokens.
        session.renew(clouds_yaml).await?;
        clean(&session, &quotas).await.with_context(|| format!("after the group '{}'", group.group))?;
        report(&group.group, count, start, &mut total);
    }
    if wanted(access::NAME) {
        let start = Instant::now();
        let count = access::run(&session, &seed, which).await?;
        clean(&session, &quotas).await?;
        report(access::NAME, count, start, &mut total);
    }
    if wanted(client::NAME) {
        let start = Instant::now();
        let count = client::run(&session, &seed, clouds_yaml).await?;
        clean(&session, &quotas).await?;
        report(client::NAME, count, start, &mut total);
    }
    Ok(total)
}

async fn clean(session: &Session, quotas: &Quotas) -> Result<()> {
    quotas.restore(session).await?;
    sweep::sweep(session).await
}

fn report(name: &str, count: Count, start: Instant, total: &mut Count) {
    let more = if count.not_applicable.is_empty() { String::new() } else { format!(", {} not applicable", count.not_applicable.len()) };
    println!("{name}: {} passed, {} failed{more}   ({:.1} s)", count.passed, count.failed.len(), start.elapsed().as_secs_f64());
    count.failed.iter().for_each(|failure| println!("    FAILED {failure}"));
    total.add(count);
}

/// Ids of what both clouds have from the start.
async fn seed(session: &Session) -> Result<Values> {
    let mut values = Values::new();
    values.set("project", json!(session.demo.project));
    values.set("user", json!(session.demo.user));
    values.set("demo_token", json!(session.demo.token));
    for (name, service, path, pointer) in [
        ("image", "image", "/v2/images?name=debian-12-k8s", "/images/0/id"),
        ("network", "network", "/v2.0/networks?name=apps", "/networks/0/id"),
        ("subnet", "network", "/v2.0/subnets?name=apps-v4", "/subnets/0/id"),
        ("public", "network", "/v2.0/networks?name=public", "/networks/0/id"),
        ("nodes", "network", "/v2.0/security-groups?name=nodes", "/security_groups/0/id"),
        ("slow", "network", "/v2.0/qos/policies?name=slow", "/policies/0/id"),
    ] {
        values.set(name, look(session, service, path).await?.pointer(pointer).cloned().with_context(|| format!("no {name} at {path}"))?);
    }
    let flavors = look(session, "compute", "/flavors").await?;
    for flavor in flavors["flavors"].as_array().into_iter().flatten() {
        let name = flavor["name"].as_str().and_then(|name| name.strip_prefix("m1.")).unwrap_or_default();
        values.set(name, flavor["id"].clone());
    }
    Ok(values)
}

async fn look(session: &Session, service: &str, path: &str) -> Result<Value> {
    let (method, service, path, who) = ("GET".to_owned(), service.to_owned(), path.to_owned(), "demo".to_owned());
    let answer = session.send(&Ask { method, service, path: path.clone(), body: Value::Null, who, headers: BTreeMap::new() }).await?;
    if answer.status != 200 {
        bail!("GET {path} was answered with {}: {}", answer.status, answer.body);
    }
    Ok(answer.body)
}
