use super::super::call::{CREATE_PORT, DELETE_SERVER, PORTS, SERVERS, VOLUMES, ZONES};
use super::super::fake::{Answer, Fake, answer, with};
use super::*;
use crate::NoAnswer;
use serde_json::json;
use std::sync::atomic::AtomicUsize;

const ZONES_BODY: &str = r#"{"availabilityZoneInfo": []}"#;
const UNAUTHORIZED: &str = r#"{"error": {"code": 401, "title": "Unauthorized", "message": "x"}}"#;

fn transient(result: Result<Reply>) -> String {
    match result {
        Err(Error::Transient { message, .. }) => message,
        other => panic!("{:?}", other.err()),
    }
}

fn category(result: Result<Reply>) -> &'static str {
    result.err().map_or("OK", |error| error.category())
}

#[tokio::test(start_paused = true)]
async fn a_call_carries_token_and_microversion() {
    let fake = Fake::new(|_, _| answer(200, ZONES_BODY));
    fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    let seen = fake.seen("os-availability-zone");
    assert_eq!((seen[0].token.as_str(), seen[0].version.as_str()), ("token-1", "compute 2.96"));
}

#[tokio::test(start_paused = true)]
async fn reads_are_sent_again_until_they_succeed() {
    let fake = Fake::new(|_, before| if before < 3 { answer(503, "busy") } else { answer(200, ZONES_BODY) });
    fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    assert_eq!(fake.seen("os-availability-zone").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn attempts_have_an_end() {
    let fake = Fake::new(|_, _| answer(502, "<html><title>502 Bad Gateway</title></html>"));
    let message = transient(fake.engine().run(Ask::of(&ZONES)).await);
    assert_eq!(message, "Nova answered 502 when asked to list the availability zones: 502 Bad Gateway");
    assert_eq!(fake.seen("os-availability-zone").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_wait_is_granted_in_seconds_or_as_a_date() {
    let busy = |date: bool| match date {
        false => with(answer(429, ""), "retry-after", "7"),
        true => with(with(answer(503, ""), "date", "Mon, 23 Nov 2026 07:28:00 GMT"), "retry-after", "Mon, 23 Nov 2026 07:28:07 GMT"),
    };
    for date in [false, true] {
        let fake = Fake::new(move |_, before| if before == 0 { busy(date) } else { answer(200, ZONES_BODY) });
        let started = Instant::now();
        fake.engine().run(Ask::of(&ZONES)).await.unwrap();
        assert!((7..9).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_is_sent_once_and_its_fate_is_open() {
    let lost: [fn() -> Answer; 4] =
        [|| answer(503, ""), || answer(500, ""), || Err(NoAnswer::Broken("reset".to_owned())), || Err(NoAnswer::TooLong)];
    for lost in lost {
        let fake = Fake::new(move |_, _| lost());
        let body = json!({"port": {}});
        assert_eq!(category(fake.engine().run(Ask::of(&CREATE_PORT).body(&body)).await), "Ambiguous");
        assert_eq!(fake.seen("/ports").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_could_not_leave_is_transient_and_not_repeated() {
    let fake = Fake::new(|_, _| Err(NoAnswer::Unreachable("refused".to_owned())));
    let body = json!({"port": {}});
    let message = transient(fake.engine().run(Ask::of(&CREATE_PORT).body(&body)).await);
    assert_eq!(message, "Neutron could not be reached to create a port: refused. Nothing was sent");
    assert_eq!(fake.seen("/ports").len(), 1);
}

/// Takes requests and never answers, but logs in.
struct Mute(Fake);

#[async_trait::async_trait]
impl Transport for Mute {
    async fn send(&self, request: http::Request<bytes::Bytes>) -> Answer {
        if request.uri().path().contains("auth") || request.uri().path() == "/compute/v2.1/" {
            return self.0.send(request).await;
        }
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_ends_in_time_and_a_slow_creation_is_ambiguous() {
    let fake = Fake::new(|_, _| answer(500, ""));
    let engine = Engine { transport: Arc::new(Mute(fake.clone())), ..fake.engine() };
    let body = json!({"port": {}});
    let started = Instant::now();
    assert_eq!(category(engine.run(Ask::of(&CREATE_PORT).body(&body)).await), "Ambiguous");
    assert_eq!(started.elapsed(), CREATE_PORT.timeout);
    let started = Instant::now();
    assert_eq!(category(engine.run(Ask::of(&SERVERS)).await), "Transient");
    assert!(started.elapsed() <= DEADLINE, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_time_has_passed_is_never_sent() {
    let fake = Fake::new(|_, _| answer(201, "{}"));
    let engine = fake.engine();
    let body = json!({"port": {}});
    let ask = Ask::of(&CREATE_PORT).body(&body);
    assert_eq!(category(engine.run(ask.send_before(Instant::now())).await), "NotSent");
    assert_eq!(fake.seen("/ports").len(), 0);
    assert_eq!(category(engine.run(ask.send_before(Instant::now() + Duration::from_secs(1))).await), "OK");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_waits_in_the_pacer_is_not_sent_when_leadership_ends_meanwhile() {
    let fake = Fake::new(|_, _| answer(201, "{}"));
    let engine = Engine { pacer: Pacer::new(Pacing { requests_per_second: 1, in_flight: 20 }), ..fake.engine() };
    engine.run(Ask::of(&PORTS)).await.unwrap();
    let body = json!({"port": {}});
    let ask = Ask::of(&CREATE_PORT).body(&body);
    let lease_end = Instant::now() + Duration::from_millis(1500);
    let results = futures::future::join_all((0..3).map(|_| engine.run(ask.send_before(lease_end)))).await;
    let told: Vec<_> = results.into_iter().map(category).collect();
    assert_eq!((told, fake.seen("/ports").len()), (vec!["OK", "NotSent", "NotSent"], 2));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_for_all() {
    let fake = Fake::new(|seen, _| if seen.token == "token-1" { answer(401, UNAUTHORIZED) } else { answer(200, r#"{"ports": []}"#) });
    let engine = fake.engine();
    engine.session().await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let calls = (0..8).map(|_| engine.run(Ask::of(&PORTS)));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(fake.seen("/auth/tokens").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_takes_no_token_does_not_make_log_ins() {
    let fake = Fake::new(|_, _| answer(401, ""));
    let engine = fake.engine();
    for _ in 0..20 {
        assert_eq!(category(engine.run(Ask::of(&SERVERS)).await), "Unauthorized");
    }
    assert_eq!(fake.seen("/auth/tokens").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_from_elsewhere_is_used_to_its_end_and_said_to_have_no_successor() {
    let fake = Fake::new(|_, _| answer(200, r#"{"ports": []}"#));
    let engine = fake.engine_with("token: gAAAA-elsewhere, project_id: p");
    engine.run(Ask::of(&PORTS)).await.unwrap();
    sleep(Duration::from_secs(3500)).await;
    engine.run(Ask::of(&PORTS)).await.unwrap();
    sleep(Duration::from_secs(200)).await;
    let error = engine.run(Ask::of(&PORTS)).await.err().unwrap();
    assert!(matches!(error, Error::Unauthorized { .. }) && error.message().contains("a token cannot be renewed"), "{error}");
    assert_eq!(fake.seen("/auth/tokens").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn versions_are_asked_for_once_and_again_when_they_are_refused() {
    let fake = Fake::new(|_, before| match before {
        3 => answer(406, r#"{"computeFault": {"code": 406, "message": "Version 2.96 is not supported by the API."}}"#),
        _ => answer(200, ZONES_BODY),
    });
    let engine = fake.engine();
    for _ in 0..3 {
        engine.run(Ask::of(&ZONES)).await.unwrap();
        sleep(Duration::from_secs(3600)).await;
    }
    assert_eq!((fake.seen("/auth/tokens").len(), fake.seen("/compute/v2.1/").len() - 3), (3, 1));
    assert_eq!(category(engine.run(Ask::of(&ZONES)).await), "Bug");
    assert_eq!(category(engine.run(Ask::of(&ZONES)).await), "OK");
    assert_eq!(fake.seen("/compute/v2.1/").iter().filter(|seen| seen.target == "/compute/v2.1/").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_without_cinder_is_fine_until_a_volume_is_asked_for() {
    let fake = Fake::new(|_, _| answer(200, r#"{"ports": []}"#)).without_volumes();
    let engine = fake.engine();
    engine.run(Ask::of(&PORTS)).await.unwrap();
    let error = engine.run(Ask::of(&VOLUMES)).await.err().unwrap();
    assert!(matches!(error, Error::Config { .. }), "{error}");
    assert!(error.message().contains("no volume service") && error.message().contains("volume_endpoint_override"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_would_change_the_path_is_not_sent() {
    let fake = Fake::new(|_, _| answer(204, ""));
    let engine = fake.engine();
    for id in ["", "..", "a/b", "a?b", "a%2fb", "é", &"a".repeat(256)] {
        assert_eq!(category(engine.run(Ask::of(&DELETE_SERVER).id(id)).await), "BadSpec", "{id}");
    }
    assert_eq!(fake.seen("/servers").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_a_proxy_says_succeeded_did_not() {
    let fake = Fake::new(|_, before| if before < 2 { answer(200, "<html>Welcome</html>") } else { answer(204, "") });
    fake.engine().run(Ask::of(&DELETE_SERVER).id("a")).await.unwrap();
    assert_eq!(fake.seen("/servers").len(), 3);
    let fake = Fake::new(|_, _| answer(200, "<html>Welcome</html>"));
    let message = transient(fake.engine().run(Ask::of(&DELETE_SERVER).id("a")).await);
    assert!(message.contains("not its own way"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn every_request_is_observed() {
    static BUSY: AtomicUsize = AtomicUsize::new(0);
    static FINE: AtomicUsize = AtomicUsize::new(0);
    let fake = Fake::new(|_, before| if before == 0 { answer(503, "") } else { answer(200, ZONES_BODY) });
    let hook = |observation: &Observation| {
        let counter = if observation.outcome == "OK" { &FINE } else { &BUSY };
        counter.fetch_add(1, Ordering::Relaxed);
        assert_eq!(observation.method, if observation.service == "identity" { "POST" } else { "GET" });
    };
    let engine = Engine { hook: Arc::new(hook), ..fake.engine() };
    engine.run(Ask::of(&ZONES)).await.unwrap();
    // The log-in, the question for versions, and the call itself.
    assert_eq!((FINE.load(Ordering::Relaxed), BUSY.load(Ordering::Relaxed)), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_none_is_not_shown() {
    let fake = Fake::new(|_, _| answer(202, r#"{"server": {"adminPass": "hunter2"}}"#));
    let reply = fake.engine().run(Ask::of(&ZONES)).await.unwrap();
    assert!(!unreadable(&ZONES, &reply).to_string().contains("hunter2"));
}
