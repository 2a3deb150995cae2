//! The laboratory's command line: `demo`, `suite`, `api`, `catastrophes`, `crash-matrix`, `oracle`, `closed-loop`, `bench`,
//! `bench-scale`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand, ValueEnum};
use gantry_e2e::crash_matrix::Sample;
use gantry_e2e::guest::Kind;
use gantry_e2e::lab::cloud::Which;
use gantry_e2e::lab::{Lab, Options, binaries, chart, helm};
use gantry_e2e::suite::{WHOLE_WAY, World, runner};
use gantry_e2e::{bench, bench_scale, catastrophes, closed_loop, contract, crash_matrix, demo, oracle};

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

impl From<CloudName> for Which {
    fn from(name: CloudName) -> Self {
        match name {
            CloudName::Simulated => Self::Simulated,
            CloudName::Real => Self::Real,
        }
    }
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
    /// Those of the catastrophes T1 to T29 that a real OpenStack can be made to show.
    Catastrophes {
        /// On which OpenStack.
        #[arg(long, value_enum, default_value = "real")]
        cloud: CloudName,
        /// Only those whose name contains this.
        #[arg(long)]
        filter: Option<String>,
    },
    /// kill -9 at every external call of the operator, and what is left compared with a run without.
    CrashMatrix {
        /// Only this part of all runs, as i/n; i may be larger than n, such as the day's number.
        #[arg(long)]
        sample: Option<Sample>,
        /// Runs at the same time.
        #[arg(long, default_value_t = 8)]
        lanes: usize,
        /// Only runs whose workload and point contain this, such as `scale-up: POST`.
        #[arg(long)]
        filter: Option<String>,
    },
    /// The contract suite: the same requests to the simulated and the real OpenStack.
    Contract(contract::Arguments),
    /// The planner's verdicts against those of the real kube-scheduler on generated clusters, and its plans replayed by it.
    Oracle {
        /// Clusters that are judged.
        #[arg(long, default_value_t = 10_000)]
        cases: usize,
        /// Clusters that are planned.
        #[arg(long, default_value_t = 1_000)]
        plans: usize,
        /// The first cluster's seed; each has the next.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// A fifth of all, for CI.
        #[arg(long)]
        small: bool,
    },
    /// What is planned is what the real scheduler does: every planned pod runs, no host is bought twice.
    ClosedLoop {
        /// Fewer pods, for CI.
        #[arg(long)]
        small: bool,
        /// Only workloads whose name contains this.
        #[arg(long)]
        filter: Option<String>,
    },
    /// Latencies of 100 scale-ups, and the operator at rest with 100 hosts.
    Bench {
        /// Scale-ups.
        #[arg(long, default_value_t = 100)]
        rounds: usize,
    },
    /// The operator with thousands of hosts: at rest, after a restart, and buying 500 at once.
    BenchScale {
        /// Hosts that are there.
        #[arg(long, default_value_t = 5000)]
        hosts: usize,
        /// Pods on each of them.
        #[arg(long, default_value_t = 6)]
        pods_each: usize,
        /// How long the operator is watched at rest, in seconds.
        #[arg(long, default_value_t = 180)]
        rest: u64,
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
        Command::Catastrophes { cloud, filter } => {
            catastrophes::run(catastrophes::Settings { dir: dir.clone(), cloud: cloud.into(), filter }).await
        }
        Command::CrashMatrix { sample, lanes, filter } => {
            crash_matrix::run(crash_matrix::Settings { dir: dir.clone(), sample, lanes, filter }).await
        }
        Command::Contract(arguments) => contract::run(&arguments.settings(dir.clone())).await,
        Command::BenchScale { hosts, pods_each, rest } => {
            let rest = std::time::Duration::from_secs(rest);
            bench_scale::run(bench_scale::Settings { dir: dir.clone(), hosts, pods_each, rest }).await
        }
        Command::Oracle { cases, plans, seed, small } => {
            let share = if small { 5 } else { 1 };
            let settings = oracle::Settings { cases: cases / share, plans: plans / share, seed };
            tokio::task::spawn_blocking(move || oracle::run(settings)).await.map_err(Into::into).flatten()
        }
        Command::ClosedLoop { small, filter } => {
            let size = if small { closed_loop::Size::Small } else { closed_loop::Size::Full };
            closed_loop::run(closed_loop::Settings { dir: dir.clone(), size, filter }).await
        }
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
    let guests = match guests {
        Guests::Light => Kind::Light,
        Guests::Real => Kind::Real,
    };
    let lab = Lab::with_chart(&Options { guests, real_limit: 4, ..Options::light(cloud.into(), dir) }).await?;
    scenarios(lab, filter).await
}

/// All scenarios that the laboratory's cloud can run, with the operator as a process.
async fn scenarios(lab: Lab, filter: Option<&str>) -> Result<()> {
    let chosen = runner::choose(lab.cloud.which, filter);
    let mut world = World::new(lab);
    let count = runner::run(&mut world, &chosen).await;
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
    let options = Options { guests: Kind::Auto, real_limit: 2, ..Options::light(Which::Real, dir) };
    let mut lab = Lab::start(&options, |part| eprintln!("starting {part}")).await?;
    if let Some(why) = &lab.why_light {
        println!("not run: {}: {why}", WHOLE_WAY.name);
        helm::install(&lab, &["replicas=0"]).await?;
        return scenarios(lab, filter).await;
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
    let options = Options::light(Which::Simulated, dir);
    let lab = Lab::with_chart(&options).await?;
    let outcome = api_suites(&lab).await;
    lab.stop().await?;
    outcome
}

/// The kinds' rules, the chart's admission policies, what the operator and others may do, and the examples.
async fn api_suites(lab: &Lab) -> Result<()> {
    use gantry_e2e::api_cases;
    let workspace = binaries::workspace();
    let cases = workspace.join("e2e/api-cases");
    let mut reports = vec![
        ("rules of the kinds", api_cases::run(lab.client.clone(), &cases).await?),
        ("admission policies of the chart", api_cases::run(lab.client.clone(), &cases.join("chart")).await?),
        ("rights, granted and refused", api_cases::access::run(lab.client.clone(), &cases.join("access")).await?),
        ("examples", api_cases::examples::run(lab.client.clone(), &workspace.join("examples")).await?),
    ];
    for (set, what, dir) in [
        ("admissionPolicies=false", "rights without admission policies", "unfenced"),
        ("nomination.enabled=false", "rights without nomination", "silent"),
    ] {
        helm::install(lab, &["replicas=0", set]).await?;
        reports.push((what, api_cases::access::run_after_change(&lab.client, &cases.join("access").join(dir)).await?));
    }
    reports.iter().for_each(|(what, report)| println!("{what}: {report}"));
    let failed: usize = reports.iter().map(|(_, report)| report.failures.len()).sum();
    let passed: usize = reports.iter().map(|(_, report)| report.accepted + report.rejected).sum();
    println!("{passed} passed, {failed} failed");
    if failed > 0 {
        bail!("{failed} cases were not answered as expected");
    }
    Ok(())
}
