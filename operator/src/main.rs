//! The command line: `gantry run` is the operator.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use gantry::run;

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
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(options) = Arguments::parse().command;
    match run::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if tracing::dispatcher::has_been_set() {
                tracing::error!("{error:#}");
            } else {
                eprintln!("gantry: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
