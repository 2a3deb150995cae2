//! Cinder: volumes made, refused, listed and deleted; and servers that boot from them.
use std::time::Duration;

use gantry_cloud_sim::{Config, Simulator};
use serde_json::{Value, json};

use crate::client::{Answer, Client, fast};

fn start() -> (Simulator, Client) {
    let cloud = Simulator::start(fast()).unwrap();
    let demo = Client::demo(&cloud);
    (cloud, demo)
}

fn message(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let error = body.as_object().and_then(|body| body.values().next()).cloned().unwrap_or_default();
    (answer.code, error["message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_volume_from_an_image_is_created_downloaded_and_then_bootable() {
    let cloud = Simulator::start(Config { volume_latency: Duration::from_millis(400), ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    let made = demo.volume(json!({"name": "v", "imageRef": demo.image(), "volume_type": "hdd", "metadata": {"a": "b"}}));
    let volume = &made.json()["volume"];
    assert_eq!((made.code, &volume["status"], &volume["bootable"]), (202, &json!("creating"), &json!("false")));
    demo.volume_is(&made.id(), "downloading");
    let volume = demo.volume_is(&made.id(), "available");
    assert_eq!((&volume["bootable"], &volume["volume_type"], &volume["metadata"]), (&json!("true"), &json!("hdd"), &json!({"a": "b"})));
    assert_eq!(volume["volume_image_metadata"]["image_id"], json!(demo.image()));
}

#[test]
fn what_cinder_refuses_it_refuses_in_its_words() {
    let (_cloud, demo) = start();
    let (code, text) = message(&demo.volume(json!({"volume_type": "nvme"})));
    assert_eq!((code, text.as_str()), (404, "Volume type with name nvme could not be found."));
    let (code, text) = message(&demo.volume(json!({"imageRef": "nothing"})));
    assert_eq!((code, text.as_str()), (400, "Invalid image identifier or unable to access requested image."));
    let (code, text) = message(&demo.volume(json!({"availability_zone": "mars"})));
    assert_eq!((code, text.as_str()), (400, "Availability zone 'mars' is invalid."));
    let (code, text) = message(&demo.volume(json!({"size": null})));
    assert_eq!((code, text.as_str()), (400, "Invalid input received: Volume size 'None' must be an integer and greater than 0"));
    let nowhere = demo.get("/volume/v3/volumes/11111111-1111-1111-1111-111111111111");
    assert_eq!(message(&nowhere), (404, "Volume 11111111-1111-1111-1111-111111111111 could not be found.".to_owned()));
}

#[test]
fn a_version_header_must_speak_of_volumes() {
    let (_cloud, demo) = start();
    let with = |version: &str| {
        let headers = [("X-Auth-Token", demo.token.as_str()), ("OpenStack-API-Version", version)];
        crate::client::send("GET", &format!("{}/volume/v3/volumes", demo.base), &headers, "").unwrap()
    };
    assert_eq!(with("volume 3.59").header("openstack-api-version"), Some("volume 3.59"));
    assert_eq!(with("compute 2.96").code, 400);
    assert_eq!(message(&with("volume 3.99")).1, "Version 3.99 is not supported by the API. Minimum is 3.0 and maximum is 3.71.");
}

#[test]
fn the_quota_is_a_413_over_limit_that_counts_volumes_and_their_size() {
    let (cloud, demo) = start();
    cloud.admin("PUT", "quotas/demo", json!({"volumes": 1, "gigabytes": 10})).unwrap();
    assert_eq!(demo.volume(json!({"size": 4})).code, 202);
    let over = demo.volume(json!({}));
    let text = "VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.";
    assert_eq!(over.json(), json!({"overLimit": {"code": 413, "message": text, "retryAfter": "0"}}));
    assert_eq!(over.header("retry-after"), Some("0"));
    let (_, text) = message(&demo.volume(json!({"size": 7})));
    let expected = "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 7G, quota is 10G and 4G has been consumed.";
    assert_eq!(text, expected);
    let limits = demo.get("/volume/v3/limits").json()["limits"]["absolute"].clone();
    assert_eq!((&limits["maxTotalVolumes"], &limits["totalVolumesUsed"], &limits["totalGigabytesUsed"]), (&json!(1), &json!(1), &json!(4)));
    let set = demo.get(&format!("/volume/v3/os-quota-sets/{}?usage=True", demo.project)).json()["quota_set"].clone();
    assert_eq!(set["gigabytes"], json!({"limit": 10, "in_use": 4, "reserved": 0}));
}

#[test]
fn volumes_are_listed_by_second_then_id_and_found_by_name_metadata_and_page() {
    let (_cloud, demo) = start();
    let make = |name: &str| demo.volume(json!({"name": name, "metadata": {"host": name}})).id();
    make("a");
    std::thread::sleep(Duration::from_millis(1000));
    make("b");
    make("c");
    let names = |query: &str| -> Vec<Value> {
        let body = demo.get(&format!("/volume/v3/volumes/detail{query}")).json();
        body["volumes"].as_array().unwrap().iter().map(|volume| volume["name"].clone()).collect()
    };
    assert_eq!((names("").len(), &names("")[2]), (3, &json!("a")), "within one second the order is that of the ids");
    assert_eq!(names("?name=b"), ["b"]);
    assert_eq!(names("?metadata=%7B%27host%27%3A+%27a%27%7D"), ["a"]);
    assert_eq!(names("?nonsense=1").len(), 3, "before 3.31 unknown filters are ignored");
    let page = demo.get("/volume/v3/volumes/detail?limit=2").json();
    let next = page["volumes_links"][0]["href"].as_str().unwrap();
    let rest = demo.get(next).json();
    assert_eq!((&rest["volumes"][0]["name"], rest.get("volumes_links")), (&json!("a"), None));
}

#[test]
fn a_server_boots_from_a_volume_and_gives_it_back() {
    let (_cloud, demo) = start();
    let volume = demo.root_volume("root");
    let made = demo.create_from(&volume, "x", false);
    assert_eq!((made.code, &demo.show_volume(&volume)["status"]), (202, &json!("reserved")));
    let server = demo.wait(&made.id(), &["ACTIVE"]);
    assert_eq!(server["image"], "");
    let attached = json!([{"id": volume, "delete_on_termination": false}]);
    assert_eq!(server["os-extended-volumes:volumes_attached"], attached);
    let in_use = demo.show_volume(&volume);
    assert_eq!((&in_use["status"], &in_use["attachments"][0]["server_id"]), (&json!("in-use"), &json!(made.id())));
    let refused = demo.delete(&format!("/volume/v3/volumes/{volume}"));
    assert!(message(&refused).1.starts_with("Invalid volume: Volume status must be available or error or"), "{}", refused.text);
    assert_eq!(refused.code, 400);
    demo.remove(&made.id());
    demo.gone(&made.id());
    assert_eq!(demo.volume_is(&volume, "available")["attachments"], json!([]));
    assert_eq!(demo.delete(&format!("/volume/v3/volumes/{volume}")).code, 202);
}

#[test]
fn a_volume_that_ends_with_its_server_is_deleted() {
    let (cloud, demo) = start();
    let volume = demo.root_volume("root");
    let id = demo.create_from(&volume, "x", true).id();
    demo.wait(&id, &["ACTIVE"]);
    demo.remove(&id);
    demo.gone(&id);
    std::thread::sleep(Duration::from_millis(60));
    assert_eq!(cloud.admin("GET", "state", Value::Null).unwrap()["volumes"], 0);
}

#[test]
fn nova_refuses_volumes_that_are_missing_empty_or_taken() {
    let (_cloud, demo) = start();
    let missing = "11111111-1111-1111-1111-111111111111";
    let text = format!("Block Device Mapping is Invalid: failed to get volume {missing}.");
    assert_eq!(message(&demo.create_from(missing, "x", false)), (400, text));
    let empty = demo.volume(json!({})).id();
    demo.volume_is(&empty, "available");
    assert_eq!(message(&demo.create_from(&empty, "x", false)), (400, format!("Block Device {empty} is not bootable.")));
    let taken = demo.root_volume("root");
    assert_eq!(demo.create_from(&taken, "x", false).code, 202);
    let (code, text) = message(&demo.create_from(&taken, "y", false));
    assert_eq!(code, 400);
    let expected = format!(
        "Invalid volume: Invalid input received: Invalid volume: Volume {taken} status must be available or downloading to reserve"
    );
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn a_server_that_no_hypervisor_takes_keeps_its_volume_reserved_until_it_is_deleted() {
    let (cloud, demo) = start();
    let volume = demo.root_volume("root");
    let disk = json!({"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 0});
    let create = || demo.create("x", &[("imageRef", json!("")), ("flavorRef", json!("4")), ("block_device_mapping_v2", json!([disk]))]);
    assert_eq!(create().code, 403);
    assert_eq!(demo.show_volume(&volume)["status"], "available", "a server that is refused takes nothing");
    cloud.admin("PUT", "quotas/demo", json!({"cores": -1, "ram": -1})).unwrap();
    let id = create().id();
    demo.wait(&id, &["ERROR"]);
    assert_eq!((&demo.show_volume(&volume)["status"], &demo.show_volume(&volume)["attachments"]), (&json!("reserved"), &json!([])));
    demo.remove(&id);
    demo.volume_is(&volume, "available");
}

#[test]
fn volumes_hang_and_fail_as_asked() {
    let (cloud, demo) = start();
    let rules = json!([
        {"kind": "volume", "name": "^stuck$", "outcome": "never"},
        {"kind": "volume", "name": "^bad$", "outcome": "error"},
        {"kind": "volumeDelete", "name": "^fine$", "outcome": "error"},
    ]);
    cloud.admin("POST", "faults", rules).unwrap();
    let stuck = demo.volume(json!({"name": "stuck"})).id();
    let bad = demo.volume(json!({"name": "bad"})).id();
    let fine = demo.volume(json!({"name": "fine"})).id();
    demo.volume_is(&bad, "error");
    demo.volume_is(&fine, "available");
    assert_eq!(demo.show_volume(&stuck)["status"], "creating");
    demo.delete(&format!("/volume/v3/volumes/{fine}"));
    demo.volume_is(&fine, "error_deleting");
    cloud.admin("PUT", "volumes/stuck", json!({"status": "available"})).unwrap();
    assert_eq!(demo.show_volume(&stuck)["status"], "available");
    cloud.admin("DELETE", "volumes/stuck", Value::Null).unwrap();
    assert_eq!(demo.get(&format!("/volume/v3/volumes/{stuck}")).code, 404);
}

#[test]
fn the_catalog_has_cinder_twice_or_not_at_all() {
    let (cloud, demo) = start();
    let types = |demo: &Client| -> Vec<String> {
        let catalog = demo.get("/identity/v3/auth/catalog").json()["catalog"].clone();
        catalog.as_array().unwrap().iter().map(|service| service["type"].as_str().unwrap().to_owned()).collect()
    };
    assert!(types(&demo).contains(&"block-storage".to_owned()) && types(&demo).contains(&"volumev3".to_owned()));
    let by_project = format!("/volume/v3/{}/volumes", demo.project);
    assert_eq!(demo.get(&by_project).code, 200);
    let foreign = Client::admin(&cloud).get(&by_project);
    assert_eq!(message(&foreign), (400, "Malformed request url".to_owned()));
    cloud.admin("PUT", "options", json!({"hasBlockStorage": false})).unwrap();
    assert!(!types(&demo).iter().any(|kind| kind.contains("volume") || kind.contains("block")));
    assert_eq!(demo.get("/volume/v3/volumes").code, 404);
}
