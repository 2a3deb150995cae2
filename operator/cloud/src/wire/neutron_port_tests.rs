use super::*;
use crate::{AddressPair, FixedIp, Mark};

fn spec() -> PortSpec {
    PortSpec {
        name: "h-0".to_owned(),
        network_id: "n".to_owned(),
        fixed_ips: vec![],
        security_group_ids: vec![],
        allowed_address_pairs: vec![],
        vnic_type: None,
        port_security: None,
        qos_policy_id: None,
        mark: Mark { host: Some("1".to_owned()), cluster: "2".to_owned() },
    }
}

#[test]
fn a_port_s_tags_are_its_description_too() {
    let expected = json!({"port": {
        "name": "h-0", "network_id": "n",
        "description": "gantry-host:1 gantry-cluster:2", "tags": ["gantry-host:1", "gantry-cluster:2"],
    }});
    assert_eq!(body(&spec(), TagsAtBirth::Sent).unwrap(), expected);
    let expected = json!({"port": {"name": "h-0", "network_id": "n", "description": "gantry-host:1 gantry-cluster:2"}});
    assert_eq!(body(&spec(), TagsAtBirth::LeftOut).unwrap(), expected);
}

#[test]
fn every_option_reaches_neutron_under_its_name() {
    let text = |text: &str| Some(text.to_owned());
    let all = PortSpec {
        fixed_ips: vec![FixedIp { subnet_id: text("s"), address: None }, FixedIp { subnet_id: text("t"), address: text("10.0.0.9") }],
        security_group_ids: vec!["g".to_owned()],
        allowed_address_pairs: vec![
            AddressPair { address: "10.1.0.0/16".to_owned(), mac: None },
            AddressPair { address: "10.2.0.1".to_owned(), mac: text("fa:16:3e:00:00:01") },
        ],
        vnic_type: text("direct"),
        port_security: Some(true),
        qos_policy_id: text("q"),
        ..spec()
    };
    let expected = json!({"port": {
        "name": "h-0", "network_id": "n", "description": "gantry-host:1 gantry-cluster:2",
        "fixed_ips": [{"subnet_id": "s"}, {"subnet_id": "t", "ip_address": "10.0.0.9"}], "security_groups": ["g"],
        "allowed_address_pairs": [{"ip_address": "10.1.0.0/16"}, {"ip_address": "10.2.0.1", "mac_address": "fa:16:3e:00:00:01"}],
        "binding:vnic_type": "direct", "port_security_enabled": true, "qos_policy_id": "q",
    }});
    assert_eq!(body(&all, TagsAtBirth::LeftOut).unwrap(), expected);
}

#[test]
fn without_port_security_there_are_no_groups() {
    let open = PortSpec { port_security: Some(false), security_group_ids: vec!["g".to_owned()], ..spec() };
    let port = &body(&open, TagsAtBirth::Sent).unwrap()["port"];
    assert_eq!((&port["port_security_enabled"], &port["security_groups"]), (&json!(false), &json!([])));
}

#[test]
fn what_neutron_would_refuse_is_not_sent() {
    let long = Mark { host: Some("h".repeat(60)), cluster: "c".to_owned() };
    for spec in [PortSpec { name: "n".repeat(256), ..spec() }, PortSpec { mark: long, ..spec() }] {
        assert!(matches!(body(&spec, TagsAtBirth::Sent), Err(Error::BadSpec { .. })));
    }
}

#[test]
fn a_port_as_recorded() {
    let text = r#"{"port":{"id":"b4b46323","name":"tp","network_id":"57fb1444","project_id":"28e2c81e","mac_address":"fa:16:3e:9a:ec:27","admin_state_up":true,
        "status":"DOWN","device_id":"","device_owner":"","fixed_ips":[{"subnet_id":"0300cc27","ip_address":"10.20.2.70"}],"description":"gantry-host:1 gantry-cluster:2","tags":["t"]}}"#;
    let port: Port = serde_json::from_str::<OnePort>(text).unwrap().port.into();
    let expected = Port {
        id: "b4b46323".to_owned(),
        name: "tp".to_owned(),
        device_id: String::new(),
        status: "DOWN".to_owned(),
        addresses: vec!["10.20.2.70".to_owned()],
        tags: vec!["t".to_owned(), "gantry-host:1".to_owned(), "gantry-cluster:2".to_owned()],
    };
    assert_eq!(port, expected);
    assert_eq!(port.mark(), Some(spec().mark));
}
