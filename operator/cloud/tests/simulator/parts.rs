//! The parts of a host beside port and server: group, root volume, floating IP, and the options of each.

use super::life::gone;
use super::*;
use gantry_cloud::{AddressPair, Error, FloatingIpSpec, GroupSpec, QuotaOf, Volume, VolumeSpec, VolumeStatus};
use serde_json::json;

fn group_spec(name: &str) -> GroupSpec {
    GroupSpec { name: name.to_owned(), policy: "soft-anti-affinity".to_owned(), max_servers_per_hypervisor: None }
}

async fn volume_spec(cloud: &OpenStack, name: &str) -> VolumeSpec {
    VolumeSpec {
        name: name.to_owned(),
        size_gib: 10,
        volume_type: None,
        zone: None,
        image_id: only!(cloud, images, "debian-12-k8s"),
        metadata: BTreeMap::from([("gantry-pool".to_owned(), "apps/general".to_owned())]),
        mark: mark(),
    }
}

/// The volume once it is no longer being made.
async fn made(cloud: &OpenStack, id: &str) -> Volume {
    for _ in 0..POLL_LIMIT {
        let volume = cloud.volume(id).await.unwrap();
        if !matches!(volume.status, VolumeStatus::Creating | VolumeStatus::Downloading) {
            return volume;
        }
        tokio::time::sleep(POLL).await;
    }
    panic!("volume {id} is still being made");
}

#[tokio::test]
async fn a_host_of_all_parts_lives_and_goes() {
    let simulator = simulator();
    all_parts(&client(&simulator, "openstack")).await;
}

/// In any project that is empty and has Cinder and an external network called `public`.
pub async fn all_parts(cloud: &OpenStack) {
    let group = cloud.create_server_group(&group_spec("gantry/c/p/soft-anti-affinity/0"), soon()).await.unwrap();
    let port = cloud.create_port(&port_spec(cloud, "h1").await, soon()).await.unwrap();
    let volume = cloud.create_volume(&volume_spec(cloud, "h1").await, soon()).await.unwrap();
    assert_eq!((volume.mark(), volume.metadata["gantry-pool"].as_str()), (Some(mark()), "apps/general"));
    let volume = made(cloud, &volume.id).await;
    assert_eq!((&volume.status, volume.size_gib), (&VolumeStatus::Available, 10));
    assert_eq!(cloud.volumes_named("h1").await.unwrap(), std::slice::from_ref(&volume));

    let floating = FloatingIpSpec { network_id: only!(cloud, networks, "public"), port_id: port.id.clone(), mark: mark() };
    let floating = cloud.create_floating_ip(&floating, soon()).await.unwrap();
    assert_eq!((floating.mark(), floating.port_id.as_deref()), (Some(mark()), Some(port.id.as_str())));
    assert_eq!(cloud.floating_ip(&floating.id).await.unwrap().address, floating.address);

    let root = Root::Volume(volume.id.clone());
    let spec = ServerSpec { root, server_group: Some(group.id.clone()), config_drive: Some(true), ..server_spec(cloud, "h1", &port).await };
    let id = cloud.create_server(&spec, soon()).await.unwrap();
    let server = built(cloud, &id).await;
    assert_eq!((&server.status, &server.addresses), (&ServerStatus::Active, &port.addresses), "the floating address is none of its own");
    assert_eq!(cloud.server_group(&group.id).await.unwrap().members, std::slice::from_ref(&id));
    let used = cloud.volume(&volume.id).await.unwrap();
    assert_eq!((used.status, used.attached_to), (VolumeStatus::InUse, vec![id.clone()]));
    let error = cloud.delete_volume(&volume.id).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");

    cloud.delete_server(&id).await.unwrap();
    gone(|| cloud.server(&id)).await;
    cloud.delete_floating_ip(&floating.id).await.unwrap();
    gone(|| cloud.floating_ip(&floating.id)).await;
    cloud.delete_port(&port.id).await.unwrap();
    assert_eq!(made(cloud, &volume.id).await.status, VolumeStatus::Available, "Nova leaves it");
    cloud.delete_volume(&volume.id).await.unwrap();
    gone(|| cloud.volume(&volume.id)).await;
    cloud.delete_server_group(&group.id).await.unwrap();
    gone(|| cloud.server_group(&group.id)).await;
    for again in
        [cloud.delete_volume(&volume.id).await, cloud.delete_floating_ip(&floating.id).await, cloud.delete_server_group(&group.id).await]
    {
        assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");
    }
    assert!(cloud.server_groups().await.unwrap().is_empty() && cloud.floating_ips().await.unwrap().is_empty());
    assert!(cloud.volumes().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_option_of_a_port_is_taken() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let spec = port_spec(&cloud, "h1").await;
    let pair = AddressPair { address: "10.244.0.0/16".to_owned(), mac: None };
    let options =
        PortSpec { allowed_address_pairs: vec![pair], vnic_type: Some("normal".to_owned()), port_security: Some(true), ..spec.clone() };
    assert_eq!(cloud.create_port(&options, soon()).await.unwrap().mark(), Some(mark()));
    let open = PortSpec { port_security: Some(false), ..spec.clone() };
    cloud.create_port(&open, soon()).await.unwrap();
    let fixed = FixedIp { address: Some("10.0.0.250".to_owned()), subnet_id: spec.fixed_ips[0].subnet_id.clone() };
    let outside = PortSpec { fixed_ips: vec![FixedIp { address: Some("192.0.2.1".to_owned()), ..fixed }], ..spec };
    let error = cloud.create_port(&outside, soon()).await.unwrap_err();
    assert!(matches!(error, Error::BadSpec { .. }), "{error}");
}

#[tokio::test]
async fn a_port_is_found_where_the_cloud_drops_its_tags() {
    let simulator = simulator();
    simulator.admin("PUT", "options", json!({"keepPortTags": false})).unwrap();
    let cloud = client(&simulator, "openstack");
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    assert_eq!(port.mark(), Some(mark()));
    assert_eq!(cloud.ports_of(&mark()).await.unwrap(), std::slice::from_ref(&port));
    assert_eq!(cloud.ports_marked(CLUSTER).await.unwrap(), [port]);
}

#[tokio::test]
async fn quota_has_five_faces_and_one_meaning() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let project = cloud.identity().await.unwrap().project_id;
    let set = |quota| simulator.admin("PUT", &format!("quotas/{project}"), quota).unwrap();
    let port = cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    let spec = server_spec(&cloud, "h1", &port).await;
    let volume = volume_spec(&cloud, "h1").await;
    let floating = FloatingIpSpec { network_id: only!(cloud, networks, "public"), port_id: port.id.clone(), mark: mark() };
    set(json!({"cores": 0, "ports": 1, "volumes": 0, "floating_ips": 0}));
    let spent = |error: Error| match error {
        Error::Quota { resources, .. } => resources,
        other => panic!("{other}"),
    };
    assert_eq!(spent(cloud.create_server(&spec, soon()).await.unwrap_err()), ["cores"]);
    assert_eq!(spent(cloud.create_port(&port_spec(&cloud, "h2").await, soon()).await.unwrap_err()), ["port"]);
    assert_eq!(spent(cloud.create_volume(&volume, soon()).await.unwrap_err()), ["volumes"]);
    assert_eq!(spent(cloud.create_floating_ip(&floating, soon()).await.unwrap_err()), ["floatingip"]);
    set(json!({"volumes": 5, "gigabytes": 5}));
    assert_eq!(spent(cloud.create_volume(&volume, soon()).await.unwrap_err()), ["gigabytes"]);
    set(json!({"cores": -1}));
    simulator.admin("PUT", "options", json!({"lateQuotaCheck": true})).unwrap();
    set(json!({"cores": 0}));
    let id = cloud.create_server(&spec, soon()).await.unwrap();
    let fault = built(&cloud, &id).await.fault.unwrap();
    assert_eq!((fault.meaning(), fault.resources()), (gantry_cloud::FaultMeaning::Quota, vec!["cores".to_owned()]));
}

#[tokio::test]
async fn a_full_server_group_is_a_quota() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let group = cloud.create_server_group(&group_spec("g"), soon()).await.unwrap();
    let limit = cloud.quota(&[]).await.unwrap().server_group_members.unwrap();
    for i in 0..=limit {
        let port = cloud.create_port(&port_spec(&cloud, &format!("h{i}")).await, soon()).await.unwrap();
        let spec = ServerSpec { server_group: Some(group.id.clone()), ..server_spec(&cloud, &format!("h{i}"), &port).await };
        match cloud.create_server(&spec, soon()).await {
            Ok(_) => assert!(i < limit),
            Err(Error::Quota { resources, .. }) => assert_eq!((i, resources), (limit, vec!["server_group_members".to_owned()])),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn the_quota_of_every_service_is_told() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    cloud.create_port(&port_spec(&cloud, "h1").await, soon()).await.unwrap();
    let volume = cloud.create_volume(&volume_spec(&cloud, "h1").await, soon()).await.unwrap();
    made(&cloud, &volume.id).await;
    let quota = cloud.quota(&[QuotaOf::Network, QuotaOf::Volumes]).await.unwrap();
    let used = [quota.ports, quota.floating_ips, quota.volumes, quota.gigabytes].map(|line| line.unwrap().used);
    assert_eq!(used, [1, 0, 1, 10]);
}

#[tokio::test]
async fn a_cloud_without_cinder_says_so_only_when_it_is_asked() {
    let simulator = Simulator::start(Config { has_block_storage: false, ..Config::default() }).unwrap();
    let cloud = client(&simulator, "openstack");
    let quota = cloud.quota(&[QuotaOf::Network, QuotaOf::Volumes]).await.unwrap();
    assert!(quota.ports.is_some() && quota.volumes.is_none());
    let error = cloud.create_volume(&volume_spec(&cloud, "h1").await, soon()).await.unwrap_err();
    assert!(matches!(error, Error::Config { .. }), "{error}");
}

#[tokio::test]
async fn things_are_found_by_their_labels() {
    let simulator = simulator();
    let cloud = client(&simulator, "openstack");
    let tagged = |tag: &str| Lookup::Labelled { tags: vec![tag.to_owned()], properties: BTreeMap::new() };
    // Glance tells creation in whole seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    simulator.admin("POST", "images", json!({"name": "newer", "tags": ["gantry"]})).unwrap();
    let names: Vec<String> = cloud.images(&tagged("gantry")).await.unwrap().into_iter().map(|image| image.name).collect();
    assert_eq!(names, ["newer", "debian-12-k8s"]);
    assert_eq!(cloud.images(&tagged("nothing")).await.unwrap(), []);
    assert_eq!(cloud.networks(&tagged("nothing")).await.unwrap(), []);
}
