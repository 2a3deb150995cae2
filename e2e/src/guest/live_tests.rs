//! Both kinds of guests against a real API server and a simulated Nova: skipped, with the reason, where that cannot be.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_cloud_sim::{Config as SimulatorConfig, Simulator};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use reqwest::Method;
use serde_json::{Value, json};

use super::real::{self, Image};
use super::{Body, Booter, Config, Kind, Phase, infra};
use crate::kubernetes::{Address, ControlPlane, Options, binaries, image};

const LIMIT: Duration = Duration::from_secs(90);
const NAME: &str = "general-x7k2p";

/// A control plane, a simulated cloud, and a booter between them.
struct World {
    control_plane: ControlPlane,
    simulator: Simulator,
    booter: Booter,
    dir: PathBuf,
}

impl World {
    async fn start(bin: &Path, address: Address, kind: Kind) -> Self {
        let dir = std::env::temp_dir().join(format!("gantry-guests-{}", uuid::Uuid::new_v4()));
        let images = dir.join("images");
        std::fs::create_dir_all(&images).unwrap();
        image::write(&image::Image::pause(bin), &images.join("pause.tar")).unwrap();
        let control_plane = ControlPlane::start(Options::new(bin, dir.join("kubernetes"), address)).await.unwrap();
        let simulator =
            Simulator::start(SimulatorConfig { build_latency: Duration::from_millis(50), ..SimulatorConfig::default() }).unwrap();
        let clouds_yaml = dir.join("clouds.yaml");
        std::fs::write(&clouds_yaml, simulator.clouds_yaml()).unwrap();
        let mut config = Config::new(clouds_yaml, "admin", dir.join("guests"));
        (config.kind, config.bin_dir, config.images_dir) = (kind, Some(bin.to_owned()), Some(images));
        let booter = Booter::start(config).await.unwrap();
        Self { control_plane, simulator, booter, dir }
    }

    /// User data of the form that a host gets, with a token that kube-controller-manager approves.
    async fn user_data(&self) -> String {
        let (_, token) = infra::create_token(&self.control_plane.client()).await.unwrap();
        include_str!("testdata/kubeadm-user-data.yaml")
            .replace("https://10.78.0.1:6443", &self.control_plane.server())
            .replace("YSBjZXJ0aWZpY2F0ZQ==", &STANDARD.encode(self.control_plane.ca_pem()))
            .replace("abcdef.0123456789abcdef", &token)
    }

    async fn node(&self) -> Option<Node> {
        Api::<Node>::all(self.control_plane.client()).get_opt(NAME).await.unwrap()
    }

    async fn node_is_ready(&self) -> bool {
        let status = self.node().await.and_then(|node| node.status);
        let conditions = status.iter().flat_map(|status| status.conditions.iter().flatten());
        conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    }

    async fn end(self) {
        self.booter.stop().await;
        self.control_plane.stop().await.unwrap();
        drop(self.simulator);
        std::fs::remove_dir_all(&self.dir).unwrap();
    }
}

/// A user of the simulated cloud.
struct Cloud {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Cloud {
    async fn log_in(simulator: &Simulator) -> Self {
        let http = reqwest::Client::new();
        let domain = json!({ "id": "default" });
        let user = json!({ "name": "demo", "domain": domain, "password": "demo" });
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "project": { "name": "demo", "domain": domain } },
        } });
        let answer = http.post(format!("{}/auth/tokens", simulator.keystone_url())).json(&body).send().await.unwrap();
        let token = answer.headers()["X-Subject-Token"].to_str().unwrap().to_owned();
        Self { http, url: simulator.url().to_owned(), token }
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.url)).header("X-Auth-Token", &self.token);
        let request = request.header("OpenStack-API-Version", "compute 2.96").json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path} answered {}", answer.status());
        answer.json().await.unwrap_or(Value::Null)
    }

    async fn create_server(&self, user_data: &str) -> String {
        let networks = self.call(Method::GET, "/networking/v2.0/networks", Value::Null).await;
        let images = self.call(Method::GET, "/image/v2/images", Value::Null).await;
        let server = json!({ "server": {
            "name": NAME, "flavorRef": "2", "imageRef": images["images"][0]["id"],
            "networks": [{ "uuid": networks["networks"][0]["id"] }], "user_data": STANDARD.encode(user_data),
        } });
        let created = self.call(Method::POST, "/compute/v2.1/servers", server).await;
        created["server"]["id"].as_str().unwrap().to_owned()
    }

    async fn delete_server(&self, id: &str) {
        self.call(Method::DELETE, &format!("/compute/v2.1/servers/{id}"), Value::Null).await;
    }
}

async fn wait_for<F: Future<Output = bool>>(what: &str, probe: impl Fn() -> F) -> Duration {
    let started = Instant::now();
    while !probe().await {
        assert!(started.elapsed() < LIMIT, "{what} did not happen within {} s", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}

async fn programs() -> Option<PathBuf> {
    let found = binaries::find().await.unwrap();
    if found.is_none() {
        println!("skipped: the programs of Kubernetes are not built; run e2e/kubernetes/build.sh");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_light_guest_joins_from_its_user_data_and_lets_go_when_its_server_is_gone() {
    let Some(bin) = programs().await else { return };
    let world = World::start(&bin, Address::Loopback, Kind::Light).await;
    let cloud = Cloud::log_in(&world.simulator).await;
    let id = cloud.create_server(&world.user_data().await).await;
    let elapsed = wait_for("Ready", || world.node_is_ready()).await;
    println!("light guest: POST /servers to Ready in {} ms", elapsed.as_millis());
    let node = world.node().await.unwrap();
    assert_eq!(node.spec.unwrap().provider_id, Some(format!("openstack:///{id}")));
    assert_eq!(node.status.unwrap().allocatable.unwrap()["pods"].0, "64");
    let leases: Api<Lease> = Api::namespaced(world.control_plane.client(), "kube-node-lease");
    let holder = || async { leases.get_opt(NAME).await.unwrap().and_then(|lease| lease.spec?.holder_identity) };
    wait_for("kwok's heartbeat", || async { holder().await.is_some() }).await;
    cloud.delete_server(&id).await;
    wait_for("the end of the heartbeat", || async { holder().await.as_deref() == Some(NAME) }).await;
    wait_for("the guest's end", || async { world.booter.reports().is_empty() }).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_does_not_understand_its_user_data_never_joins() {
    let Some(bin) = programs().await else { return };
    let world = World::start(&bin, Address::Loopback, Kind::Light).await;
    let cloud = Cloud::log_in(&world.simulator).await;
    cloud.create_server("#!/bin/sh\necho hello\n").await;
    let has_failed = || async { matches!(world.booter.reports().first().map(|report| report.phase.clone()), Some(Phase::Failed(_))) };
    wait_for("the refusal", has_failed).await;
    assert!(world.node().await.is_none());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_guest_runs_kubeadm_join_and_leaves_nothing_on_this_machine() {
    let Some(bin) = programs().await else { return };
    let image = Image { bin_dir: bin.clone(), images_dir: None };
    if let Err(reason) = real::check_machine(&image) {
        println!("skipped: {reason}");
        return;
    }
    if Path::new("/sys/class/net/gantry0").exists() {
        println!("skipped: another environment has the bridge gantry0");
        return;
    }
    let world = World::start(&bin, Address::Bridge, Kind::Real).await;
    let cloud = Cloud::log_in(&world.simulator).await;
    let id = cloud.create_server(&world.user_data().await).await;
    let elapsed = wait_for("Ready", || world.node_is_ready()).await;
    println!("real guest: POST /servers to Ready in {} ms", elapsed.as_millis());
    let reports = world.booter.reports();
    assert_eq!((reports[0].body, &reports[0].phase), (Body::Real, &Phase::Joined));
    let node = world.node().await.unwrap();
    assert_eq!(node.spec.unwrap().provider_id, Some(format!("openstack:///{id}")));
    let status = node.status.unwrap();
    let capacity = status.capacity.unwrap();
    assert_eq!((capacity["cpu"].0.as_str(), capacity["memory"].0.as_str()), ("4", "8Gi"));
    assert!(!real::left_on_this_machine().is_empty());
    cloud.delete_server(&id).await;
    wait_for("an end without a trace", || async { real::left_on_this_machine().is_empty() }).await;
    world.end().await;
}
