//! Walks through every order in which a host's life can happen, within bounds, and looks for one that breaks an invariant.

mod cloud;
mod model;
mod operator;
mod world;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use model::Protocol;
use stateright::{Checker, Model};

/// Checks gantry_plan's host state machine and its protocol of creation, adoption and deletion, with two operators, crashes, and a cloud that
/// answers late, twice, wrongly or never.
#[derive(Clone, Copy, Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Half minutes in one history.
    #[arg(long, default_value_t = 9)]
    ticks: u8,
    /// Faults in one history.
    #[arg(long, default_value_t = 3)]
    faults: u8,
    /// Servers, and ports, made in one history.
    #[arg(long, default_value_t = 3)]
    made: u8,
    /// Stop after this many states.
    #[arg(long)]
    states: Option<NonZeroUsize>,
    /// Stop after this many seconds.
    #[arg(long)]
    seconds: Option<u64>,
}

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let protocol = Protocol { ticks: arguments.ticks, faults: arguments.faults, made: arguments.made };
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut builder = protocol.checker().threads(threads);
    if let Some(states) = arguments.states {
        builder = builder.target_state_count(states.get());
    }
    if let Some(seconds) = arguments.seconds {
        builder = builder.timeout(Duration::from_secs(seconds));
    }
    let start = Instant::now();
    let checker = builder.spawn_bfs();
    let mut told = Instant::now();
    while !checker.is_done() {
        std::thread::sleep(Duration::from_millis(50));
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            eprintln!(
                "model: {} states, {} distinct, depth {}, {} s",
                checker.state_count(),
                checker.unique_state_count(),
                checker.max_depth(),
                start.elapsed().as_secs()
            );
        }
    }
    report(&checker, start.elapsed())
}

fn report(checker: &impl Checker<Protocol>, took: Duration) -> ExitCode {
    let discoveries = checker.discoveries();
    let (mut broken, mut unseen) = (0, 0);
    for property in checker.model().properties() {
        let found = discoveries.get(property.name);
        let (word, path) = match (&property.expectation, found) {
            (stateright::Expectation::Sometimes, Some(_)) => ("seen", None),
            (stateright::Expectation::Sometimes, None) => ("NEVER SEEN", None),
            (_, None) => ("holds", None),
            (_, Some(path)) => ("BROKEN", Some(path)),
        };
        broken += usize::from(word == "BROKEN");
        unseen += usize::from(word == "NEVER SEEN");
        println!("{word:>10}  {}", property.name);
        if let Some(path) = path {
            for action in path.clone().into_actions() {
                println!("            {action:?}");
            }
        }
    }
    println!(
        "model: {} states, {} distinct, depth {}, {:.1} s; {broken} invariants broken, {unseen} situations never seen",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth(),
        took.as_secs_f64()
    );
    let _ = std::io::stdout().flush();
    if broken + unseen == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
