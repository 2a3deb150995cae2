//! Lists of servers: order, pages, filters that work, are refused, or are silently ignored.
use serde_json::json;

use crate::{
    client::{Client, fast, recorded_cloud},
    record,
};
use gantry_cloud_sim::{Config, Simulator};

/// The five servers of the record, oldest first.
fn five(demo: &Client) -> Vec<String> {
    let create = |n: usize| {
        let cluster = if n % 2 == 1 { "cl-a" } else { "cl-b" };
        let more = [("tags", json!(["k8s", cluster])), ("metadata", json!({"role": format!("w{}", n % 2)}))];
        demo.active(&format!("web-{}", n / 2), &more)
    };
    (0..5).map(create).collect()
}

#[test]
fn servers_are_listed_newest_first_in_pages_with_links() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let mut ids = five(&demo);
    ids.reverse();
    let first = demo.get("/compute/v2.1/servers?limit=2");
    record::same("limit=2", &first);
    let mut seen = Vec::new();
    let mut page = first.json();
    loop {
        let servers = page["servers"].as_array().unwrap().clone();
        seen.extend(servers.iter().map(|server| server["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["servers_links"][0]["href"].as_str() else { break };
        page = demo.get(next).json();
    }
    assert_eq!(seen, ids);
}

#[test]
fn a_full_last_page_has_a_link_to_an_empty_one() {
    let cloud = Simulator::start(Config { max_limit: 2, ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    for n in 0..4 {
        demo.active(&format!("x{n}"), &[]);
    }
    let cut = demo.get("/compute/v2.1/servers/detail?limit=5000").json();
    assert_eq!(cut["servers"].as_array().map(Vec::len), Some(2), "cut at max_limit");
    let next = cut["servers_links"][0]["href"].as_str().unwrap().to_owned();
    assert!(next.contains("/servers/detail?limit=5000&marker="), "{next}");
    let last = demo.get(&next).json();
    assert_eq!(last["servers"].as_array().map(Vec::len), Some(2));
    let beyond = demo.get(last["servers_links"][0]["href"].as_str().unwrap()).json();
    assert_eq!(beyond, json!({"servers": []}));
}

#[test]
fn limits_and_markers_are_checked_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let ids = five(&demo);
    let list = |query: &str| demo.get(&format!("/compute/v2.1/servers?{query}"));
    record::same("marker unknown", &list("marker=00000000-0000-0000-0000-000000000000"));
    record::same("limit=0", &list("limit=0"));
    record::same("limit=-1", &list("limit=-1"));
    demo.remove(&ids[3]);
    demo.gone(&ids[3]);
    assert_eq!(demo.names(&format!("?limit=2&marker={}", ids[3])), ["web-1", "web-0"], "a deleted marker goes on");
}

#[test]
fn filters_work_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let ids = five(&demo);
    let sorted = |query: &str| {
        let mut names = demo.names(query);
        names.sort();
        names
    };
    let all = ["web-0", "web-0", "web-1", "web-1", "web-2"];
    assert_eq!(sorted("?tags=k8s"), all);
    assert_eq!(sorted("?tags=k8s,cl-a"), ["web-0", "web-1"]);
    assert_eq!(sorted("?tags-any=cl-a,cl-b"), all);
    assert_eq!(sorted("?not-tags=cl-a"), ["web-0", "web-1", "web-2"]);
    assert_eq!(sorted("?name=web-1"), ["web-1", "web-1"]);
    assert_eq!(sorted("?name=%5Eweb-1%24"), ["web-1", "web-1"]);
    assert_eq!(sorted("?name=web"), all);
    assert_eq!(sorted("?status=ACTIVE"), all);
    assert_eq!(sorted("?flavor=1"), all);
    assert_eq!(sorted("?ip=10.78"), all);
    assert_eq!(sorted(&format!("?uuid={}", ids[0])), all, "ignored for a member");
    assert_eq!(sorted("/detail?metadata=%7B%22role%22%3A%22w1%22%7D"), all, "ignored for a member");
    assert_eq!(sorted("/detail?deleted=true"), all, "ignored for a member");
    let old = demo.at("2.25").names("?tags=cl-a");
    assert_eq!(old.len(), 5, "ignored before 2.26");
}

#[test]
fn nonsense_is_refused_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let list = |query: &str| demo.get(&format!("/compute/v2.1/servers?{query}"));
    record::same("unknown filter", &list("bogus=1"));
    record::same("status=NONSENSE", &list("status=NONSENSE"));
    record::same("changes-since bad", &list("changes-since=yesterday"));
    let all = list("all_tenants=1");
    let text = "Policy doesn't allow os_compute_api:servers:index:get_all_tenants to be performed.";
    assert_eq!((all.code, &all.json()["forbidden"]["message"]), (403, &json!(text)));
}

#[test]
fn changes_since_shows_the_deleted_but_not_those_never_scheduled() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let deleted = demo.active("deleted", &[]);
    demo.remove(&deleted);
    demo.gone(&deleted);
    cloud.admin("PUT", "latencies", json!({"buildMs": 60_000})).unwrap();
    let early = demo.create("early", &[]).id();
    demo.remove(&early);
    let list = demo.get("/compute/v2.1/servers/detail?changes-since=2020-01-01T00:00:00Z").json();
    let rows = list["servers"].as_array().unwrap().clone();
    let rows: Vec<_> = rows.iter().map(|row| (row["name"].as_str().unwrap(), row["status"].as_str().unwrap())).collect();
    assert_eq!(rows, [("deleted", "DELETED")]);
    let future = demo.get("/compute/v2.1/servers?changes-since=2099-01-01T00:00:00Z");
    assert_eq!(future.json(), json!({"servers": []}));
}

#[test]
fn admins_see_all_tenants() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    demo.active("of-demo", &[]);
    assert!(admin.names("").is_empty());
    assert_eq!(admin.names("/detail?all_tenants=1"), ["of-demo"]);
}

#[test]
fn microversions_are_read_and_refused_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    record::same("unsupported microversion", &demo.at("2.999").get("/compute/v2.1/servers"));
    record::same("malformed microversion", &demo.at("abc").get("/compute/v2.1/servers"));
    let answer = demo.at("latest").get("/compute/v2.1/servers");
    assert_eq!(answer.header("openstack-api-version"), Some("compute 2.104"));
    let anonymous = crate::client::send("GET", &format!("{}/compute/v2.1/", cloud.url()), &[], "").unwrap();
    record::same("version discovery", &anonymous);
}

#[test]
fn microversions_change_the_shape_of_a_server() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let id = demo.active("x", &[]);
    let show = |minor: &str| demo.at(minor).show(&id).json()["server"].clone();
    assert_eq!(show("2.46")["flavor"]["id"], "1");
    assert_eq!(show("2.47")["flavor"]["original_name"], "m1.tiny");
    let first_with = |field: &str, minor: u16| {
        let has = |minor: u16| show(&format!("2.{minor}")).get(field).is_some();
        assert_eq!((has(minor - 1), has(minor)), (false, true), "{field}");
    };
    first_with("description", 19);
    first_with("tags", 26);
    first_with("server_groups", 71);
    first_with("locked_reason", 73);
    first_with("OS-EXT-SRV-ATTR:hostname", 90);
    first_with("pinned_availability_zone", 96);
    let list = demo.get("/compute/v2.1/servers/detail").json();
    assert_eq!(list["servers"][0].get("server_groups"), None, "not in lists");
}
