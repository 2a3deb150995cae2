use super::super::fake::{Answer, Fake, Seen, answer};
use super::*;
use serde_json::{Value, json};

fn spec() -> PortSpec {
    PortSpec {
        name: "h-0".to_owned(),
        network_id: "n".to_owned(),
        subnet_id: None,
        security_group_ids: vec![],
        tags: vec!["gantry-host:1".to_owned(), "gantry-cluster:2".to_owned()],
    }
}

fn client(fake: &Fake) -> OpenStack {
    OpenStack { engine: fake.engine(), tags_kept: AtomicBool::new(false) }
}

/// The one port of a Neutron that keeps, drops or refuses tags.
fn neutron(tags: &Value) -> String {
    json!({"id": "p", "name": "h-0", "status": "DOWN", "description": "gantry-host:1", "tags": tags}).to_string()
}

fn drops_tags(seen: &Seen, _: usize) -> Answer {
    let port = neutron(&json!([]));
    match (seen.method.as_str(), seen.target.contains("?tags=")) {
        ("POST", _) => answer(201, &format!(r#"{{"port": {port}}}"#)),
        (_, true) => answer(200, r#"{"ports": []}"#),
        (_, false) => answer(200, &format!(r#"{{"ports": [{port}]}}"#)),
    }
}

#[tokio::test]
async fn a_port_is_found_where_tags_at_birth_are_dropped() {
    let fake = Fake::start(drops_tags).await;
    let cloud = client(&fake);
    cloud.create_port(&spec()).await.unwrap();
    let found = cloud.ports_by_tag("gantry-host:1").await.unwrap();
    assert_eq!((found.len(), found[0].tags.as_slice()), (1, ["gantry-host:1".to_owned()].as_slice()));
    assert!(cloud.ports_by_tag("gantry-host:2").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_port_is_created_without_tags_where_they_are_refused() {
    for text in ["Attribute 'tags' not allowed in POST", "Unrecognized attribute(s) 'tags'"] {
        let refusal = json!({"NeutronError": {"type": "HTTPBadRequest", "message": text, "detail": ""}}).to_string();
        let fake = Fake::start(move |seen, _| match seen.body.contains("tags") {
            true => answer(400, &refusal),
            false => answer(201, &format!(r#"{{"port": {}}}"#, neutron(&json!([])))),
        })
        .await;
        assert_eq!(client(&fake).create_port(&spec()).await.unwrap().tags, ["gantry-host:1"]);
    }
}

#[tokio::test]
async fn a_cloud_that_keeps_tags_is_asked_once() {
    let fake = Fake::start(|seen, _| match seen.method.as_str() {
        "POST" => answer(201, &format!(r#"{{"port": {}}}"#, neutron(&json!(["gantry-host:1", "gantry-cluster:2"])))),
        _ => answer(200, r#"{"ports": []}"#),
    })
    .await;
    let cloud = client(&fake);
    cloud.ports_by_tag("gantry-host:1").await.unwrap();
    assert_eq!(fake.seen("/ports?").len(), 2, "nothing is known yet");
    cloud.create_port(&spec()).await.unwrap();
    cloud.ports_by_tag("gantry-host:1").await.unwrap();
    assert_eq!(fake.seen("/ports?").len(), 3);
}

#[tokio::test]
async fn a_security_group_of_the_own_project_is_preferred() {
    let group = |id: &str, project: &str| json!({"id": id, "name": "default", "project_id": project});
    let groups = json!({"security_groups": [group("a", "other"), group("b", "project-1"), group("c", "third")]}).to_string();
    let fake = Fake::start(move |_, _| answer(200, &groups)).await;
    let found = client(&fake).security_groups(&Lookup::Name("default".to_owned())).await.unwrap();
    assert_eq!(found, [Named { id: "b".to_owned(), name: "default".to_owned() }]);
}

#[tokio::test]
async fn a_filter_that_is_ignored_does_no_harm() {
    let networks = r#"{"networks": [{"id": "a", "name": "apps-old"}, {"id": "b", "name": "apps"}]}"#;
    let fake = Fake::start(move |_, _| answer(200, networks)).await;
    let found = client(&fake).networks(&Lookup::Name("apps".to_owned())).await.unwrap();
    assert_eq!(found, [Named { id: "b".to_owned(), name: "apps".to_owned() }]);
}

#[tokio::test]
async fn images_that_are_not_active_are_not_offered() {
    let images = r#"{"images": [{"id": "a", "name": "i", "status": "queued"}, {"id": "b", "name": "i", "status": "active"}], "first": "/v2/images"}"#;
    let fake = Fake::start(move |_, _| answer(200, images)).await;
    let found = client(&fake).images(&Lookup::Name("i".to_owned())).await.unwrap();
    assert_eq!(found, [Named { id: "b".to_owned(), name: "i".to_owned() }]);
}
