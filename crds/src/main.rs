//! Writes what is generated from the types, the definitions and the reference pages, and checks that what is committed is the same.

mod files;
mod page;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Folder of the chart that holds the definitions, from the root of the repository.
const CRDS_DIR: &str = "charts/gantry/files/crds";
/// Folder of the reference pages, from the root of the repository.
const REFERENCE_DIR: &str = "docs/reference";

/// Generates from the API's types what is committed beside them.
#[derive(Parser)]
#[command(name = "gantry-crds")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the definitions as YAML, one file for each kind.
    Crds {
        /// Folder to write to.
        #[arg(long, default_value = CRDS_DIR)]
        out: PathBuf,
    },
    /// Write the reference, one page for each kind.
    Reference {
        /// Folder to write to.
        #[arg(long, default_value = REFERENCE_DIR)]
        out: PathBuf,
    },
    /// Exit with 1 and a sentence when what is committed differs from what would be written.
    Check {
        /// Folder of the definitions.
        #[arg(long, default_value = CRDS_DIR)]
        crds: PathBuf,
        /// Folder of the reference.
        #[arg(long, default_value = REFERENCE_DIR)]
        reference: PathBuf,
    },
}

fn main() -> Result<ExitCode> {
    match Args::parse().command {
        Command::Crds { out } => files::write(&files::definitions(), &out)?,
        Command::Reference { out } => files::write(&files::reference(), &out)?,
        Command::Check { crds, reference } => {
            let mut stale = files::differences(&files::definitions(), &crds)?;
            stale.extend(files::differences(&files::reference(), &reference)?);
            if !stale.is_empty() {
                stale.iter().for_each(|sentence| eprintln!("{sentence}"));
                eprintln!(
                    "Run `cargo run -p gantry-crds -- crds` and `cargo run -p gantry-crds -- reference`, and commit what they write."
                );
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
