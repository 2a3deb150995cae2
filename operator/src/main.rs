//! The command line: `gantry run` is the operator, `gantry plan` what it would do, `gantry leftovers` what cleans up without one.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use gantry::{control, leftovers, offline, run};

// musl's allocator decodes pods several times slower.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Container hosts on OpenStack, on demand.
#[derive(Debug, Parser)]
#[command(name = "gantry", version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the operator against the cluster of the kubeconfig, or the one it runs in.
    Run(run::Options),
    /// List, and delete if asked to, what bears a cluster's UID in an OpenStack project; exit code 3 if something is left.
    Leftovers(leftovers::Options),
    /// Say what Gantry would do and why, from files or `kubectl get -o json`, without touching anything.
    Plan(offline::Options),
    /// Print a page of the reference that is made from the code.
    #[command(hide = true)]
    Reference {
        /// Which.
        page: Page,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Page {
    /// What OpenStack answers and what Gantry does.
    OpenstackAnswers,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(options) => run::run(options).await.map(|()| ExitCode::SUCCESS),
        Command::Leftovers(options) => leftovers::run(options, &mut std::io::stdout()).await,
        Command::Plan(options) => offline::run(&options, &mut std::io::stdout(), &mut std::io::stderr()),
        Command::Reference { page: Page::OpenstackAnswers } => {
            print!("{}", control::answers::page());
            Ok(ExitCode::SUCCESS)
        }
    };
    outcome.unwrap_or_else(|error| {
        if tracing::dispatcher::has_been_set() {
            tracing::error!("{error:#}");
        } else {
            eprintln!("gantry: {error:#}");
        }
        ExitCode::FAILURE
    })
}
