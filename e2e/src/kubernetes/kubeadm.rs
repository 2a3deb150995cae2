//! Gives the cluster what `kubeadm init` leaves behind, by kubeadm's own phases: what `kubeadm join` then relies on.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams};
use rand::Rng;
use rand::distr::Uniform;
use serde_json::{Value, json};

use super::network::{BRIDGE_ADDRESS, SERVICE_SUBNET};
use super::options::{Endpoints, Layout, Options};
use super::processes::{Program, run_now};
use super::programs;

/// The id of the token that kubeadm's phase insists on making; it is deleted at once.
const TOKEN_ID: &str = "gantry";
/// How long one phase may take; about 1 s on an idle machine.
const PHASE_LIMIT: Duration = Duration::from_secs(90);
/// The phases: the ConfigMaps kubeadm-config and kubelet-config; cluster-info and the RBAC of joining nodes.
const PHASES: [&[&str]; 2] = [&["upload-config", "all"], &["bootstrap-token"]];

/// Runs the phases against an API server that is ready.
///
/// # Errors
/// When a phase fails or is late: with the end of its log.
pub async fn set_up(options: &Options, layout: &Layout, endpoints: &Endpoints, client: kube::Client) -> Result<()> {
    let kubeadm = options.bin_dir.join("kubeadm");
    let version = run_now(&kubeadm.to_string_lossy(), ["version", "-o", "short"])?;
    let config = layout.config("kubeadm.yaml");
    fs::write(&config, documents(endpoints, version.trim())).context("cannot write kubeadm.yaml")?;
    for phase in PHASES {
        let program = Program::new(format!("kubeadm {}", phase.join(" ")), &kubeadm, layout.log("kubeadm"));
        program.args(programs::kubeadm_phase(phase, layout, &config)).run(PHASE_LIMIT).await?;
    }
    let secrets: Api<Secret> = Api::namespaced(client, "kube-system");
    let name = format!("bootstrap-token-{TOKEN_ID}");
    secrets.delete(&name, &DeleteParams::default()).await.context("cannot delete kubeadm's own bootstrap token")?;
    Ok(())
}

/// The file of configuration: JSON documents, which are YAML documents.
fn documents(endpoints: &Endpoints, version: &str) -> String {
    let documents = [init_configuration(endpoints), cluster_configuration(endpoints, version), kubelet_configuration()];
    documents.map(|document| format!("{document:#}\n")).join("---\n")
}

fn init_configuration(endpoints: &Endpoints) -> Value {
    json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "InitConfiguration",
        "bootstrapTokens": [{"token": format!("{TOKEN_ID}.{}", token_secret()), "ttl": "1m"}],
        // Never stored, but kubeadm refuses a loopback address here.
        "localAPIEndpoint": {"advertiseAddress": BRIDGE_ADDRESS, "bindPort": endpoints.api_server_port},
        // Named so that kubeadm does not look for a container runtime on this machine.
        "nodeRegistration": {"name": "control-plane", "criSocket": "unix:///run/containerd/containerd.sock"},
    })
}

fn cluster_configuration(endpoints: &Endpoints, version: &str) -> Value {
    json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "clusterName": "gantry-e2e",
        "kubernetesVersion": version,
        "controlPlaneEndpoint": format!("{}:{}", endpoints.api_server, endpoints.api_server_port),
        "networking": {"serviceSubnet": SERVICE_SUBNET},
    })
}

/// What every kubelet of the laboratory gets: they share one kernel, perhaps with cgroup v1, and none owns the machine.
fn kubelet_configuration() -> Value {
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": false,
        "cgroupDriver": "cgroupfs",
        "enforceNodeAllocatable": [],
        "failSwapOn": false,
        "serverTLSBootstrap": true,
        "rotateCertificates": true,
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
    })
}

fn token_secret() -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let letters = Uniform::new(0, alphabet.len()).expect("the alphabet is not empty");
    rand::rng().sample_iter(letters).take(16).map(|letter| char::from(alphabet[letter])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::options::Address;

    #[test]
    fn nodes_join_at_the_address_that_the_api_server_listens_on() {
        let endpoints = Endpoints::choose(Address::Bridge).unwrap();
        let cluster = cluster_configuration(&endpoints, "v1.37.2");
        assert_eq!(cluster["controlPlaneEndpoint"], "10.78.0.1:6443");
        assert_eq!(documents(&endpoints, "v1.37.2").matches("---\n").count(), 2);
    }

    #[test]
    fn a_token_secret_is_sixteen_letters_or_digits() {
        let secret = token_secret();
        assert!(secret.len() == 16 && secret.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    }
}
