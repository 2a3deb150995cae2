//! The laboratory's OpenStack: the simulated one in this process, or the real one as processes of its own; looked at as its administrator.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use gantry_cloud_sim::{Config as SimConfig, Simulator};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::admin::Admin;
use super::binaries;

/// Which OpenStack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// `e2e/cloud-sim`.
    Simulated,
    /// `e2e/openstack`.
    Real,
}

/// Time for the real OpenStack to start, its installation included.
const START_LIMIT: Duration = Duration::from_secs(900);

/// A running OpenStack.
pub struct LabCloud {
    /// Which one it is.
    pub which: Which,
    /// File with the entries `openstack` (demo), `openstack-appcred` and `admin`.
    pub clouds_yaml: PathBuf,
    /// The simulator, if it is one: for its faults.
    pub simulator: Option<Simulator>,
    process: Option<Child>,
    dir: PathBuf,
    pub(super) admin: Admin,
}

/// A loopback address of this process's own: several laboratories run side by side.
fn own_address() -> IpAddr {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 78, high, low.clamp(1, 254)))
}

impl LabCloud {
    /// Starts it; on `bind` where pods must reach it, else on a loopback address.
    ///
    /// # Errors
    /// If it does not answer in time.
    pub async fn start(which: Which, dir: &Path, bind: Option<IpAddr>) -> Result<Self> {
        match which {
            Which::Simulated => {
                let listen = SocketAddr::new(bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0);
                Self::simulated(dir, SimConfig { listen, ..SimConfig::default() }).await
            }
            Which::Real => Self::real(dir, bind).await,
        }
    }

    /// Starts the simulated one with this configuration.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn simulated(dir: &Path, config: SimConfig) -> Result<Self> {
        let simulator = Simulator::start(config)?;
        let clouds_yaml = dir.join("clouds.yaml");
        std::fs::write(&clouds_yaml, simulator.clouds_yaml())?;
        let admin = Admin::log_in(&clouds_yaml, "admin").await?;
        Ok(Self { which: Which::Simulated, clouds_yaml, simulator: Some(simulator), process: None, dir: dir.to_owned(), admin })
    }

    async fn real(dir: &Path, bind: Option<IpAddr>) -> Result<Self> {
        let folder = dir.join("openstack");
        std::fs::create_dir_all(&folder)?;
        let log = std::fs::File::create(dir.join("openstack.log"))?;
        let mut command = Command::new(binaries::workspace().join("e2e/openstack/openstack.sh"));
        command.args(["up", "--foreground", "--dir"]).arg(&folder).stdin(Stdio::null());
        command.args(["--bind", &bind.unwrap_or_else(own_address).to_string()]);
        let mut child = command.stdout(log.try_clone()?).stderr(log).spawn().context("openstack.sh cannot be started")?;
        let start = Instant::now();
        let ready = loop {
            if let Ok(text) = std::fs::read(folder.join("ready.json")) {
                break serde_json::from_slice::<Value>(&text)?;
            }
            if let Some(status) = child.try_wait()? {
                bail!("openstack.sh ended with {status}; the end of its log:\n{}", super::operator::tail(&dir.join("openstack.log"), 25));
            }
            if start.elapsed() > START_LIMIT {
                bail!(
                    "OpenStack was not up after {} s; the end of its log:\n{}",
                    START_LIMIT.as_secs(),
                    super::operator::tail(&dir.join("openstack.log"), 25)
                );
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let clouds_yaml = PathBuf::from(ready["clouds_yaml"].as_str().context("ready.json names no clouds.yaml")?);
        let admin = Admin::log_in(&clouds_yaml, "admin").await?;
        Ok(Self { which: Which::Real, clouds_yaml, simulator: None, process: Some(child), dir: dir.to_owned(), admin })
    }

    /// Ends it.
    ///
    /// # Errors
    /// If its processes do not end.
    pub async fn stop(&mut self) -> Result<()> {
        self.simulator = None;
        let Some(mut child) = self.process.take() else { return Ok(()) };
        let mut command = Command::new(binaries::workspace().join("e2e/openstack/openstack.sh"));
        let down = command.args(["down", "--dir"]).arg(self.dir.join("openstack")).stdout(Stdio::null()).status().await?;
        let _ = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
        if !down.success() {
            bail!("openstack.sh down ended with {down}");
        }
        Ok(())
    }

    /// What the project holds, as `server name`, `port name` and so on; empty when nothing is left. Routers and their ports are furniture.
    ///
    /// # Errors
    /// If the cloud does not answer.
    pub async fn left(&mut self) -> Result<Vec<String>> {
        const LISTS: [(&str, &str, &str, &str); 5] = [
            ("server", "compute", "/servers/detail?all_tenants=1", "servers"),
            ("port", "network", "/v2.0/ports", "ports"),
            ("volume", "block-storage", "/volumes?all_tenants=1", "volumes"),
            ("floating IP", "network", "/v2.0/floatingips", "floatingips"),
            ("server group", "compute", "/os-server-groups?all_projects=1", "server_groups"),
        ];
        let mut left = Vec::new();
        for (what, service, path, list) in LISTS {
            let answer = self.admin.call(Method::GET, service, path, None).await?;
            let things = answer[list].as_array().into_iter().flatten();
            let ours = things.filter(|thing| !thing["device_owner"].as_str().is_some_and(|owner| owner.starts_with("network:")));
            left.extend(ours.map(|thing| {
                let name = thing["name"].as_str().or(thing["description"].as_str()).unwrap_or("?");
                format!("{what} {name}")
            }));
        }
        Ok(left)
    }

    /// All servers, as the administrator sees them.
    ///
    /// # Errors
    /// If the cloud does not answer.
    pub async fn servers(&mut self) -> Result<Vec<Value>> {
        let mut answer = self.admin.call(Method::GET, "compute", "/servers/detail?all_tenants=1", None).await?;
        Ok(serde_json::from_value(answer["servers"].take())?)
    }

    /// Sets the demo project's quota, e.g. `{"cores": 8}`.
    ///
    /// # Errors
    /// If Nova refuses.
    pub async fn set_quota(&mut self, quota: Value) -> Result<()> {
        let project = Admin::log_in(&self.clouds_yaml, "openstack").await?.project;
        self.admin.call(Method::PUT, "compute", &format!("/os-quota-sets/{project}"), Some(json!({ "quota_set": quota }))).await.map(drop)
    }

    /// Deletes a server behind everybody's back.
    ///
    /// # Errors
    /// If Nova refuses.
    pub async fn delete_server(&mut self, id: &str) -> Result<()> {
        self.admin.call(Method::DELETE, "compute", &format!("/servers/{id}"), None).await.map(drop)
    }

    /// The text of clouds.yaml.
    ///
    /// # Errors
    /// If the file is gone.
    pub fn clouds_yaml_text(&self) -> Result<String> {
        Ok(std::fs::read_to_string(&self.clouds_yaml)?)
    }

    /// Switches a fault of the simulator on.
    ///
    /// # Errors
    /// If this is not the simulator, or it refuses.
    pub fn fault(&self, fault: Value) -> Result<()> {
        self.simulator_admin("POST", "faults", fault).map(drop)
    }

    /// Ends all faults of the simulator.
    ///
    /// # Errors
    /// If this is not the simulator.
    pub fn no_faults(&self) -> Result<()> {
        self.simulator_admin("DELETE", "faults", Value::Null).map(drop)
    }

    /// A call of the simulator's admin endpoint.
    ///
    /// # Errors
    /// If this is not the simulator, or it refuses.
    pub fn simulator_admin(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let simulator = self.simulator.as_ref().context("only the simulator has faults")?;
        simulator.admin(method, path, body).map_err(anyhow::Error::msg)
    }
}
