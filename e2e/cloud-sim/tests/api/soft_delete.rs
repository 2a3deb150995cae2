//! A cloud that keeps deleted servers for a while, one that counts its quota late, and shortages of a server group.
use std::time::Duration;

use gantry_cloud_sim::{Config, Simulator};
use serde_json::{Value, json};

use crate::client::{Client, fast, recorded_cloud};

fn soft() -> (Simulator, Client) {
    let cloud = Simulator::start(Config { reclaim_instance_interval: Duration::from_millis(300), ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    (cloud, demo)
}

#[test]
fn a_deleted_server_is_put_aside_with_its_port_and_reclaimed_later() {
    let (_cloud, demo) = soft();
    let port = demo.port(json!({})).id();
    let id = demo.active("x", &[("networks", json!([{"port": port}]))]);
    let used = |what: &str| demo.get("/compute/v2.1/limits").json()["limits"]["absolute"][what].clone();
    assert_eq!(demo.remove(&id).code, 204);
    demo.wait(&id, &["SOFT_DELETED"]);
    assert!(demo.names("").is_empty(), "lists leave it out");
    assert_eq!(demo.show_port(&port)["device_id"], json!(id));
    assert_eq!((used("totalInstancesUsed"), used("totalCoresUsed")), (json!(0), json!(2)));
    assert_eq!(demo.remove(&id).code, 204, "to delete it again changes nothing");
    demo.gone(&id);
    assert_eq!((&demo.show_port(&port)["device_id"], used("totalCoresUsed")), (&json!(""), json!(0)));
}

#[test]
fn what_never_ran_is_deleted_for_good_and_so_is_what_is_forced() {
    let (cloud, demo) = soft();
    cloud.admin("POST", "faults", json!({"kind": "build", "name": "never", "outcome": "never"})).unwrap();
    let never = demo.create("never", &[]).id();
    std::thread::sleep(Duration::from_millis(60));
    demo.remove(&never);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(demo.show(&never).code, 404);
    let forced = demo.active("x", &[]);
    assert_eq!(demo.act(&forced, &json!({"forceDelete": null})).code, 202);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(demo.show(&forced).code, 404);
}

#[test]
fn a_quota_that_is_counted_late_is_an_error_with_code_413() {
    let cloud = Simulator::start(Config { late_quota_check: true, ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    cloud.admin("PUT", "quotas/demo", json!({"cores": 3})).unwrap();
    demo.active("fits", &[]);
    let over = demo.create("over", &[]);
    assert_eq!(over.code, 202);
    let fault = demo.wait(&over.id(), &["ERROR"])["fault"].clone();
    let text = json!("Quota exceeded for cores: Requested 0, but already used 4 of 3 cores");
    assert_eq!((&fault["code"], &fault["message"]), (&json!(413), &text));
}

fn group(demo: &Client, policy: &str) -> String {
    demo.post("/compute/v2.1/os-server-groups", &json!({"server_group": {"name": "g", "policy": policy}})).id()
}

fn member(demo: &Client, group: &str) -> (u16, Value) {
    let body: Value = serde_json::from_str(&demo.server("x", &[])).unwrap();
    let body = json!({"server": body["server"], "os:scheduler_hints": {"group": group}});
    let answer = demo.post("/compute/v2.1/servers", &body);
    (answer.code, answer.json())
}

#[test]
fn hard_anti_affinity_runs_out_of_hypervisors() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let group = group(&demo, "anti-affinity");
    let servers: Vec<_> = (0..3).map(|_| member(&demo, &group).1["server"]["id"].as_str().unwrap().to_owned()).collect();
    let ended: Vec<_> = servers.iter().map(|id| demo.wait(id, &["ACTIVE", "ERROR"])).collect();
    let failed: Vec<_> = ended.iter().filter(|server| server["status"] == "ERROR").collect();
    assert_eq!(failed.len(), 1, "there are two hypervisors");
    assert_eq!(failed[0]["fault"]["message"], "No valid host was found. There are not enough hosts available.");
}

#[test]
fn a_server_group_takes_so_many_members_and_no_more() {
    let (cloud, demo) = soft();
    cloud.admin("PUT", "quotas/demo", json!({"server_group_members": 1})).unwrap();
    let group = group(&demo, "soft-anti-affinity");
    assert_eq!(member(&demo, &group).0, 202);
    let (code, body) = member(&demo, &group);
    assert_eq!((code, &body["forbidden"]["message"]), (403, &json!("Quota exceeded, too many servers in group")));
}
