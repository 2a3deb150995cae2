//! 5,000 servers: pages stay fast, and their order stays right while servers come and go.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gantry_cloud_sim::{Clock, Config, Quota, Simulator};
use serde_json::{Value, json};

use crate::client::{Client, fast, password_login};

const SERVERS: usize = 5000;
/// For a page over HTTP; generous for a build without optimisation on a busy machine.
const PAGE_WITHIN: Duration = Duration::from_millis(1500);
/// What a page of 1000 may cost, in time of the processor.
const PAGE_COSTS: Duration = Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 20 });
/// Rounds over all pages, so that the cost is an average over many.
const ROUNDS: u32 = 5;

#[test]
fn five_thousand_servers_are_listed_in_five_pages() {
    let quota = Quota { instances: -1, cores: -1, ram: -1, ports: -1, ..Quota::default() };
    let cloud = Simulator::start(Config { quota, ..fast() }).unwrap();
    let demo = Client::demo(&cloud);
    for batch in 0..SERVERS / 1000 {
        let more = [("min_count", json!(1000)), ("tags", json!(["gantry-host:x"]))];
        assert_eq!(demo.create(&format!("b{batch}"), &more).code, 202);
    }
    std::thread::sleep(Duration::from_millis(100));
    let (mut url, mut pages, mut seen) = ("/compute/v2.1/servers/detail".to_owned(), 0, 0);
    loop {
        let before = Instant::now();
        let page = demo.get(&url);
        assert!(before.elapsed() < PAGE_WITHIN, "a page took {:?}", before.elapsed());
        let page = page.json();
        let servers = page["servers"].as_array().unwrap();
        assert!(servers.iter().all(|server| server["status"] == "ACTIVE"));
        (pages, seen) = (pages + 1, seen + servers.len());
        let Some(next) = page["servers_links"][0]["href"].as_str() else { break };
        url = next.to_owned();
    }
    assert_eq!((pages, seen), (6, SERVERS), "the last full page links to an empty one");
}

/// 5,000 servers as an operator has them, each with a port.
fn seeded() -> Arc<Simulator> {
    let cloud = Simulator::embedded(Config::default(), Clock::Wall);
    let server = |n: usize| {
        let tags = json!([format!("gantry-host:{n:036}"), "gantry-cluster:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"]);
        json!({"name": format!("general-{n}"), "tags": tags, "metadata": {"gantry-host": n.to_string(), "gantry-pool": "general"},
            "ports": [{"name": format!("general-{n}"), "tags": tags}]})
    };
    let servers: Vec<_> = (0..SERVERS).map(server).collect();
    let made = cloud.admin("POST", "servers", json!({"servers": servers})).unwrap();
    assert_eq!(made["servers"].as_array().map(Vec::len), Some(SERVERS));
    Arc::new(cloud)
}

/// Time that this thread has had a processor.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

async fn ask(cloud: &Simulator, method: &str, path: &str, token: &str, body: String) -> (http::HeaderMap, Value, Duration) {
    let request = http::Request::builder().method(method).uri(path).header("x-auth-token", token);
    let request = request.header("openstack-api-version", "compute 2.96").body(body.into()).unwrap();
    let before = processor_time();
    let answer = cloud.handle(request).await.unwrap();
    let took = processor_time().saturating_sub(before);
    (answer.headers().clone(), serde_json::from_slice(answer.body()).unwrap(), took)
}

#[tokio::test]
async fn a_page_of_a_thousand_servers_or_ports_is_cheap() {
    let cloud = seeded();
    let (headers, ..) = ask(&cloud, "POST", "/identity/v3/auth/tokens", "", password_login("demo", "demo").to_string()).await;
    let token = headers["x-subject-token"].to_str().unwrap().to_owned();
    for (path, key) in [("/compute/v2.1/servers/detail", "servers"), ("/networking/v2.0/ports", "ports")] {
        let (mut seen, mut pages, mut cost) = (0, 0, Duration::ZERO);
        for _ in 0..ROUNDS {
            let mut marker = String::new();
            loop {
                let (_, page, took) = ask(&cloud, "GET", &format!("{path}?limit=1000{marker}"), &token, String::new()).await;
                let rows = page[key].as_array().unwrap();
                let Some(last) = rows.last() else { break };
                (seen, pages, cost) = (seen + rows.len(), pages + 1, cost + took);
                marker = format!("&marker={}", last["id"].as_str().unwrap());
            }
        }
        println!("{key}: a page of 1000 costs {:?}", cost / pages);
        assert_eq!(seen, SERVERS * ROUNDS as usize);
        assert!(cost / pages < PAGE_COSTS, "{key}: a page costs {:?}", cost / pages);
    }
}
