//! The Node object that a light guest registers, as a kubelet would.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Result;
use k8s_openapi::api::core::v1::{Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus, NodeSystemInfo};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::ObjectMeta;

use super::capacity::{self, Size};
use super::join::JoinRequest;
use crate::kubernetes::FAKE_NODE_ANNOTATION;

/// What a light guest knows of its machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Nova server id; also the machine's system UUID, as with a real Nova guest.
    pub server_id: String,
    /// Host name.
    pub hostname: String,
    /// First fixed address.
    pub address: IpAddr,
    /// Flavor.
    pub size: Size,
    /// Version of the kubelet in the image, such as `v1.37.2`.
    pub kubelet_version: String,
}

/// The Node at registration: everything but Ready.
///
/// # Errors
/// A reserve in the kubelet's patches that is not a quantity.
pub fn registration(join: &JoinRequest, machine: &Machine) -> Result<Node> {
    let resources = capacity::resources(machine.size, &join.kubelet)?;
    Ok(Node {
        metadata: ObjectMeta {
            name: Some(join.node_name.clone()),
            labels: Some(labels(join, machine)),
            annotations: Some(annotations()),
            ..ObjectMeta::default()
        },
        spec: Some(NodeSpec {
            provider_id: join.provider_id.clone(),
            taints: Some(join.taints.clone()).filter(|taints| !taints.is_empty()),
            ..NodeSpec::default()
        }),
        status: Some(NodeStatus {
            addresses: Some(addresses(machine)),
            capacity: Some(resources.capacity),
            allocatable: Some(resources.allocatable),
            conditions: Some(conditions(Readiness::NotYet)),
            node_info: Some(system_info(machine)),
            // kwok's stages make a node Ready unless its phase is Running; a kubelet writes no phase.
            phase: Some("Running".into()),
            ..NodeStatus::default()
        }),
    })
}

/// Whether the kubelet says that it is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// The container runtime's network is not up yet.
    NotYet,
    /// Pods can run.
    Ready,
}

/// The conditions a kubelet reports, as of now.
pub fn conditions(readiness: Readiness) -> Vec<NodeCondition> {
    let ready = match readiness {
        Readiness::Ready => condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
        Readiness::NotYet => condition("Ready", "False", "KubeletNotReady", "container runtime network not ready"),
    };
    vec![
        condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ready,
    ]
}

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> NodeCondition {
    let now = Time(Timestamp::now());
    NodeCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_heartbeat_time: Some(now.clone()),
        last_transition_time: Some(now),
    }
}

/// A kubelet's own labels and those of `--node-labels`; the latter win except for the well-known three.
fn labels(join: &JoinRequest, machine: &Machine) -> BTreeMap<String, String> {
    let mut labels = join.labels.clone();
    let own = [("kubernetes.io/hostname", machine.hostname.as_str()), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
    for (key, value) in own.into_iter().chain([("beta.kubernetes.io/os", "linux"), ("beta.kubernetes.io/arch", "amd64")]) {
        labels.insert(key.to_owned(), value.to_owned());
    }
    labels
}

/// kwok keeps the lease only of nodes that bear its annotation when it first sees them.
fn annotations() -> BTreeMap<String, String> {
    let pairs = [("volumes.kubernetes.io/controller-managed-attach-detach", "true"), FAKE_NODE_ANNOTATION];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn addresses(machine: &Machine) -> Vec<NodeAddress> {
    let address = |type_: &str, address: String| NodeAddress { type_: type_.to_owned(), address };
    vec![address("InternalIP", machine.address.to_string()), address("Hostname", machine.hostname.clone())]
}

fn system_info(machine: &Machine) -> NodeSystemInfo {
    NodeSystemInfo {
        architecture: "amd64".into(),
        operating_system: "linux".into(),
        boot_id: uuid::Uuid::new_v4().to_string(),
        machine_id: machine.server_id.replace('-', ""),
        system_uuid: machine.server_id.clone(),
        kernel_version: "light-guest".into(),
        os_image: "Gantry light guest".into(),
        container_runtime_version: "kwok://light-guest".into(),
        kubelet_version: machine.kubelet_version.clone(),
        ..NodeSystemInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::join::KubeletSettings;

    fn join() -> JoinRequest {
        JoinRequest {
            node_name: "general-x7k2p".into(),
            server: String::new(),
            ca_pem: Vec::new(),
            token: String::new(),
            taints: Vec::new(),
            labels: BTreeMap::from([("gantry.cloud/pool".into(), "general".into()), ("kubernetes.io/os".into(), "plan9".into())]),
            provider_id: Some("openstack:///server-1".into()),
            kubelet: KubeletSettings::default(),
        }
    }

    fn machine() -> Machine {
        Machine {
            server_id: "server-1".into(),
            hostname: "general-x7k2p".into(),
            address: IpAddr::from([10, 78, 16, 9]),
            size: Size { vcpus: 2, memory_mib: 4096, disk_gib: 20 },
            kubelet_version: "v1.37.2".into(),
        }
    }

    #[test]
    fn a_node_registers_not_ready_with_what_the_join_says() {
        let node = registration(&join(), &machine()).unwrap();
        let labels = node.metadata.labels.unwrap();
        assert_eq!((labels["gantry.cloud/pool"].as_str(), labels["kubernetes.io/os"].as_str()), ("general", "linux"));
        assert_eq!(node.spec.unwrap().provider_id.as_deref(), Some("openstack:///server-1"));
        let status = node.status.unwrap();
        assert_eq!(status.addresses.unwrap()[0].address, "10.78.16.9");
        let ready: Vec<_> = status.conditions.unwrap().into_iter().filter(|c| c.type_ == "Ready").map(|c| c.status).collect();
        assert_eq!(ready, ["False"]);
    }
}
