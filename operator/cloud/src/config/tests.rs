use super::entry::Auth;
use super::*;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

fn parse(entry: &str) -> Result<CloudConfig> {
    CloudConfig::from_clouds_yaml(&format!("clouds:\n  c: {{{entry}}}\n"), "c", SecretFiles::default())
}

fn told(entry: &str) -> String {
    parse(entry).unwrap_err().to_string()
}

/// An entry with a password that is complete but for `auth` and what else is given.
fn password(auth: &str, rest: &str) -> String {
    format!("auth: {{auth_url: 'https://k:5000', password: hunter2, {auth}}}{rest}")
}

fn user(name: &str) -> User {
    User::Name(name.to_owned(), Domain::Name("Default".to_owned()))
}

#[test]
fn horizon_s_application_credential() {
    let text = "# This is a clouds.yaml file\nclouds:\n  openstack:\n    auth:\n      auth_url: https://k:5000\n      application_credential_id: \"abc\"\n      application_credential_secret: \"hunter2\"\n    region_name: \"RegionOne\"\n    interface: \"public\"\n    identity_api_version: 3\n    auth_type: \"v3applicationcredential\"\n";
    let expected = CloudConfig {
        auth_url: Url::parse("https://k:5000/v3").unwrap(),
        credential: Credential::Application { by: ApplicationCredential::Id("abc".to_owned()), secret: Secret::new("hunter2".to_owned()) },
        region: Some("RegionOne".to_owned()),
        interface: Interface::Public,
        overrides: Overrides::default(),
        trust: Trust::BuiltIn,
        client_certificate: None,
    };
    assert_eq!(CloudConfig::from_clouds_yaml(text, "openstack", SecretFiles::default()).unwrap(), expected);
}

#[test]
fn a_password_with_names_or_ids() {
    let names = parse(&password("username: u, user_domain_name: Default, project_name: p, project_domain_id: d", "")).unwrap();
    let expected = Credential::Password {
        user: user("u"),
        password: Secret::new("hunter2".to_owned()),
        project: Project::Name("p".to_owned(), Domain::Id("d".to_owned())),
    };
    assert_eq!(names.credential, expected);
    let ids = parse(&password("user_id: u, project_id: p, project_name: ignored", "")).unwrap();
    let expected = Credential::Password {
        user: User::Id("u".to_owned()),
        password: Secret::new("hunter2".to_owned()),
        project: Project::Id("p".to_owned()),
    };
    assert_eq!(ids.credential, expected);
}

#[test]
fn an_application_credential_by_name_and_a_token() {
    let by_name = parse(
        "auth: {auth_url: 'http://k', application_credential_name: a, application_credential_secret: s, username: u, user_domain_name: Default}",
    );
    let expected =
        Credential::Application { by: ApplicationCredential::Name("a".to_owned(), user("u")), secret: Secret::new("s".to_owned()) };
    assert_eq!(by_name.unwrap().credential, expected);
    let token = parse("auth_type: v3token, auth: {auth_url: 'http://k', token: t, project_id: p}");
    let expected = Credential::Token { token: Secret::new("t".to_owned()), project: Some(Project::Id("p".to_owned())) };
    assert_eq!(token.unwrap().credential, expected);
}

#[test]
fn values_are_taken_as_they_are_written() {
    let config = parse("auth: {auth_url: 'http://k', password: 0123, user_id: 1e3, project_id: yes}").unwrap();
    let expected = Credential::Password {
        user: User::Id("1e3".to_owned()),
        password: Secret::new("0123".to_owned()),
        project: Project::Id("yes".to_owned()),
    };
    assert_eq!(config.credential, expected);
}

#[test]
fn keystone_s_version_may_be_left_out() {
    for (written, read) in [
        ("https://k:5000", "https://k:5000/v3"),
        ("https://k:5000/", "https://k:5000/v3"),
        ("https://k/identity", "https://k/identity/v3"),
        ("https://k/identity/v3/", "https://k/identity/v3"),
    ] {
        let config = parse(&format!("auth: {{auth_url: '{written}', token: t}}")).unwrap();
        assert_eq!(config.auth_url.as_str(), read);
    }
}

#[test]
fn what_is_missing_is_named() {
    let cases = [
        ("auth_type: password", "lacks auth"),
        ("auth: {}", "auth lacks auth_url; add Keystone's address"),
        (
            "profile: vendor, auth: {auth_url: 'http://k', token: t}",
            "names a vendor's profile (key profile or cloud), and none is built in",
        ),
        ("cloud: vendor", "names a vendor's profile"),
        ("auth: {auth_url: 'http://k'}", "auth lacks password"),
        ("auth: {auth_url: 'http://k', password: ''}", "auth lacks password"),
        ("auth: {auth_url: 'http://k', password: x, project_id: p}", "auth lacks username or user_id"),
        ("auth: {auth_url: 'http://k', password: x, user_id: u}", "auth lacks project_id or project_name"),
        ("auth: {auth_url: 'http://k', password: x, user_id: u, project_name: p}", "lacks project_domain_name and project_domain_id"),
        ("auth: {auth_url: 'http://k', password: x, username: u, project_id: p}", "lacks user_domain_name and user_domain_id"),
        ("auth_type: v3applicationcredential, auth: {auth_url: 'http://k'}", "auth lacks application_credential_id"),
        (
            "auth: {auth_url: 'http://k', application_credential_id: a}, auth_type: v3applicationcredential",
            "auth lacks application_credential_secret",
        ),
        ("auth_type: v3token, auth: {auth_url: 'http://k'}", "auth lacks token"),
    ];
    for (entry, part) in cases {
        assert!(told(entry).contains(part), "{}", told(entry));
    }
}

#[test]
fn what_is_wrong_is_named_and_not_shown() {
    let ok = "user_id: u, project_id: p";
    let cases = [
        (password(ok, ", auth_type: hunter2"), "auth_type"),
        (password(ok, ", interface: hunter2"), "interface must be"),
        (password(ok, ", verify: hunter2"), "verify must be true or false"),
        (password(ok, ", compute_endpoint_override: hunter2"), "compute_endpoint_override"),
        (password(ok, ", image_endpoint_override: 'http://u:hunter2@g'"), "image_endpoint_override"),
        (password(ok, ", cacert: /hunter2/ca.pem"), "Secret's key cacert"),
        (password(ok, ", cert: /hunter2/c.pem, key: /hunter2/k.pem"), "put its PEM text under the Secret's key cert"),
        (password(ok, ", volume_endpoint_override: hunter2"), "volume_endpoint_override"),
        (password("user_id: u, project_id: p, trust_id: hunter2", ""), "trust_id"),
        (password(ok, ", region_name: {hunter2: 1}"), "cannot be read"),
        ("auth: {auth_url: 'http://k/v2.0', password: hunter2}".to_owned(), "version 2"),
        ("auth: {auth_url: 'ftp://hunter2', password: p}".to_owned(), "https://"),
        ("auth: {auth_url: 'http://k/?hunter2', password: p}".to_owned(), "without ?"),
        ("auth: {auth_url: 'http://u:hunter2@k', password: p}".to_owned(), "user or password"),
        ("auth: {password: [hunter2]}".to_owned(), "near line 2"),
    ];
    for (entry, part) in cases {
        let told = told(&entry);
        assert!(told.contains(part) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn an_entry_that_is_not_there_is_told_with_those_that_are() {
    let told = CloudConfig::from_clouds_yaml("clouds: {b: {}, a: {}}", "c", SecretFiles::default()).unwrap_err().to_string();
    assert_eq!(told, r#"clouds.yaml has no entry "c", only ["a", "b"]; name one of these"#);
    for text in ["", "{}", "clouds:", "a: b", "[]", "clouds: 3"] {
        assert!(matches!(CloudConfig::from_clouds_yaml(text, "c", SecretFiles::default()), Err(Error::Config { .. })));
    }
}

#[test]
fn trust_is_weakened_only_when_it_is_said() {
    let entry = |rest: &str| format!("clouds: {{c: {{{}}}}}", password("user_id: u, project_id: p", rest));
    let trust = |rest: &str, cacert| {
        CloudConfig::from_clouds_yaml(&entry(rest), "c", SecretFiles { cacert, ..SecretFiles::default() }).map(|config| config.trust)
    };
    assert_eq!(trust("", None).unwrap(), Trust::BuiltIn);
    assert_eq!(trust("", Some(PEM)).unwrap(), Trust::Only(PEM.to_owned()));
    assert_eq!(trust(", cacert: /etc/ca.pem", Some(PEM)).unwrap(), Trust::Only(PEM.to_owned()));
    assert_eq!(trust(", verify: False", Some(PEM)).unwrap(), Trust::Anybody);
    assert_eq!(trust(", insecure: true", None).unwrap(), Trust::Anybody);
    assert_eq!(trust(", verify: true, insecure: no", None).unwrap(), Trust::BuiltIn);
    assert!(trust("", Some("no certificate")).is_err());
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";

fn certificate(rest: &str, cert: Option<&str>, key: Option<&str>) -> Result<Option<String>> {
    let entry = format!("clouds: {{c: {{{}}}}}", password("user_id: u, project_id: p", rest));
    let config = CloudConfig::from_clouds_yaml(&entry, "c", SecretFiles { cert, key, cacert: None })?;
    Ok(config.client_certificate.map(|pem| pem.reveal().to_owned()))
}

#[test]
fn a_client_certificate_is_text_of_the_secret_or_of_the_file() {
    let both = format!("{PEM}{KEY}");
    assert_eq!(certificate("", None, None).unwrap(), None);
    assert_eq!(certificate("", Some(PEM), Some(KEY)).unwrap().as_ref(), Some(&both));
    assert_eq!(certificate("", Some(&both), None).unwrap().as_ref(), Some(&both));
    let inline = format!(", cert: {}, key: {}", serde_json::to_string(PEM).unwrap(), serde_json::to_string(KEY).unwrap());
    assert_eq!(certificate(&inline, None, None).unwrap().as_ref(), Some(&both));
    assert_eq!(certificate(", cert: /etc/c.pem, key: /etc/k.pem", Some(PEM), Some(KEY)).unwrap().as_ref(), Some(&both), "the Secret wins");
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_told_and_not_shown() {
    let locked = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let cases = [
        (None, Some(KEY), "no certificate"),
        (Some(PEM), None, "lacks a private key"),
        (Some(PEM), Some(locked.as_str()), "without a passphrase"),
        (Some(KEY), None, "no PEM certificate"),
    ];
    for (cert, key, part) in cases {
        let told = certificate("", cert, key).unwrap_err().to_string();
        assert!(told.contains(part) && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn cinder_s_address_may_be_given_under_each_of_its_names() {
    for key in ["volume", "volumev3", "block_storage"] {
        let config = parse(&password("user_id: u, project_id: p", &format!(", {key}_endpoint_override: 'https://c/v3'"))).unwrap();
        assert_eq!(config.overrides.volume.map(String::from).as_deref(), Some("https://c/v3"), "{key}");
    }
}

#[test]
fn a_config_does_not_show_its_secrets() {
    let text = format!("clouds: {{c: {{{}}}}}", password("user_id: u, project_id: p", ""));
    let config = CloudConfig::from_clouds_yaml(&text, "c", SecretFiles { cert: Some(PEM), key: Some(KEY), cacert: None }).unwrap();
    assert!(config.client_certificate.is_some() && !format!("{config:?}").contains("hunter2"));
}

#[test]
fn an_empty_auth_names_its_first_key() {
    assert!(Auth::default().auth_url.is_none());
    let large = format!("clouds: {{}} # {}", "x".repeat(2 << 20));
    assert!(CloudConfig::from_clouds_yaml(&large, "c", SecretFiles::default()).unwrap_err().to_string().contains("larger"));
}

/// Text made of the pieces that a `clouds.yaml` is made of, in any order.
fn pieces() -> impl proptest::strategy::Strategy<Value = String> {
    let words = [
        "clouds",
        "c",
        "auth",
        "auth_url",
        "password",
        "username",
        "token",
        "verify",
        "project_id",
        "http://k",
        "'",
        "\"",
        ": ",
        ":",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "&a ",
        "*a",
        "!!binary ",
        "|",
        ">",
        "#",
        "~",
        "0x",
        "<<: ",
        "? ",
        "---\n",
        "%YAML",
        "\u{feff}",
        "\u{85}",
        "é",
    ];
    use proptest::prelude::*;
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..60).prop_map(|words| words.concat())
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,400}") {
        let _ = CloudConfig::from_clouds_yaml(&text, "c", SecretFiles::default());
    }

    #[test]
    fn no_pieces_make_it_panic(text in pieces()) {
        let _ = CloudConfig::from_clouds_yaml(&text, "c", SecretFiles { cacert: Some(&text), cert: Some(&text), key: Some(&text) });
    }

    #[test]
    fn no_value_makes_it_panic_or_is_shown(key in "[a-z_]{1,20}", value in "zz[ -~]{0,30}zz") {
        let value = serde_json::to_string(&value).unwrap();
        let entry = format!("auth: {{auth_url: {value}, password: {value}, {key}: {value}}}, {key}: {value}, verify: {value}");
        if let Err(error) = parse(&entry) {
            proptest::prop_assert!(!error.to_string().contains(value.trim_matches('"')));
        }
    }
}
