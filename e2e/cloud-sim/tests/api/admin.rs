//! Below /admin: servers by the thousand, and things that change behind everybody's back.
use gantry_cloud_sim::Simulator;
use serde_json::{Value, json};

use crate::client::{Client, fast};

fn start() -> (Simulator, Client) {
    let cloud = Simulator::start(fast()).unwrap();
    let demo = Client::demo(&cloud);
    (cloud, demo)
}

#[test]
fn servers_are_put_there_with_their_ids_tags_metadata_and_ports() {
    let (cloud, demo) = start();
    let (server, port) = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222");
    let seeds = json!({"servers": [
        {"id": server, "name": "a", "flavor": "m1.large", "zone": "az2", "metadata": {"k": "v"}, "tags": ["t"], "createdAgoMs": 3_600_000,
         "ports": [{"id": port, "name": "p", "tags": ["t"], "description": "d"}]},
        {"name": "b", "status": "ERROR"}, {"name": "c", "status": "BUILD"}, {"name": "d", "status": "SHUTOFF"},
    ]});
    let made = cloud.admin("POST", "servers", seeds).unwrap();
    assert_eq!(made["servers"][0], json!({"id": server, "ports": [port]}));
    let shown = demo.show(server).json()["server"].clone();
    assert_eq!((&shown["status"], &shown["metadata"], &shown["tags"]), (&json!("ACTIVE"), &json!({"k": "v"}), &json!(["t"])));
    assert_eq!((&shown["flavor"]["vcpus"], &shown["OS-EXT-AZ:availability_zone"]), (&json!(4), &json!("az2")));
    let address = &demo.show_port(port)["fixed_ips"][0]["ip_address"];
    assert_eq!(&shown["addresses"]["apps"][0]["addr"], address);
    assert_eq!(demo.show_port(port)["device_id"], json!(server));
    for (row, status) in [(1, "ERROR"), (2, "BUILD"), (3, "SHUTOFF")] {
        assert_eq!(demo.show(made["servers"][row]["id"].as_str().unwrap()).json()["server"]["status"], status);
    }
    let again = cloud.admin("POST", "servers", json!({"servers": [{"name": "e"}, {"id": server, "name": "a"}]})).unwrap_err();
    assert!(again.contains("already") && demo.names("?name=e").is_empty(), "all or nothing: {again}");
}

#[test]
fn a_server_changes_and_vanishes_behind_everybodys_back() {
    let (cloud, demo) = start();
    let port = demo.port(json!({})).id();
    let volume = demo.root_volume("root");
    let disk = json!({"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 0});
    let id =
        demo.active("x", &[("networks", json!([{"port": port}])), ("imageRef", json!("")), ("block_device_mapping_v2", json!([disk]))]);
    cloud.admin("PUT", "servers/x", json!({"status": "ERROR", "message": "lost", "locked": true})).unwrap();
    let server = demo.show(&id).json()["server"].clone();
    assert_eq!((&server["status"], &server["fault"]["message"], &server["locked"]), (&json!("ERROR"), &json!("lost"), &json!(true)));
    assert_eq!(demo.remove(&id).code, 409, "locked");
    assert_eq!(cloud.admin("DELETE", "servers/x", Value::Null).unwrap(), json!({"removed": 1}));
    assert_eq!((demo.show(&id).code, &demo.show_port(&port)["device_id"]), (404, &json!("")));
    assert_eq!(demo.show_volume(&volume)["status"], "available");
    assert_eq!(demo.get("/compute/v2.1/limits").json()["limits"]["absolute"]["totalInstancesUsed"], 0);
}

#[test]
fn servers_vanish_by_pattern_the_oldest_first() {
    let (cloud, demo) = start();
    let seeds: Vec<_> = ["a-1", "b-1", "a-2", "a-3"].map(|name| json!({"name": name})).into();
    cloud.admin("POST", "servers", json!({"servers": seeds})).unwrap();
    let gone = cloud.admin("POST", "servers/delete", json!({"name": "^a-", "count": 2})).unwrap();
    assert_eq!(gone["removed"].as_array().map(Vec::len), Some(2));
    assert_eq!(demo.names(""), ["a-3", "b-1"]);
}

#[test]
fn the_inventory_has_everything_of_all_projects_past_all_faults() {
    let (cloud, demo) = start();
    let port = demo.port(json!({"description": "mine"})).id();
    let before = cloud.revision();
    let network = demo.get("/networking/v2.0/networks?name=public").json()["networks"][0]["id"].clone();
    let floating = json!({"floatingip": {"floating_network_id": network, "port_id": port, "description": "mine"}});
    assert_eq!(demo.post("/networking/v2.0/floatingips", &floating).code, 201);
    assert!(cloud.revision() > before);
    demo.volume(json!({"name": "v", "metadata": {"k": "v"}}));
    cloud.admin("POST", "servers", json!({"project": "admin", "servers": [{"name": "x"}]})).unwrap();
    cloud.admin("POST", "faults", json!({"kind": "list", "allTenants": true})).unwrap();
    let all = cloud.admin("GET", "inventory", Value::Null).unwrap();
    assert_eq!((&all["servers"][0]["name"], &all["servers"][0]["project"]), (&json!("x"), &json!("admin")));
    assert_eq!((&all["floatingIps"][0]["portId"], &all["floatingIps"][0]["description"]), (&json!(port), &json!("mine")));
    assert_eq!((&all["volumes"][0]["name"], &all["volumes"][0]["metadata"]), (&json!("v"), &json!({"k": "v"})));
    let state = cloud.admin("GET", "state", Value::Null).unwrap();
    assert_eq!((&state["volumes"], &state["floatingIps"]), (&json!(1), &json!(1)));
}

#[test]
fn a_hypervisor_that_is_forced_down_takes_no_server() {
    let (cloud, _) = start();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let services = admin.get("/compute/v2.1/os-services").json()["services"].clone();
    let of_zone = |service: &&Value| service["zone"] == "az1";
    for service in services.as_array().unwrap().iter().filter(of_zone) {
        let path = format!("/compute/v2.1/os-services/{}", service["id"].as_str().unwrap());
        assert_eq!(demo.put(&path, &json!({"forced_down": true})).code, 403);
        assert_eq!(admin.put(&path, &json!({"forced_down": true})).json()["service"]["state"], "down");
    }
    let id = demo.create("x", &[("availability_zone", json!("az1"))]).id();
    assert_eq!(demo.wait(&id, &["ACTIVE", "ERROR"])["status"], "ERROR");
    demo.active("y", &[("availability_zone", json!("az2"))]);
}
