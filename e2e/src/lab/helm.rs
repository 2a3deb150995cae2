//! Helm and kubectl, as a user runs them.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::operator::NAMESPACE;
use super::{Lab, binaries};

/// Installs or upgrades the chart; `set` are `key=value` pairs.
///
/// # Errors
/// What Helm says.
pub async fn install(lab: &Lab, set: &[&str]) -> Result<()> {
    let chart = binaries::workspace().join("charts/gantry");
    let mut arguments = vec!["upgrade", "--install", "gantry", path(&chart)?, "--namespace", NAMESPACE, "--create-namespace"];
    set.iter().for_each(|pair| arguments.extend(["--set", pair]));
    run(lab, "helm", &arguments, None).await.map(drop)
}

/// Uninstalls the chart; CRDs and their objects stay.
///
/// # Errors
/// What Helm says.
pub async fn uninstall(lab: &Lab) -> Result<()> {
    run(lab, "helm", &["uninstall", "gantry", "--namespace", NAMESPACE, "--wait"], None).await.map(drop)
}

/// `kubectl apply -f -`.
///
/// # Errors
/// What kubectl says.
pub async fn apply(lab: &Lab, yaml: &str) -> Result<String> {
    kubectl_with(lab, &["apply", "-f", "-"], Some(yaml)).await
}

/// `kubectl` with these arguments.
///
/// # Errors
/// What kubectl says.
pub async fn kubectl(lab: &Lab, arguments: &[&str]) -> Result<String> {
    kubectl_with(lab, arguments, None).await
}

async fn kubectl_with(lab: &Lab, arguments: &[&str], input: Option<&str>) -> Result<String> {
    run(lab, "kubectl", arguments, input).await
}

async fn run(lab: &Lab, program: &str, arguments: &[&str], input: Option<&str>) -> Result<String> {
    let mut command = Command::new(lab.bin.join(program));
    command.args(arguments).env("KUBECONFIG", lab.kubeconfig()).env("HELM_CACHE_HOME", lab.dir.join("helm"));
    command.env("HELM_CONFIG_HOME", lab.dir.join("helm")).env("HELM_DATA_HOME", lab.dir.join("helm")).env("HOME", &lab.dir);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().with_context(|| format!("{program} cannot be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.unwrap_or_default().as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!("{program} {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}
