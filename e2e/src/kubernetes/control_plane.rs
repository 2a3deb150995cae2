//! A real Kubernetes control plane: etcd, API server, controllers, scheduler and kwok, from start to a clean end.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use super::network::Network;
use super::options::{Address, AfterStop, Endpoints, Layout, Options};
use super::processes::{Process, Program};
use super::state_dir::StateDir;
use super::{files, kubeadm, programs};

/// How long a step of the start may take: it takes seconds, but on a machine that compiles, many.
const STEP_LIMIT: Duration = Duration::from_secs(120);
/// How long one question whether something is ready may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// How often it is asked.
const PROBE_EVERY: Duration = Duration::from_millis(100);
/// How long the API server has to end by itself: left alone it waits for its clients for a minute.
const GRACE: Duration = Duration::from_secs(2);

const ETCD: &str = "etcd";
const API_SERVER: &str = "kube-apiserver";

/// A control plane that runs. Dropping it kills its programs and undoes its network, and keeps its directory.
pub struct ControlPlane {
    /// In the order of their start.
    running: Vec<Process>,
    network: Option<Network>,
    /// None only while it is being removed.
    dir: Option<StateDir>,
    options: Options,
    layout: Layout,
    endpoints: Endpoints,
    ca_pem: String,
    server: String,
    kubeconfig: PathBuf,
    client: Client,
    started_in: Duration,
}

impl ControlPlane {
    /// Starts everything, and waits until pods can be created. About 10 s.
    ///
    /// # Errors
    /// When the directory or the bridge belongs to somebody else, or a program fails: with the end of its log. What was
    /// started until then is ended; the directory stays, with the logs.
    pub async fn start(options: Options) -> Result<ControlPlane> {
        let started = Instant::now();
        let dir = StateDir::claim(&options.dir)?;
        let layout = Layout::new(dir.path().to_owned());
        let network = match options.address {
            Address::Bridge => Some(Network::create()?),
            Address::Loopback => None,
        };
        let endpoints = Endpoints::choose(options.address)?;
        let ca_pem = files::write(&layout, &endpoints)?;
        let kubeconfig = layout.kubeconfig("admin");
        let client = client(&kubeconfig).await?;
        let mut control_plane = ControlPlane {
            running: Vec::new(),
            network,
            dir: Some(dir),
            options,
            layout,
            endpoints,
            ca_pem,
            server: endpoints.server(),
            kubeconfig,
            client,
            started_in: Duration::ZERO,
        };
        control_plane.bring_up().await?;
        control_plane.started_in = started.elapsed();
        Ok(control_plane)
    }

    async fn bring_up(&mut self) -> Result<()> {
        self.launch(ETCD, programs::etcd(&self.layout, &self.endpoints))?;
        self.start_api_server().await?;
        self.launch("kube-controller-manager", programs::controller_manager(&self.layout, &self.options))?;
        self.launch("kube-scheduler", programs::scheduler(&self.layout))?;
        self.launch("kwok", programs::kwok(&self.layout, &self.options))?;
        kubeadm::set_up(&self.options, &self.layout, &self.endpoints, self.client.clone()).await?;
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), "default");
        self.wait_until("the default ServiceAccount", || {
            let accounts = accounts.clone();
            async move { accounts.get("default").await.is_ok() }
        })
        .await
    }

    /// A client with all rights.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The admin's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The API server's URL, which guests use too.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The certificate of the cluster's authority, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The programs' logs.
    pub fn logs(&self) -> PathBuf {
        self.layout.logs()
    }

    /// The audit log: one JSON object a line, who asked for what; see `e2e/kubernetes/audit-policy.yaml`.
    pub fn audit_log(&self) -> PathBuf {
        self.layout.audit_log()
    }

    /// How long the start took.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Resident memory of each program, in MiB.
    pub fn resident_memory_mib(&self) -> Vec<(String, u64)> {
        let of = |process: &Process| Some((process.name().to_owned(), process.resident_memory_mib()?));
        self.running.iter().filter_map(of).collect()
    }

    /// The programs' process ids.
    pub fn pids(&self) -> Vec<u32> {
        self.running.iter().map(Process::pid).collect()
    }

    /// Whether every program that was started still runs.
    ///
    /// # Errors
    /// When one has ended: with its status and the end of its log.
    pub fn check(&mut self) -> Result<()> {
        self.running.iter_mut().try_for_each(Process::check)
    }

    /// Stops the API server and starts it again: clients lose their watches and see refused connections for some seconds.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn restart_api_server(&mut self) -> Result<()> {
        self.stop_api_server().await?;
        self.start_api_server().await
    }

    /// Stops the API server, for the time until [`ControlPlane::start_api_server`].
    ///
    /// # Errors
    /// When it does not run.
    pub async fn stop_api_server(&mut self) -> Result<()> {
        let position = self.running.iter().position(|process| process.name() == API_SERVER);
        let position = position.context("the API server does not run: start it before stopping it")?;
        self.running.remove(position).stop(GRACE).await;
        Ok(())
    }

    /// Starts the API server, on the same address with the same state, and waits until it is ready.
    ///
    /// # Errors
    /// When it runs already, or does not become ready.
    pub async fn start_api_server(&mut self) -> Result<()> {
        if self.running.iter().any(|process| process.name() == API_SERVER) {
            bail!("the API server runs already: stop it before starting it again");
        }
        self.launch(API_SERVER, programs::api_server(&self.layout, &self.endpoints, &self.options))?;
        let client = self.client.clone();
        self.wait_until("the API server", || is_ready(client.clone())).await
    }

    /// Ends everything at once, the last started first, since nothing of its state is used again; undoes the network, and
    /// removes the directory unless it is to be kept.
    ///
    /// # Errors
    /// When the network cannot be undone or the directory not be removed.
    pub async fn stop(mut self) -> Result<()> {
        self.kill();
        if let Some(mut network) = self.network.take() {
            network.remove()?;
        }
        match (self.options.after_stop, self.dir.take()) {
            (AfterStop::Remove, Some(dir)) => dir.remove(),
            _ => Ok(()),
        }
    }

    fn launch(&mut self, name: &str, args: Vec<String>) -> Result<()> {
        let program = Program::new(name, self.options.bin_dir.join(name), self.layout.log(name));
        self.running.push(program.args(args).start()?);
        Ok(())
    }

    fn kill(&mut self) {
        while let Some(mut process) = self.running.pop() {
            process.kill();
        }
    }

    /// Asks again and again, as long as every program runs.
    async fn wait_until<F: Future<Output = bool>>(&mut self, what: &str, probe: impl Fn() -> F) -> Result<()> {
        let started = Instant::now();
        while !tokio::time::timeout(PROBE_LIMIT, probe()).await.unwrap_or(false) {
            self.check()?;
            if started.elapsed() > STEP_LIMIT {
                bail!("{what} is not ready after {} s; the logs are in {}", STEP_LIMIT.as_secs(), self.logs().display());
            }
            tokio::time::sleep(PROBE_EVERY).await;
        }
        tracing::debug!("{what} is ready after {} ms", started.elapsed().as_millis());
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        self.kill(); // the network drops after this
    }
}

async fn client(kubeconfig: &Path) -> Result<Client> {
    let read = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}

async fn is_ready(client: Client) -> bool {
    let request = http_get("/readyz");
    client.request_text(request).await.is_ok_and(|text| text == "ok")
}

fn http_get(path: &str) -> axum::http::Request<Vec<u8>> {
    let mut request = axum::http::Request::new(Vec::new());
    *request.uri_mut() = path.parse().expect("a constant path is a URI");
    request
}
