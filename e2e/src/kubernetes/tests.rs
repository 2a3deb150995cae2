//! The control plane, started for real: skipped, with the reason, where its programs are neither installed nor built.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod, Secret};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Address, ControlPlane, FAKE_NODE_ANNOTATION, Options, binaries};

const LIMIT: Duration = Duration::from_secs(60);

/// The programs, or none, with the reason on stdout.
pub async fn programs() -> Option<PathBuf> {
    let found = binaries::find().await.unwrap();
    if found.is_none() {
        println!("skipped: the programs of Kubernetes are not built; run e2e/kubernetes/build.sh");
    }
    found
}

/// A directory that nobody else uses.
pub fn temporary_dir() -> PathBuf {
    std::env::temp_dir().join(format!("gantry-control-plane-{}", uuid::Uuid::new_v4()))
}

async fn start() -> Option<ControlPlane> {
    let options = Options::new(programs().await?, temporary_dir(), Address::Loopback);
    Some(ControlPlane::start(options).await.unwrap())
}

fn parse<K: DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object).unwrap()
}

async fn wait_for<F: Future<Output = bool>>(what: &str, probe: impl Fn() -> F) -> Duration {
    let started = Instant::now();
    while !probe().await {
        assert!(started.elapsed() < LIMIT, "{what} did not happen within {} s", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}

async fn create_fake_node(control_plane: &ControlPlane, name: &str) {
    let (key, value) = FAKE_NODE_ANNOTATION;
    let node: Node = parse(json!({"metadata": {"name": name, "annotations": {key: value}}}));
    let nodes: Api<Node> = Api::all(control_plane.client());
    nodes.create(&PostParams::default(), &node).await.unwrap();
}

async fn create_pod(control_plane: &ControlPlane, name: &str) -> Api<Pod> {
    let container = json!({"name": "main", "image": super::image::PAUSE, "resources": {"requests": {"cpu": "1"}}});
    let pod: Pod = parse(json!({"metadata": {"name": name}, "spec": {"containers": [container]}}));
    let pods: Api<Pod> = Api::default_namespaced(control_plane.client());
    pods.create(&PostParams::default(), &pod).await.unwrap();
    pods
}

async fn has_phase(pods: Api<Pod>, name: &str, phase: &str) -> bool {
    let pod = pods.get(name).await.unwrap();
    pod.status.and_then(|status| status.phase).as_deref() == Some(phase)
}

/// What the node controller writes when it has missed a node's leases does not last once the node is heard of again.
async fn assert_recovers(control_plane: &ControlPlane, name: &str) {
    let nodes: Api<Node> = Api::all(control_plane.client());
    let lost = json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}});
    nodes.patch_status(name, &PatchParams::default(), &Patch::Strategic(lost)).await.unwrap();
    wait_for("the node is Ready again", || async {
        let conditions = nodes.get(name).await.unwrap().status.unwrap().conditions.unwrap();
        conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    })
    .await;
}

/// What a kubeadm cluster has for nodes that join, and no token left over.
async fn assert_like_kubeadm(control_plane: &ControlPlane) {
    let in_namespace = |namespace: &str| Api::<ConfigMap>::namespaced(control_plane.client(), namespace);
    let kubelet = in_namespace("kube-system").get("kubelet-config").await.unwrap().data.unwrap();
    assert!(kubelet["kubelet"].contains("serverTLSBootstrap: true"), "{kubelet:?}");
    let cluster = in_namespace("kube-system").get("kubeadm-config").await.unwrap().data.unwrap();
    assert!(cluster["ClusterConfiguration"].contains("controlPlaneEndpoint"), "{cluster:?}");
    let info = in_namespace("kube-public").get("cluster-info").await.unwrap().data.unwrap();
    assert!(info["kubeconfig"].contains(control_plane.server()), "{info:?}");
    let secrets: Api<Secret> = Api::namespaced(control_plane.client(), "kube-system");
    let left = secrets.list(&ListParams::default()).await.unwrap().items;
    assert_eq!(left.iter().filter_map(|secret| secret.metadata.name.clone()).collect::<Vec<_>>(), Vec::<String>::new());
}

#[tokio::test]
async fn a_pod_runs_on_a_fake_node_and_nothing_is_left_after_stop() {
    let Some(mut control_plane) = start().await else {
        return;
    };
    println!("usable after {:?}", control_plane.started_in());
    assert_like_kubeadm(&control_plane).await;

    let pods = create_pod(&control_plane, "before").await;
    create_fake_node(&control_plane, "fake-1").await;
    let running = wait_for("the pod runs", || has_phase(pods.clone(), "before", "Running")).await;
    println!("pod Running {running:?} after its node was created");
    pods.delete("before", &DeleteParams::default()).await.unwrap();
    let gone = wait_for("the pod is gone", || async { pods.get_opt("before").await.unwrap().is_none() }).await;
    println!("pod gone {gone:?} after its deletion");

    assert_recovers(&control_plane, "fake-1").await;
    let restart = Instant::now();
    control_plane.restart_api_server().await.unwrap();
    println!("API server restarted in {:?}", restart.elapsed());
    let pods = create_pod(&control_plane, "after").await;
    wait_for("a pod runs after the restart", || has_phase(pods.clone(), "after", "Running")).await;
    println!("resident memory, MiB: {:?}", control_plane.resident_memory_mib());
    assert!(std::fs::read_to_string(control_plane.audit_log()).unwrap().contains("\"kubernetes-admin\""));

    let dir = PathBuf::from(control_plane.logs().parent().unwrap());
    let pids: Vec<u32> = control_plane.pids();
    let stop = Instant::now();
    control_plane.stop().await.unwrap();
    println!("stopped in {:?}", stop.elapsed());
    assert!(!dir.exists());
    assert!(pids.iter().all(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()));
}
