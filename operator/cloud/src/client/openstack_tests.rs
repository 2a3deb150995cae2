use super::super::call;
use super::super::fake::{Answer, Fake, Seen, answer};
use super::*;
use crate::{Cloud, Error, Lookup, Mark, Named, PortSpec, Quota, QuotaOf};
use serde_json::json;
use std::time::Duration;

fn mark() -> Mark {
    Mark { host: Some("1".to_owned()), cluster: "2".to_owned() }
}

fn spec() -> PortSpec {
    PortSpec {
        name: "h-0".to_owned(),
        network_id: "n".to_owned(),
        fixed_ips: vec![],
        security_group_ids: vec![],
        allowed_address_pairs: vec![],
        vnic_type: None,
        port_security: None,
        qos_policy_id: None,
        mark: mark(),
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// The one port of a Neutron that keeps, drops or refuses tags.
fn neutron(tags: &Value) -> String {
    json!({"id": "p", "name": "h-0", "status": "DOWN", "description": mark().description(), "tags": tags}).to_string()
}

fn drops_tags(seen: &Seen, _: usize) -> Answer {
    let port = neutron(&json!([]));
    match (seen.method.as_str(), seen.target.contains("?tags=")) {
        ("POST", _) => answer(201, &format!(r#"{{"port": {port}}}"#)),
        (_, true) => answer(200, r#"{"ports": []}"#),
        (_, false) => answer(200, &format!(r#"{{"ports": [{port}]}}"#)),
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_is_found_where_tags_at_birth_are_dropped() {
    let fake = Fake::new(drops_tags);
    let cloud = fake.client();
    cloud.create_port(&spec(), soon()).await.unwrap();
    let found = cloud.ports_of(&mark()).await.unwrap();
    assert_eq!((found.len(), found[0].tags.as_slice()), (1, mark().tags().as_slice()));
    assert!(cloud.ports_of(&Mark { host: Some("2".to_owned()), ..mark() }).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_port_is_created_without_tags_where_they_are_refused() {
    for text in ["Attribute 'tags' not allowed in POST", "Unrecognized attribute(s) 'tags'"] {
        let refusal = json!({"NeutronError": {"type": "HTTPBadRequest", "message": text, "detail": ""}}).to_string();
        let fake = Fake::new(move |seen, _| match seen.body.contains("tags") {
            true => answer(400, &refusal),
            false => answer(201, &format!(r#"{{"port": {}}}"#, neutron(&json!([])))),
        });
        assert_eq!(fake.client().create_port(&spec(), soon()).await.unwrap().tags, mark().tags());
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_keeps_tags_is_asked_once() {
    let fake = Fake::new(|seen, _| match seen.method.as_str() {
        "POST" => answer(201, &format!(r#"{{"port": {}}}"#, neutron(&json!(["gantry-host:1", "gantry-cluster:2"])))),
        _ => answer(200, r#"{"ports": []}"#),
    });
    let cloud = fake.client();
    cloud.ports_of(&mark()).await.unwrap();
    assert_eq!(fake.seen("/ports?").len(), 2, "nothing is known yet");
    cloud.create_port(&spec(), soon()).await.unwrap();
    cloud.ports_of(&mark()).await.unwrap();
    assert_eq!(fake.seen("/ports?").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_security_group_of_the_own_project_is_preferred() {
    let group = |id: &str, project: &str| json!({"id": id, "name": "default", "project_id": project});
    let groups = json!({"security_groups": [group("a", "other"), group("b", "project-1"), group("c", "third")]}).to_string();
    let fake = Fake::new(move |_, _| answer(200, &groups));
    let found = fake.client().security_groups(&Lookup::Name("default".to_owned())).await.unwrap();
    assert_eq!(found, [Named { id: "b".to_owned(), name: "default".to_owned() }]);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_is_ignored_does_no_harm() {
    let networks = r#"{"networks": [{"id": "a", "name": "apps-old"}, {"id": "b", "name": "apps"}]}"#;
    let fake = Fake::new(move |_, _| answer(200, networks));
    let found = fake.client().networks(&Lookup::Name("apps".to_owned())).await.unwrap();
    assert_eq!(found, [Named { id: "b".to_owned(), name: "apps".to_owned() }]);
}

#[tokio::test(start_paused = true)]
async fn images_that_are_not_active_are_not_offered() {
    let images = r#"{"images": [{"id": "a", "name": "i", "status": "queued"}, {"id": "b", "name": "i", "status": "active"}], "first": "/v2/images"}"#;
    let fake = Fake::new(move |_, _| answer(200, images));
    let found = fake.client().images(&Lookup::Name("i".to_owned())).await.unwrap();
    assert_eq!(found, [Named { id: "b".to_owned(), name: "i".to_owned() }]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_s_ports_are_found_with_tags_and_without() {
    let ports = json!({"ports": [
        {"id": "a", "tags": mark().tags()}, {"id": "b", "description": mark().description()}, {"id": "c", "description": "by hand"},
        {"id": "d", "tags": ["gantry-host:1", "gantry-cluster:3"]}, {"id": "e", "tags": ["gantry-cluster:2", "gantry-cluster:3"]},
    ]});
    let fake = Fake::new(move |_, _| answer(200, &ports.to_string()));
    let cloud = fake.client();
    let ids = |ports: Vec<crate::Port>| ports.into_iter().map(|port| port.id).collect::<Vec<_>>();
    assert_eq!(ids(cloud.ports_marked("2").await.unwrap()), ["a", "b"]);
    cloud.tags_kept.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ids(cloud.ports_marked("2").await.unwrap()), ["a", "b"]);
    let asked: Vec<String> = fake.seen("/ports").into_iter().map(|seen| seen.target).collect();
    assert_eq!(asked, ["/networking/v2.0/ports?project_id=project-1", "/networking/v2.0/ports?tags=gantry-cluster%3A2"]);
}

const LIMITS: &str = r#"{"limits": {"absolute": {"maxTotalInstances": 9, "totalInstancesUsed": 1, "maxTotalCores": 9, "totalCoresUsed": 1, "maxTotalRAMSize": 9, "totalRAMUsed": 1}}}"#;

#[tokio::test(start_paused = true)]
async fn quota_does_not_fail_for_what_a_cloud_lacks_or_forbids_and_does_not_nag_it() {
    for (status, body) in [(403, r#"{"NeutronError": {"type": "PolicyNotAuthorized", "message": "no"}}"#), (404, "<html>"), (401, "")] {
        let fake = Fake::new(move |seen, _| if seen.target.ends_with("/v2.1/limits") { answer(200, LIMITS) } else { answer(status, body) });
        let fake = fake.without_volumes();
        let cloud = fake.client();
        for _ in 0..5 {
            let quota = cloud.quota(&[QuotaOf::Network, QuotaOf::Volumes]).await.unwrap();
            assert_eq!((quota.instances.limit, quota.ports, quota.volumes), (9, None, None));
        }
        assert_eq!(fake.seen("/quotas/project-1/details.json").len(), 1, "{status}");
        tokio::time::sleep(Duration::from_secs(601)).await;
        cloud.quota(&[QuotaOf::Network]).await.unwrap();
        // An old token that is refused is renewed once.
        assert_eq!(fake.seen("/quotas/").len(), if status == 401 { 3 } else { 2 }, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn quota_is_asked_of_those_services_that_matter() {
    let fake = Fake::new(|seen, _| match seen.target.as_str() {
        "/compute/v2.1/limits" => answer(200, LIMITS),
        "/volume/v3/project-1/limits" => answer(200, r#"{"limits": {"absolute": {"maxTotalVolumes": 5, "totalVolumesUsed": 2}}}"#),
        _ => answer(200, r#"{"quota": {"port": {"limit": 7, "used": 3, "reserved": 0}}}"#),
    });
    let cloud = fake.client();
    let nova = cloud.quota(&[]).await.unwrap();
    assert_eq!((nova.ports, fake.seen("quotas").len() + fake.seen("volume").len()), (None, 0));
    let (ports, volumes) = (Some(crate::Line { limit: 7, used: 3 }), Some(crate::Line { limit: 5, used: 2 }));
    assert_eq!(cloud.quota(&[QuotaOf::Network, QuotaOf::Volumes]).await.unwrap(), Quota { ports, volumes, ..nova });
}

#[tokio::test(start_paused = true)]
async fn server_groups_are_read_to_the_page_that_is_empty() {
    let group = |id: usize| json!({"id": id.to_string(), "name": "g", "policy": "affinity", "members": []});
    let fake = Fake::new(move |seen, _| {
        let offset: usize = seen.target.split_once("offset=").map_or(0, |(_, offset)| offset.parse().unwrap());
        let groups: Vec<_> = (offset..(offset + 2).min(5)).map(group).collect();
        answer(200, &json!({"server_groups": groups}).to_string())
    });
    assert_eq!(fake.client().server_groups().await.unwrap().len(), 5);
    assert_eq!(fake.seen("os-server-groups").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn volumes_are_compared_by_name_again() {
    let volumes = r#"{"volumes": [{"id": "a", "name": "h", "status": "available", "size": 1}, {"id": "b", "name": "h2"}, {"id": "c", "name": null}]}"#;
    let fake = Fake::new(move |_, _| answer(200, volumes));
    let found = fake.client().volumes_named("h").await.unwrap();
    assert_eq!((found.len(), found[0].id.as_str()), (1, "a"));
    assert_eq!(fake.seen("volumes")[0].target, "/volume/v3/project-1/volumes/detail?name=h");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there_is_none_and_labels_are_asked_for() {
    let gone = "<html><body>No image found with ID 7</body></html>";
    let fake = Fake::new(move |seen, _| if seen.target.contains("images/") { answer(404, gone) } else { answer(200, r#"{"images": []}"#) });
    assert_eq!(fake.client().images(&Lookup::Id("7".to_owned())).await.unwrap(), []);
    let labels = Lookup::Labelled { tags: vec!["k8s".to_owned()], properties: [("os_distro".to_owned(), "debian".to_owned())].into() };
    assert_eq!(fake.client().images(&labels).await.unwrap(), []);
    assert_eq!(fake.seen("/images?").last().unwrap().target, "/image/v2/images?tag=k8s&os_distro=debian");
}

#[tokio::test(start_paused = true)]
async fn every_deletion_goes_by_id_to_its_own_path() {
    let fake = Fake::new(|_, _| answer(204, ""));
    let cloud = fake.client();
    cloud.delete_server("1").await.unwrap();
    cloud.delete_port("2").await.unwrap();
    cloud.delete_volume("3").await.unwrap();
    cloud.delete_floating_ip("4").await.unwrap();
    cloud.delete_server_group("5").await.unwrap();
    let sent: Vec<String> = fake.seen("").into_iter().filter(|seen| seen.method == "DELETE").map(|seen| seen.target).collect();
    let expected = [
        "/compute/v2.1/servers/1",
        "/networking/v2.0/ports/2",
        "/volume/v3/project-1/volumes/3",
        "/networking/v2.0/floatingips/4",
        "/compute/v2.1/os-server-groups/5",
    ];
    assert_eq!(sent, expected);
    let error = cloud.delete_volume("../x").await.unwrap_err();
    assert!(matches!(error, Error::BadSpec { .. }), "{error}");
    assert_eq!(call::DELETE_VOLUME.method(), "DELETE");
}
