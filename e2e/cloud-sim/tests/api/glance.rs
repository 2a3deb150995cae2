//! Images: filters and pages.
use serde_json::{Value, json};

use crate::client::{Client, recorded_cloud};

#[test]
fn images_are_found_by_name_tag_and_status_newest_first() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let new = cloud.admin("POST", "images", json!({"name": "debian-12-k8s", "tags": ["gantry"]})).unwrap()["id"].clone();
    let ids = |query: &str| -> Vec<Value> {
        let body = demo.get(&format!("/image/v2/images?{query}")).json();
        body["images"].as_array().unwrap().iter().map(|image| image["id"].clone()).collect()
    };
    assert_eq!(ids("name=debian-12-k8s&status=active").len(), 2);
    assert_eq!(ids("tag=gantry")[0], new, "newest first");
    assert_eq!(ids("tag=gantry&tag=other"), Vec::<Value>::new());
    assert_eq!(ids("name=nothing"), Vec::<Value>::new());
    assert_eq!(demo.get(&format!("/image/v2/images/{}", new.as_str().unwrap())).json()["name"], "debian-12-k8s");
    assert_eq!(demo.get("/image/v2/images/00000000-0000-0000-0000-000000000000").code, 404);
}

#[test]
fn pages_of_images_link_to_the_next_by_path() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    cloud.admin("POST", "images", json!({"name": "second"})).unwrap();
    let first = demo.get("/image/v2/images?limit=1").json();
    let next = first["next"].as_str().unwrap();
    assert!(next.starts_with("/v2/images?limit=1&marker="), "{next}");
    let second = demo.get(&format!("/image{next}")).json();
    assert_ne!(first["images"][0]["id"], second["images"][0]["id"]);
}

#[test]
fn images_are_found_by_their_properties() {
    let cloud = recorded_cloud();
    let demo = Client::demo(&cloud);
    let properties = json!({"os_distro": "flatcar"});
    cloud.admin("POST", "images", json!({"name": "flatcar", "properties": properties})).unwrap();
    let names = |query: &str| {
        let body = demo.get(&format!("/image/v2/images?{query}")).json();
        body["images"].as_array().unwrap().iter().map(|image| image["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("os_distro=flatcar"), ["flatcar"]);
    assert_eq!(names("os_distro=debian&os_version=12"), ["debian-12-k8s"]);
    assert!(names("os_distro=plan9").is_empty());
}
