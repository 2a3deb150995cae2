//! The laboratory's command line: `demo`, `suite`, `api`, `bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use gantry_e2e::guest::Kind;
use gantry_e2e::lab::cloud::Which;
use gantry_e2e::lab::{Lab, Options, binaries, chart, helm};
use gantry_e2e::suite::{WHOLE_WAY, World, runner};
use gantry_e2e::{bench, demo};

/// Laboratory of Gantry: real Kubernetes, OpenStack simulated or real.
#[derive(Debug, Parser)]
#[command(name = "gantry-lab", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CloudName {
    /// e2e/cloud-sim.
    Simulated,
    /// e2e/openstack.
    Real,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Guests {
    /// Light guests, kept by kwok.
    Light,
    /// Real kubelets; root only.
    Real,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The main job, live.
    Demo {
        /// Image tar of the operator.
        #[arg(long)]
        image: PathBuf,
        /// Leave everything up until Ctrl-C.
        #[arg(long, env = "KEEP", value_parser = clap::builder::FalseyValueParser::new())]
        keep: bool,
    },
    /// The end-to-end suite.
    Suite {
        /// On which OpenStack.
        #[arg(long, value_enum, default_value = "simulated")]
        cloud: CloudName,
        /// With which guests.
        #[arg(long, value_enum, default_value = "light")]
        guests: Guests,
        /// Only scenarios whose name contains this.
        #[arg(long)]
        filter: Option<String>,
    },
    /// The whole way on the real OpenStack with real kubelets and the operator in a pod, then the suite on it.
    Openstack {
        /// Image tar of the operator.
        #[arg(long)]
        image: PathBuf,
        /// Only scenarios whose name contains this.
        #[arg(long)]
        filter: Option<String>,
    },
    /// The API's accepted and rejected cases on the real API server.
    Api,
    /// Latencies of 100 scale-ups, and the operator at rest with 100 hosts.
    Bench {
        /// Scale-ups.
        #[arg(long, default_value_t = 100)]
        rounds: usize,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gantry-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    let dir = tempdir()?;
    let outcome = match command {
        Command::Demo { image, keep } => demo::run(demo::Settings { dir: dir.clone(), image, keep }).await,
        Command::Suite { cloud, guests, filter } => suite(cloud, guests, filter.as_deref(), dir.clone()).await,
        Command::Openstack { image, filter } => openstack(&image, filter.as_deref(), dir.clone()).await,
        Command::Api => api(dir.clone()).await,
        Command::Bench { rounds } => bench::run(rounds, dir.clone()).await,
    };
    match &outcome {
        Ok(()) => std::fs::remove_dir_all(&dir)?,
        Err(_) => eprintln!("logs are kept in {}", dir.display()),
    }
    outcome
}

/// A folder of this run's own.
fn tempdir() -> Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("gantry-lab-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

async fn suite(cloud: CloudName, guests: Guests, filter: Option<&str>, dir: PathBuf) -> Result<()> {
    let which = match cloud {
        CloudName::Simulated => Which::Simulated,
        CloudName::Real => Which::Real,
    };
    let guests = match guests {
        Guests::Light => Kind::Light,
        Guests::Real => Kind::Real,
    };
    let lab = Lab::start(&Options { cloud: which, guests, real_limit: 4, dir }, |part| eprintln!("starting {part}")).await?;
    helm::install(&lab, &["replicas=0"]).await?;
    let mut world = World::new(lab);
    let count = runner::run(&mut world, &runner::choose(which, filter)).await;
    finish(world, count).await
}

async fn finish(world: World, count: Result<runner::Count>) -> Result<()> {
    let stopped = world.finish().await;
    if !count?.close() {
        bail!("the suite failed");
    }
    stopped
}

/// Where the machine cannot run real kubelets the suite still runs, with light guests, and says what did not.
async fn openstack(image: &std::path::Path, filter: Option<&str>, dir: PathBuf) -> Result<()> {
    let options = Options { cloud: Which::Real, guests: Kind::Auto, real_limit: 2, dir };
    let mut lab = Lab::start(&options, |part| eprintln!("starting {part}")).await?;
    if let Some(why) = &lab.why_light {
        println!("not run: {}: {why}", WHOLE_WAY.name);
        helm::install(&lab, &["replicas=0"]).await?;
        let mut world = World::new(lab);
        let count = runner::run(&mut world, &runner::choose(Which::Real, filter)).await;
        return finish(world, count).await;
    }
    eprintln!("starting a node for the operator (a real kubelet), installing the chart with Helm");
    chart::install(&mut lab, image).await?;
    let mut world = World::new(lab);
    world.in_pod = true;
    let whole = filter.is_none_or(|text| WHOLE_WAY.name.contains(text));
    let first = runner::run(&mut world, if whole { std::slice::from_ref(&WHOLE_WAY) } else { &[] }).await?;
    chart::stop_operator(&world.lab).await?;
    world.in_pod = false;
    world.lab.light_guests().await?;
    let rest = runner::run(&mut world, &runner::choose(Which::Real, filter)).await;
    finish(world, rest.map(|rest| first.and(rest))).await
}

async fn api(dir: PathBuf) -> Result<()> {
    let options = Options { cloud: Which::Simulated, guests: Kind::Light, real_limit: 0, dir };
    let lab = Lab::start(&options, |part| eprintln!("starting {part}")).await?;
    helm::install(&lab, &["replicas=0"]).await?;
    let outcome = api_suites(&lab).await;
    lab.stop().await?;
    outcome
}

/// The kinds' rules, the chart's admission policies, what the operator and others may do, and the examples.
async fn api_suites(lab: &Lab) -> Result<()> {
    use gantry_e2e::api_cases;
    let workspace = binaries::workspace();
    let cases = workspace.join("e2e/api-cases");
    let reports = [
        ("rules of the kinds", api_cases::run(lab.client.clone(), &cases).await?),
        ("admission policies of the chart", api_cases::run(lab.client.clone(), &cases.join("chart")).await?),
        ("rights, granted and refused", api_cases::access::run(lab.client.clone(), &cases.join("access")).await?),
        ("examples", api_cases::examples::run(lab.client.clone(), &workspace.join("examples")).await?),
    ];
    reports.iter().for_each(|(what, report)| println!("{what}: {report}"));
    let failed: usize = reports.iter().map(|(_, report)| report.failures.len()).sum();
    let passed: usize = reports.iter().map(|(_, report)| report.accepted + report.rejected).sum();
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("{failed} cases were not answered as expected");
    }
    Ok(())
}
