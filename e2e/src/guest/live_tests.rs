//! Both kinds of guests against a real API server and a simulated Nova: skipped, with the reason, where that cannot be.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_cloud_sim::{Config as SimulatorConfig, Simulator};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::PostParams;
use reqwest::Method;
use serde_json::{Value, json};

use super::real::{self, Image};
use super::{Body, Booter, Config, InfraNode, InfraOptions, Kind, Phase, Size, infra};
use crate::kubernetes::processes::run_now;
use crate::kubernetes::{Address, ControlPlane, Options, binaries, image};

const LIMIT: Duration = Duration::from_secs(90);
const NAME: &str = "general-x7k2p";
const LINES_OF_A_LOG: &str = "12";

/// A control plane, a simulated cloud, and a booter between them.
struct World {
    control_plane: ControlPlane,
    simulator: Simulator,
    booter: Booter,
    dir: PathBuf,
    _story: Story,
}

/// Prints the last lines of everything that the programs of a world wrote, if its test fails.
struct Story(PathBuf);

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let found = run_now("find", [self.0.as_os_str(), "-name".as_ref(), "*.log".as_ref()]).unwrap_or_default();
            let tail = |path: &str| run_now("tail", ["-n", LINES_OF_A_LOG, path]).unwrap_or_else(|error| format!("{error:#}"));
            found.lines().for_each(|path| println!("--- {path}\n{}", tail(path)));
        }
    }
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
        let _story = Story(dir.clone());
        Self { control_plane, simulator, booter, dir, _story }
    }

    /// User data of the form that a host gets, with a token that kube-controller-manager approves.
    async fn user_data(&self) -> String {
        let (_, token) = infra::create_token(&self.control_plane.client()).await.unwrap();
        include_str!("testdata/kubeadm-user-data.yaml")
            .replace("https://10.78.0.1:6443", self.control_plane.server())
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
        let networks = self.call(Method::GET, "/networking/v2.0/networks?name=apps", Value::Null).await;
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

/// A pod has an address of its node's pod subnet, and the service address of the API server answers it.
async fn assert_a_pod_reaches_the_api_server(world: &World) {
    let container = json!({ "name": "main", "image": image::PAUSE, "imagePullPolicy": "Never" });
    let spec = json!({ "nodeName": NAME, "tolerations": [{ "operator": "Exists" }], "containers": [container] });
    let pod: Pod = serde_json::from_value(json!({ "metadata": { "name": "caller" }, "spec": spec })).unwrap();
    let pods: Api<Pod> = Api::default_namespaced(world.control_plane.client());
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let status = || async { pods.get("caller").await.unwrap().status.unwrap_or_default() };
    let elapsed = wait_for("a running pod", || async { status().await.phase.as_deref() == Some("Running") }).await;
    println!("pod on a real guest: Running after {} ms", elapsed.as_millis());
    assert!(status().await.pod_ip.unwrap().starts_with("10.200."));
    let pid = run_now("pgrep", ["-n", "-x", "pause"]).unwrap();
    let call = ["-t", pid.trim(), "-n", "timeout", "5", "bash", "-c", "echo > /dev/tcp/10.96.0.1/443"];
    run_now("nsenter", call).unwrap();
}

async fn infra_node(world: &World, bin: &Path) -> InfraNode {
    let options = InfraOptions {
        name: "infra".into(),
        address: [10, 78, 0, 10].into(),
        size: Size { vcpus: 1, memory_mib: 1024, disk_gib: 10 },
        labels: [("role".to_owned(), "infra".to_owned())].into(),
        dir: world.dir.join("infra"),
        bin_dir: bin.to_owned(),
        images_dir: Some(world.dir.join("images")),
    };
    let control_plane = &world.control_plane;
    InfraNode::boot(control_plane.client(), control_plane.server(), control_plane.ca_pem(), options).await.unwrap()
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
    // The kubelet says that it is ready on its own; kubeadm, whose end the booter waits for, may still be looking.
    wait_for("kubeadm's end", || async { world.booter.reports()[0].phase == Phase::Joined }).await;
    assert_eq!(world.booter.reports()[0].body, Body::Real);
    let node = world.node().await.unwrap();
    assert_eq!(node.spec.unwrap().provider_id, Some(format!("openstack:///{id}")));
    let status = node.status.unwrap();
    let capacity = status.capacity.unwrap();
    assert_eq!((capacity["cpu"].0.as_str(), capacity["memory"].0.as_str()), ("4", "8Gi"));
    assert_a_pod_reaches_the_api_server(&world).await;
    let infra = infra_node(&world, &bin).await;
    assert_eq!(real::left_on_this_machine().len(), 2);
    println!("infra node: {} MiB", infra.memory_mib().unwrap());
    infra.end().await.unwrap();
    cloud.delete_server(&id).await;
    wait_for("an end without a trace", || async { real::left_on_this_machine().is_empty() }).await;
    world.end().await;
}
