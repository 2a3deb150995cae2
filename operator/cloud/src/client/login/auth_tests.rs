use super::*;
use crate::{CloudConfig, SecretFiles};
use bytes::Bytes;

fn sent(auth: &str) -> Value {
    let text = format!("clouds: {{c: {{auth: {{auth_url: 'http://k', {auth}}}}}}}");
    body(&CloudConfig::from_clouds_yaml(&text, "c", SecretFiles::default()).unwrap().credential)
}

fn reply(token: Option<&'static str>, body: &str) -> Reply {
    let answer = http::Response::builder().status(201);
    let answer = token.into_iter().fold(answer, |answer, token| answer.header(SUBJECT_TOKEN, token));
    Reply::new(answer.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

#[test]
fn bodies_are_keystone_s() {
    let password = sent("username: u, user_domain_name: Default, password: s, project_name: p, project_domain_id: default");
    let expected = json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {"name": "u", "domain": {"name": "Default"}, "password": "s"}}},
        "scope": {"project": {"name": "p", "domain": {"id": "default"}}},
    }});
    assert_eq!(password, expected);
    let by_id = sent("application_credential_id: a, application_credential_secret: s");
    let identity = json!({"methods": ["application_credential"], "application_credential": {"id": "a", "secret": "s"}});
    assert_eq!(by_id, json!({"auth": {"identity": identity}}));
    let by_name = sent("application_credential_name: a, application_credential_secret: s, user_id: u");
    let identity =
        json!({"methods": ["application_credential"], "application_credential": {"name": "a", "user": {"id": "u"}, "secret": "s"}});
    assert_eq!(by_name, json!({"auth": {"identity": identity}}));
    let token = sent("token: t, project_id: p");
    let expected = json!({"auth": {"identity": {"methods": ["token"], "token": {"id": "t"}}, "scope": {"project": {"id": "p"}}}});
    assert_eq!(token, expected);
}

#[test]
fn a_token_s_life_is_reckoned_by_keystone_s_clock() {
    let body = r#"{"token": {"issued_at": "2026-11-22T23:12:00.000000Z", "expires_at": "2026-11-23T00:12:00.000000Z", "project": {"id": "p", "name": "demo"}, "catalog": []}}"#;
    let login = login(&reply(Some("t"), body)).unwrap();
    assert_eq!((login.token.reveal(), login.life, login.project_id.as_str()), ("t", Duration::from_secs(3600), "p"));
}

#[test]
fn a_token_that_ended_before_it_began_has_no_life() {
    let body = r#"{"token": {"issued_at": "2026-11-23T00:12:00Z", "expires_at": "2026-11-22T00:12:00Z", "project": {"id": "p"}}}"#;
    assert_eq!(login(&reply(Some("t"), body)).unwrap().life, Duration::ZERO);
    assert_eq!(login(&reply(Some("t"), r#"{"token": {"project": {"id": "p"}}}"#)).unwrap().life, UNKNOWN_LIFE);
}

#[test]
fn an_answer_that_will_not_do_is_told() {
    let category = |reply: Reply| login(&reply).unwrap_err().category();
    assert_eq!(category(reply(None, "{}")), "Bug");
    assert_eq!(category(reply(Some("t"), "<html>")), "Bug");
    assert_eq!(category(reply(Some("t"), r#"{"token": {}}"#)), "Config");
}
