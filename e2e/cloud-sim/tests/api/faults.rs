//! Faults: what a rule breaks, how often, and that a lost answer is not a lost request.
use std::time::{Duration, Instant};

use gantry_cloud_sim::{Config, Simulator};
use serde_json::{Value, json};

use crate::client::{Client, fast};

fn start() -> (Simulator, Client) {
    let cloud = Simulator::start(fast()).unwrap();
    let demo = Client::demo(&cloud);
    (cloud, demo)
}

fn add(cloud: &Simulator, rule: Value) {
    cloud.admin("POST", "faults", rule).unwrap();
}

fn servers(cloud: &Simulator) -> Value {
    cloud.admin("GET", "state", Value::Null).unwrap()["servers"].clone()
}

const POST: &str = "/compute/v2.1/servers";

#[test]
fn a_refusal_before_applies_nothing_and_ends_after_its_count() {
    let (cloud, demo) = start();
    add(&cloud, json!({"kind": "request", "method": "POST", "path": POST, "status": 503, "count": 2, "retryAfter": 3}));
    let first = demo.create("x", &[]);
    assert_eq!((first.code, first.header("retry-after")), (503, Some("3")));
    assert_eq!(demo.create("x", &[]).code, 503);
    assert_eq!(servers(&cloud), 0);
    assert_eq!(demo.create("x", &[]).code, 202);
}

#[test]
fn an_answer_lost_after_is_a_server_created() {
    let (cloud, demo) = start();
    let body = json!({"error": "upstream"});
    let rule = json!({"kind": "request", "method": "POST", "path": POST, "when": "after", "count": 1});
    let with = |more: Value| {
        let mut rule = rule.clone();
        more.as_object().unwrap().iter().for_each(|(key, value)| rule[key] = value.clone());
        rule
    };
    add(&cloud, with(json!({"status": 504, "body": body})));
    let lost = demo.create("x", &[]);
    assert_eq!((lost.code, lost.json(), servers(&cloud)), (504, body, json!(1)));

    add(&cloud, with(json!({"reset": true})));
    let request = demo.server("x", &[]);
    assert!(demo.try_send("POST", POST, &request).is_err());
    assert_eq!(servers(&cloud), 2);
}

#[test]
fn a_slow_answer_is_the_true_one() {
    let (cloud, demo) = start();
    add(&cloud, json!({"kind": "request", "path": "/compute/.*", "delayMs": 120, "count": 1}));
    let before = Instant::now();
    assert_eq!(demo.get("/compute/v2.1/limits").code, 200);
    assert!(before.elapsed() >= Duration::from_millis(120));
}

#[test]
fn rules_skip_and_hit_a_fraction_the_same_way_for_the_same_seed() {
    let run = |seed: u64| -> Vec<u16> {
        let cloud = Simulator::start(Config { seed, ..fast() }).unwrap();
        let demo = Client::demo(&cloud);
        add(&cloud, json!({"kind": "request", "path": ".*/limits", "status": 500, "fraction": 0.5, "skip": 3}));
        (0..24).map(|_| demo.get("/compute/v2.1/limits").code).collect()
    };
    let first = run(7);
    assert_eq!(first[..3], [200, 200, 200]);
    assert!(first.contains(&500) && first[3..].contains(&200));
    assert_eq!(first, run(7));
    assert_ne!(first, run(8));
}

#[test]
fn builds_hang_fail_and_drag_on_as_asked() {
    let (cloud, demo) = start();
    add(
        &cloud,
        json!([
            {"kind": "build", "name": "^hangs$", "outcome": "never"},
            {"kind": "build", "flavor": "m1.xlarge", "outcome": "error", "code": 413, "message": "Quota exceeded for {id}"},
            {"kind": "build", "zone": "az2", "latencyMs": 60_000},
        ]),
    );
    let hangs = demo.create("hangs", &[]).id();
    let fails = demo.create("fails", &[("flavorRef", json!("3"))]).id();
    let drags = demo.create("drags", &[("availability_zone", json!("az2"))]).id();
    demo.active("fine", &[]);
    let fault = demo.wait(&fails, &["ERROR"])["fault"].clone();
    assert_eq!((&fault["code"], &fault["message"]), (&json!(413), &json!(format!("Quota exceeded for {fails}"))));
    let state = |id: &str| demo.show(id).json()["server"].clone();
    assert_eq!((&state(&hangs)["status"], &state(&hangs)["OS-EXT-STS:task_state"]), (&json!("BUILD"), &json!("spawning")));
    assert_eq!(state(&drags)["status"], "BUILD");
}

#[test]
fn a_deletion_hangs_until_it_is_asked_for_again() {
    let (cloud, demo) = start();
    let id = demo.active("x", &[]);
    add(&cloud, json!({"kind": "delete", "outcome": "never"}));
    assert_eq!(demo.remove(&id).code, 204);
    std::thread::sleep(Duration::from_millis(60));
    let server = demo.show(&id).json()["server"].clone();
    assert_eq!((&server["status"], &server["OS-EXT-STS:task_state"]), (&json!("ACTIVE"), &json!("deleting")));
    cloud.admin("DELETE", "faults", Value::Null).unwrap();
    assert_eq!(demo.remove(&id).code, 204);
    demo.gone(&id);
}

#[test]
fn lists_leave_servers_out_that_are_still_there_by_id() {
    let (cloud, demo) = start();
    let hidden = demo.active("general-1", &[]);
    demo.active("other-1", &[]);
    add(&cloud, json!({"kind": "list", "name": "^general-", "count": 1}));
    assert_eq!(demo.names(""), ["other-1"]);
    assert_eq!(demo.show(&hidden).code, 200);
    assert_eq!(demo.names("").len(), 2);
    add(&cloud, json!({"kind": "list"}));
    assert!(demo.names("/detail").is_empty());
}

#[test]
fn a_cell_that_is_down_shows_stubs_only_in_a_plain_list_from_2_69_on() {
    let (cloud, demo) = start();
    let down = demo.active("down", &[]);
    demo.active("up", &[]);
    add(&cloud, json!({"kind": "list", "name": "^down$", "stubs": true}));
    let list = |client: &Client, query: &str| client.get(&format!("/compute/v2.1/servers/detail{query}")).json()["servers"].clone();
    let stub = list(&demo, "")[1].clone();
    assert_eq!((&stub["id"], &stub["status"], stub.get("name")), (&json!(down), &json!("UNKNOWN"), None));
    for (client, query) in [(&demo, "?limit=10"), (&demo, "?name=down"), (&demo.at("2.68"), "")] {
        assert!(!list(client, query).to_string().contains(&down), "{query}");
    }
}

#[test]
fn expired_tokens_are_refused_at_once() {
    let (cloud, demo) = start();
    assert_eq!(demo.get("/compute/v2.1/limits").code, 200);
    assert_eq!(cloud.admin("POST", "tokens/expire", Value::Null).unwrap()["expired"], 1);
    assert_eq!(demo.get("/compute/v2.1/limits").code, 401);
}

#[test]
fn a_revoked_application_credential_cannot_log_in() {
    let (cloud, _) = start();
    cloud.admin("DELETE", "application-credentials/openstack-appcred", Value::Null).unwrap();
    assert_eq!(cloud.application_credential(), None);
}

#[test]
fn requests_are_counted_by_route() {
    let (cloud, demo) = start();
    let id = demo.active("x", &[]);
    demo.show(&id);
    let requests = cloud.admin("GET", "state", Value::Null).unwrap()["requests"].clone();
    assert_eq!(requests["POST /compute/v2.1/servers"], 1);
    assert!(requests["GET /compute/v2.1/servers/{id}"].as_u64() >= Some(2));
}

#[test]
fn a_rule_that_is_not_understood_is_refused_with_a_sentence() {
    let (cloud, _) = start();
    let refused = |rule: Value| cloud.admin("POST", "faults", rule).unwrap_err();
    assert!(refused(json!({"kind": "request", "pth": "x"})).contains("unknown field `pth`"));
    assert!(refused(json!({"kind": "request", "path": "("})).contains("does nothing without status"));
    assert!(refused(json!({"kind": "request", "path": "(", "status": 500})).contains("not a regular expression"));
    assert!(refused(json!({"kind": "build", "fraction": 2, "outcome": "never"})).contains("between 0 and 1"));
    assert_eq!(cloud.admin("GET", "faults", Value::Null).unwrap(), json!([]));
}

#[test]
fn reset_brings_the_first_day_back() {
    let (cloud, demo) = start();
    demo.active("x", &[]);
    add(&cloud, json!({"kind": "list"}));
    cloud.admin("POST", "reset", Value::Null).unwrap();
    let state = cloud.admin("GET", "state", Value::Null).unwrap();
    assert_eq!((&state["servers"], &state["faults"]), (&json!(0), &json!([])));
    let again = Client::demo(&cloud);
    assert_eq!(again.image(), again.image());
}
