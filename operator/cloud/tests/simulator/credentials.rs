//! Tokens that end, credentials that are wrong, and credentials that go away.

use super::*;
use gantry_cloud::{Error, Observation, Priority};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A client, and the number of its log-ins.
fn counted(simulator: &Simulator, entry: &str) -> (OpenStack, Arc<AtomicU32>) {
    let log_ins = Arc::new(AtomicU32::new(0));
    let counter = log_ins.clone();
    let hook = move |observation: &Observation| {
        counter.fetch_add(u32::from(observation.call == "log_in"), Ordering::Relaxed);
    };
    let config = CloudConfig::from_clouds_yaml(&simulator.clouds_yaml(), entry, SecretFiles::default()).unwrap();
    (OpenStack::connect(config, FAST, Arc::new(hook)).unwrap(), log_ins)
}

#[tokio::test]
async fn every_kind_of_credential_logs_in() {
    let simulator = simulator();
    for entry in ["openstack", "openstack-appcred", "admin"] {
        client(&simulator, entry).identity().await.unwrap();
    }
}

#[tokio::test]
async fn an_ended_token_is_renewed_once_by_all_calls_together() {
    let simulator = simulator();
    let (cloud, log_ins) = counted(&simulator, "openstack");
    cloud.servers(Priority::Normal).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    simulator.admin("POST", "tokens/expire", json!({})).unwrap();
    let calls = (0..10).map(|_| cloud.servers(Priority::Normal));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(log_ins.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_creation_survives_an_ended_token() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack-appcred");
    let spec = port_spec(&cloud, "h1").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    simulator.admin("POST", "tokens/expire", json!({})).unwrap();
    cloud.create_port(&spec, soon()).await.unwrap();
    assert_eq!(cloud.ports_of(&mark()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_short_token_is_renewed_before_it_ends() {
    let config = Config { token_lifetime: Duration::from_secs(2), ..Config::default() };
    let simulator = Simulator::start(config).unwrap();
    let (cloud, log_ins) = counted(&simulator, "openstack");
    for _ in 0..20 {
        cloud.quota(&[]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!((2..=4).contains(&log_ins.load(Ordering::Relaxed)));
}

#[tokio::test]
async fn a_wrong_password_is_told_and_does_not_hammer_keystone() {
    let simulator = simulator();
    simulator.admin("PUT", "users/demo/password", json!({"password": "changed"})).unwrap();
    let (cloud, log_ins) = counted(&simulator, "openstack");
    let text = simulator.clouds_yaml().replace("changed", "hunter2");
    let config = CloudConfig::from_clouds_yaml(&text, "openstack", SecretFiles::default()).unwrap();
    cloud.identity().await.unwrap();
    let counter = log_ins.clone();
    let hook = move |_: &Observation| {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let wrong = OpenStack::connect(config, FAST, Arc::new(hook)).unwrap();
    log_ins.store(0, Ordering::Relaxed);
    for _ in 0..50 {
        let error = wrong.identity().await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
        assert!(error.to_string().contains("clouds.yaml") && !error.to_string().contains("hunter2"), "{error}");
    }
    assert_eq!(log_ins.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_deleted_application_credential_is_unauthorized_and_never_not_found() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack-appcred");
    cloud.identity().await.unwrap();
    let id = simulator.application_credential().unwrap().id;
    simulator.admin("DELETE", &format!("application-credentials/{id}"), json!(null)).unwrap();
    simulator.admin("POST", "tokens/expire", json!({})).unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let error = cloud.server("0b7f5a3e-1111-4222-8333-944455556666").await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
}
