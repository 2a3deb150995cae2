//! A port and a server from their creation to the end, and what a project can have.

use super::*;
use gantry_cloud::{Error, FaultMeaning, Identity, Line, Priority};
use serde_json::json;

#[tokio::test]
async fn a_port_and_a_server_live_and_go() {
    let simulator = simulator();
    whole_life(&client(&simulator, "openstack")).await;
}

/// In any project that is empty.
pub async fn whole_life(cloud: &OpenStack) {
    let port = cloud.create_port(&port_spec(cloud, "h1").await, soon()).await.unwrap();
    assert_eq!((port.name.as_str(), port.device_id.as_str(), port.mark()), ("h1-0", "", Some(mark())));

    let id = cloud.create_server(&server_spec(cloud, "h1", &port).await, soon()).await.unwrap();
    let server = built(cloud, &id).await;
    assert!(server.tags.contains(&"web".to_owned()) && mark().tags().iter().all(|tag| server.tags.contains(tag)), "{:?}", server.tags);
    assert_eq!((&server.status, server.name.as_str(), server.zone.as_deref()), (&ServerStatus::Active, "h1", Some("az1")));
    assert_eq!((server.addresses.clone(), server.flavor.as_deref()), (port.addresses.clone(), Some("m1.small")));
    assert_eq!((server.mark(), server.metadata["gantry-pool"].as_str()), (Some(mark()), "apps/general"));
    assert_eq!(cloud.port(&port.id).await.unwrap().device_id, id);
    assert_eq!(cloud.servers(Priority::Normal).await.unwrap().len(), 1);
    assert_eq!(cloud.ports_of(&mark()).await.unwrap().len(), 1);
    assert_eq!(cloud.ports_marked(CLUSTER).await.unwrap().len(), 1);
    let other = Mark { cluster: "another".to_owned(), ..mark() };
    assert!(cloud.ports_of(&other).await.unwrap().is_empty() && cloud.ports_marked("another").await.unwrap().is_empty());

    cloud.delete_server(&id).await.unwrap();
    gone(|| cloud.server(&id)).await;
    assert!(matches!(cloud.delete_server(&id).await, Err(Error::NotFound { .. })));
    cloud.delete_port(&port.id).await.unwrap();
    gone(|| cloud.port(&port.id)).await;
    assert!(matches!(cloud.delete_port(&port.id).await, Err(Error::NotFound { .. })));
}

/// Waits until Nova or Neutron itself says that it is gone.
pub async fn gone<T: std::fmt::Debug, F: Future<Output = gantry_cloud::Result<T>>>(show: impl Fn() -> F) {
    for _ in 0..POLL_LIMIT {
        match show().await {
            Ok(_) => tokio::time::sleep(POLL).await,
            Err(Error::NotFound { .. }) => return,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it does not go");
}

#[tokio::test]
async fn a_project_tells_what_it_has() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    assert_eq!(cloud.quota(&[]).await.unwrap().instances, Line { limit: 1000, used: 0 });
    possessions(&cloud).await;
}

/// What the seed of every test cloud has.
pub async fn possessions(cloud: &OpenStack) {
    let Identity { project_id, region } = cloud.identity().await.unwrap();
    assert_eq!((project_id.is_empty(), region.as_str()), (false, "RegionOne"));
    let flavors = cloud.flavors().await.unwrap();
    let large = flavors.iter().find(|flavor| flavor.name == "m1.large").unwrap();
    assert!(large.vcpus > 0 && large.memory_mib > 0);
    let mut zones = cloud.zones().await.unwrap();
    zones.sort();
    assert_eq!(zones, ["az1", "az2"]);
    for by in [name("nothing-of-this-name"), Lookup::Id("00000000-0000-0000-0000-000000000000".to_owned())] {
        assert_eq!(cloud.images(&by).await.unwrap(), []);
        assert_eq!(cloud.networks(&by).await.unwrap(), []);
        assert_eq!(cloud.subnets(&by).await.unwrap(), []);
        assert_eq!(cloud.security_groups(&by).await.unwrap(), []);
        assert_eq!(cloud.qos_policies(&by).await.unwrap(), []);
    }
    let image = only!(cloud, images, "debian-12-k8s");
    assert_eq!(cloud.images(&Lookup::Id(image.clone())).await.unwrap()[0].id, image);
    let network = only!(cloud, networks, "apps");
    assert_eq!(cloud.networks(&Lookup::Id(network)).await.unwrap()[0].name, "apps");
}

#[tokio::test]
async fn quota_is_told_by_resource_and_ends_when_it_is_raised() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let project = cloud.identity().await.unwrap().project_id;
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    let spec = server_spec(&cloud, "h1", &port).await;
    let set = |quota| simulator.admin("PUT", &format!("quotas/{project}"), quota).unwrap();
    set(json!({"cores": 0, "ports": 1}));
    let server = cloud.create_server(&spec, soon()).await.unwrap_err();
    assert!(matches!(server, Error::Quota { ref resources, .. } if resources == &["cores"]), "{server}");
    let second = cloud.create_port(&port_spec(&cloud, "h2").await, soon()).await.unwrap_err();
    assert!(matches!(second, Error::Quota { ref resources, .. } if resources == &["port"]), "{second}");
    set(json!({"cores": 8}));
    cloud.create_server(&spec, soon()).await.unwrap();
}

#[tokio::test]
async fn a_build_that_finds_no_room_ends_in_error_with_its_meaning() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    let flavors = cloud.flavors().await.unwrap();
    let impossible = flavors.iter().find(|flavor| flavor.name == "m1.impossible").unwrap().id.clone();
    let project = cloud.identity().await.unwrap().project_id;
    simulator.admin("PUT", &format!("quotas/{project}"), json!({"cores": -1, "ram": -1})).unwrap();
    let spec = ServerSpec { flavor_id: impossible, ..server_spec(&cloud, "h1", &port).await };
    let id = cloud.create_server(&spec, soon()).await.unwrap();
    let server = built(&cloud, &id).await;
    assert_eq!(server.status, ServerStatus::Error);
    assert_eq!(server.fault.unwrap().meaning(), FaultMeaning::NoHost);
}

#[tokio::test]
async fn what_is_not_there_or_in_use_is_told_apart() {
    let simulator = simulator();
    refusals(&client(&simulator, "openstack")).await;
}

/// What every cloud refuses, and in which sense.
pub async fn refusals(cloud: &OpenStack) {
    let port = cloud.create_port(&port_spec(cloud, "h1").await, soon()).await.unwrap();
    let spec = server_spec(cloud, "h1", &port).await;
    let missing = "00000000-0000-0000-0000-000000000000".to_owned();
    let wrong = [
        ServerSpec { flavor_id: "nope".to_owned(), ..spec.clone() },
        ServerSpec { root: Root::Image(missing.clone()), ..spec.clone() },
        ServerSpec { port_ids: vec![missing.clone()], ..spec.clone() },
        ServerSpec { zone: "nowhere".to_owned(), ..spec.clone() },
    ];
    for spec in wrong {
        let error = cloud.create_server(&spec, soon()).await.unwrap_err();
        assert!(matches!(error, Error::BadSpec { .. }), "{error}");
    }
    let no_network = PortSpec { network_id: missing, fixed_ips: vec![], ..port_spec(cloud, "h2").await };
    let error = cloud.create_port(&no_network, soon()).await.unwrap_err();
    assert!(matches!(error, Error::BadSpec { .. }), "{error}");
    let id = cloud.create_server(&spec, soon()).await.unwrap();
    built(cloud, &id).await;
    let error = cloud.create_server(&spec, soon()).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    cloud.delete_server(&id).await.unwrap();
    gone(|| cloud.server(&id)).await;
    cloud.delete_port(&port.id).await.unwrap();
}
