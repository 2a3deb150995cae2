//! The operator as a process, with the rights of the chart's ServiceAccount and no others: killed and started again at will.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use serde_json::json;
use tokio::process::{Child, Command};

use super::gate::Gate;
use super::{Lab, binaries};

/// Namespace and name of the chart's release.
pub const NAMESPACE: &str = "gantry-system";
/// Name of the chart's ServiceAccount.
pub const SERVICE_ACCOUNT: &str = "gantry";
/// Name of the lease that the chart's role allows.
const LEASE: &str = "gantry";
/// The token of the ServiceAccount outlives every run.
const TOKEN_SECONDS: i64 = 6 * 3600;
/// Time for an orderly end.
const GRACE: Duration = Duration::from_secs(40);

/// A running operator.
pub struct Operator {
    child: Child,
    /// Its log.
    pub log: PathBuf,
    /// `http://address` of /metrics.
    pub url: String,
    /// Process id.
    pub pid: u32,
}

/// How an operator is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its way to the API server.
    pub kubeconfig: PathBuf,
    /// Its identity; one that starts again under its name takes the lease at once.
    pub identity: String,
    /// Name of its lease.
    pub lease: String,
    /// File that its log is appended to.
    pub log: PathBuf,
}

impl Operator {
    /// Starts it as `name`, with a log of that name, and waits until it is ready.
    ///
    /// # Errors
    /// If the binary or the ServiceAccount is missing, or it is not ready in time.
    pub async fn start(lab: &Lab, name: &str) -> Result<Self> {
        let settings = Settings {
            kubeconfig: kubeconfig(lab).await?,
            identity: name.to_owned(),
            lease: LEASE.to_owned(),
            log: lab.dir.join(format!("{name}.log")),
        };
        let mut operator = Self::launch(&settings)?;
        operator.until_ready().await?;
        Ok(operator)
    }

    /// Starts it as `name` behind a gate, with a lease of that name, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Operator::start`].
    pub async fn start_behind(lab: &Lab, gate: &Gate, name: &str) -> Result<Self> {
        let kubeconfig = gate.kubeconfig(&lab.dir.join(format!("{name}.kubeconfig")), &token(lab).await?, NAMESPACE)?;
        let log = lab.dir.join(format!("{name}.log"));
        gate.expect();
        let mut operator = Self::launch(&Settings { kubeconfig, identity: name.to_owned(), lease: name.to_owned(), log })?;
        gate.admit(operator.pid);
        operator.until_ready().await?;
        Ok(operator)
    }

    /// Starts it and waits for nothing.
    ///
    /// # Errors
    /// If the binary is missing or cannot be started.
    pub fn launch(settings: &Settings) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&settings.log)?;
        let port = free_port()?;
        let mut command = Command::new(binaries::own("gantry")?);
        command.args(["run", "--listen", &format!("127.0.0.1:{port}"), "--lease-namespace", NAMESPACE, "--lease-name", &settings.lease]);
        command.args(["--log-level", "info,gantry=debug", "--identity", &settings.identity]);
        command.env_clear().env("KUBECONFIG", &settings.kubeconfig);
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true).spawn()?;
        let pid = child.id().context("the operator ended at once")?;
        Ok(Self { child, log: settings.log.clone(), url: format!("http://127.0.0.1:{port}"), pid })
    }

    /// Waits until its process has ended, by whatever.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub async fn ended(&mut self) -> Result<std::process::ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Waits until /readyz says so.
    ///
    /// # Errors
    /// If it ends before, or is not ready after 30 s, with the end of its log.
    pub async fn until_ready(&mut self) -> Result<()> {
        let client = reqwest::Client::new();
        for _ in 0..300 {
            if let Some(status) = self.child.try_wait()? {
                bail!("the operator ended with {status}; the end of its log:\n{}", self.log_tail(20));
            }
            if client.get(format!("{}/readyz", self.url)).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the operator was not ready after 30 s; the end of its log:\n{}", self.log_tail(20))
    }

    /// kill -9.
    ///
    /// # Errors
    /// If the process cannot be waited for.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("the operator cannot be killed")
    }

    /// SIGTERM, and waits for an orderly end.
    ///
    /// # Errors
    /// If it does not end in time, or not with success.
    pub async fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid)?).context("no process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = tokio::time::timeout(GRACE, self.child.wait()).await.context("the operator did not end in time after SIGTERM")??;
        if !status.success() {
            bail!("the operator ended with {status} after SIGTERM; the end of its log:\n{}", self.log_tail(20));
        }
        Ok(())
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }

    /// All of /metrics.
    ///
    /// # Errors
    /// If the operator does not answer.
    pub async fn metrics(&self) -> Result<String> {
        Ok(reqwest::get(format!("{}/metrics", self.url)).await?.text().await?)
    }
}

/// The last lines of a file.
#[must_use]
pub fn tail(path: &Path, lines: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A token with the rights of the chart's ServiceAccount.
///
/// # Errors
/// If the ServiceAccount is missing.
pub async fn token(lab: &Lab) -> Result<String> {
    let accounts: Api<ServiceAccount> = Api::namespaced(lab.client.clone(), NAMESPACE);
    let spec = TokenRequestSpec { expiration_seconds: Some(TOKEN_SECONDS), ..TokenRequestSpec::default() };
    let request = TokenRequest { spec, ..TokenRequest::default() };
    let answer = accounts.create_token_request(SERVICE_ACCOUNT, &PostParams::default(), &request).await?;
    Ok(answer.status.context("the API server gave no token")?.token)
}

/// A kubeconfig with the rights of the chart's ServiceAccount.
async fn kubeconfig(lab: &Lab) -> Result<PathBuf> {
    let token = token(lab).await?;
    let ca = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, lab.control_plane.ca_pem());
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "gantry",
        "clusters": [{"name": "lab", "cluster": {"server": lab.control_plane.server(), "certificate-authority-data": ca}}],
        "users": [{"name": "gantry", "user": {"token": token}}],
        "contexts": [{"name": "gantry", "context": {"cluster": "lab", "user": "gantry", "namespace": NAMESPACE}}],
    });
    let path = lab.dir.join("operator.kubeconfig");
    std::fs::write(&path, serde_json::to_vec(&config)?)?;
    Ok(path)
}
