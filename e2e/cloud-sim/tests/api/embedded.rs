//! The cloud in process: virtual time, the hook, the log, and requests that are applied long after they were accepted.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use gantry_cloud_sim::{Aborted, Clock, Config, Moment, Simulator, Verdict};
use serde_json::{Value, json};

use crate::client::password_login;

const SERVERS: &str = "/compute/v2.1/servers";

/// User demo, without a socket.
struct Demo {
    cloud: Arc<Simulator>,
    token: String,
}

impl Demo {
    async fn login(config: Config) -> Self {
        let cloud = Arc::new(Simulator::embedded(config, Clock::Tokio { base: "2026-01-01T00:00:00Z".parse().unwrap() }));
        let login = password_login("demo", "demo").to_string();
        let request = http::Request::post("/identity/v3/auth/tokens").body(Bytes::from(login)).unwrap();
        let answer = cloud.handle(request).await.unwrap();
        let token = answer.headers()["x-subject-token"].to_str().unwrap().to_owned();
        Self { cloud, token }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Result<(u16, Value), Aborted> {
        let request =
            http::Request::builder().method(method).uri(format!("{}{path}", self.cloud.url())).header("x-auth-token", &self.token);
        let answer = self.cloud.handle(request.body(body.to_string().into()).unwrap()).await?;
        Ok((answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default()))
    }

    async fn create(&self) -> Result<(u16, Value), Aborted> {
        let images = self.ask("GET", "/image/v2/images", Value::Null).await?.1;
        let server = json!({"name": "x", "flavorRef": "1", "imageRef": images["images"][0]["id"], "networks": "none"});
        let image_is_there = images["images"][0]["id"].is_string();
        assert!(image_is_there, "{images}");
        self.ask("POST", SERVERS, json!({"server": server})).await
    }

    async fn count(&self) -> usize {
        self.ask("GET", SERVERS, Value::Null).await.unwrap().1["servers"].as_array().unwrap().len()
    }

    fn rule(&self, rule: Value) {
        self.cloud.admin("POST", "faults", rule).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn virtual_time_builds_servers_without_waiting() {
    let before = std::time::Instant::now();
    let demo = Demo::login(Config { build_latency: Duration::from_secs(1800), ..Config::default() }).await;
    let id = demo.create().await.unwrap().1["server"]["id"].as_str().unwrap().to_owned();
    let status = async || demo.ask("GET", &format!("{SERVERS}/{id}"), Value::Null).await.unwrap().1["server"]["status"].clone();
    tokio::time::sleep(Duration::from_secs(1799)).await;
    assert_eq!(status().await, "BUILD");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(status().await, "ACTIVE");
    assert_eq!(demo.cloud.now().to_string(), "2026-01-01T00:30:00Z");
    assert!(before.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_world() {
    let world = async |seed| Demo::login(Config { seed, ..Config::default() }).await.create().await.unwrap().1["server"]["id"].clone();
    assert_eq!(world(1).await, world(1).await);
    assert_ne!(world(1).await, world(2).await);
}

#[tokio::test(start_paused = true)]
async fn a_slow_creation_happens_although_the_client_has_gone() {
    let demo = Demo::login(Config::default()).await;
    demo.rule(json!({"kind": "request", "method": "POST", "path": SERVERS, "when": "after", "applyDelayMs": 5_400_000, "count": 1}));
    let impatient = tokio::time::timeout(Duration::from_secs(60), demo.create()).await;
    assert!(impatient.is_err());
    assert_eq!((demo.count().await, demo.cloud.admin("GET", "state", Value::Null).unwrap()["deferred"].clone()), (0, json!(1)));
    tokio::time::sleep(Duration::from_secs(5400)).await;
    let state = demo.cloud.admin("GET", "state", Value::Null).unwrap();
    assert_eq!((&state["servers"], &state["deferred"]), (&json!(1), &json!(0)), "its token has expired by now, it was accepted before");
}

#[tokio::test(start_paused = true)]
async fn a_slow_creation_may_be_answered_by_a_gateway_first_or_truly_at_last() {
    let demo = Demo::login(Config::default()).await;
    let slow = |more: Value| {
        let mut rule = json!({"kind": "request", "method": "POST", "path": SERVERS, "when": "after", "applyDelayMs": 142_000, "count": 1});
        more.as_object().unwrap().iter().for_each(|(key, value)| rule[key] = value.clone());
        demo.rule(rule);
    };
    slow(json!({"delayMs": 60_000, "status": 504}));
    assert_eq!(demo.create().await.unwrap().0, 504);
    assert_eq!(demo.count().await, 0);
    tokio::time::sleep(Duration::from_secs(82)).await;
    assert_eq!(demo.count().await, 1);
    slow(json!({}));
    assert_eq!(demo.create().await.unwrap().0, 202);
    assert_eq!(demo.count().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_hook_drops_a_request_before_or_after_it_is_applied() {
    let demo = Demo::login(Config::default()).await;
    let (seen, moment) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(Moment::Before)));
    let (counted, fatal) = (seen.clone(), moment.clone());
    demo.cloud.on_request(Some(Box::new(move |info, moment| {
        if !info.is_mutation() || moment != *fatal.lock().unwrap() {
            return Verdict::GoOn;
        }
        counted.fetch_add(1, Ordering::Relaxed);
        Verdict::Drop
    })));
    assert_eq!(demo.create().await, Err(Aborted));
    assert_eq!(demo.count().await, 0);
    *moment.lock().unwrap() = Moment::After;
    assert_eq!(demo.create().await, Err(Aborted));
    assert_eq!((demo.count().await, seen.load(Ordering::Relaxed)), (1, 2));
    demo.cloud.on_request(None);
    assert_eq!(demo.create().await.unwrap().0, 202);
}

#[tokio::test(start_paused = true)]
async fn every_request_is_in_the_log_with_its_minute_and_its_answer() {
    let demo = Demo::login(Config::default()).await;
    demo.cloud.forget_requests();
    demo.count().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    demo.rule(json!({"kind": "request", "path": SERVERS, "reset": true}));
    assert!(demo.ask("GET", SERVERS, Value::Null).await.is_err());
    let log: Vec<_> = demo.cloud.requests().into_iter().map(|record| (record.info.route, record.status)).collect();
    assert_eq!(log, [(format!("GET {SERVERS}"), Some(200)), (format!("GET {SERVERS}"), None)]);
    let state = demo.cloud.admin("GET", "state", Value::Null).unwrap();
    assert_eq!(state["requests"][format!("GET {SERVERS}")], 2);
    let minutes = json!({"2026-01-01T00:00Z": {format!("GET {SERVERS}"): 1}, "2026-01-01T00:01Z": {format!("GET {SERVERS}"): 1}});
    assert_eq!(state["requestsPerMinute"], minutes);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_request_is_let_go_after_ten_minutes() {
    let demo = Demo::login(Config::default()).await;
    demo.rule(json!({"kind": "request", "path": SERVERS, "hang": true}));
    let before = tokio::time::Instant::now();
    assert!(demo.ask("GET", SERVERS, Value::Null).await.is_err());
    assert_eq!(before.elapsed(), Duration::from_secs(600));
}
