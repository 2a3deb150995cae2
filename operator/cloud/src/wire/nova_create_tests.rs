use super::*;
use crate::{Error, Mark, UserData};
use std::collections::BTreeMap;

fn spec() -> ServerSpec {
    ServerSpec {
        name: "general-x7k2p".to_owned(),
        flavor_id: "1".to_owned(),
        root: Root::Image("image".to_owned()),
        zone: "az1".to_owned(),
        port_ids: vec!["port".to_owned()],
        key_name: None,
        config_drive: None,
        server_group: None,
        hints: BTreeMap::new(),
        metadata: BTreeMap::from([("gantry-pool".to_owned(), "apps/general".to_owned())]),
        tags: vec!["web".to_owned()],
        mark: Mark { host: Some("1".to_owned()), cluster: "2".to_owned() },
        user_data: UserData("#cloud-config".to_owned()),
    }
}

#[test]
fn a_body_says_all_that_the_spec_says() {
    let expected = json!({"server": {
        "name": "general-x7k2p", "flavorRef": "1", "imageRef": "image", "availability_zone": "az1", "networks": [{"port": "port"}],
        "metadata": {"gantry-host": "1", "gantry-cluster": "2", "gantry-pool": "apps/general"},
        "tags": ["gantry-host:1", "gantry-cluster:2", "web"], "user_data": "I2Nsb3VkLWNvbmZpZw==",
    }});
    assert_eq!(body(&spec()).unwrap(), expected);
}

#[test]
fn every_option_reaches_nova_under_its_name() {
    let all = ServerSpec {
        root: Root::Volume("v".to_owned()),
        zone: String::new(),
        key_name: Some("ops".to_owned()),
        config_drive: Some(true),
        server_group: Some("g".to_owned()),
        hints: BTreeMap::from([
            ("different_host".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
            ("query".to_owned(), vec!["[\">=\",\"$free_ram_mb\",1024]".to_owned()]),
            ("group".to_owned(), vec!["the pool's group wins".to_owned()]),
        ]),
        ..spec()
    };
    let body = body(&all).unwrap();
    let (server, hints) = (&body["server"], &body["OS-SCH-HNT:scheduler_hints"]);
    let volume =
        json!([{"boot_index": 0, "uuid": "v", "source_type": "volume", "destination_type": "volume", "delete_on_termination": false}]);
    assert_eq!((&server["block_device_mapping_v2"], &server["imageRef"]), (&volume, &Value::Null));
    assert_eq!((&server["key_name"], &server["config_drive"], &server["availability_zone"]), (&json!("ops"), &json!(true), &Value::Null));
    assert_eq!(*hints, json!({"different_host": ["a", "b"], "query": "[\">=\",\"$free_ram_mb\",1024]", "group": "g"}));
}

#[test]
fn what_nova_would_refuse_is_not_sent() {
    let refused = [
        ServerSpec { user_data: UserData("a".repeat(USER_DATA_LIMIT_BYTES + 1)), ..spec() },
        ServerSpec { name: String::new(), ..spec() },
        ServerSpec { name: "n".repeat(256), ..spec() },
        ServerSpec { port_ids: vec![], ..spec() },
        ServerSpec { hints: (0..33).map(|i| (i.to_string(), vec![])).collect(), ..spec() },
        ServerSpec { metadata: (0..129).map(|i| (i.to_string(), String::new())).collect(), ..spec() },
        ServerSpec { metadata: BTreeMap::from([("k".to_owned(), "v".repeat(256))]), ..spec() },
        ServerSpec { tags: (0..51).map(|i| i.to_string()).collect(), ..spec() },
        ServerSpec { tags: vec!["t".repeat(61)], ..spec() },
        ServerSpec { tags: vec!["a/b".to_owned()], ..spec() },
    ];
    for spec in refused {
        assert!(matches!(body(&spec), Err(Error::BadSpec { .. })), "{spec:?}");
    }
    let largest = ServerSpec { user_data: UserData("a".repeat(USER_DATA_LIMIT_BYTES)), ..spec() };
    assert_eq!(body(&largest).unwrap()["server"]["user_data"].as_str().map(str::len), Some(65_532));
}
