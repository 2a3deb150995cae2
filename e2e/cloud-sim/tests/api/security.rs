//! What ports may have: several addresses, address pairs, no security, kinds of interface; and a cloud that drops tags.
use gantry_cloud_sim::{Config, Simulator};
use serde_json::{Value, json};

use crate::client::{Answer, Client, fast};

fn start() -> (Simulator, Client) {
    let cloud = Simulator::start(fast()).unwrap();
    let demo = Client::demo(&cloud);
    (cloud, demo)
}

fn kind(answer: &Answer) -> (u16, String) {
    (answer.code, answer.json()["NeutronError"]["type"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_port_has_the_addresses_and_pairs_it_asks_for() {
    let (_cloud, demo) = start();
    let pairs = json!([{"ip_address": "10.78.0.9"}, {"ip_address": "10.200.0.0/16", "mac_address": "fa:16:3e:00:00:01"}]);
    let made = demo.port(json!({
        "fixed_ips": [{"ip_address": "10.78.20.1"}, {"ip_address": "10.78.20.2"}], "allowed_address_pairs": pairs, "binding:vnic_type": "direct",
    }));
    let port = made.json()["port"].clone();
    assert_eq!((made.code, port["fixed_ips"].as_array().map(Vec::len), &port["binding:vnic_type"]), (201, Some(2), &json!("direct")));
    assert_eq!(port["allowed_address_pairs"][0]["mac_address"], "fa:16:3e:00:00:01", "sorted by MAC address");
    assert_eq!(port["allowed_address_pairs"][1], json!({"ip_address": "10.78.0.9", "mac_address": port["mac_address"]}));
}

#[test]
fn pairs_and_interfaces_that_make_no_sense_are_refused() {
    let (_cloud, demo) = start();
    let pairs = |pairs: Value| kind(&demo.port(json!({"allowed_address_pairs": pairs})));
    assert_eq!(pairs(json!([{"mac_address": "fa:16:3e:00:00:01"}])), (400, "AllowedAddressPairsMissingIP".to_owned()));
    let twice = json!([{"ip_address": "10.0.0.1"}, {"ip_address": "10.0.0.1"}]);
    assert_eq!(pairs(twice), (400, "DuplicateAddressPairInRequest".to_owned()));
    assert_eq!(pairs((0..11).map(|n| json!({"ip_address": format!("10.0.0.{n}")})).collect()).1, "AllowedAddressPairExhausted");
    assert_eq!(pairs(json!([{"ip_address": "10.0.0.300"}])).0, 400);
    let made = demo.port(json!({"binding:vnic_type": "carrier-pigeon"}));
    assert!(
        made.json()["NeutronError"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid input for binding:vnic_type. Reason: 'carrier-pigeon'")
    );
    let six: Vec<_> = (1..7).map(|n| json!({"ip_address": format!("10.78.20.{n}")})).collect();
    assert_eq!(kind(&demo.port(json!({"fixed_ips": six}))), (400, "InvalidInput".to_owned()));
}

#[test]
fn a_port_without_security_has_no_groups_and_no_pairs() {
    let (_cloud, demo) = start();
    let off = demo.port(json!({"port_security_enabled": false}));
    assert_eq!((off.code, &off.json()["port"]["security_groups"]), (201, &json!([])));
    let group = demo.get("/networking/v2.0/security-groups?name=nodes").json()["security_groups"][0]["id"].clone();
    let grouped = demo.port(json!({"port_security_enabled": false, "security_groups": [group]}));
    assert_eq!(kind(&grouped), (400, "PortSecurityAndIPRequiredForSecurityGroups".to_owned()));
    let paired = demo.port(json!({"port_security_enabled": false, "allowed_address_pairs": [{"ip_address": "10.0.0.1"}]}));
    assert_eq!(kind(&paired), (409, "AddressPairAndPortSecurityRequired".to_owned()));
    let on = format!("/networking/v2.0/ports/{}", demo.port(json!({})).id());
    let change = |more: Value| demo.put(&on, &json!({"port": more}));
    assert_eq!(kind(&change(json!({"port_security_enabled": false}))), (409, "PortSecurityPortHasSecurityGroup".to_owned()));
    assert_eq!(change(json!({"port_security_enabled": false, "security_groups": []})).code, 200);
}

#[test]
fn a_cloud_may_drop_the_tags_of_a_port_at_its_birth() {
    let cloud = Simulator::start(Config { keep_port_tags: false, ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    let made = demo.port(json!({"tags": ["gantry-host:x"], "description": "gantry-host:x"}));
    assert_eq!((&made.json()["port"]["tags"], &made.json()["port"]["description"]), (&json!([]), &json!("gantry-host:x")));
    demo.put(&format!("/networking/v2.0/ports/{}/tags", made.id()), &json!({"tags": ["late"]}));
    assert_eq!(demo.show_port(&made.id())["tags"], json!(["late"]));
}

#[test]
fn ports_are_paged_in_the_order_of_their_ids_also_when_filtered() {
    let (cloud, demo) = start();
    let all: Vec<String> = (0..7).map(|n| demo.port(json!({"name": if n < 5 { "wanted" } else { "other" }, "tags": ["t"]})).id()).collect();
    let (mut url, mut seen) = ("/networking/v2.0/ports?tags=t&name=wanted&status=DOWN&limit=2".to_owned(), Vec::new());
    for _ in 0..4 {
        let page = demo.get(&url).json();
        seen.extend(page["ports"].as_array().unwrap().iter().map(|port| port["id"].as_str().unwrap().to_owned()));
        let next = page["ports_links"].as_array().and_then(|links| links.iter().find(|link| link["rel"] == "next").cloned());
        let Some(next) = next else { break };
        url = next["href"].as_str().unwrap().to_owned();
    }
    let mut wanted = all[..5].to_vec();
    wanted.sort();
    assert_eq!(seen, wanted);
    cloud.admin("POST", "faults", json!({"kind": "list", "resource": "ports", "name": "wanted"})).unwrap();
    assert_eq!(demo.get("/networking/v2.0/ports?tags=t").json()["ports"].as_array().map(Vec::len), Some(2));
}

#[test]
fn addresses_of_the_wrong_subnet_and_unknown_markers_are_refused() {
    let (_cloud, demo) = start();
    let subnet = demo.get("/networking/v2.0/subnets?name=apps-v4").json()["subnets"][0]["id"].clone();
    let outside = demo.port(json!({"fixed_ips": [{"subnet_id": subnet, "ip_address": "10.99.9.9"}]}));
    assert_eq!(kind(&outside), (400, "InvalidIpForSubnet".to_owned()));
    let nowhere = "11111111-1111-1111-1111-111111111111";
    assert_eq!(kind(&demo.port(json!({"fixed_ips": [{"subnet_id": nowhere}]}))), (404, "SubnetNotFound".to_owned()));
    let page = demo.get(&format!("/networking/v2.0/ports?limit=2&marker={nowhere}"));
    assert_eq!(kind(&page), (404, "PortNotFound".to_owned()));
}
