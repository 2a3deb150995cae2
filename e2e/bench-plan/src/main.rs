//! The planner's prices beside others' and the proved bound, and its time and memory by size.

mod baseline;
mod cases;
mod chart;
mod curve;
mod draw;
mod measure;
mod outcome;
mod pictures;
mod prices;
mod replay;
mod report;
mod speed;
mod vectors;
mod worlds;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use cases::Case;
use clap::{Parser, Subcommand};
use measure::Thought;
use prices::Size;
use report::{Report, Verdict};

/// As in the operator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Prints the planner's price ratios, times and memory, and fails where a stated target is missed.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// A size that fits CI: times are printed, and only wrong or dear plans fail it.
    #[arg(long)]
    small: bool,
    /// Folder with vectorpack-vbp/, for all its instances.
    #[arg(long, default_value = "../shared/data")]
    data: PathBuf,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Time and memory by number of pods, price by effort; with their charts.
    Curve {
        /// Folder to write the charts to.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Pictures of a packing in order of CPU and memory, and of the planner's.
    Picture {
        /// Folder to write them to.
        #[arg(long, default_value = "docs/pictures")]
        out: PathBuf,
    },
    /// One world in this process, as JSON: what the tables measure in processes of their own.
    Measure {
        /// Its name, e.g. plain-1000.
        case: Case,
        /// Plans of which the median is taken.
        #[arg(long, default_value_t = 3)]
        runs: usize,
        /// Units of effort instead of the operator's usual.
        #[arg(long)]
        units: Option<u64>,
    },
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Curve { out }) => curve::print(out.as_deref())?,
        Some(Part::Picture { out }) => pictures::packings(&out)?,
        Some(Part::Measure { case, runs, units }) => {
            let thought = units.map_or(Thought::Usual, Thought::Units);
            println!("{}", serde_json::to_string(&measure::here(case, thought, runs)?)?);
        }
        None => return all(if arguments.small { Size::Small } else { Size::Full }, &arguments.data),
    }
    Ok(ExitCode::SUCCESS)
}

fn all(size: Size, data: &Path) -> Result<ExitCode> {
    let mut report = Report::default();
    prices::print(size, &mut report)?;
    vectors::print(size, data, &mut report)?;
    speed::print(size, &mut report)?;
    if size == Size::Full {
        curve::print(None)?;
    }
    Ok(if report.finish() == Verdict::Met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
