//! Answers that are lost, late or not the service's: what is sent again, and what is left to the caller.

use super::*;
use gantry_cloud::{Error, Priority};
use serde_json::{Value, json};

fn fault(simulator: &Simulator, rule: Value) {
    simulator.admin("POST", "faults", rule).unwrap();
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_ambiguous_and_found_by_looking() {
    for lost in [json!({"status": 503}), json!({"status": 500}), json!({"reset": true})] {
        for when in ["before", "after"] {
            let simulator = simulator();
            let cloud = client(&simulator, "openstack");
            let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
            let spec = server_spec(&cloud, "h1", &port).await;
            let mut rule = json!({"kind": "request", "method": "POST", "path": "/compute/v2.1/servers", "count": 1, "when": when});
            rule.as_object_mut().unwrap().extend(lost.as_object().unwrap().clone());
            fault(&simulator, rule.clone());
            let error = cloud.create_server(&spec, soon()).await.unwrap_err();
            assert!(matches!(error, Error::Ambiguous { .. }), "{rule}: {error}");
            let servers = cloud.servers(Priority::Urgent).await.unwrap();
            assert_eq!(servers.len(), usize::from(when == "after"), "{rule}");
        }
    }
}

#[tokio::test]
async fn a_port_whose_answer_is_lost_is_found_by_its_tag() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let spec = port_spec(&cloud, "h1").await;
    fault(
        &simulator,
        json!({"kind": "request", "method": "POST", "path": "/networking/v2.0/ports", "status": 502, "when": "after", "count": 1}),
    );
    let error = cloud.create_port(&spec, soon()).await.unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    assert_eq!(cloud.ports_of(&mark()).await.unwrap()[0].name, "h1-0");
}

#[tokio::test]
async fn reads_and_deletions_go_through_passing_faults() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    fault(&simulator, json!({"kind": "request", "method": "GET", "path": "/compute/.*", "status": 503, "count": 2}));
    cloud.servers(Priority::Normal).await.unwrap();
    fault(&simulator, json!({"kind": "request", "method": "GET", "path": "/networking/.*", "reset": true, "count": 1}));
    cloud.port(&port.id).await.unwrap();
    fault(&simulator, json!({"kind": "request", "method": "DELETE", "path": "/networking/.*", "status": 504, "count": 1}));
    cloud.delete_port(&port.id).await.unwrap();
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_ends_as_not_found() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    fault(&simulator, json!({"kind": "request", "method": "DELETE", "path": "/networking/.*", "reset": true, "when": "after", "count": 1}));
    let error = cloud.delete_port(&port.id).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_404_of_a_proxy_does_not_say_that_a_server_is_gone() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    fault(&simulator, json!({"kind": "request", "path": "/compute/v2.1/servers/.*", "status": 404, "body": "<html>no route</html>"}));
    let error = cloud.server("0b7f5a3e-1111-4222-8333-944455556666").await.unwrap_err();
    assert!(matches!(error, Error::Transient { .. }), "{error}");
}

#[tokio::test]
async fn too_many_requests_are_told_with_the_time_to_wait() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    let spec = server_spec(&cloud, "h1", &port).await;
    fault(&simulator, json!({"kind": "request", "method": "POST", "path": "/compute/.*", "status": 429, "retryAfter": 3, "count": 1}));
    let error = cloud.create_server(&spec, soon()).await.unwrap_err();
    assert!(matches!(error, Error::OverLimit { retry_after: Some(wait), .. } if wait == Duration::from_secs(3)), "{error}");
}
