//! Ports: made, found, refused, paged.
use serde_json::{Value, json};

use crate::{
    client::{Client, recorded_cloud},
    record,
};

#[test]
fn a_port_has_its_tags_from_birth_and_is_found_by_them() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let made = demo.port(json!({"name": "tp", "tags": ["k8s"]}));
    assert_eq!((made.code, &made.json()["port"]["tags"]), (201, &json!(["k8s"])));
    demo.port(json!({"name": "other"}));
    let names = |query: &str| -> Vec<Value> {
        let body = demo.get(&format!("/networking/v2.0/ports?{query}")).json();
        body["ports"].as_array().unwrap().iter().map(|port| port["name"].clone()).collect()
    };
    assert_eq!(names("tags=k8s"), ["tp"]);
    assert_eq!(names("not-tags=k8s"), ["other"]);
    assert_eq!(names("name=tp"), ["tp"]);
    assert_eq!(names("name=tp&name=other").len(), 2, "a repeated filter is an or");
    assert_eq!(names("device_id=").len(), 2);
    record::same("port list filter by tags/device/name", &demo.get("/networking/v2.0/ports?name=nothere"));
    let fields = demo.get("/networking/v2.0/ports?name=tp&fields=id&fields=name").json();
    assert_eq!(fields["ports"][0].as_object().map(|port| port.len()), Some(2));
}

#[test]
fn addresses_are_checked_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let at = |ip: &str| demo.port(json!({"fixed_ips": [{"ip_address": ip}]}));
    assert_eq!(at("10.78.9.9").code, 201);
    record::same("port with fixed ip taken", &at("10.78.9.9"));
    let outside = at("10.99.9.9");
    record::same("port ip out of subnet", &outside);
}

#[test]
fn what_only_admins_may_set_is_403_as_recorded() {
    let cloud = recorded_cloud();
    record::same("member sets binding:host_id", &Client::demo(&cloud).port(json!({"binding:host_id": "cn1"})));
}

#[test]
fn the_port_quota_is_a_409_of_type_over_quota() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    cloud.admin("PUT", "quotas/demo", json!({"ports": 1})).unwrap();
    assert_eq!(demo.port(json!({})).code, 201);
    let over = demo.port(json!({}));
    assert_eq!((over.code, &over.json()["NeutronError"]["type"]), (409, &json!("OverQuota")));
    let details = demo.get(&format!("/networking/v2.0/quotas/{}/details.json", demo.project)).json();
    assert_eq!(details["quota"]["port"], json!({"limit": 1, "used": 1, "reserved": 0}));
    let by_nova = demo.create("x", &[]);
    let text = json!("Maximum number of ports exceeded");
    assert_eq!((by_nova.code, &by_nova.json()["forbidden"]["message"]), (403, &text));
}

#[test]
fn errors_have_types() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let kind = |answer: crate::client::Answer| (answer.code, answer.json()["NeutronError"]["type"].clone());
    let nobody = "00000000-0000-0000-0000-000000000000";
    assert_eq!(kind(demo.get(&format!("/networking/v2.0/ports/{nobody}"))), (404, json!("PortNotFound")));
    assert_eq!(kind(demo.delete(&format!("/networking/v2.0/ports/{nobody}"))), (404, json!("PortNotFound")));
    assert_eq!(kind(demo.port(json!({"network_id": nobody}))), (404, json!("NetworkNotFound")));
    assert_eq!(kind(demo.port(json!({"security_groups": [nobody]}))), (404, json!("SecurityGroupNotFound")));
    assert_eq!(kind(demo.get("/networking/v2.0/networks?bogus=1")), (400, json!("HTTPBadRequest")));
}

#[test]
fn pages_of_ports_link_to_the_next() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let mut ids: Vec<_> = (0..5).map(|_| demo.port(json!({})).id()).collect();
    ids.sort();
    let (mut seen, mut url) = (Vec::new(), "/networking/v2.0/ports?limit=2".to_owned());
    loop {
        let page = demo.get(&url).json();
        seen.extend(page["ports"].as_array().unwrap().iter().map(|port| port["id"].as_str().unwrap().to_owned()));
        let links = page["ports_links"].as_array().unwrap().clone();
        let Some(next) = links.iter().find(|link| link["rel"] == "next") else { break };
        url = next["href"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, ids);
}

#[test]
fn a_network_without_subnet_carries_no_server() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let network = demo.post("/networking/v2.0/networks", &json!({"network": {"name": "nosub", "tags": ["t"]}}));
    assert_eq!(network.code, 201);
    let on_it = [("networks", json!([{"uuid": network.id()}]))];
    record::same("server on net with no subnet", &demo.create("x", &on_it));
    let subnet = json!({"subnet": {"network_id": network.id(), "cidr": "10.9.0.0/24", "ip_version": 4}});
    assert_eq!(demo.post("/networking/v2.0/subnets", &subnet).json()["subnet"]["gateway_ip"], "10.9.0.1");
    let id = demo.active("x", &on_it);
    assert_eq!(demo.show(&id).json()["server"]["addresses"]["nosub"][0]["addr"], "10.9.0.2");
    assert_eq!(demo.get("/networking/v2.0/networks?tags=t").json()["networks"][0]["id"], network.id());
    let delete = demo.delete(&format!("/networking/v2.0/networks/{}", network.id()));
    assert_eq!((delete.code, &delete.json()["NeutronError"]["type"]), (409, &json!("NetworkInUse")));
}

#[test]
fn networks_subnets_and_groups_of_the_project_are_listed() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let get = |path: &str| demo.get(&format!("/networking/v2.0/{path}")).json();
    let subnet = get("subnets?name=apps-v4")["subnets"][0].clone();
    assert_eq!((&subnet["cidr"], &subnet["gateway_ip"]), (&json!("10.78.0.0/16"), &json!("10.78.0.1")));
    assert_eq!(subnet["allocation_pools"], json!([{"start": "10.78.16.1", "end": "10.78.250.254"}]));
    let groups = get("security-groups")["security_groups"].as_array().unwrap().clone();
    let mut names: Vec<_> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["default", "nodes"], "other projects' are not seen");
}
