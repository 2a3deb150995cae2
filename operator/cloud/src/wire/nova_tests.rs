//! Bodies recorded from a real Nova (34, microversion 2.96, as a project's member).

use super::*;
use crate::client::Page;

const ACTIVE: &str = r#"{"server": {"accessIPv4": "", "accessIPv6": "", "addresses": {"net": [
  {"version": 4, "addr": "10.20.3.105", "OS-EXT-IPS:type": "fixed", "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:6b:af:73"},
  {"version": 4, "addr": "192.0.2.7", "OS-EXT-IPS:type": "floating", "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:6b:af:73"}],
  "backup": [{"version": 4, "addr": "10.30.0.9", "OS-EXT-IPS:type": "fixed"}]},
 "created": "2026-11-22T23:45:26Z", "flavor": {"vcpus": 1, "ram": 512, "disk": 1, "ephemeral": 0, "swap": 0, "original_name": "m1.tiny", "extra_specs": {}},
 "hostId": "4e6d723b", "id": "6239717e-9c10-48c1-9498-a809b34279b6", "image": {"id": "fd089f8c"}, "links": [], "metadata": {"role": "w0"},
 "name": "web-0", "status": "ACTIVE", "tenant_id": "28e2c81e", "OS-EXT-AZ:availability_zone": "nova", "config_drive": "", "key_name": null,
 "OS-EXT-STS:task_state": null, "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:power_state": 1, "locked": false, "description": null,
 "tags": ["cl-b", "k8s"], "trusted_image_certificates": null, "server_groups": [], "pinned_availability_zone": null}}"#;

fn server(body: &str) -> Server {
    serde_json::from_str::<OneServer>(body).unwrap().server.into()
}

#[test]
fn a_server_is_read_whole_with_its_fixed_addresses_in_order() {
    let expected = Server {
        id: "6239717e-9c10-48c1-9498-a809b34279b6".to_owned(),
        name: "web-0".to_owned(),
        status: ServerStatus::Active,
        task_state: None,
        fault: None,
        addresses: vec!["10.20.3.105".to_owned(), "10.30.0.9".to_owned()],
        metadata: BTreeMap::from([("role".to_owned(), "w0".to_owned())]),
        tags: vec!["cl-b".to_owned(), "k8s".to_owned()],
        flavor: Some("m1.tiny".to_owned()),
        zone: Some("nova".to_owned()),
        created: "2026-11-22T23:45:26Z".to_owned(),
    };
    assert_eq!(server(ACTIVE), expected);
}

#[test]
fn a_failed_server_keeps_its_fault() {
    let body = r#"{"server": {"id": "4065", "name": "h", "status": "ERROR", "addresses": {}, "OS-EXT-AZ:availability_zone": "", "flavor": {"original_name": "k"},
        "fault": {"code": 500, "created": "2026-11-22T23:41:37Z", "message": "No valid host was found. "}}}"#;
    let server = server(body);
    assert_eq!((server.status, server.zone), (ServerStatus::Error, None));
    assert_eq!(server.fault, Some(Fault { code: 500, message: "No valid host was found. ".to_owned() }));
}

#[test]
fn a_stub_of_a_down_cell_is_a_server_of_unknown_state() {
    let body =
        r#"{"servers": [{"id": "1", "status": "UNKNOWN", "tenant_id": "28e2c81e", "created": "2026-11-22T23:45:26Z", "links": []}]}"#;
    let (servers, next) = serde_json::from_str::<Servers>(body).unwrap().split();
    let servers: Vec<Server> = servers.into_iter().map(Server::from).collect();
    assert_eq!((servers[0].id.as_str(), &servers[0].status, next), ("1", &ServerStatus::Unknown, None));
}

#[test]
fn states_that_are_not_told_apart_keep_their_word() {
    assert_eq!(status("VERIFY_RESIZE".to_owned()), ServerStatus::Other("VERIFY_RESIZE".to_owned()));
}
