//! A simulated cloud in hand: served over HTTP by its own thread until it is dropped, or asked in process.
use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    thread,
};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    admin,
    clock::{Clock, Time},
    clouds_yaml,
    config::Config,
    dispatch::{self, Shared},
    hook::Hook,
    http::{self, Aborted, Request, Response},
    log::RequestRecord,
    state::{Cloud, ids::Ids},
};

/// A cloud that answers until it is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    url: String,
    server: Option<Server>,
}

/// The thread that answers over HTTP.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

/// Where the catalog of a cloud without socket leads, if the configuration does not say it.
const EMBEDDED_URL: &str = "http://cloud.invalid";

/// An application credential of user demo that exists from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationCredential {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Simulator {
    /// Starts a cloud; it answers when this returns.
    ///
    /// # Errors
    /// If the address cannot be listened on, or no thread can be started.
    pub fn start(config: Config) -> io::Result<Self> {
        let listener = StdListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let shared = shared(config, &url, Clock::Wall);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let for_thread = shared.clone();
        let thread = thread::Builder::new().name("cloud-sim".to_owned()).spawn(move || {
            runtime.block_on(run(listener, for_thread, stopped));
        })?;
        Ok(Self { shared, url, server: Some(Server { address, stop, thread }) })
    }

    /// A cloud without socket and thread, asked by [`Self::handle`]. For [`Clock::Tokio`], call it inside the runtime; then also
    /// everything drawn at random follows the seed.
    pub fn embedded(config: Config, clock: Clock) -> Self {
        let url = config.public_url.clone().unwrap_or_else(|| EMBEDDED_URL.to_owned());
        Self { shared: shared(config, &url, clock), url, server: None }
    }

    /// Answers one request on the caller's runtime, as over HTTP. To drop the future is to hang up.
    ///
    /// # Errors
    /// [`Aborted`] if a fault rule or a hook takes the answer away, or the body is larger than 16 MiB.
    pub async fn handle(&self, request: ::http::Request<Bytes>) -> Result<::http::Response<Bytes>, Aborted> {
        let (parts, body) = request.into_parts();
        if body.len() > http::MAX_BODY_BYTES {
            return Err(Aborted);
        }
        let request = Request::new(parts.method, &parts.uri, parts.headers, body);
        dispatch::handle(&self.shared, request).await.map(Response::into_http)
    }

    /// What the cloud takes for now.
    pub fn now(&self) -> Timestamp {
        self.shared.time.now()
    }

    /// Puts a hook into the way of every request but those below /admin, in place of the one before.
    pub fn on_request(&self, hook: Option<Hook>) {
        self.shared.hook.set(hook);
    }

    /// Grows with each change of what is in the cloud.
    pub fn revision(&self) -> u64 {
        self.shared.cloud().revision
    }

    /// The last 100,000 requests, oldest first, without those below /admin.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.cloud().log.records()
    }

    /// Forgets the requests so far, also their counts.
    pub fn forget_requests(&self) {
        self.shared.cloud().log.clear();
    }

    /// `http://host:port`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(|server| server.address)
    }

    /// What `auth_url` in clouds.yaml has to be.
    pub fn keystone_url(&self) -> String {
        format!("{}/identity/v3", self.url)
    }

    /// A clouds.yaml with the entries `openstack` (demo's password), `openstack-appcred` and `admin`.
    pub fn clouds_yaml(&self) -> String {
        clouds_yaml::render(&self.shared.cloud())
    }

    /// The application credential of user demo, unless it was deleted.
    pub fn application_credential(&self) -> Option<ApplicationCredential> {
        let cloud = self.shared.cloud();
        let first = cloud.identity.app_credentials.values().next()?;
        Some(ApplicationCredential { id: first.id.clone(), secret: first.secret.clone() })
    }

    /// The same as a request below /admin, without HTTP: `admin("POST", "faults", json!({...}))`.
    ///
    /// # Errors
    /// The sentence of the refusal.
    pub fn admin(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let method = method.parse().map_err(|_| format!("{method} is not a method"))?;
        let uri = format!("/admin/{path}").parse().map_err(|_| format!("{path} is not a path"))?;
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let request = Request::new(method, &uri, ::http::HeaderMap::new(), body.into());
        let response = admin::handle(&mut self.shared.cloud(), &request, self.shared.time.now());
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status == 200 { Ok(answer) } else { Err(answer["error"].as_str().unwrap_or_default().to_owned()) }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(Server { stop, thread, .. }) = self.server.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

fn shared(config: Config, url: &str, clock: Clock) -> Arc<Shared> {
    let ids = match clock {
        Clock::Wall => Ids::default(),
        Clock::Tokio { .. } => Ids::seeded(config.seed),
    };
    let time = Time::start(clock);
    let cloud = Cloud::new(config, url.to_owned(), ids, time.now());
    Arc::new(Shared::new(time, cloud))
}

async fn run(listener: StdListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let serve = http::serve(listener, move |request| {
        let shared = shared.clone();
        async move { dispatch::handle(&shared, request).await }
    });
    tokio::select! {
        never = serve => match never {},
        _ = stopped => {}
    }
}
