//! A gate between one operator and all that it talks to: it counts what goes through, and can kill the operator at any of it.
//!
//! The operator's kubeconfig and clouds.yaml name the gate. Below `/os/<n>/` it forwards to an OpenStack service, everything else goes to
//! the API server. A [`Scope`] narrows an operator's view to one namespace, so that many operators share one Kubernetes.

mod calls;
mod forward;
mod origins;
mod scope;
mod spoil;
mod trap;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gantry_crds::LABEL_HOST_UID;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use calls::{Call, Side};
pub use scope::Scope;
pub use spoil::{How, Which};
pub use trap::{Cut, Point};

use origins::Origins;
use spoil::Spoils;
use trap::Trap;

/// Exchanges that are kept for the checks; more than the longest workload has.
const EXCHANGES_MAX: usize = 20_000;

/// A call that changes something, and what was answered.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked.
    pub call: Call,
    /// The path as the operator sent it.
    pub path: String,
    /// What was sent.
    pub body: Value,
    /// What was answered; `None` if it never got that far.
    pub status: Option<u16>,
    /// What was answered.
    pub answer: Value,
}

impl Exchange {
    /// Whether the other side said that it was done.
    #[must_use]
    pub fn done(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// A gate that is open until it is dropped.
pub struct Gate {
    shared: Arc<Shared>,
    url: String,
    task: JoinHandle<()>,
}

struct Shared {
    http: reqwest::Client,
    api_server: String,
    own: String,
    scope: Scope,
    origins: Mutex<Origins>,
    state: Mutex<State>,
    killed: watch::Sender<u64>,
}

/// Whose calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// Nobody's: the operator is down.
    Closed,
    /// An operator's that is being started: its process id is not known yet.
    Expected,
    /// An operator's that is being started and is to be killed as soon as its process id is known: nothing passes any more.
    Doomed,
    /// This process's.
    Runs(u32),
}

/// What changes while calls pass.
struct State {
    trap: Trap,
    spoils: Spoils,
    /// The newest of the operator's Keystone tokens.
    keystone_token: Option<String>,
    operator: Admission,
    exchanges: Vec<Exchange>,
    /// UIDs of the hosts whose bootstrap tokens were written.
    tokens_for: BTreeSet<String>,
    last_write: Instant,
}

impl Gate {
    /// Opens a gate to this API server.
    ///
    /// # Errors
    /// If no port is free or the CA is no certificate.
    pub async fn open(api_server: &str, ca_pem: &str, scope: Scope) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let ca = reqwest::Certificate::from_pem(ca_pem.as_bytes()).context("the cluster's CA is no certificate")?;
        let http = reqwest::Client::builder().tls_certs_only([ca]).no_gzip().no_proxy().http1_only();
        let http = http.redirect(reqwest::redirect::Policy::none()).build()?;
        let shared = Arc::new(Shared {
            http,
            api_server: api_server.trim_end_matches('/').to_owned(),
            own: url.clone(),
            scope,
            origins: Mutex::default(),
            state: Mutex::new(State {
                trap: Trap::default(),
                spoils: Spoils::default(),
                keystone_token: None,
                operator: Admission::Closed,
                exchanges: Vec::new(),
                tokens_for: BTreeSet::new(),
                last_write: Instant::now(),
            }),
            killed: watch::Sender::new(0),
        });
        let router = axum::Router::new().fallback(forward::handle).with_state(shared.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, url, task })
    }

    /// clouds.yaml with every `auth_url` leading through this gate.
    #[must_use]
    pub fn clouds_yaml(&self, text: &str) -> String {
        let mut origins = lock(&self.shared.origins);
        let lines = text.lines().map(|line| match line.split_once("auth_url:") {
            Some((before, url)) => {
                let url = url.trim().trim_matches(['"', '\'']);
                format!("{before}auth_url: {}", origins.through(&self.url, url))
            }
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }

    /// Writes a kubeconfig that leads through this gate, with this token.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn kubeconfig(&self, path: &Path, token: &str, namespace: &str) -> Result<PathBuf> {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "gantry",
            "clusters": [{"name": "lab", "cluster": {"server": self.url}}],
            "users": [{"name": "gantry", "user": {"token": token}}],
            "contexts": [{"name": "gantry", "context": {"cluster": "lab", "user": "gantry", "namespace": namespace}}],
        });
        std::fs::write(path, serde_json::to_vec(&config)?)?;
        Ok(path.to_owned())
    }

    /// An operator is about to be started: its calls pass. Nothing passes before the first of these calls, and after a kill.
    pub fn expect(&self) {
        self.shared.state().operator = Admission::Expected;
    }

    /// The operator that was expected is this process.
    pub fn admit(&self, operator: u32) {
        let mut state = self.shared.state();
        let is_doomed = state.operator == Admission::Doomed;
        state.operator = Admission::Runs(operator);
        if is_doomed {
            self.shared.kill(&mut state);
        }
    }

    /// From now on calls are counted; the operator is killed when `point` is reached.
    pub fn arm(&self, point: Option<Point>) {
        let mut state = self.shared.state();
        state.trap = Trap::armed(point);
        state.exchanges.clear();
        state.last_write = Instant::now();
    }

    /// Spoils the next `count` of these requests.
    pub fn spoil(&self, which: Which, how: How, count: u32) {
        self.shared.state().spoils.add(which, how, count);
    }

    /// Spoils nothing any more.
    pub fn spoil_nothing(&self) {
        self.shared.state().spoils.clear();
    }

    /// The operator's Keystone token, for those who would revoke it.
    #[must_use]
    pub fn keystone_token(&self) -> Option<String> {
        self.shared.state().keystone_token.clone()
    }

    /// The calls that were counted since the gate was armed, in their order.
    #[must_use]
    pub fn counted(&self) -> Vec<Call> {
        self.shared.state().trap.counted().to_vec()
    }

    /// Calls that change something, since the gate was armed.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.shared.state().exchanges.clone()
    }

    /// UIDs of the hosts for which bootstrap tokens were written since the gate was opened.
    #[must_use]
    pub fn tokens_for(&self) -> BTreeSet<String> {
        self.shared.state().tokens_for.clone()
    }

    /// How long no call has changed anything.
    #[must_use]
    pub fn quiet_for(&self) -> Duration {
        self.shared.state().last_write.elapsed()
    }

    /// Whether the point was reached and the operator killed.
    #[must_use]
    pub fn has_killed(&self) -> bool {
        self.shared.state().trap.sprung()
    }

    /// If the answer of the point has passed and no call came after it: kills the operator now.
    pub fn kill_if_passed(&self) {
        let mut state = self.shared.state();
        if state.trap.spring_if_passed() {
            self.shared.kill(&mut state);
        }
    }

    /// Changes whenever the gate kills the operator.
    #[must_use]
    pub fn kills(&self) -> watch::Receiver<u64> {
        self.shared.killed.subscribe()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn is_open(state: &State) -> bool {
        matches!(state.operator, Admission::Expected | Admission::Runs(_))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// kill -9; from now on nothing of this process passes.
    fn kill(&self, state: &mut State) {
        let Admission::Runs(pid) = state.operator else {
            state.operator = Admission::Doomed;
            return;
        };
        state.operator = Admission::Closed;
        // Told first: whoever sees the process end must know by whom.
        self.killed.send_modify(|kills| *kills += 1);
        if let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    fn record(&self, exchange: Exchange) {
        let mut state = self.state();
        state.last_write = Instant::now();
        state.tokens_for.extend(exchange.body["metadata"]["labels"][LABEL_HOST_UID].as_str().map(str::to_owned));
        if state.exchanges.len() < EXCHANGES_MAX {
            state.exchanges.push(exchange);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
