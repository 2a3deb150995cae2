//! `gantry plan`: what Gantry would do and why, from files, without touching anything.

pub mod decision;
mod explain;
mod files;
pub mod input;
mod progress;
mod replay;
pub mod show;
pub mod think;

use std::fs::File;
use std::io::{ErrorKind, Write, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use gantry_plan::Plan;
use jiff::Timestamp;

use self::input::{Input, Problem, World};
use self::progress::{Progress, Shown};
use self::show::Timing;
use self::think::Thought;

/// The input is bad: nothing was planned.
const BAD_INPUT: u8 = 2;

/// `gantry plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 a plan was made, whatever it says; 1 it could not be written; 2 the input is bad or incomplete, and standard error says where.

Kinds that are read: Pod, Node, Namespace, PersistentVolume, PersistentVolumeClaim, StorageClass, CSINode, CSIDriver, DaemonSet,
PodDisruptionBudget, PriorityClass, VMPool, Host, OpenStackCloud (its status.offerings and status.quota stand for the cloud), and Decision.

Example:
  kubectl get pods,nodes,namespaces,pv,pvc,storageclasses,csinodes,daemonsets,priorityclasses,vmpools,hosts,openstackclouds -A -o json |
    gantry plan -f -")]
pub struct Options {
    /// File or folder of YAML, JSON or JSON lines; - is standard input. Once for each.
    #[arg(short, long = "file", required = true, value_name = "FILE|DIR|-")]
    pub files: Vec<PathBuf>,
    /// How the plan is written.
    #[arg(short, long, value_enum, default_value = "table")]
    pub output: Output,
    /// Say of this pod everything that decides where it goes, and why not elsewhere.
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with = "output")]
    pub explain: Option<String>,
    /// Look for a better plan for so long, such as 5s or 1m: the answer is the best one found.
    #[arg(long, value_parser = duration, conflicts_with = "effort")]
    pub time: Option<Duration>,
    /// Look for a better plan for so many units of work: the same number gives the same plan.
    #[arg(long, value_name = "UNITS")]
    pub effort: Option<u64>,
    /// Show progress on standard error even if it is no terminal.
    #[arg(long)]
    pub progress: bool,
}

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For programs, and people who compare.
    Yaml,
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = gantry_plan::quantity::parse_duration(text).map_err(|error| error.to_string())?;
    Duration::try_from(read).map_err(|error| error.to_string())
}

/// `gantry plan`; its exit codes are in its help.
///
/// # Errors
/// If the plan cannot be written.
pub fn run(options: &Options, out: &mut dyn Write, told: &mut dyn Write) -> Result<ExitCode> {
    match answer(options, Timestamp::now()) {
        Ok(answer) => {
            match out.write_all(answer.text.as_bytes()) {
                // Whoever reads has read enough, as head does.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                written => written.context("the plan cannot be written")?,
            }
            told.write_all(answer.aside.as_bytes()).context("the plan's notes cannot be written")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            problems.iter().try_for_each(|problem| writeln!(told, "gantry: {problem}")).context("what is wrong cannot be written")?;
            Ok(ExitCode::from(BAD_INPUT))
        }
    }
}

/// Plans from the bytes of one source, as it is at `now`, with so many units of effort.
///
/// # Errors
/// What is wrong with the input.
pub fn plan_bytes(bytes: &[u8], now: Timestamp, units: u64) -> Result<(World, Plan), Vec<Problem>> {
    let mut input = Input::default();
    input.read(files::STANDARD_INPUT, bytes);
    let world = input.finish(now)?;
    let mut plan = think::think(&world.snapshot, Thought::Units(units), || {});
    think::restrain(&mut plan, &world.blind, &world.snapshot);
    Ok((world, plan))
}

/// What is written, and what is said beside it.
struct Answer {
    text: String,
    aside: String,
}

fn answer(options: &Options, now: Timestamp) -> Result<Answer, Vec<String>> {
    let files = files::files(&options.files).map_err(|what| vec![what])?;
    let progress = Progress::new(if options.progress { Shown::Always } else { Shown::AtTerminal }, files::size(&files));
    let started = Instant::now();
    let world = read(&files, &progress, now)?;
    let read = started.elapsed();
    let started = Instant::now();
    let plan = plan(&world, thought(options, &world), &progress);
    progress.done();
    write(options, &world, &plan, Timing { read, plan: started.elapsed() })
}

fn read(files: &[PathBuf], progress: &Progress, now: Timestamp) -> Result<World, Vec<String>> {
    let mut input = Input::default();
    for file in files {
        if file.as_os_str() == files::STANDARD_INPUT {
            input.read(files::STANDARD_INPUT, progress.counted(stdin().lock()));
            continue;
        }
        let name = file.display().to_string();
        let opened = File::open(file).map_err(|error| vec![format!("{name} cannot be opened: {error}")])?;
        input.read(&name, progress.counted(opened));
    }
    let told = |problems: Vec<Problem>| problems.iter().map(Problem::to_string).collect::<Vec<_>>();
    input.finish(now).map_err(told)
}

/// A decision is replayed with the effort that it took, unless another one is asked for.
fn thought(options: &Options, world: &World) -> Thought {
    match (options.time, options.effort, &world.decision) {
        (Some(time), _, _) => Thought::For(time),
        (None, Some(units), _) => Thought::Units(units),
        (None, None, Some(decision)) => Thought::Units(decision.effort_used),
        (None, None, None) => Thought::Usual,
    }
}

fn plan(world: &World, thought: Thought, progress: &Progress) -> Plan {
    let started = Instant::now();
    let tick = || {
        if let Thought::For(limit) = thought {
            progress.planning(started.elapsed(), limit);
        }
    };
    let mut plan = think::think(&world.snapshot, thought, tick);
    think::restrain(&mut plan, &world.blind, &world.snapshot);
    plan
}

fn write(options: &Options, world: &World, plan: &Plan, timing: Timing) -> Result<Answer, Vec<String>> {
    let replayed = world.decision.as_ref().map(|decision| replay::compare(decision, plan)).unwrap_or_default();
    if let Some(name) = &options.explain {
        let pod = explain::find(&world.snapshot, name).map_err(|what| vec![what])?;
        return Ok(Answer { text: explain::explain(&world.snapshot, plan, &pod), aside: replayed + &notes(world) });
    }
    let document = || show::document(&world.snapshot, plan, timing);
    Ok(match options.output {
        Output::Table => Answer { text: replayed + &show::table(&world.snapshot, plan, &world.notes(), timing), aside: String::new() },
        Output::Json => {
            let text = serde_json::to_string_pretty(&document()).map_err(|error| vec![error.to_string()])?;
            Answer { text: text + "\n", aside: replayed + &notes(world) }
        }
        Output::Yaml => {
            let text = serde_saphyr::to_string(&document()).map_err(|error| vec![error.to_string()])?;
            Answer { text, aside: replayed + &notes(world) }
        }
    })
}

fn notes(world: &World) -> String {
    world.notes().iter().map(|note| format!("gantry: {note}\n")).collect()
}

#[cfg(test)]
mod tests;
