//! Answers recorded from a real cloud (Keystone 30, Nova 34, Neutron 29, Glance 33) and what they mean.

use super::*;
use crate::client::call::*;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

fn reply(status: u16, body: &str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("x-compute-request-id", "req-1".parse().unwrap());
    Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: body.as_bytes().to_vec() }
}

/// Category and sentence.
fn meaning(call: &Call, status: u16, body: &str) -> (&'static str, String) {
    let error = classify(call, &reply(status, body)).error;
    (error.category(), error.message().to_owned())
}

fn nova(key: &str, status: u16, text: &str) -> String {
    serde_json::json!({key: {"code": status, "message": text}}).to_string()
}

fn neutron(kind: &str, text: &str) -> String {
    serde_json::json!({"NeutronError": {"type": kind, "message": text, "detail": ""}}).to_string()
}

fn html(title: &str, text: &str) -> String {
    format!(
        "<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n  {text}<br /><br />\n\n\n\n </body>\n</html>"
    )
}

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
        ("VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota exceeded", vec![]),
    ];
    for (text, names) in cases {
        let error = classify(&CREATE_SERVER, &reply(403, &nova("forbidden", 403, text))).error;
        assert!(matches!(error, Error::Quota { ref resources, .. } if *resources == names), "{error:?}");
    }
}

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
        for call in [&SERVER, &DELETE_SERVER, &PORT, &IMAGE] {
            assert_eq!(meaning(call, 404, &body).0, "Transient", "{} {body}", call.name);
        }
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
