//! No secret comes out: whatever a service or a proxy echoes, in whichever answer, no text of an error holds it.

use super::fake::{Fake, answer};
use super::login::catalog::Catalog;
use super::openstack::OpenStack;
use crate::{Cloud, Error, Mark, Root, ServerSpec, UserData};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What each request holds in confidence: a log-in the password, others the token too, a creation the user data, plain and encoded.
const CANARIES: [&str; 4] = ["hunter2", "token-1", "kubeadm join secret", "a3ViZWFkbSBqb2luIHNlY3JldA=="];
const LOG_IN: usize = 1;
const CALL: usize = 2;
const CREATION: usize = 4;

fn spec() -> ServerSpec {
    ServerSpec {
        name: "h".to_owned(),
        flavor_id: "1".to_owned(),
        root: Root::Image("i".to_owned()),
        zone: String::new(),
        port_ids: vec!["p".to_owned()],
        key_name: None,
        config_drive: None,
        server_group: None,
        hints: BTreeMap::new(),
        metadata: BTreeMap::new(),
        tags: vec![],
        mark: Mark { host: None, cluster: "c".to_owned() },
        user_data: UserData(CANARIES[2].to_owned()),
    }
}

fn shows(error: &Error, sent: usize) -> Option<&'static str> {
    let texts = format!("{error} {error:?} {} {:?}", error.message(), error.request_id());
    CANARIES[..sent].iter().find(|canary| texts.contains(**canary)).copied()
}

/// The errors of three calls, and how many of the canaries were sent for each.
async fn errors(cloud: &OpenStack) -> Vec<(Error, usize)> {
    let soon = Instant::now() + Duration::from_secs(60);
    let (read, created) = (cloud.zones().await.err(), cloud.create_server(&spec(), soon).await.err());
    let deleted = cloud.delete_server("1").await.err();
    [(read, CALL), (created, CREATION), (deleted, CALL)].into_iter().filter_map(|(error, sent)| Some((error?, sent))).collect()
}

/// Bodies in which the three sorts of service echo what was sent, in words that are cut, wrapped and mixed at random.
fn echoes() -> impl Strategy<Value = String> {
    let words = [
        "hunter2",
        "token-1",
        "a3ViZWFkbSBqb2luIHNlY3JldA==",
        " ",
        ". Value: ",
        "'",
        "\"",
        " is too long",
        "\n",
        "<b>",
        "é",
        "Quota exceeded for ",
    ];
    let text = proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..12).prop_map(|words| words.concat());
    (text, 0..4u8, 0..450usize).prop_map(|(text, shape, pad)| {
        let text = format!("{}{text}", "x".repeat(pad));
        match shape {
            0 => serde_json::json!({"badRequest": {"message": text}}).to_string(),
            1 => serde_json::json!({"NeutronError": {"type": text, "message": text}}).to_string(),
            2 => serde_json::json!({"error": {"message": text}}).to_string(),
            _ => format!("<html>{text}</html>"),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_error_shows_what_was_sent_in_confidence(status in 200u16..600, body in echoes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let fake = Fake::new(move |_, _| answer(status, &body));
        for (error, sent) in runtime.block_on(errors(&fake.client())) {
            prop_assert_eq!(shows(&error, sent), None, "{:?}", error);
        }
    }

    #[test]
    fn a_keystone_that_echoes_the_log_in_is_not_quoted(status in 200u16..600, body in echoes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let fake = Fake::new(|_, _| answer(500, "")).with_log_in(move || answer(status, &body));
        for (error, _) in runtime.block_on(errors(&fake.client())) {
            prop_assert_eq!(shows(&error, LOG_IN), None, "{:?}", error);
        }
    }

    #[test]
    fn no_catalog_makes_it_panic(text in ".{0,200}") {
        let _ = serde_json::from_str::<Catalog>(&text);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_shown_of_a_client_s_parts_holds_a_secret() {
    let fake = Fake::new(|_, _| answer(500, ""));
    let engine = fake.engine();
    let session = engine.session().await.unwrap();
    let shown = format!("{session:?} {:?}", spec());
    assert!(CANARIES.iter().all(|canary| !shown.contains(canary)), "{shown}");
}
