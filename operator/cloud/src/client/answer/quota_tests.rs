//! Answers recorded from a real cloud (Keystone 30, Nova 34, Neutron 29, Glance 33, Cinder 29) that say that a quota is used up, in its five faces.

use super::super::recorded::{meaning, neutron, nova, reply};
use super::*;
use crate::client::call::*;

#[test]
fn a_quota_is_told_by_its_text() {
    let cases = [
        ("Quota exceeded for instances: Requested 1, but already used 1 of 1 instances", vec!["instances"]),
        ("Quota exceeded for cores, ram: Requested 9999, 9999999, but already used 1, 512 of 100, 512000 cores, ram", vec!["cores", "ram"]),
    ];
    for (text, names) in cases {
        let error = classify(&CREATE_SERVER, &reply(403, &nova("forbidden", 403, text))).error;
        let expected = Error::Quota {
            resources: names.into_iter().map(str::to_owned).collect(),
            message: format!("Nova refused to create a server: {text}. Raise the quota or free some"),
            request_id: Some("req-1".to_owned()),
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn neutron_and_old_nova_tell_a_quota_with_other_codes() {
    let port = classify(&CREATE_PORT, &reply(409, &neutron("OverQuota", "Quota exceeded for resources: ['port']."))).error;
    assert!(matches!(port, Error::Quota { ref resources, .. } if resources == &["port"]), "{port:?}");
    let full =
        classify(&CREATE_PORT, &reply(409, &neutron("IpAddressGenerationFailure", "No more IP addresses available on network n."))).error;
    assert!(matches!(full, Error::Quota { ref resources, .. } if resources == &["fixed_ip"]), "{full:?}");
    let (category, _) = meaning(&CREATE_SERVER, 413, &nova("overLimit", 413, "Quota exceeded for cores: Requested 2"));
    assert_eq!(category, "QuotaExceeded");
}

#[test]
fn every_wording_of_a_quota_names_its_resources() {
    let unified = "Project 28e2 is over a limit for [Resource class:VCPU is over limit of 4 due to current usage 4 and delta 2, Resource servers is over limit of 1 due to current usage 1 and delta 1]";
    let cases = [
        (unified, vec!["cores", "instances"]),
        ("Quota exceeded, too many servers in group", vec!["server_group_members"]),
        ("Quota exceeded, too many server groups.", vec!["server_groups"]),
        ("Maximum number of ports exceeded", vec!["port"]),
        ("Quota exceeded for resources: ['port', 'security_group'].", vec!["port", "security_group"]),
        ("Quota exceeded for something new", vec![]),
    ];
    for (text, names) in cases {
        let error = classify(&CREATE_SERVER, &reply(403, &nova("forbidden", 403, text))).error;
        assert!(matches!(error, Error::Quota { ref resources, .. } if *resources == names), "{error:?}");
    }
}

#[test]
fn cinder_s_413_names_what_is_spent_and_is_not_a_wish_to_wait() {
    let cases = [
        ("VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.", "volumes"),
        ("VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes_ssd'.", "volumes_ssd"),
        (
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 10G, quota is 5G and 0G has been consumed.",
            "gigabytes",
        ),
        ("VolumeSizeExceedsLimit: Requested volume size 20G is larger than maximum allowed limit 10G.", "per_volume_gigabytes"),
    ];
    for (text, name) in cases {
        let body = serde_json::json!({"overLimit": {"code": 413, "message": text, "retryAfter": "0"}}).to_string();
        let mut reply = reply(413, &body);
        reply.headers.insert("retry-after", "0".parse().unwrap());
        let failure = classify(&CREATE_VOLUME, &reply);
        assert!(matches!(failure.error, Error::Quota { ref resources, .. } if resources == &[name]), "{failure:?}");
        assert_eq!(failure.again, Again::Never);
    }
}
