use super::super::call::{CREATE_PORT, DELETE_SERVER, PORTS, SERVERS, ZONES};
use super::super::fake::{Fake, answer};
use super::*;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

const ZONES_BODY: &str = r#"{"availabilityZoneInfo": []}"#;

fn transient(result: Result<Reply>) -> String {
    match result {
        Err(Error::Transient { message, .. }) => message,
        other => panic!("{:?}", other.err()),
    }
}

#[tokio::test]
async fn a_call_carries_token_and_microversion() {
    let fake = Fake::start(|_, _| answer(200, ZONES_BODY)).await;
    fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    let seen = fake.seen("os-availability-zone");
    assert_eq!((seen[0].token.as_str(), seen[0].version.as_str()), ("token-1", "compute 2.96"));
}

#[tokio::test]
async fn reads_are_sent_again_until_they_succeed() {
    let fake = Fake::start(|_, before| if before < 3 { answer(503, "busy") } else { answer(200, ZONES_BODY) }).await;
    fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    assert_eq!(fake.seen("os-availability-zone").len(), 4);
}

#[tokio::test]
async fn attempts_have_an_end() {
    let fake = Fake::start(|_, _| answer(502, "<html><title>502 Bad Gateway</title></html>")).await;
    let message = transient(fake.engine().run(Ask::of(&ZONES)).await);
    assert_eq!(message, "Nova answered 502 when asked to list the availability zones: 502 Bad Gateway");
    assert_eq!(fake.seen("os-availability-zone").len(), 4);
}

#[tokio::test]
async fn a_wish_to_wait_is_granted() {
    let fake = Fake::start(|_, before| match before {
        0 => answer(429, "").header("retry-after", "1"),
        _ => answer(200, ZONES_BODY),
    })
    .await;
    let started = Instant::now();
    fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_creation_is_sent_once_and_its_fate_is_open() {
    let fake = Fake::start(|_, _| answer(503, "")).await;
    let body = json!({"port": {}});
    let result = fake.engine().run(Ask::of(&CREATE_PORT).body(&body)).await;
    assert!(matches!(result.err(), Some(Error::Ambiguous { .. })));
    assert_eq!(fake.seen("/ports").len(), 1);
}

#[tokio::test]
async fn a_creation_without_an_answer_is_ambiguous() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Takes the request, then hangs up.
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.readable().await.unwrap();
            drop(stream);
        }
    });
    let transport = Transport::new(&crate::config::Trust::BuiltIn).unwrap();
    let request = transport.client(&CREATE_PORT).post(url);
    let failure = exchange(&CREATE_PORT, request, Instant::now() + Duration::from_secs(5)).await.err().unwrap();
    assert!(matches!(failure.error, Error::Ambiguous { .. }), "{failure:?}");
}

#[tokio::test]
async fn a_creation_that_was_never_sent_is_transient() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let transport = Transport::new(&crate::config::Trust::BuiltIn).unwrap();
    let request = transport.client(&CREATE_PORT).post(url);
    let failure = exchange(&CREATE_PORT, request, Instant::now() + Duration::from_secs(5)).await.err().unwrap();
    assert!(matches!(failure.error, Error::Transient { .. }), "{failure:?}");
}

#[tokio::test]
async fn a_slow_creation_is_ambiguous_and_a_slow_read_transient() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let transport = Transport::new(&crate::config::Trust::BuiltIn).unwrap();
    let end = Instant::now() + Duration::from_millis(100);
    let create = exchange(&CREATE_PORT, transport.client(&CREATE_PORT).post(&url), end).await.err().unwrap();
    let read = exchange(&ZONES, transport.client(&ZONES).get(&url), end).await.err().unwrap();
    assert!(matches!(create.error, Error::Ambiguous { .. }));
    assert!(matches!(read.error, Error::Transient { .. }));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all() {
    let fake = Fake::start(|seen, _| match seen.token.as_str() {
        "token-1" => answer(401, r#"{"error": {"code": 401, "title": "Unauthorized", "message": "x"}}"#),
        _ => answer(200, r#"{"ports": []}"#),
    })
    .await;
    let engine = fake.engine();
    engine.session().await.unwrap();
    sleep(Duration::from_millis(1050)).await;
    let calls = (0..8).map(|_| engine.run(Ask::of(&PORTS)));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(fake.seen("/auth/tokens").len(), 2);
}

#[tokio::test]
async fn a_service_that_takes_no_token_does_not_make_log_ins() {
    let fake = Fake::start(|_, _| answer(401, "")).await;
    let engine = fake.engine();
    for _ in 0..20 {
        let result = engine.run(Ask::of(&SERVERS)).await;
        assert!(matches!(result.err(), Some(Error::Unauthorized { .. })));
    }
    assert_eq!(fake.seen("/auth/tokens").len(), 1);
}

#[tokio::test]
async fn an_id_that_would_change_the_path_is_not_sent() {
    let fake = Fake::start(|_, _| answer(204, "")).await;
    let engine = fake.engine();
    for id in ["", "..", "a/b", "a?b", "a%2fb", "é", &"a".repeat(256)] {
        let result = engine.run(Ask::of(&DELETE_SERVER).id(id)).await;
        assert!(matches!(result.err(), Some(Error::BadSpec { .. })), "{id}");
    }
    assert_eq!(fake.seen("/servers").len(), 0);
}

#[tokio::test]
async fn every_request_is_observed() {
    static BUSY: AtomicUsize = AtomicUsize::new(0);
    static FINE: AtomicUsize = AtomicUsize::new(0);
    let fake = Fake::start(|_, before| if before == 0 { answer(503, "") } else { answer(200, ZONES_BODY) }).await;
    let hook = |observation: &Observation| {
        let counter = if observation.outcome == "OK" { &FINE } else { &BUSY };
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let engine = Engine { hook: Arc::new(hook), ..fake.engine() };
    engine.run(Ask::of(&ZONES)).await.unwrap();
    // The log-in, the question for versions, and the call itself.
    assert_eq!((FINE.load(Ordering::Relaxed), BUSY.load(Ordering::Relaxed)), (3, 1));
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_shown() {
    let fake = Fake::start(|_, _| answer(202, r#"{"server": {"adminPass": "hunter2"}}"#)).await;
    let reply = fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    assert!(!unreadable(&ZONES, &reply).to_string().contains("hunter2"));
}
