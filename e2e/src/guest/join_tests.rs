//! Rules of reading a join: the form Gantry writes is understood, and what kubeadm would refuse is refused.

use super::*;
use crate::guest::template::InstanceData;
use crate::guest::user_data;

/// User data of the form that a host of bootstrap `kubeadm` gets, with one replacement.
fn user_data_with(from: &str, to: &str) -> UserData {
    let text = include_str!("testdata/kubeadm-user-data.yaml").replace(from, to);
    let instance = InstanceData { instance_id: "server-1".into(), local_hostname: "general-x7k2p".into(), ..InstanceData::default() };
    user_data::parse(text.as_bytes(), &instance).unwrap()
}

#[test]
fn the_form_gantry_writes_is_understood() {
    let join = read(&user_data_with("", ""), "ignored").unwrap();
    assert_eq!(join.node_name, "general-x7k2p");
    assert_eq!(join.server, "https://10.78.0.1:6443");
    assert_eq!(join.ca_pem, b"a certificate");
    assert_eq!(join.token, "abcdef.0123456789abcdef");
    assert_eq!(join.provider_id.as_deref(), Some("openstack:///server-1"));
    assert_eq!(join.labels["gantry.cloud/pool"], "general");
    assert_eq!(join.labels["node.kubernetes.io/instance-type"], "m1.large");
    let taint = Taint { key: "gantry.cloud/startup".into(), effect: "NoSchedule".into(), ..Taint::default() };
    assert_eq!(join.taints, vec![taint]);
    assert_eq!(join.kubelet.max_pods, Some(64));
    assert_eq!(join.kubelet.kube_reserved["memory"], "1Gi");
}

#[test]
fn without_a_name_the_host_name_names_the_node() {
    let join = read(&user_data_with("name: general-x7k2p", "name: \"\""), "Web-1").unwrap();
    assert_eq!(join.node_name, "web-1");
}

#[test]
fn what_kubeadm_would_refuse_is_refused() {
    let cases = [
        ("kubeadm.k8s.io/v1beta4", "kubeadm.k8s.io/v1beta3", "not a JoinConfiguration"),
        ("abcdef.0123456789abcdef", "abcdef.0123", "tlsBootstrapToken"),
        ("kubeConfigPath: /etc/kubernetes/gantry/discovery.yaml", "kubeConfigPath: /nowhere", "/nowhere is needed"),
        ("[kubeadm, join,", "[echo, join,", "no `kubeadm join`"),
        ("gantry.cloud/pool=general", "gantry.cloud/pool", "not key=value"),
        ("user: kubernetes", "user: \"\"", "was not found for context"),
        ("certificate-authority-data:", "certificate-authority:", "certificate-authority-data"),
    ];
    for (from, to, expected) in cases {
        let message = read(&user_data_with(from, to), "h").err().expect(to).to_string();
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn a_join_written_as_a_shell_line_is_found() {
    let data = user_data_with(
        "[kubeadm, join, --config, /etc/kubernetes/gantry/join.yaml]",
        "/usr/bin/kubeadm join --config=/etc/kubernetes/gantry/join.yaml -v5",
    );
    assert_eq!(read(&data, "h").unwrap().node_name, "general-x7k2p");
}

#[test]
fn patches_merge_by_key() {
    let base: KubeletSettings = serde_saphyr::from_str("{maxPods: 110, kubeReserved: {cpu: 100m, memory: 1Gi}}").unwrap();
    let patch: KubeletSettings = serde_saphyr::from_str("{kubeReserved: {memory: 2Gi}}").unwrap();
    let merged = base.patched(patch);
    assert_eq!(merged.max_pods, Some(110));
    assert_eq!(merged.kube_reserved, BTreeMap::from([("cpu".into(), "100m".into()), ("memory".into(), "2Gi".into())]));
}
