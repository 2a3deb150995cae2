//! A server's life: built, failed, raced for a port, stopped, locked, deleted.
use std::thread;

use serde_json::{Value, json};

use crate::{
    client::{Client, recorded_cloud},
    record,
};

const RETRIED: &str = "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance";
const FAILED: &str = "Failed to allocate the network(s), not rescheduling.";

fn on_port(port: &str) -> [(&'static str, Value); 1] {
    [("networks", json!([{"port": port}]))]
}

#[test]
fn a_server_is_shown_as_recorded_to_member_and_admin() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let tags = json!(["k8s", "cl-b"]);
    let id = demo.active("web-0", &[("tags", tags), ("metadata", json!({"role": "w0"}))]);
    record::same("server detail (member, mv 2.96)", &demo.show(&id));
    record::same("member, mv 2.100", &demo.at("2.100").show(&id));
    record::same("same as admin: host fields", &admin.show(&id));
}

#[test]
fn admins_read_the_user_data_and_members_do_not() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let id = demo.create("x", &[("user_data", json!("aGk="))]).id();
    assert_eq!(admin.show(&id).json()["server"]["OS-EXT-SRV-ATTR:user_data"], "aGk=");
    assert!(!demo.show(&id).text.contains("user_data"));
}

#[test]
fn a_build_passes_scheduling_networking_spawning() {
    let cloud = recorded_cloud();
    cloud.admin("PUT", "latencies", json!({"buildMs": 1200})).unwrap();
    let demo = Client::demo(&cloud);
    let id = demo.create("x", &[]).id();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let server = demo.show(&id).json()["server"].clone();
        let state = format!("{} {}", server["status"], server["OS-EXT-STS:task_state"]).replace('"', "");
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        if server["status"] == "ACTIVE" {
            break;
        }
    }
    assert_eq!(seen, ["BUILD scheduling", "BUILD networking", "BUILD spawning", "ACTIVE null"]);
}

#[test]
fn a_port_is_bound_while_the_server_lives_and_reusable_after() {
    let cloud = recorded_cloud();
    cloud.admin("PUT", "latencies", json!({"deleteMs": 600})).unwrap();
    let demo = Client::demo(&cloud);
    let port = demo.port(json!({})).id();
    let first = demo.create("pa", &on_port(&port));
    record::same("create with pre-created port", &first);
    demo.wait(&first.id(), &["ACTIVE"]);
    let bound = demo.show_port(&port);
    assert_eq!((&bound["device_id"], &bound["status"]), (&json!(first.id()), &json!("ACTIVE")));
    record::same("port in use, sequential: second create with the same port", &demo.create("pb", &on_port(&port)));
    record::same("DELETE port of a live server", &demo.delete(&format!("/networking/v2.0/ports/{port}")));

    record::same("delete server ACTIVE", &demo.remove(&first.id()));
    record::same("delete again at once", &demo.remove(&first.id()));
    demo.gone(&first.id());
    record::same("delete when gone", &demo.remove(&first.id()));
    record::same("get when gone", &demo.show(&first.id()));

    let free = demo.show_port(&port);
    assert_eq!((&free["device_id"], &free["device_owner"], &free["status"]), (&json!(""), &json!(""), &json!("DOWN")));
    let second = demo.create("reuse", &on_port(&port));
    record::same("port reuse after delete", &second);
    assert_eq!(demo.wait(&second.id(), &["ACTIVE", "ERROR"])["status"], "ACTIVE");
}

#[test]
fn two_posts_with_one_port_are_both_accepted_one_fails_and_the_port_is_stripped() {
    let cloud = recorded_cloud();
    cloud.admin("PUT", "latencies", json!({"buildMs": 1200})).unwrap();
    let demo = Client::demo(&cloud);
    let port = demo.port(json!({})).id();
    let [a, b] = thread::scope(|scope| {
        let race = || demo.create("race", &on_port(&port));
        [scope.spawn(race), scope.spawn(race)].map(|post| post.join().unwrap())
    });
    assert_eq!((a.code, b.code), (202, 202));
    let servers = [a.id(), b.id()].map(|id| demo.wait(&id, &["ACTIVE", "ERROR"]));
    let loser = servers.iter().find(|server| server["status"] == "ERROR").expect("one fails");
    assert_eq!(servers.iter().filter(|server| server["status"] == "ACTIVE").count(), 1);
    let id = loser["id"].as_str().unwrap();
    let texts = [format!("Build of instance {id} aborted: {FAILED}"), format!("{RETRIED} {id}.")];
    assert_eq!(loser["fault"]["code"], 500);
    assert!(texts.iter().any(|text| loser["fault"]["message"] == **text), "{}", loser["fault"]);
    assert_eq!(loser["addresses"], json!({}));
    let stripped = demo.show_port(&port);
    assert_eq!((&stripped["device_id"], &stripped["status"]), (&json!(""), &json!("DOWN")));
}

#[test]
fn ports_that_nova_made_go_with_the_server() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let id = demo.active("autoport", &[]);
    let list = format!("/networking/v2.0/ports?device_id={id}");
    assert_eq!(demo.get(&list).json()["ports"].as_array().map(Vec::len), Some(1));
    demo.remove(&id);
    demo.gone(&id);
    assert_eq!(demo.get(&list).json(), json!({"ports": []}));
    assert_eq!(cloud.admin("GET", "state", json!({})).unwrap()["ports"], 0);
}

#[test]
fn no_valid_host_is_an_error_server_with_a_fault_of_code_500() {
    let cloud = recorded_cloud();
    cloud.admin("PUT", "quotas/demo", json!({"cores": -1, "ram": -1})).unwrap();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let port = demo.port(json!({})).id();
    let answer = demo.create("nvh", &[("flavorRef", json!("4")), ("networks", json!([{"port": port}]))]);
    record::same("no valid host create (accepted)", &answer);
    let server = demo.wait(&answer.id(), &["ERROR"]);
    assert_eq!((&server["fault"]["code"], &server["fault"]["message"]), (&json!(500), &json!("No valid host was found. ")));
    assert_eq!(server["fault"].get("details"), None);
    assert!(admin.show(&answer.id()).json()["server"]["fault"]["details"].is_string());
    assert_eq!(demo.show_port(&port)["device_id"], "");
    let actions = format!("/compute/v2.1/servers/{}/os-instance-actions", answer.id());
    record::same("actions", &demo.get(&actions));
    demo.remove(&answer.id());
    demo.gone(&answer.id());
}

#[test]
fn a_full_zone_has_no_valid_host_while_the_other_has() {
    let zone = |name: &str| gantry_cloud_sim::ZoneSpec { name: name.into(), hypervisors: 1, vcpus: 4, memory_mib: 65_536 };
    let config = gantry_cloud_sim::Config { zones: vec![zone("az1"), zone("az2")], ..crate::client::fast() };
    let cloud = gantry_cloud_sim::Simulator::start(config).unwrap();
    let demo = Client::demo(&cloud);
    let create = |zone: &str| {
        let id = demo.create("x", &[("flavorRef", json!("2")), ("availability_zone", json!(zone))]).id();
        demo.wait(&id, &["ACTIVE", "ERROR"])
    };
    assert_eq!(create("az1")["status"], "ACTIVE");
    assert_eq!(create("az1")["fault"]["message"], "No valid host was found. ");
    let there = create("az2");
    assert_eq!((&there["status"], &there["OS-EXT-AZ:availability_zone"]), (&json!("ACTIVE"), &json!("az2")));
}

#[test]
fn deleted_in_build_it_is_gone_at_once_and_its_port_is_free() {
    let cloud = recorded_cloud();
    cloud.admin("PUT", "latencies", json!({"buildMs": 60_000})).unwrap();
    let demo = Client::demo(&cloud);
    let port = demo.port(json!({})).id();
    let id = demo.create("midbuild", &on_port(&port)).id();
    record::same("delete in BUILD", &demo.remove(&id));
    assert_eq!(demo.show(&id).code, 404);
    assert_eq!(demo.show_port(&port)["device_id"], "");
    record::same("delete unbound port", &demo.delete(&format!("/networking/v2.0/ports/{port}")));
}

#[test]
fn power_actions_fit_the_state_or_are_409() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let id = demo.active("x", &[]);
    record::same("os-stop", &demo.act(&id, &json!({"os-stop": null})));
    assert_eq!(demo.wait(&id, &["SHUTOFF"])["OS-EXT-STS:power_state"], 4);
    record::same("os-stop again", &demo.act(&id, &json!({"os-stop": null})));
    record::same("os-start", &demo.act(&id, &json!({"os-start": null})));
    demo.wait(&id, &["ACTIVE"]);
    record::same("reboot HARD", &demo.act(&id, &json!({"reboot": {"type": "HARD"}})));
    demo.wait(&id, &["ACTIVE"]);
    record::same("console output", &demo.act(&id, &json!({"os-getConsoleOutput": {"length": 50}})));
}

#[test]
fn a_locked_server_is_not_deleted_for_its_owner() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let id = demo.active("x", &[]);
    record::same("lock", &demo.act(&id, &json!({"lock": {"locked_reason": "ops"}})));
    assert_eq!(demo.show(&id).json()["server"]["locked_reason"], "ops");
    record::same("delete locked server as its owner", &demo.remove(&id));
    admin.act(&id, &json!({"lock": null}));
    record::same("delete server locked by admin", &demo.remove(&id));
    admin.act(&id, &json!({"unlock": null}));
    assert_eq!(demo.remove(&id).code, 204);
}

#[test]
fn a_dead_hypervisor_shows_active_to_members_and_unknown_to_admins() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let id = demo.active("x", &[]);
    let host = admin.show(&id).json()["server"]["OS-EXT-SRV-ATTR:host"].as_str().unwrap().to_owned();
    cloud.admin("PUT", &format!("hypervisors/{host}"), json!({"up": false})).unwrap();
    assert_eq!(demo.show(&id).json()["server"]["status"], "ACTIVE");
    assert_eq!(admin.show(&id).json()["server"]["host_status"], "UNKNOWN");
    demo.act(&id, &json!({"os-stop": null}));
    thread::sleep(std::time::Duration::from_millis(60));
    assert_eq!(demo.show(&id).json()["server"]["OS-EXT-STS:task_state"], "powering-off");
    record::same("delete on dead host", &demo.remove(&id));
    assert_eq!(demo.show(&id).code, 404);
    for place in ["cn-nova-1", "cn-nova-2"] {
        cloud.admin("PUT", &format!("hypervisors/{place}"), json!({"up": false})).unwrap();
    }
    record::same("AZ listing, all computes frozen", &demo.get("/compute/v2.1/os-availability-zone"));
    let id = demo.create("nocompute", &[]).id();
    let fault = demo.wait(&id, &["ERROR"])["fault"]["message"].clone();
    assert_eq!(fault, "No valid host was found. There are not enough hosts available.");
}

#[test]
fn an_admin_takes_the_port_from_under_a_server_and_its_addresses_vanish() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let port = demo.port(json!({})).id();
    let id = demo.active("stolen", &on_port(&port));
    assert_eq!(admin.delete(&format!("/networking/v2.0/ports/{port}")).code, 204);
    let server = demo.show(&id).json()["server"].clone();
    assert_eq!((&server["status"], &server["addresses"]), (&json!("ACTIVE"), &json!({})));
}

#[test]
fn actions_tags_and_metadata_are_as_recorded() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let id = demo.active("web-0", &[("metadata", json!({"role": "w0"}))]);
    let actions = format!("/compute/v2.1/servers/{id}/os-instance-actions");
    let list = demo.get(&actions);
    record::same("os-instance-actions", &list);
    let request = list.json()["instanceActions"][0]["request_id"].as_str().unwrap().to_owned();
    record::same("action detail as member", &demo.get(&format!("{actions}/{request}")));
    let tag = format!("/compute/v2.1/servers/{id}/tags/newtag");
    record::same("PUT tag", &demo.put(&tag, &Value::Null));
    record::same("PUT tag again", &demo.put(&tag, &Value::Null));
    let metadata = format!("/compute/v2.1/servers/{id}/metadata");
    record::same("metadata POST", &demo.post(&metadata, &json!({"metadata": {"z": "1"}})));
}

#[test]
fn a_server_that_the_administrator_locked_its_owner_does_not_unlock() {
    let cloud = recorded_cloud();
    let (demo, admin) = (Client::demo(&cloud), Client::admin(&cloud));
    let id = demo.active("x", &[]);
    assert_eq!(admin.act(&id, &json!({"lock": null})).code, 202);
    assert_eq!((demo.remove(&id).code, demo.act(&id, &json!({"unlock": null})).code), (409, 403));
    assert_eq!(admin.act(&id, &json!({"unlock": null})).code, 202);
    assert_eq!(demo.remove(&id).code, 204);
}

#[test]
fn a_resize_waits_to_be_confirmed_or_reverted() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let id = demo.active("x", &[("flavorRef", json!("1"))]);
    let used = || demo.get("/compute/v2.1/limits").json()["limits"]["absolute"]["totalCoresUsed"].clone();
    let resize = |flavor: &str| demo.act(&id, &json!({"resize": {"flavorRef": flavor}}));
    assert_eq!(resize("nope").json()["badRequest"]["message"], "Flavor nope could not be found.");
    assert_eq!(resize("4").code, 403, "over the quota");
    assert_eq!(resize("3").code, 202);
    let resized = demo.wait(&id, &["VERIFY_RESIZE"]);
    assert_eq!((&resized["flavor"]["original_name"], used()), (&json!("m1.big"), json!(4)));
    assert_eq!(demo.act(&id, &json!({"revertResize": null})).code, 202);
    assert_eq!((&demo.wait(&id, &["ACTIVE"])["flavor"]["original_name"], used()), (&json!("m1.tiny"), json!(1)));
    let early = demo.act(&id, &json!({"confirmResize": null}));
    let text = format!("Cannot 'confirmResize' instance {id} while it is in vm_state active");
    assert_eq!((early.code, &early.json()["conflictingRequest"]["message"]), (409, &json!(text)));
    resize("2");
    demo.wait(&id, &["VERIFY_RESIZE"]);
    assert_eq!(demo.act(&id, &json!({"confirmResize": null})).code, 204);
    assert_eq!((demo.wait(&id, &["ACTIVE"])["flavor"]["original_name"].clone(), used()), (json!("m1.small"), json!(2)));
}
