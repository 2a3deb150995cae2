//! Wiring: clients, informers, loops, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::future::BoxFuture;
use gantry_cloud::OpenStack;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, Config};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::control::builds::Builds;
use crate::control::clouds::Clouds;
use crate::control::context::{Connect, Context};
use crate::control::discovery::Endpoints;
use crate::control::memory::Memories;
use crate::control::nomination::Nomination;
use crate::control::offerings::Offerings;
use crate::control::{approvals, clouds, driver, planning};
use crate::kube::events::Events;
use crate::kube::lease::{self, LeaseHandle};
use crate::kube::watches;
use crate::serve::Served;
use crate::serve::health::Pulse;
use crate::serve::journal::Journal;
use crate::serve::logs::{self, Format};
use crate::serve::metrics::Metrics;
use crate::serve::readiness::Readiness;

/// A request to the API server that has not been answered by then is given up.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Steps under way are given this long to end when the process is told to.
const GRACE: Duration = Duration::from_secs(25);

/// `gantry run`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Address of /metrics, /healthz and /readyz.
    #[arg(long, default_value = "127.0.0.1:8080", env = "GANTRY_LISTEN")]
    pub listen: SocketAddr,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", env = "GANTRY_LOG_FORMAT")]
    pub log_format: Format,
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `gantry=debug,info`.
    #[arg(long, default_value = "info", env = "GANTRY_LOG_LEVEL")]
    pub log_level: String,
    /// Namespace of the lease that one of several replicas holds.
    #[arg(long, default_value = "gantry-system", env = "GANTRY_LEASE_NAMESPACE")]
    pub lease_namespace: String,
    /// Name of that lease.
    #[arg(long, default_value = "gantry", env = "GANTRY_LEASE_NAME")]
    pub lease_name: String,
    /// Name of this replica; the pod's name in a cluster.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,
    /// How pods come to the nodes that were bought for them: let in before others, or only nominated just before the node opens.
    #[arg(long, value_enum, default_value_t, env = "GANTRY_NOMINATION")]
    pub nomination: Nomination,
}

/// Runs until SIGTERM or SIGINT, or until something essential ends.
///
/// # Errors
/// If the API server cannot be reached at the start, or an essential task ended.
pub async fn run(options: Options) -> Result<()> {
    logs::init(options.log_format, &options.log_level)?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "gantry starts");
    let config = Config::infer().await.context("no way to the API server: neither a kubeconfig nor a pod's service account was found")?;
    let identity = options.identity.clone().unwrap_or_else(own_name);
    let stop = CancellationToken::new();
    let parts = Parts {
        client: client(&config, Some(REQUEST_TIMEOUT))?,
        watching: client(&config, None)?,
        connect: Arc::new(|config, pacing, hook| Ok(Arc::new(OpenStack::connect(config, pacing, hook)?))),
        clock: Clock::system(),
        lease: lease::Config::new(&options.lease_namespace, &options.lease_name, &identity),
        metrics: Metrics::new(),
        readiness: Readiness::default(),
        pulse: Pulse::default(),
        nomination: options.nomination,
        journal: Journal::default(),
    };
    let served = Served {
        metrics: parts.metrics.clone(),
        readiness: parts.readiness.clone(),
        pulse: parts.pulse.clone(),
        journal: parts.journal.clone(),
    };
    let operator = Operator::start(parts, &stop).await?;
    let server = crate::serve::serve(options.listen, served, stop).await?;
    let outcome = operator.until(signalled()).await;
    let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
    tracing::info!("gantry ended");
    outcome
}

/// What an operator is given by its surroundings.
pub struct Parts {
    /// Client for requests.
    pub client: Client,
    /// Client for watches, which have no end.
    pub watching: Client,
    /// How a cloud is reached.
    pub connect: Connect,
    /// What time it is.
    pub clock: Clock,
    /// The lease that one of several replicas holds, and this one's name.
    pub lease: lease::Config,
    /// Where it counts.
    pub metrics: Metrics,
    /// Where it says whether it knows enough.
    pub readiness: Readiness,
    /// Where it says that it gets on.
    pub pulse: Pulse,
    /// How pods come to the nodes that were bought for them.
    pub nomination: Nomination,
    /// Where decisions are kept for those who ask.
    pub journal: Journal,
}

/// A running operator.
pub struct Operator {
    tasks: Tasks,
    events: BoxFuture<'static, ()>,
    stop: CancellationToken,
}

impl Operator {
    /// Starts all loops; they end with `stop`.
    ///
    /// # Errors
    /// If the API server cannot be asked whose cluster this is.
    pub async fn start(parts: Parts, stop: &CancellationToken) -> Result<Self> {
        let Parts { client, watching, connect, clock, lease, metrics, readiness, pulse, nomination, journal } = parts;
        let client = crate::serve::writes::counted(client, metrics.clone());
        let cluster_uid = cluster_uid(&client).await?;
        let mut tasks = Tasks::default();
        let (events, events_task) = Events::start(client.clone(), lease.identity.clone(), metrics.clone(), clock);
        let lease = tasks.lease(lease, &client, &metrics, stop);
        let (stores, signals, informers) = watches::start(&watching, &metrics, &readiness, clock, stop);
        let ctx = Context {
            client,
            stores,
            signals,
            clouds: Arc::new(Clouds::default()),
            offerings: Arc::new(Offerings::default()),
            useless: Arc::default(),
            learned: Arc::default(),
            seats: Arc::default(),
            nomination,
            journal,
            builds: Builds::default(),
            memories: Arc::new(Memories::default()),
            discovery: Endpoints::default(),
            events,
            metrics,
            pulse,
            lease,
            cluster_uid: cluster_uid.into(),
            clock,
            began: Arc::default(),
            connect,
            stop: stop.clone(),
        };
        tasks.start(&ctx, informers);
        Ok(Self { tasks, events: Box::pin(events_task), stop: stop.clone() })
    }

    /// Runs until `told` to stop, or until something essential ends; then finishes the steps under way.
    ///
    /// # Errors
    /// If something essential ended.
    pub async fn until(mut self, told: impl Future<Output = &'static str>) -> Result<()> {
        let outcome = self.tasks.until_end(&self.stop, told).await;
        self.tasks.finish(self.events).await;
        outcome
    }
}

fn client(config: &Config, read_timeout: Option<Duration>) -> Result<Client> {
    let mut config = config.clone();
    config.read_timeout = read_timeout;
    config.connect_timeout = Some(Duration::from_secs(5));
    // kube would repeat POSTs too on 503: what is repeated is decided here.
    config.default_retry = false;
    Client::try_from(config).context("the kubeconfig cannot be used")
}

/// Whose servers are ours: the UID of kube-system, which no two clusters share.
async fn cluster_uid(client: &Client) -> Result<String> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let system = namespaces
        .get("kube-system")
        .await
        .context("the namespace kube-system cannot be read; its UID tells this cluster's servers from others'")?;
    system.metadata.uid.context("the namespace kube-system has no UID")
}

#[derive(Default)]
struct Tasks {
    essential: JoinSet<&'static str>,
    lease: Option<tokio::task::JoinHandle<()>>,
    lease_stop: CancellationToken,
}

impl Tasks {
    fn lease(&mut self, config: lease::Config, client: &Client, metrics: &Metrics, stop: &CancellationToken) -> LeaseHandle {
        let (handle, task) = lease::start(config, client.clone(), metrics.clone(), self.lease_stop.clone());
        let (stop, ended) = (stop.clone(), tokio::spawn(task));
        // Leadership that is lost ends the process: it starts again with a clean memory.
        self.lease = Some(tokio::spawn(async move {
            let _ = ended.await;
            stop.cancel();
        }));
        handle
    }

    fn start(&mut self, ctx: &Context, informers: JoinSet<&'static str>) {
        let mut informers = informers;
        self.essential.spawn(async move { informers.join_next().await.and_then(Result::ok).unwrap_or("informers") });
        self.spawn("planning", planning::run(ctx.clone()));
        self.spawn("driver", driver::run(ctx.clone()));
        self.spawn("clouds", clouds::run(ctx.clone()));
        self.spawn("approvals", approvals::run(ctx.clone()));
        let (plan, endpoints) = (ctx.signals.plan.clone(), ctx.discovery.clone());
        self.spawn("discovery", endpoints.run(ctx.client.clone(), move || plan.mark(), ctx.stop.clone()));
    }

    fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.essential.spawn(async move {
            task.await;
            name
        });
    }

    /// Waits for a signal, or for the end of something essential.
    async fn until_end(&mut self, stop: &CancellationToken, told: impl Future<Output = &'static str>) -> Result<()> {
        tokio::select! {
            signal = told => {
                tracing::info!(signal, "told to stop; steps under way are finished first");
                Ok(())
            }
            () = stop.cancelled() => bail!("leadership was lost; the process ends so that another can take over"),
            ended = self.essential.join_next() => match ended {
                Some(Ok(name)) => bail!("the {name} task ended; the process ends so that it is started again"),
                Some(Err(error)) => bail!("a task failed: {error}; the process ends so that it is started again"),
                None => bail!("no task is left"),
            },
        }
        .inspect(|()| stop.cancel())
        .inspect_err(|_| stop.cancel())
    }

    /// Steps under way, then events, then the lease, so that the next leader finds everything written.
    async fn finish(mut self, events: impl Future<Output = ()>) {
        let drained = tokio::time::timeout(GRACE, async { while self.essential.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!("steps were still under way after {GRACE:?}; they are found again at the next start");
        }
        let _ = tokio::time::timeout(Duration::from_secs(3), events).await;
        self.lease_stop.cancel();
        if let Some(lease) = self.lease.take() {
            let _ = tokio::time::timeout(Duration::from_secs(3), lease).await;
        }
    }
}

/// Unlike any other replica's: a process id is 1 in every container.
fn own_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("gantry-{}-{}", host.trim(), std::process::id())
}

async fn signalled() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    }
}
