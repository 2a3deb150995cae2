//! The command line: catastrophes, the crash matrix, what standing still costs, bursts and big clusters, on virtual time.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use gantry_virtual::big::{self, Size as Fleet};
use gantry_virtual::catastrophes::{CASES, Size, Trial};
use gantry_virtual::matrix::{Sample, Workload, matrix};
use gantry_virtual::{burst, economy};

// As the operator's own program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The whole operator in one process on virtual time.
#[derive(Debug, Parser)]
#[command(name = "gantry-virtual", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Catastrophes that hit others, by their numbers, with their true durations.
    Catastrophes {
        /// Only this one, such as T6.
        #[arg(long)]
        filter: Option<String>,
        /// Seeds, from 1.
        #[arg(long, default_value_t = 1)]
        seeds: u64,
        /// Fleets of 60 hosts instead of 5,000.
        #[arg(long)]
        small: bool,
    },
    /// The operator killed at every call that it makes.
    CrashMatrix {
        /// Every n-th death only: `part/of`, from 0.
        #[arg(long, default_value = "0/1")]
        sample: String,
        /// Only these workloads.
        #[arg(long)]
        workload: Vec<Workload>,
        /// Seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Runs at the same time.
        #[arg(long, default_value_t = 2)]
        threads: usize,
    },
    /// A fleet at rest for an hour: what it costs.
    Economy {
        /// Hosts.
        #[arg(long, default_value_t = 5_000)]
        hosts: usize,
        /// Seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Many pods at once: how long until their servers are asked for.
    Burst {
        /// Pods.
        #[arg(long, default_value_t = 5_000)]
        pods: usize,
        /// Seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A full cluster: the operator's memory, and the time of one round of planning.
    Big {
        /// Hosts.
        #[arg(long, default_value_t = 5_000)]
        hosts: usize,
        /// Pods that run.
        #[arg(long, default_value_t = 150_000)]
        pods: usize,
        /// Pods that wait.
        #[arg(long, default_value_t = 1_000)]
        waiting: usize,
        /// Memory that the operator may take.
        #[arg(long, default_value_t = 200)]
        memory_max_mib: u64,
        /// The operator's program, if not this one.
        #[arg(long)]
        operator: Option<PathBuf>,
        /// Seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The operator as its own program has it.
    #[command(hide = true)]
    Run(gantry::run::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Catastrophes { filter, seeds, small } => {
            catastrophes(filter.as_deref(), seeds, if small { Size::Small } else { Size::Full })
        }
        Command::CrashMatrix { sample, workload, seed, threads } => crash_matrix(&sample, &workload, seed, threads),
        Command::Economy { hosts, seed } => economy(hosts, seed),
        Command::Burst { pods, seed } => burst(pods, seed),
        Command::Big { hosts, pods, waiting, memory_max_mib, operator, seed } => {
            big(Fleet { hosts, pods, waiting }, memory_max_mib, operator, seed)
        }
        Command::Run(options) => operator(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn catastrophes(filter: Option<&str>, seeds: u64, size: Size) -> Result<()> {
    let begun = Instant::now();
    let (mut passed, mut failed) = (0, 0);
    for seed in 1..=seeds {
        for case in CASES.iter().filter(|case| filter.is_none_or(|id| case.id == id)) {
            let started = Instant::now();
            match (case.run)(Trial { seed, size }) {
                Ok(counted) => {
                    passed += 1;
                    println!("ok    {:<4} seed {seed} {:>6.1} s  {counted}", case.id, started.elapsed().as_secs_f64());
                }
                Err(error) => {
                    failed += 1;
                    println!("FAILS {:<4} seed {seed} {:>6.1} s  {}: {error:#}", case.id, started.elapsed().as_secs_f64(), case.what);
                }
            }
        }
    }
    println!("catastrophes: {passed} passed, {failed} failed, {:.0} s", begun.elapsed().as_secs_f64());
    anyhow::ensure!(failed == 0 && passed > 0, "{failed} catastrophes failed");
    Ok(())
}

fn crash_matrix(sample: &str, workloads: &[Workload], seed: u64, threads: usize) -> Result<()> {
    let begun = Instant::now();
    let (part, of) = sample.split_once('/').context("--sample is part/of, such as 0/10")?;
    let sample =
        Sample { part: part.parse().context("--sample: the part is a number")?, of: of.parse().context("--sample: of is a number")? };
    let workloads = if workloads.is_empty() { &Workload::ALL[..] } else { workloads };
    let report = matrix(workloads, seed, sample, threads, |line| println!("{line}"))?;
    report.failures.iter().for_each(|failure| println!("FAILS {failure}"));
    println!("crash matrix: {}; {:.0} s", report.line(), begun.elapsed().as_secs_f64());
    anyhow::ensure!(report.is_clean(), "the crash matrix is not clean");
    Ok(())
}

fn economy(hosts: usize, seed: u64) -> Result<()> {
    let economy = economy::run(hosts, seed)?;
    println!("{}", economy.lines());
    economy.judge()
}

fn burst(pods: usize, seed: u64) -> Result<()> {
    let burst = burst::run(pods, seed)?;
    println!("{}", burst.lines());
    burst.judge()
}

fn big(fleet: Fleet, memory_max_mib: u64, operator: Option<PathBuf>, seed: u64) -> Result<()> {
    let program = operator.map_or_else(std::env::current_exe, Ok)?;
    let big = big::run(fleet, seed, &program)?;
    println!("{}", big.lines());
    big.judge(memory_max_mib)
}

fn operator(options: gantry::run::Options) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(gantry::run::run(options))
}
