//! POST /servers: what is accepted, and every refusal on record.
use serde_json::{Value, json};

use crate::{
    client::{Client, recorded_cloud},
    record,
};

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A refusal on record, and what to put into the request for it.
type Case = (&'static str, Vec<(&'static str, Value)>);

#[track_caller]
fn check(cases: Vec<Case>) {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    for (title, more) in cases {
        record::same(title, &demo.create("x", &more));
    }
}

#[test]
fn references_to_nothing_are_refused_as_recorded() {
    check(vec![
        ("unknown flavor", vec![("flavorRef", json!("nope"))]),
        ("unknown image", vec![("imageRef", json!(NOBODY))]),
        ("malformed image ref", vec![("imageRef", json!("not-a-uuid"))]),
        ("unknown network", vec![("networks", json!([{"uuid": NOBODY}]))]),
        ("unknown port", vec![("networks", json!([{"port": NOBODY}]))]),
        ("unknown key", vec![("key_name", json!("nokey"))]),
        ("unknown security group", vec![("security_groups", json!([{"name": "nosg"}]))]),
        ("unknown AZ", vec![("availability_zone", json!("mars"))]),
        ("admin-only: force az host", vec![("availability_zone", json!("nova:cn1"))]),
    ]);
}

#[test]
fn values_that_the_schema_forbids_are_refused_as_recorded() {
    let tags: Vec<_> = (0..51).map(|n| format!("t{n}")).collect();
    let metadata: serde_json::Map<_, _> = (0..130).map(|n| (format!("k{n}"), json!("v"))).collect();
    check(vec![
        ("extra property", vec![("bogus", json!(1))]),
        ("bad name (256)", vec![("name", json!("n".repeat(256)))]),
        ("empty name", vec![("name", json!(""))]),
        ("metadata > quota 128", vec![("metadata", json!(metadata))]),
        ("metadata value 256 chars", vec![("metadata", json!({"k": "v".repeat(256)}))]),
        ("51 tags", vec![("tags", json!(tags))]),
        ("tag with comma/slash", vec![("tags", json!(["a/b"]))]),
        ("61-char tag", vec![("tags", json!(["t".repeat(61)]))]),
    ]);
}

#[test]
fn a_key_pair_belongs_to_its_user() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let pair = json!({"keypair": {"name": "kp", "public_key": "ssh-ed25519 AAAA x", "type": "ssh"}});
    assert_eq!(demo.post("/compute/v2.1/os-keypairs", &pair).code, 201);
    assert_eq!(demo.create("x", &[("key_name", json!("kp"))]).code, 202);
    assert_eq!(admin.get("/compute/v2.1/os-keypairs").json(), json!({"keypairs": []}));
}

#[test]
fn the_group_hint_is_checked_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    for (title, group) in [("unknown server group hint", NOBODY), ("malformed group hint", "grpname")] {
        let mut body: Value = serde_json::from_str(&demo.server("x", &[])).unwrap();
        body["os:scheduler_hints"] = json!({"group": group});
        record::same(title, &demo.post("/compute/v2.1/servers", &body));
    }
}

#[test]
fn networks_are_required_from_2_37_on() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let body = format!(r#"{{"server": {{"name": "x", "flavorRef": "1", "imageRef": "{}"}}}}"#, demo.image());
    let create = |minor: &str| demo.at(minor).try_send("POST", "/compute/v2.1/servers", &body).unwrap();
    record::same("networks omitted under 2.37+", &create("2.96"));
    assert_eq!(create("2.36").code, 202);
}

#[test]
fn tags_at_creation_begin_with_2_52() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    record::same("tags under mv 2.51", &demo.at("2.51").create("x", &[("tags", json!(["x"]))]));
    assert_eq!(demo.at("2.52").create("x", &[("tags", json!(["x"]))]).code, 202);
}

#[test]
fn user_data_is_not_looked_into_but_limited() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    record::same("bad user_data (not base64)", &demo.create("x", &[("user_data", json!("%%%"))]));
    let too_long = demo.create("x", &[("user_data", json!("YWFh".repeat(16_384)))]);
    record::begins("user_data 65535 base64 chars exceeded", &too_long);
    let longest = demo.create("x", &[("user_data", json!("YWFh".repeat(16_383)))]);
    assert_eq!(longest.code, 202);
}

#[test]
fn a_body_over_112_kib_is_413_in_html() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let metadata: serde_json::Map<_, _> = (0..600).map(|n| (format!("k{n}"), json!("v".repeat(200)))).collect();
    let answer = demo.create("x", &[("metadata", json!(metadata))]);
    record::same("request body > 112 KiB", &answer);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=UTF-8"));
}

#[test]
fn a_page_of_webobs_is_json_for_those_who_accept_nothing_else() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    assert!(demo.get("/compute/v2.1/nothing").text.starts_with("<html>"));
    let headers = [("X-Auth-Token", demo.token.as_str()), ("Accept", "application/json")];
    let unknown = crate::client::send("GET", &format!("{}/compute/v2.1/nothing", demo.base), &headers, "").unwrap();
    let message = "The resource could not be found.<br /><br />\n\n\n";
    assert_eq!((unknown.code, unknown.json()), (404, json!({"code": "404 Not Found", "message": message, "title": "Not Found"})));
}

#[test]
fn quota_is_a_403_with_requested_used_and_limit() {
    let cloud = recorded_cloud();
    let (demo, set) = (Client::demo(&cloud), |quota| cloud.admin("PUT", "quotas/demo", quota).unwrap());
    let first = demo.active("q1", &[]);
    record::same("no valid host: over quota first?", &demo.create("nvh", &[("flavorRef", json!("4"))]));
    set(json!({"instances": 1, "cores": -1, "ram": -1}));
    record::same("over instance quota", &demo.create("q2", &[]));
    set(json!({"instances": 50, "cores": 1}));
    record::same("over cores quota", &demo.create("q3", &[("flavorRef", json!("2"))]));
    set(json!({"cores": 100, "ram": 600}));
    record::same("over ram quota", &demo.create("q3", &[("flavorRef", json!("2"))]));
    demo.remove(&first);
    demo.gone(&first);
    set(json!({"instances": 1}));
    assert_eq!(demo.create("q4", &[]).code, 202, "what is deleted does not count");
}

#[test]
fn several_servers_in_one_request_are_numbered_and_counted() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    assert_eq!(demo.create("many", &[("min_count", json!(3))]).code, 202);
    assert_eq!(demo.names(""), ["many-3", "many-2", "many-1"]);
    let limits = demo.get("/compute/v2.1/limits").json();
    assert_eq!(limits["limits"]["absolute"]["totalInstancesUsed"], 3);
}

#[test]
fn the_password_is_in_the_answer_to_post_only() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let answer = demo.create("x", &[]);
    assert!(answer.json()["server"]["adminPass"].is_string());
    assert!(!demo.show(&answer.id()).text.contains("adminPass"));
}
