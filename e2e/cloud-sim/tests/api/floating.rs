//! Floating IPs, routers, QoS policies and tags of what is not a port.
use gantry_cloud_sim::Simulator;
use serde_json::{Value, json};

use crate::client::{Answer, Client, fast};

const FLOATING: &str = "/networking/v2.0/floatingips";

fn start() -> (Simulator, Client) {
    let cloud = Simulator::start(fast()).unwrap();
    let demo = Client::demo(&cloud);
    (cloud, demo)
}

fn public(demo: &Client) -> String {
    let networks = demo.get("/networking/v2.0/networks?router:external=true").json()["networks"].clone();
    assert_eq!(networks.as_array().map(Vec::len), Some(1));
    networks[0]["id"].as_str().unwrap().to_owned()
}

fn floating(demo: &Client, more: Value) -> Answer {
    let mut body = json!({"floating_network_id": public(demo)});
    more.as_object().unwrap().iter().for_each(|(key, value)| body[key] = value.clone());
    demo.post(FLOATING, &json!({"floatingip": body}))
}

fn kind(answer: &Answer) -> (u16, String) {
    (answer.code, answer.json()["NeutronError"]["type"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_floating_ip_leads_to_a_port_and_shows_in_its_server() {
    let (_cloud, demo) = start();
    let port = demo.port(json!({})).id();
    let made = floating(&demo, json!({"port_id": port, "description": "gantry-host:x"}));
    let row = made.json()["floatingip"].clone();
    assert_eq!((made.code, &row["port_id"], &row["description"]), (201, &json!(port), &json!("gantry-host:x")));
    assert!(row["floating_ip_address"].as_str().unwrap().starts_with("203.0.113."));
    assert_eq!(row["fixed_ip_address"], demo.show_port(&port)["fixed_ips"][0]["ip_address"]);
    let server = demo.active("x", &[("networks", json!([{"port": port}]))]);
    let addresses = demo.show(&server).json()["server"]["addresses"]["apps"].clone();
    assert_eq!((&addresses[1]["addr"], &addresses[1]["OS-EXT-IPS:type"]), (&row["floating_ip_address"], &json!("floating")));
    let found = demo.get(&format!("{FLOATING}?port_id={port}")).json()["floatingips"].clone();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(demo.get(&format!("{FLOATING}?description=other")).json()["floatingips"], json!([]));
}

#[test]
fn it_leads_nowhere_when_the_port_goes_and_ends_by_its_own_deletion() {
    let (_cloud, demo) = start();
    let port = demo.port(json!({})).id();
    let id = floating(&demo, json!({"port_id": port})).id();
    demo.delete(&format!("/networking/v2.0/ports/{port}"));
    let row = demo.get(&format!("{FLOATING}/{id}")).json()["floatingip"].clone();
    assert_eq!((&row["port_id"], &row["router_id"], &row["status"]), (&Value::Null, &Value::Null, &json!("DOWN")));
    assert_eq!(demo.delete(&format!("{FLOATING}/{id}")).code, 204);
    assert_eq!(kind(&demo.get(&format!("{FLOATING}/{id}"))), (404, "FloatingIPNotFound".to_owned()));
}

#[test]
fn one_address_of_a_port_has_one_floating_ip() {
    let (_cloud, demo) = start();
    let port = demo.port(json!({})).id();
    assert_eq!(floating(&demo, json!({"port_id": port})).code, 201);
    assert_eq!(kind(&floating(&demo, json!({"port_id": port}))), (409, "FloatingIPPortAlreadyAssociated".to_owned()));
    let free = floating(&demo, json!({})).id();
    let moved = demo.put(&format!("{FLOATING}/{free}"), &json!({"floatingip": {"port_id": port}}));
    assert_eq!(kind(&moved), (409, "FloatingIPPortAlreadyAssociated".to_owned()));
}

#[test]
fn without_a_router_there_is_no_way_out() {
    let (_cloud, demo) = start();
    let network = demo.post("/networking/v2.0/networks", &json!({"network": {"name": "lonely"}})).id();
    let subnet = json!({"subnet": {"network_id": network, "cidr": "10.9.0.0/24", "ip_version": 4}});
    let subnet = demo.post("/networking/v2.0/subnets", &subnet).id();
    let port = demo.port(json!({"network_id": network})).id();
    assert_eq!(kind(&floating(&demo, json!({"port_id": port}))), (404, "ExternalGatewayForFloatingIPNotFound".to_owned()));
    let gateway = json!({"name": "own", "external_gateway_info": {"network_id": public(&demo)}});
    let router = demo.post("/networking/v2.0/routers", &json!({"router": gateway})).id();
    let interface = json!({"subnet_id": subnet});
    assert_eq!(demo.put(&format!("/networking/v2.0/routers/{router}/add_router_interface"), &interface).code, 200);
    assert_eq!(floating(&demo, json!({"port_id": port})).json()["floatingip"]["router_id"], json!(router));
    let removed = demo.put(&format!("/networking/v2.0/routers/{router}/remove_router_interface"), &interface);
    assert_eq!(kind(&removed), (409, "RouterInterfaceInUseByFloatingIP".to_owned()));
}

#[test]
fn refusals_are_neutrons() {
    let (cloud, demo) = start();
    let inner = json!({"floatingip": {"floating_network_id": demo.network()}});
    assert_eq!(kind(&demo.post(FLOATING, &inner)), (400, "BadRequest".to_owned()));
    assert_eq!(kind(&floating(&demo, json!({"floating_ip_address": "203.0.113.9"}))), (403, "PolicyNotAuthorized".to_owned()));
    let tagged = floating(&demo, json!({"tags": ["a"]}));
    assert_eq!(tagged.json()["NeutronError"]["message"], "Attribute 'tags' not allowed in POST");
    let several = json!({"fixed_ips": [{"ip_address": "10.78.20.1"}, {"ip_address": "10.78.20.2"}]});
    let port = demo.port(several).id();
    assert_eq!(kind(&floating(&demo, json!({"port_id": port}))), (400, "BadRequest".to_owned()));
    assert_eq!(floating(&demo, json!({"port_id": port, "fixed_ip_address": "10.78.20.2"})).code, 201);
    cloud.admin("PUT", "quotas/demo", json!({"floating_ips": 1})).unwrap();
    let over = floating(&demo, json!({}));
    assert_eq!(over.json()["NeutronError"]["message"], "Quota exceeded for resources: ['floatingip'].");
    assert_eq!(kind(&over), (409, "OverQuota".to_owned()));
    let details = demo.get(&format!("/networking/v2.0/quotas/{}/details.json", demo.project)).json();
    assert_eq!(details["quota"]["floatingip"], json!({"limit": 1, "used": 1, "reserved": 0}));
}

#[test]
fn addresses_run_out_and_come_back() {
    let (_cloud, demo) = start();
    let made: Vec<_> = (0..252).map(|_| floating(&demo, json!({}))).collect();
    assert!(made.iter().all(|answer| answer.code == 201), "{:?}", made.last());
    assert_eq!(kind(&floating(&demo, json!({}))), (409, "IpAddressGenerationFailure".to_owned()));
    demo.delete(&format!("{FLOATING}/{}", made[7].id()));
    assert_eq!(floating(&demo, json!({})).code, 201);
}

#[test]
fn policies_are_found_by_name_and_given_to_ports() {
    let (_cloud, demo) = start();
    let policies = demo.get("/networking/v2.0/qos/policies?name=slow").json()["policies"].clone();
    let slow = policies[0]["id"].clone();
    let port = demo.port(json!({"qos_policy_id": slow}));
    assert_eq!((port.code, &port.json()["port"]["qos_policy_id"]), (201, &slow));
    let unknown = demo.port(json!({"qos_policy_id": "11111111-1111-1111-1111-111111111111"}));
    assert_eq!(kind(&unknown), (404, "QosPolicyNotFound".to_owned()));
}

#[test]
fn networks_subnets_and_groups_are_found_by_their_tags() {
    let (_cloud, demo) = start();
    let first = |kind: &str, key: &str, name: &str| {
        let rows = demo.get(&format!("/networking/v2.0/{kind}?name={name}")).json();
        rows[key][0]["id"].as_str().unwrap().to_owned()
    };
    for (kind, key, name) in
        [("networks", "networks", "apps"), ("subnets", "subnets", "apps-v4"), ("security-groups", "security_groups", "nodes")]
    {
        let id = first(kind, key, name);
        let tags = format!("/networking/v2.0/{kind}/{id}/tags");
        assert_eq!(demo.put(&tags, &json!({"tags": ["gantry", "blue"]})).code, 200);
        let found = |query: &str| demo.get(&format!("/networking/v2.0/{kind}?{query}")).json()[key].clone();
        assert_eq!(found("tags=gantry,blue").as_array().map(Vec::len), Some(1), "{kind}");
        assert_eq!(found("tags=gantry,red"), json!([]));
    }
}

#[test]
fn a_member_makes_no_port_on_the_way_out() {
    let (_cloud, demo) = start();
    assert_eq!(kind(&demo.port(json!({"network_id": public(&demo)}))), (403, "PolicyNotAuthorized".to_owned()));
}
