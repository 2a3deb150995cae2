//! Tasks of the workspace that need more than cargo: `cargo xtask image`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

mod archive;
mod elf;
mod image;
mod roots;

#[derive(Parser)]
#[command(about = "Tasks of the Gantry workspace")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Puts a static binary into an image FROM scratch: a tar file that is an OCI layout and that `ctr images import` and `docker load` take.
    Image {
        /// The statically linked binary.
        #[arg(long)]
        binary: PathBuf,
        /// The tar file to write.
        #[arg(long)]
        out: PathBuf,
        /// The image's name with its tag, e.g. `gantry.local/gantry:v1`.
        #[arg(long)]
        name: image::Name,
    },
}

fn main() -> Result<()> {
    let Task::Image { binary, out, name } = Arguments::parse().task;
    let bytes = std::fs::read(&binary).with_context(|| format!("cannot read {}; build it first", binary.display()))?;
    let image = image::build(&bytes, &name)?;
    std::fs::write(&out, &image.tar).with_context(|| format!("cannot write {}", out.display()))?;
    println!("{name}@{}", image.digest);
    Ok(())
}
