//! Looks for an order of events in a host's life that breaks an invariant: every order, as far as a number of states goes, then long ones at random.

mod cloud;
mod listing;
mod model;
mod operator;
mod walk;
mod world;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use model::Protocol;
use stateright::{Checker, Expectation, Model};
use walk::Walks;

/// Checks gantry_plan's host state machine and its protocol of creation, adoption and deletion, with two operators, crashes, and a cloud that
/// answers late, twice, wrongly or never.
#[derive(Clone, Copy, Debug, Parser)]
#[command(version)]
struct Arguments {
    /// States to look at in every order, beginning with the shortest histories.
    #[arg(long, default_value_t = 40_000_000)]
    states: usize,
    /// Seconds of random histories after that, with more faults, and as long as they get.
    #[arg(long, default_value_t = 60)]
    walk_seconds: u64,
    /// Seed of the random histories.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Every order: one fault in a history, three minutes, two servers.
const EVERY_ORDER: Protocol = Protocol { ticks: 6, faults: 1, made: 2 };
/// At random: four faults in a history, ten minutes, four servers.
const AT_RANDOM: Protocol = Protocol { ticks: 20, faults: 4, made: 4 };
/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

/// What came of a pass.
struct Found {
    /// Properties that must hold, and do not.
    broken: usize,
    /// Situations that were met.
    seen: BTreeSet<&'static str>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let checker = || EVERY_ORDER.checker().threads(threads).target_state_count(arguments.states.max(1));
    let every_order = pass("every order", checker().spawn_bfs());
    let at_random = walks(&arguments, threads);
    close(&[every_order, at_random])
}

/// Random histories on every processor, for the time that was asked for.
fn walks(arguments: &Arguments, threads: usize) -> Found {
    let start = Instant::now();
    let end = start + Duration::from_secs(arguments.walk_seconds);
    eprintln!("model, at random: {} s of random histories", arguments.walk_seconds);
    let (seed, stride) = (arguments.seed, threads as u64);
    let all = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..stride).map(|n| scope.spawn(move || Walks::until(end, &AT_RANDOM, seed.wrapping_add(n), stride))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).fold(Walks::default(), Walks::and)
    });
    for (name, (seed, history)) in &all.broken {
        println!("   BROKEN  {name} (seed {seed})");
        history.iter().for_each(|action| println!("           {action:?}"));
    }
    println!(
        "model, at random: {} histories, {} states, longest {}, {:.1} s; {} invariants broken",
        all.walks,
        all.states,
        all.depth,
        start.elapsed().as_secs_f64(),
        all.broken.len()
    );
    Found { broken: all.broken.len(), seen: all.seen }
}

/// Waits for a checker and tells what it found.
fn pass(name: &str, checker: impl Checker<Protocol>) -> Found {
    let start = Instant::now();
    let mut told = Instant::now();
    while !checker.is_done() {
        std::thread::sleep(Duration::from_millis(50));
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            eprintln!("model, {name}: {} states, depth {}, {} s", checker.state_count(), checker.max_depth(), start.elapsed().as_secs());
        }
    }
    let found = tell(&checker);
    println!(
        "model, {name}: {} states, {} distinct, depth {}, {:.1} s; {} invariants broken",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        start.elapsed().as_secs_f64(),
        found.broken
    );
    found
}

/// A line for each invariant; the history that breaks one.
fn tell(checker: &impl Checker<Protocol>) -> Found {
    let discoveries = checker.discoveries();
    let mut found = Found { broken: 0, seen: BTreeSet::new() };
    for property in checker.model().properties() {
        match (&property.expectation, discoveries.get(property.name)) {
            (Expectation::Sometimes, Some(_)) => drop(found.seen.insert(property.name)),
            (Expectation::Sometimes, None) => {}
            (_, None) => println!("    holds  {}", property.name),
            (_, Some(path)) => {
                found.broken += 1;
                println!("   BROKEN  {}", property.name);
                path.clone().into_actions().iter().for_each(|action| println!("           {action:?}"));
            }
        }
    }
    found
}

/// Every situation must have been met, or the model proves nothing about it.
fn close(passes: &[Found]) -> ExitCode {
    let situations = Protocol::properties(&AT_RANDOM).into_iter().filter(|property| property.expectation == Expectation::Sometimes);
    let unseen: Vec<&str> =
        situations.map(|property| property.name).filter(|name| !passes.iter().any(|pass| pass.seen.contains(name))).collect();
    unseen.iter().for_each(|name| println!("NEVER MET  {name}"));
    let broken: usize = passes.iter().map(|pass| pass.broken).sum();
    println!("model: {broken} invariants broken, {} situations never met", unseen.len());
    if broken + unseen.len() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
