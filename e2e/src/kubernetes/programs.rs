//! The command lines of the control plane's programs: pure, from the layout and the endpoints.

use std::path::Path;

use super::network::SERVICE_SUBNET;
use super::options::{Address, Endpoints, Layout, Options};

/// Largest audit log before it is rotated, in MB, and how many rotated ones are kept.
const AUDIT_LOG_MB: u32 = 200;
const AUDIT_LOGS_KEPT: u32 = 2;
/// What controllers and the scheduler may ask of the API server, a second: far above the defaults of 20 to 50, so that
/// thousands of nodes do not wait for the laboratory itself.
pub const CLIENT_QPS: u32 = 1000;

/// etcd without fsync: what a laboratory loses in a power cut it makes anew.
pub fn etcd(layout: &Layout, endpoints: &Endpoints) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", endpoints.etcd_port);
    let peer = format!("http://127.0.0.1:{}", endpoints.etcd_peer_port);
    vec![
        flag("data-dir", layout.config("etcd").display()),
        flag("listen-client-urls", &client),
        flag("advertise-client-urls", &client),
        flag("listen-peer-urls", &peer),
        flag("initial-advertise-peer-urls", &peer),
        flag("initial-cluster", format!("default={peer}")),
        "--unsafe-no-fsync".into(),
    ]
}

/// The API server as kubeadm sets it up, with an audit log.
pub fn api_server(layout: &Layout, endpoints: &Endpoints, options: &Options) -> Vec<String> {
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    let mut args = vec![
        flag("etcd-servers", format!("http://127.0.0.1:{}", endpoints.etcd_port)),
        flag("bind-address", endpoints.api_server),
        flag("advertise-address", endpoints.api_server),
        flag("secure-port", endpoints.api_server_port),
        flag("tls-cert-file", pki("apiserver.crt")),
        flag("tls-private-key-file", pki("apiserver.key")),
        flag("client-ca-file", pki("ca.crt")),
        flag("kubelet-certificate-authority", pki("ca.crt")),
        flag("kubelet-client-certificate", pki("kubelet-client.crt")),
        flag("kubelet-client-key", pki("kubelet-client.key")),
        flag("kubelet-preferred-address-types", "InternalIP,Hostname"),
        flag("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        flag("service-account-key-file", pki("sa.pub")),
        flag("service-account-signing-key-file", pki("sa.key")),
        flag("service-cluster-ip-range", SERVICE_SUBNET),
        flag("authorization-mode", "Node,RBAC"),
        flag("enable-admission-plugins", "NodeRestriction"),
        flag("enable-bootstrap-token-auth", true),
        flag("allow-privileged", true),
        flag("audit-policy-file", layout.config("audit-policy.yaml").display()),
        flag("audit-log-path", layout.audit_log().display()),
        flag("audit-log-maxsize", AUDIT_LOG_MB),
        flag("audit-log-maxbackup", AUDIT_LOGS_KEPT),
    ];
    if endpoints.address == Address::Loopback {
        // The endpoints of the service `kubernetes` may not be loopback addresses: the attempt would fail for ever.
        args.push(flag("endpoint-reconciler-type", "none"));
    }
    args.extend(options.api_server_args.iter().cloned());
    args
}

/// The controllers, with the two for bootstrap tokens that kubeadm turns on, and without leader election: there is one.
pub fn controller_manager(layout: &Layout, options: &Options) -> Vec<String> {
    let off: String = options.controllers_off.iter().map(|name| format!(",-{name}")).collect();
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    vec![
        flag("kubeconfig", layout.kubeconfig("controller-manager").display()),
        flag("controllers", format!("*,bootstrapsigner,tokencleaner{off}")),
        flag("use-service-account-credentials", true),
        flag("service-account-private-key-file", pki("sa.key")),
        flag("root-ca-file", pki("ca.crt")),
        flag("cluster-signing-cert-file", pki("ca.crt")),
        flag("cluster-signing-key-file", pki("ca.key")),
        flag("service-cluster-ip-range", SERVICE_SUBNET),
        flag("leader-elect", false),
        flag("secure-port", 0),
        flag("kube-api-qps", CLIENT_QPS),
        flag("kube-api-burst", CLIENT_QPS),
    ]
}

/// The scheduler, with [`scheduler_config`].
pub fn scheduler(layout: &Layout) -> Vec<String> {
    vec![flag("config", layout.config("scheduler.yaml").display()), flag("secure-port", 0)]
}

/// The scheduler's configuration: its defaults, but for how fast it may talk to the API server.
pub fn scheduler_config(layout: &Layout) -> String {
    let document = serde_json::json!({
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": false},
        "clientConnection": {
            "kubeconfig": layout.kubeconfig("scheduler"),
            "qps": CLIENT_QPS,
            "burst": CLIENT_QPS,
        },
    });
    format!("{document:#}\n")
}

/// kwok, for the nodes that carry [`super::FAKE_NODE_ANNOTATION`] only: all others have a kubelet.
pub fn kwok(layout: &Layout, options: &Options) -> Vec<String> {
    let (key, value) = super::FAKE_NODE_ANNOTATION;
    vec![
        flag("kubeconfig", layout.kubeconfig("kwok").display()),
        flag("config", layout.config("kwok-stages.yaml").display()),
        flag("manage-all-nodes", false),
        flag("manage-nodes-with-annotation-selector", format!("{key}={value}")),
        flag("node-lease-duration-seconds", options.fake_lease_seconds),
        flag("cidr", "10.192.0.0/13"),
    ]
}

/// One of kubeadm's phases of `init`, against a control plane that runs.
pub fn kubeadm_phase(phase: &[&str], layout: &Layout, config: &Path) -> Vec<String> {
    let mut args: Vec<String> = ["init", "phase"].iter().chain(phase).map(|&word| word.to_owned()).collect();
    args.push(flag("config", config.display()));
    args.push(flag("kubeconfig", layout.kubeconfig("admin").display()));
    args
}

fn flag(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}
