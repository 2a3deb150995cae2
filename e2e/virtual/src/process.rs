//! The operator as a process of its own: its memory is nobody else's, and the machine counts it.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// How the chart starts it: memory that a burst needed goes back at once.
const CHART_ENV: [(&str, &str); 1] = [("MIMALLOC_PURGE_DELAY", "0")];
/// Lines of its log that are shown when it fails.
const LOG_LINES: usize = 20;

/// A process; it is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    listen: SocketAddr,
    http: reqwest::Client,
    dir: PathBuf,
}

/// Resident memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Now.
    pub now_bytes: u64,
    /// The most that it ever was.
    pub peak_bytes: u64,
}

impl Process {
    /// Starts `program run` against an API server without authentication.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(program: &Path, api: SocketAddr) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("gantry-operator-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let (kubeconfig, log) = (dir.join("kubeconfig"), File::create(dir.join("log"))?);
        fs::write(&kubeconfig, kubeconfig_of(api))?;
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let child = Command::new(program)
            .args(["run", "--listen", &listen.to_string(), "--log-level", "warn"])
            .env("KUBECONFIG", kubeconfig)
            .envs(CHART_ENV)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { child, listen, http: reqwest::Client::builder().no_proxy().build()?, dir })
    }

    /// Whether it says that it knows all it needs.
    pub async fn is_ready(&self) -> bool {
        self.get("readyz").await.is_ok()
    }

    /// Metrics as text.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn metrics(&self) -> Result<String> {
        self.get("metrics").await
    }

    async fn get(&self, path: &str) -> Result<String> {
        let answer = self.http.get(format!("http://{}/{path}", self.listen)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Its memory.
    ///
    /// # Errors
    /// If it is no longer there.
    pub fn memory(&mut self) -> Result<Memory> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "the operator ended; its log:\n{}", self.log());
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        memory(&status).context("/proc says nothing of the operator's memory")
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn kubeconfig_of(api: SocketAddr) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: big\nclusters: [{{name: big, cluster: {{server: 'http://{api}'}}}}]\n\
         users: [{{name: big, user: {{}}}}]\ncontexts: [{{name: big, context: {{cluster: big, user: big}}}}]\n"
    )
}

fn memory(status: &str) -> Option<Memory> {
    let bytes = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    Some(Memory { now_bytes: bytes("VmRSS:")?, peak_bytes: bytes("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_linux_writes_it() {
        let status = "Name:\tgantry\nVmHWM:\t   20 kB\nVmRSS:\t   12 kB\nThreads:\t3\n";
        assert_eq!(memory(status), Some(Memory { now_bytes: 12 << 10, peak_bytes: 20 << 10 }));
        assert_eq!(memory("Name:\tgantry\n"), None);
    }
}
