//! Cells that are down, as Nova shows them; and pages that arrive broken.
use gantry_cloud_sim::{Config, Simulator};
use serde_json::{Value, json};

use crate::client::{Client, fast};

fn start() -> (Simulator, Client, String, String) {
    let cloud = Simulator::start(Config { max_limit: 2, ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    let down = demo.active("down", &[("availability_zone", json!("az1"))]);
    let up = demo.active("up", &[("availability_zone", json!("az2"))]);
    (cloud, demo, down, up)
}

fn add(cloud: &Simulator, rule: Value) {
    cloud.admin("POST", "faults", rule).unwrap();
}

#[test]
fn a_plain_list_has_stubs_of_a_cell_that_is_down_and_any_other_leaves_them_out() {
    let (cloud, demo, down, up) = start();
    add(&cloud, json!({"kind": "cell", "zone": "az1"}));
    let links = |id: &str| {
        let base = &demo.base;
        json!([
            {"rel": "self", "href": format!("{base}/compute/v2.1/servers/{id}")},
            {"rel": "bookmark", "href": format!("{base}/compute/servers/{id}")},
        ])
    };
    let brief = demo.get("/compute/v2.1/servers").json()["servers"].clone();
    assert_eq!(brief[0]["id"], json!(up));
    assert_eq!(brief[1], json!({"id": down, "status": "UNKNOWN", "links": links(&down)}));
    let full = demo.get("/compute/v2.1/servers/detail").json()["servers"][1].clone();
    assert_eq!((&full["tenant_id"], full.get("name")), (&json!(demo.project), None));
    for (client, query) in [(&demo, "?limit=10"), (&demo, "?name=down"), (&demo, "?tags=a"), (&demo.at("2.68"), "")] {
        assert!(!client.get(&format!("/compute/v2.1/servers{query}")).text.contains(&down), "{query}");
    }
}

#[test]
fn a_server_in_it_is_half_known_by_id_and_cannot_be_deleted_or_paged_from() {
    let (cloud, demo, down, _) = start();
    add(&cloud, json!({"kind": "cell", "name": "^down$"}));
    let server = demo.show(&down).json()["server"].clone();
    let known = (&server["status"], &server["OS-EXT-AZ:availability_zone"], &server["flavor"]["original_name"], server.get("name"));
    assert_eq!(known, (&json!("UNKNOWN"), &json!("az1"), &json!("m1.small"), None));
    let old = demo.at("2.68").show(&down);
    assert_eq!(old.code, 500);
    let message = old.json()["computeFault"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Unexpected API Error.") && message.ends_with("<class 'nova.exception.NovaException'>"), "{message}");
    assert_eq!(demo.remove(&down).code, 500);
    assert_eq!(demo.get(&format!("/compute/v2.1/servers?marker={down}")).code, 500);
    cloud.admin("DELETE", "faults", Value::Null).unwrap();
    assert_eq!(demo.remove(&down).code, 204);
}

#[test]
fn a_list_rule_bears_on_all_projects_only_if_it_says_so() {
    let (cloud, _, _, _) = start();
    let admin = Client::admin(&cloud);
    let all = || admin.names("?all_tenants=1").len();
    add(&cloud, json!({"kind": "list"}));
    assert_eq!(all(), 2);
    add(&cloud, json!({"kind": "list", "allTenants": true, "name": "^up$"}));
    assert_eq!(admin.names("?all_tenants=1"), ["down"]);
}

#[test]
fn a_later_page_fails_arrives_cut_or_leads_to_itself() {
    let (cloud, demo, _, _) = start();
    demo.active("third", &[]);
    let page = |query: &str| demo.get(&format!("/compute/v2.1/servers/detail?limit=1{query}"));
    let first = page("").json()["servers"][0]["id"].as_str().unwrap().to_owned();
    let next = format!("&marker={first}");
    let rule = |more: Value| {
        cloud.admin("DELETE", "faults", Value::Null).unwrap();
        let mut rule = json!({"kind": "request", "method": "GET", "path": ".*/servers/detail", "query": "marker="});
        more.as_object().unwrap().iter().for_each(|(key, value)| rule[key] = value.clone());
        add(&cloud, rule);
    };
    rule(json!({"status": 500}));
    assert_eq!((page("").code, page(&next).code), (200, 500));
    rule(json!({"cut": 0.5}));
    assert_eq!((page(&next).code, page(&next).json()), (200, Value::Null));
    rule(json!({"repeatMarker": true}));
    let body = page(&next).json();
    let link = body["servers_links"][0]["href"].as_str().unwrap();
    assert!(link.ends_with(&format!("marker={first}")), "{link}");
    assert_eq!(demo.get(link).json()["servers"][0]["id"], body["servers"][0]["id"]);
}
