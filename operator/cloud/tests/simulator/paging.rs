//! Lists longer than a page of Nova's.

use super::*;
use futures::{StreamExt, TryStreamExt, stream};
use gantry_cloud::{Observation, Priority};
use serde_json::json;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const SERVERS: usize = 2_500;
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_and_a_half_thousand_servers_are_three_pages() {
    let simulator = simulator();
    let pages = Arc::new(AtomicU32::new(0));
    let counter = pages.clone();
    let hook = move |observation: &Observation| {
        counter.fetch_add(u32::from(observation.call == "servers"), Ordering::Relaxed);
    };
    let config = CloudConfig::from_clouds_yaml(&simulator.clouds_yaml(), "openstack", SecretFiles::default()).unwrap();
    let cloud = OpenStack::connect(config, FAST, Arc::new(hook)).unwrap();
    let project = cloud.identity().await.unwrap().project_id;
    let unlimited = json!({"instances": -1, "cores": -1, "ram": -1, "ports": -1});
    simulator.admin("PUT", &format!("quotas/{project}"), unlimited).unwrap();
    let port = port_spec(&cloud, "h").await;
    let template = server_spec(&cloud, "h", &cloud.create_port(&port, soon()).await.unwrap()).await;
    let create = |i: usize| {
        let (cloud, port, template) = (&cloud, &port, &template);
        async move {
            let port = cloud.create_port(port, soon()).await?;
            let spec = ServerSpec { name: format!("h{i}"), port_ids: vec![port.id], ..template.clone() };
            cloud.create_server(&spec, soon()).await
        }
    };
    let created: HashSet<String> = stream::iter(0..SERVERS).map(create).buffer_unordered(AT_ONCE).try_collect().await.unwrap();
    let listed = cloud.servers(Priority::Normal).await.unwrap();
    assert_eq!(listed.len(), SERVERS);
    assert_eq!(listed.into_iter().map(|server| server.id).collect::<HashSet<_>>(), created);
    assert_eq!(pages.load(Ordering::Relaxed), 3);
    assert_eq!(cloud.ports_of(&mark()).await.unwrap().len(), SERVERS + 1);
}
