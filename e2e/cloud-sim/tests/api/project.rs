//! Quota, limits, flavors, zones, server groups: what a project may see and use.
use serde_json::json;

use crate::{
    client::{Client, recorded_cloud},
    record,
};

#[test]
fn limits_and_quota_are_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    demo.active("x", &[]);
    let body = json!({"server_group": {"name": "grp", "policy": "soft-anti-affinity"}});
    assert_eq!(demo.post("/compute/v2.1/os-server-groups", &body).code, 200);
    record::same("GET /limits", &demo.get("/compute/v2.1/limits"));
    let set = format!("/compute/v2.1/os-quota-sets/{}", demo.project);
    record::same("quota set as member", &demo.get(&set));
    let detail = demo.get(&format!("{set}/detail")).json();
    assert_eq!(detail["quota_set"]["cores"], json!({"limit": 100, "in_use": 1, "reserved": 0}));
}

#[test]
fn admins_set_quota_and_members_do_not() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let set = format!("/compute/v2.1/os-quota-sets/{}", demo.project);
    let body = json!({"quota_set": {"cores": 7}});
    assert_eq!(demo.put(&set, &body).code, 403);
    assert_eq!(admin.put(&set, &body).json()["quota_set"]["cores"], 7);
    assert_eq!(demo.get(&set).json()["quota_set"]["cores"], 7);
}

#[test]
fn zones_are_open_and_what_is_behind_them_is_not() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let get = |path: &str| demo.get(&format!("/compute/v2.1/{path}"));
    record::same("AZ listing as member", &get("os-availability-zone"));
    record::same("AZ detail as member", &get("os-availability-zone/detail"));
    record::same("os-hypervisors as member", &get("os-hypervisors"));
    record::same("os-services as member", &get("os-services"));
    let id = demo.active("x", &[]);
    record::same("diagnostics as member", &get(&format!("servers/{id}/diagnostics")));
    assert_eq!(admin.get("/compute/v2.1/os-services").json()["services"].as_array().map(Vec::len), Some(2));
}

#[test]
fn flavors_are_shown_and_filtered_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    record::same("flavor by name filter", &demo.get("/compute/v2.1/flavors?name=m1.tiny"));
    record::same("flavor with extra", &demo.get("/compute/v2.1/flavors/1"));
    let by_name = demo.at("2.102").get("/compute/v2.1/flavors?name=m1.tiny").json();
    assert_eq!(by_name["flavors"].as_array().map(Vec::len), Some(1));
    let page = demo.get("/compute/v2.1/flavors/detail?limit=3").json();
    let next = page["flavors_links"][0]["href"].as_str().unwrap();
    assert!(next.ends_with("/compute/v2.1/flavors/detail?limit=3&marker=3"), "{next}");
    let rest = demo.get(next).json();
    assert_eq!((rest["flavors"][0]["id"].as_str(), rest.get("flavors_links")), (Some("4"), None));
    assert_eq!(demo.at("2.60").get("/compute/v2.1/flavors/1").json()["flavor"].get("extra_specs"), None);
}

#[test]
fn a_server_keeps_its_flavor_when_the_flavor_is_deleted() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let id = demo.active("x", &[]);
    assert_eq!(admin.delete("/compute/v2.1/flavors/1").code, 202);
    assert_eq!(demo.show(&id).json()["server"]["flavor"]["original_name"], "m1.tiny");
    assert_eq!(demo.get("/compute/v2.1/flavors/1").code, 404);
}

#[test]
fn server_groups_are_as_recorded_and_anti_affinity_is_kept() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let path = "/compute/v2.1/os-server-groups";
    let soft = json!({"server_group": {"name": "grp", "policy": "soft-affinity"}});
    record::same("server group: two of one name", &demo.post(path, &soft));
    record::same("server group: two of one name", &demo.post(path, &soft));
    let rules = json!({"name": "grp", "policy": "anti-affinity", "rules": {"max_server_per_host": 2}});
    record::same("group under 2.64 rules", &demo.post(path, &json!({"server_group": rules})));

    let hard = demo.post(path, &json!({"server_group": {"name": "hard", "policy": "anti-affinity"}})).id();
    let create = || {
        let mut body: serde_json::Value = serde_json::from_str(&demo.server("x", &[])).unwrap();
        body["os:scheduler_hints"] = json!({"group": hard});
        let id = demo.post("/compute/v2.1/servers", &body).id();
        demo.wait(&id, &["ACTIVE", "ERROR"])
    };
    let three = [create(), create(), create()];
    assert_eq!(three.each_ref().map(|server| server["status"].as_str().unwrap()), ["ACTIVE", "ACTIVE", "ERROR"]);
    let text = "No valid host was found. There are not enough hosts available.";
    assert_eq!(three[2]["fault"]["message"], text);
    let members = demo.get(&format!("{path}/{hard}")).json()["server_group"]["members"].clone();
    assert_eq!(members.as_array().map(Vec::len), Some(3), "the failed one is a member, too");
    record::same("delete group with members", &demo.delete(&format!("{path}/{hard}")));
}
