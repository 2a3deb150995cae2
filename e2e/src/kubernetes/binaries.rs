//! Finds the programs of a cluster, or builds them once: a thin wrapper around `e2e/kubernetes/build.sh`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The script, beside this crate's sources: the end-to-end tests run from a checkout.
const BUILD_SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kubernetes/build.sh");
/// A build on the slowest machine that we know takes a quarter of it.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);
/// The script's exit code for "not there".
const ABSENT: i32 = 3;

/// The directory of the programs; none when they are neither installed nor built. Never builds.
///
/// # Errors
/// When the script cannot be run.
pub async fn find() -> Result<Option<PathBuf>> {
    run(&["--if-present"], Stdio::null()).await
}

/// The directory of the programs, built now if need be (about 13 minutes on two cores, once); progress goes to stderr.
///
/// # Errors
/// When the build fails; the reason is on stderr.
pub async fn find_or_build() -> Result<PathBuf> {
    run(&[], Stdio::inherit()).await?.context("build.sh has built nothing: its message is above")
}

async fn run(args: &[&str], stderr: Stdio) -> Result<Option<PathBuf>> {
    let command = Command::new(BUILD_SCRIPT).args(args).stdin(Stdio::null()).stderr(stderr).kill_on_drop(true).output();
    let output = tokio::time::timeout(BUILD_LIMIT, command).await.context("build.sh has not ended after an hour")?;
    let output = output.with_context(|| format!("cannot run {BUILD_SCRIPT}: is bash installed?"))?;
    if output.status.code() == Some(ABSENT) {
        return Ok(None);
    }
    if !output.status.success() {
        bail!("{BUILD_SCRIPT} ended with {}: its message is above", output.status);
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    Ok(stdout.lines().last().map(|line| Path::new(line).to_owned()))
}
