//! A running simulator: a thread with its own runtime, so that it can be used from any test, and stopped by dropping it.
use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    thread,
};

use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    admin,
    clock::Clock,
    clouds_yaml,
    config::Config,
    dispatch::{self, Shared},
    http::{self, Request},
    state::Cloud,
};

/// A cloud that answers until it is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

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
        let clock = Clock::start();
        let cloud = Cloud::new(config, url.clone(), clock.now());
        let shared = Arc::new(Shared::new(clock, cloud));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let for_thread = shared.clone();
        let thread = thread::Builder::new().name("cloud-sim".to_owned()).spawn(move || {
            runtime.block_on(run(listener, for_thread, stopped));
        })?;
        Ok(Self { shared, address, url, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://host:port`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        let response = admin::handle(&mut self.shared.cloud(), &request, self.shared.clock.now());
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status == 200 { Ok(answer) } else { Err(answer["error"].as_str().unwrap_or_default().to_owned()) }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
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
