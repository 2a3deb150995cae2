//! Answers recorded from a real cloud (Keystone 30, Nova 34, Neutron 29, Glance 33, Cinder 29) and what they mean.

use super::super::recorded::{html, meaning, neutron, nova, reply};
use super::*;
use crate::client::call::*;

#[test]
fn a_malformed_log_in_is_told_without_keystone_s_words() {
    let body =
        r#"{"error": {"code": 400, "message": "Invalid input for field 'password': 'hunter2' is too long", "title": "Bad Request"}}"#;
    let told = "Keystone finds the log-in malformed; check the auth part of clouds.yaml";
    assert_eq!(meaning(&LOG_IN, 400, body), ("Config", told.to_owned()));
}

#[test]
fn three_kinds_of_403_are_told_apart() {
    let quota = nova("forbidden", 403, "Quota exceeded for ram: Requested 2048, but already used 512 of 600 ram");
    let policy = nova("forbidden", 403, "Policy doesn't allow os_compute_api:servers:create:forced_host to be performed.");
    let items = nova("forbidden", 403, "Maximum number of metadata items exceeds 128");
    let port = neutron("PolicyNotAuthorized", "rule:delete_port is disallowed by policy");
    assert_eq!(meaning(&CREATE_SERVER, 403, &quota).0, "QuotaExceeded");
    assert_eq!(meaning(&CREATE_SERVER, 403, &policy).0, "Forbidden");
    assert_eq!(meaning(&CREATE_SERVER, 403, &items).0, "BadSpec");
    let told = "Neutron refused to delete a port: rule:delete_port is disallowed by policy";
    assert_eq!(meaning(&DELETE_PORT, 403, &port), ("Forbidden", told.to_owned()));
}

#[test]
fn a_wrong_request_is_the_spec_s_fault_and_keeps_nova_s_words() {
    let texts = [
        "Flavor nope could not be found.",
        "Can not find requested image",
        "Network 00000000-0000-0000-0000-000000000000 could not be found.",
        "Port id 00000000-0000-0000-0000-000000000000 could not be found.",
        "Invalid key_name provided.",
        "Unable to find security_group with name or id 'nosg'",
        "Instance group 00000000-0000-0000-0000-000000000000 could not be found.",
        "The requested availability zone is not available",
        "Network 80f8b390-8254-45c6-9e73-9f2c018d109c requires a subnet in order to boot instances on.",
    ];
    for text in texts {
        let told = format!("Nova does not accept the request to create a server: {}", text.trim_end_matches('.'));
        assert_eq!(meaning(&CREATE_SERVER, 400, &nova("badRequest", 400, text)), ("BadSpec", told));
    }
}

#[test]
fn a_schema_complaint_never_echoes_its_value() {
    let cases = [
        ("field/attribute user_data. Value: c2VjcmV0. 'c2VjcmV0' is too long", "BadSpec", "user_data (it is too long)"),
        (
            "field/attribute imageRef. Value: not-a-uuid. 'not-a-uuid' is not valid under any of the given schemas",
            "BadSpec",
            "imageRef (it is not valid under any of the given schemas)",
        ),
        ("field/attribute name. Value: . '' should be non-empty", "BadSpec", "name (it should be non-empty)"),
        ("field/attribute 0. Value: a/b. 'a/b' does not match '^[^,/]*$'", "BadSpec", "0 (it does not match)"),
        (
            "field/attribute server. Value: {'user_data': 'c2VjcmV0'}. 'networks' is a required property",
            "Bug",
            "server (it is a required property)",
        ),
        (
            "field/attribute server. Value: {'user_data': 'c2VjcmV0', 'bogus': 1}. Additional properties are not allowed ('bogus' was unexpected)",
            "Bug",
            "server (additional properties are not allowed)",
        ),
        ("field/attribute x. Value: c2VjcmV0. 'c2VjcmV0' is odd", "BadSpec", "x"),
    ];
    for (text, category, field) in cases {
        let text = format!("Invalid input for {text}");
        let told = format!("Nova does not accept the request to create a server: Invalid input for field/attribute {field}");
        assert_eq!(meaning(&CREATE_SERVER, 400, &nova("badRequest", 400, &text)), (category, told));
    }
}

#[test]
fn a_request_that_no_nova_takes_is_our_bug() {
    let texts = [
        "'bogus' does not match any of the regexes: '^_'",
        "Additional properties are not allowed ('name' was unexpected)",
        "API Version String abc is of invalid format. Must be of format MajorNum.MinorNum.",
    ];
    for text in texts {
        assert_eq!(meaning(&SERVERS, 400, &nova("badRequest", 400, text)).0, "Bug");
    }
    let version = nova("computeFault", 406, "Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.104.");
    assert_eq!(meaning(&SERVERS, 406, &version).0, "Bug");
}

#[test]
fn gone_is_only_what_the_service_itself_says() {
    let gone = nova("itemNotFound", 404, "Instance ad0b64f3 could not be found.");
    let told = "Nova was asked to show a server: Instance ad0b64f3 could not be found";
    assert_eq!(meaning(&SERVER, 404, &gone), ("NotFound", told.to_owned()));
    assert_eq!(meaning(&DELETE_SERVER, 404, &gone).0, "NotFound");
    assert_eq!(meaning(&PORT, 404, &neutron("PortNotFound", "Port p could not be found.")).0, "NotFound");
    assert_eq!(meaning(&IMAGE, 404, &html("404 Not Found", "No image found with ID i")).0, "NotFound");
    let proxies = [
        html("404 Not Found", "nginx"),
        String::new(),
        "{}".to_owned(),
        nova("error", 404, "no such service"),
        neutron("Unknown", "?"),
        neutron("HTTPNotFound", "The resource could not be found."),
    ];
    for body in proxies {
        for call in [&SERVER, &DELETE_SERVER, &PORT, &IMAGE, &VOLUME, &FLOATING_IP] {
            assert_eq!(meaning(call, 404, &body).0, "Transient", "{} {body}", call.name);
        }
    }
}

#[test]
fn glance_speaks_in_pages_and_in_flat_json() {
    let flat = r#"{"message": "No image found with ID 7<br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}"#;
    assert_eq!(meaning(&IMAGE, 404, flat), ("NotFound", "Glance was asked to show an image: No image found with ID 7".to_owned()));
    let marker = flat.replace("404 Not Found", "400 Bad Request").replace(r#""Not Found""#, r#""Bad Request""#);
    assert_eq!(meaning(&IMAGES, 400, &marker).0, "BadSpec");
}

#[test]
fn a_path_that_nova_or_cinder_does_not_know_is_nothing_that_is_gone() {
    let unknown = nova("itemNotFound", 404, "The resource could not be found.");
    let flat = r#"{"message": "The resource could not be found.<br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}"#;
    for call in [&SERVER, &DELETE_SERVER, &VOLUME, &DELETE_VOLUME, &SERVER_GROUP] {
        for body in [&unknown, flat] {
            assert_eq!(meaning(call, 404, body).0, "Transient", "{} {body}", call.name);
        }
    }
    for (call, text) in [(&VOLUME, "Volume 6edb could not be found."), (&DELETE_SERVER_GROUP, "Instance group 4f2a could not be found.")] {
        assert_eq!(meaning(call, 404, &nova("itemNotFound", 404, text)).0, "NotFound");
    }
    assert_eq!(meaning(&FLOATING_IP, 404, &neutron("FloatingIPNotFound", "Floating IP f could not be found")).0, "NotFound");
}

#[test]
fn a_proxy_s_page_proves_nothing_not_even_of_a_refusal() {
    for status in [400, 403, 404, 405, 409] {
        for page in [html("Forbidden", "nginx"), String::new(), "null".to_owned(), "[]".to_owned()] {
            assert_eq!(meaning(&SERVER, status, &page).0, "Transient", "{status} {page}");
            assert_eq!(meaning(&DELETE_PORT, status, &page).0, "Transient", "{status} {page}");
            assert_eq!(meaning(&CREATE_VOLUME, status, &page).0, "Ambiguous", "{status} {page}");
        }
    }
    assert_eq!(meaning(&IMAGE, 403, &html("403 Forbidden", "You are not authorized to complete this action.")).0, "Forbidden");
}

#[test]
fn a_volume_in_use_or_taken_is_a_state_and_not_a_wrong_request() {
    let in_use = "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.";
    assert_eq!(meaning(&DELETE_VOLUME, 400, &nova("badRequest", 400, in_use)).0, "Conflict");
    for status in ["reserved", "in-use"] {
        let taken = format!(
            "Invalid volume: Invalid input received: Invalid volume: Volume 96390342 status must be available or downloading to reserve, but the current status is {status}. (HTTP 400) (Request-ID: req-39700711)"
        );
        assert_eq!(meaning(&CREATE_SERVER, 400, &nova("badRequest", 400, &taken)).0, "Conflict");
    }
    let unbootable = "Block Device Mapping is Invalid: You specified more local devices than the limit allows";
    assert_eq!(meaning(&CREATE_SERVER, 400, &nova("badRequest", 400, unbootable)).0, "BadSpec");
}

#[test]
fn floating_ips_that_cannot_be_had_are_told_apart() {
    let full = neutron("ExternalIpAddressExhausted", "Unable to find any IP address on external network n.");
    let error = classify(&CREATE_FLOATING_IP, &reply(400, &full)).error;
    assert!(matches!(error, Error::Quota { ref resources, .. } if resources == &["external_ip"]), "{error:?}");
    let cases = [
        (409, neutron("OverQuota", "Quota exceeded for resources: ['floatingip']."), "QuotaExceeded"),
        (400, neutron("BadRequest", "Bad floatingip request: Network n is not a valid external network."), "BadSpec"),
        (404, neutron("ExternalGatewayForFloatingIPNotFound", "External network n is not reachable from subnet s."), "BadSpec"),
        (409, neutron("FloatingIPPortAlreadyAssociated", "Cannot associate floating IP 192.0.2.7 (f) with port p"), "Conflict"),
    ];
    for (status, body, category) in cases {
        assert_eq!(meaning(&CREATE_FLOATING_IP, status, &body).0, category, "{body}");
    }
}

#[test]
fn a_creation_that_names_what_is_not_there_is_a_bad_spec() {
    let network = neutron("NetworkNotFound", "Network n could not be found.");
    let told = "Neutron does not accept the request to create a port: Network n could not be found";
    assert_eq!(meaning(&CREATE_PORT, 404, &network), ("BadSpec", told.to_owned()));
    assert_eq!(meaning(&CREATE_PORT, 400, &neutron("InvalidIpForNetwork", "IP address 10.99.9.9 is not a valid IP")).0, "BadSpec");
}

#[test]
fn a_request_that_contradicts_itself_is_wrong_though_neutron_calls_it_a_conflict() {
    let pairs = "Port Security must be enabled in order to have allowed address pairs on a port.";
    assert_eq!(meaning(&CREATE_PORT, 409, &neutron("AddressPairAndPortSecurityRequired", pairs)).0, "BadSpec");
}

#[test]
fn what_cinder_and_nova_refuse_of_volumes_and_groups_is_the_spec_s_fault() {
    let cases = [
        (&CREATE_VOLUME, 400, "badRequest", "Invalid image identifier or unable to access requested image."),
        (&CREATE_VOLUME, 404, "itemNotFound", "Volume type with name nope could not be found."),
        (&CREATE_VOLUME, 400, "badRequest", "Availability zone 'nope' is invalid."),
        (&CREATE_VOLUME, 400, "badRequest", "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1"),
        (&CREATE_SERVER, 400, "badRequest", "Block Device Mapping is Invalid: failed to get volume 00000000-0000-0000-0000-000000000000."),
        (&CREATE_SERVER, 400, "badRequest", "Block Device da0423c1-8930-4488-8ea9-f43a71f84cdd is not bootable."),
        (&CREATE_SERVER_GROUP, 400, "badRequest", "Only anti-affinity policy supports rules."),
    ];
    for (call, status, key, text) in cases {
        assert_eq!(meaning(call, status, &nova(key, status, text)).0, "BadSpec", "{text}");
    }
    assert_eq!(meaning(&CREATE_PORT, 404, &neutron("QosPolicyNotFound", "QoS policy q could not be found.")).0, "BadSpec");
}

#[test]
fn conflicts_keep_their_reason() {
    let port = nova("conflictingRequest", 409, "Port df010156 is still in use.");
    let locked = nova("conflictingRequest", 409, "Instance 6239717e is locked");
    let address = neutron("IpAddressAlreadyAllocated", "IP address 10.20.9.9 already allocated in subnet s");
    assert_eq!(
        meaning(&CREATE_SERVER, 409, &port),
        ("Conflict", "Nova could not create a server: Port df010156 is still in use".to_owned())
    );
    assert_eq!(meaning(&DELETE_SERVER, 409, &locked).0, "Conflict");
    assert_eq!(meaning(&CREATE_PORT, 409, &address).0, "Conflict");
}

#[test]
fn too_large_is_not_too_many() {
    let page = html("413 Request Entity Too Large", "Request is too large. Larger than max_request_body_size (%s).");
    assert_eq!(meaning(&CREATE_SERVER, 413, &page).0, "BadSpec");
    assert_eq!(meaning(&SERVERS, 413, &nova("overLimit", 413, "This request was rate-limited.")).0, "OverLimit");
    assert_eq!(meaning(&CREATE_SERVER, 429, "").0, "OverLimit");
    assert_eq!(meaning(&SERVERS, 498, "").0, "OverLimit");
}

#[test]
fn refused_tokens_and_credentials_are_unauthorized() {
    let json = r#"{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}"#;
    let deleted = r#"{"error":{"code":404,"message":"Could not find Application Credential: no.","title":"Not Found"}}"#;
    let glance = html("401 Unauthorized", "This server could not verify that you are authorized");
    for (call, status, body) in [(&SERVERS, 401, json), (&IMAGES, 401, &glance), (&LOG_IN, 401, json), (&LOG_IN, 404, deleted)] {
        assert_eq!(meaning(call, status, body).0, "Unauthorized");
    }
    assert_eq!(classify(&SERVERS, &reply(401, json)).again, Again::WithNewToken);
    assert_eq!(meaning(&LOG_IN, 404, &html("404 Not Found", "nginx")).0, "Config");
}

#[test]
fn a_broken_service_leaves_a_creation_open_and_a_read_unknown() {
    for status in [500, 502, 503, 504, 408] {
        assert_eq!(meaning(&CREATE_SERVER, status, "").0, "Ambiguous");
        assert_eq!(meaning(&SERVERS, status, "").0, "Transient");
        assert_eq!(meaning(&DELETE_SERVER, status, "").0, "Transient");
    }
}

#[test]
fn no_answer_to_a_creation_shows_a_page_that_may_hold_what_was_sent() {
    for status in [400, 403, 404, 409, 418, 500, 502] {
        let (_, told) = meaning(&CREATE_SERVER, status, "<p>c2VjcmV0</p>");
        assert!(!told.contains("c2VjcmV0"), "{told}");
    }
}

#[test]
fn a_redirect_is_a_wrong_address() {
    assert_eq!(meaning(&SERVERS, 301, "").0, "Config");
}

#[test]
fn texts_are_one_short_line() {
    let text = format!("Instance\n\u{7}{} could not be found.", "x".repeat(5000));
    let (_, told) = meaning(&SERVER, 404, &nova("itemNotFound", 404, &text));
    assert!(told.len() < 500 && !told.contains(char::is_control), "{told}");
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_it_panic(status in 300u16..600, body in ".{0,200}") {
        for call in [&LOG_IN, &SERVERS, &CREATE_SERVER, &IMAGE, &DELETE_PORT] {
            classify(call, &reply(status, &body));
        }
    }

    #[test]
    fn no_complaint_makes_it_panic(status in 300u16..600, text in ".{0,200}", value in "[A-Za-z0-9+/]{40,80}") {
        let text = format!("{text}. Value: {value}. '{value}' {text}");
        for call in [&LOG_IN, &SERVERS, &CREATE_SERVER, &DELETE_PORT] {
            let (_, told) = meaning(call, status, &nova("badRequest", status, &text));
            proptest::prop_assert!(!told.contains(&value));
        }
    }
}
