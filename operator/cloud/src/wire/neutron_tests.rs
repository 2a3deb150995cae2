use super::*;

fn spec() -> PortSpec {
    PortSpec {
        name: "h-0".to_owned(),
        network_id: "n".to_owned(),
        subnet_id: Some("s".to_owned()),
        security_group_ids: vec!["g".to_owned()],
        tags: vec!["gantry-host:1".to_owned(), "gantry-cluster:2".to_owned()],
    }
}

#[test]
fn a_port_s_first_tag_is_its_description_too() {
    let expected = json!({"port": {
        "name": "h-0", "network_id": "n", "fixed_ips": [{"subnet_id": "s"}], "security_groups": ["g"],
        "description": "gantry-host:1", "tags": ["gantry-host:1", "gantry-cluster:2"],
    }});
    assert_eq!(body(&spec(), TagsAtBirth::Sent).unwrap(), expected);
    let bare = PortSpec { subnet_id: None, security_group_ids: vec![], ..spec() };
    let expected = json!({"port": {"name": "h-0", "network_id": "n", "description": "gantry-host:1"}});
    assert_eq!(body(&bare, TagsAtBirth::LeftOut).unwrap(), expected);
}

#[test]
fn what_neutron_would_refuse_is_not_sent() {
    for spec in [PortSpec { name: "n".repeat(256), ..spec() }, PortSpec { tags: vec!["a,b".to_owned()], ..spec() }] {
        assert!(matches!(body(&spec, TagsAtBirth::Sent), Err(Error::BadSpec { .. })));
    }
}

#[test]
fn a_port_as_recorded() {
    let text = r#"{"port":{"id":"b4b46323","name":"tp","network_id":"57fb1444","project_id":"28e2c81e","mac_address":"fa:16:3e:9a:ec:27","admin_state_up":true,
        "status":"DOWN","device_id":"","device_owner":"","fixed_ips":[{"subnet_id":"0300cc27","ip_address":"10.20.2.70"}],"description":"gantry-host:1","tags":["t"]}}"#;
    let port: Port = serde_json::from_str::<OnePort>(text).unwrap().port.into();
    let expected = Port {
        id: "b4b46323".to_owned(),
        name: "tp".to_owned(),
        device_id: String::new(),
        status: "DOWN".to_owned(),
        addresses: vec!["10.20.2.70".to_owned()],
        tags: vec!["t".to_owned(), "gantry-host:1".to_owned()],
    };
    assert_eq!(port, expected);
}

#[test]
fn lists_of_named_things_are_read_whatever_they_are_called() {
    for kind in ["networks", "subnets", "security_groups"] {
        let text = format!(
            r#"{{"{kind}": [{{"id": "1", "name": "a", "project_id": "p", "tags": []}}], "{kind}_links": [{{"rel": "next", "href": "h?marker=1"}}]}}"#
        );
        let (items, next) = serde_json::from_str::<NamedPage>(&text).unwrap().split();
        assert_eq!((items[0].id.as_str(), items[0].name.as_str(), next.as_deref()), ("1", "a", Some("h?marker=1")));
    }
    assert!(serde_json::from_str::<NamedPage>(r#"{"networks": [{"name": "no id"}]}"#).is_err());
}
