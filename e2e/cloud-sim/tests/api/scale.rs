//! 5,000 servers: pages stay fast, and their order stays right while servers come and go.
use std::time::{Duration, Instant};

use gantry_cloud_sim::{Config, Quota, Simulator};
use serde_json::json;

use crate::client::{Client, fast};

const SERVERS: usize = 5000;
/// Generous for a build without optimisation on a busy machine; optimised it is a few milliseconds.
const PAGE_WITHIN: Duration = Duration::from_millis(1500);

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
