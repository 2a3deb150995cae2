use std::time::Duration;

use futures::StreamExt;
use gantry_crds::{Host, OpenStackCloud};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{DeleteParams, EvictParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::*;
use crate::clock::WorldClock;
use crate::wire::Wire;

fn start() -> (ApiServer, Client) {
    let server = ApiServer::new(7, WorldClock::begin());
    let client = ApiService::client(&server, &Wire::whole());
    (server, client)
}

fn map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name, "labels": {"n": name}}, "data": {"x": "1"}})).unwrap()
}

fn code<T: std::fmt::Debug>(result: kube::Result<T>) -> u16 {
    match result {
        Err(kube::Error::Api(status)) => status.code,
        other => panic!("{other:?} is no refusal"),
    }
}

#[tokio::test(start_paused = true)]
async fn writes_are_fenced_by_version_and_uid() {
    let (_, client) = start();
    let api: Api<ConfigMap> = Api::namespaced(client, "apps");
    let made = api.create(&PostParams::default(), &map("a")).await.unwrap();
    assert_eq!(code(api.create(&PostParams::default(), &map("a")).await), 409);
    let patch = |version: &str| Patch::Merge(json!({"metadata": {"resourceVersion": version}, "data": {"x": "2"}}));
    assert_eq!(code(api.patch("a", &PatchParams::default(), &patch("1")).await), 409);
    let version = made.resource_version().unwrap();
    let changed = api.patch("a", &PatchParams::default(), &patch(&version)).await.unwrap();
    assert_eq!(changed.data.unwrap()["x"], "2");
    assert_eq!(code(api.replace("a", &PostParams::default(), &made).await), 409);
    let other = Preconditions { uid: Some("other".into()), resource_version: None };
    let params = DeleteParams { preconditions: Some(other), ..DeleteParams::default() };
    assert_eq!(code(api.delete("a", &params).await), 409);
    assert!(api.delete("a", &DeleteParams::default()).await.unwrap().is_right());
    assert_eq!(code(api.get("a").await), 404);
}

#[tokio::test(start_paused = true)]
async fn the_status_is_written_through_its_subresource_only_and_counts_no_generation() {
    let (_, client) = start();
    let api: Api<OpenStackCloud> = Api::namespaced(client, "apps");
    let cloud = json!({"metadata": {"name": "main"}, "spec": {"credentials": {"secretName": "s"}}, "status": {"region": "x"}});
    let made = api.create(&PostParams::default(), &serde_json::from_value(cloud).unwrap()).await.unwrap();
    assert_eq!((made.metadata.generation, made.status), (Some(1), None));
    let both = Patch::Merge(json!({"spec": {"pacing": {"requestsPerSecond": 7}}, "status": {"region": "r1"}}));
    let by_status = api.patch_status("main", &PatchParams::default(), &both).await.unwrap();
    assert_eq!((by_status.spec.pacing.requests_per_second, by_status.metadata.generation), (20, Some(1)));
    assert_eq!(by_status.status.unwrap().region.as_deref(), Some("r1"));
    let by_spec = api.patch("main", &PatchParams::default(), &both).await.unwrap();
    assert_eq!((by_spec.spec.pacing.requests_per_second, by_spec.metadata.generation), (7, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn lists_have_pages_and_selectors() {
    let (_, client) = start();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "apps");
    for name in ["a", "b", "c"] {
        api.create(&PostParams::default(), &map(name)).await.unwrap();
    }
    let first = api.list(&ListParams::default().limit(2)).await.unwrap();
    let next = first.metadata.continue_.clone().unwrap();
    api.create(&PostParams::default(), &map("aa")).await.unwrap();
    let second = api.list(&ListParams::default().limit(2).continue_token(&next)).await.unwrap();
    let names: Vec<String> = first.items.iter().chain(&second.items).map(ResourceExt::name_any).collect();
    assert_eq!(names, ["a", "b", "c"], "the second page is of the first one's version");
    assert_eq!(first.metadata.resource_version, second.metadata.resource_version);
    assert_eq!(api.list(&ListParams::default().labels("n=b")).await.unwrap().items.len(), 1);
    let elsewhere: Api<ConfigMap> = Api::namespaced(client, "other");
    assert!(elsewhere.list(&ListParams::default()).await.unwrap().items.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_what_happens_through_cuts_and_forgotten_history() {
    let (server, client) = start();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "apps");
    api.create(&PostParams::default(), &map("a")).await.unwrap();
    let mut events = std::pin::pin!(watcher::watcher(Api::<ConfigMap>::all(client), watcher::Config::default()));
    let mut seen = Vec::new();
    for round in 0..6 {
        match round {
            1 => drop(api.create(&PostParams::default(), &map("b")).await.unwrap()),
            2 => server.chaos(|chaos| chaos.watch_epoch += 1),
            3 => drop(api.delete("a", &DeleteParams::default()).await.unwrap()),
            4 => {
                server.state().store.forget_history();
                server.tell();
            }
            _ => {}
        }
        while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(5), events.next()).await {
            seen.push(match event {
                Ok(Event::Init) => "init".to_owned(),
                Ok(Event::InitApply(map)) => format!("+{}", map.name_any()),
                Ok(Event::InitDone) => "done".to_owned(),
                Ok(Event::Apply(map)) => map.name_any(),
                Ok(Event::Delete(map)) => format!("-{}", map.name_any()),
                Err(_) => "error".to_owned(),
            });
        }
    }
    assert_eq!(seen, ["init", "+a", "done", "b", "-a"], "nothing is listed again unless a watch is behind what is remembered");
}

#[tokio::test(start_paused = true)]
async fn a_watch_from_before_what_is_remembered_is_told_so() {
    let (server, client) = start();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "apps");
    let old = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    api.create(&PostParams::default(), &map("a")).await.unwrap();
    server.state().store.forget_history();
    let mut stream = std::pin::pin!(api.watch(&kube::api::WatchParams::default(), &old).await.unwrap());
    let Some(Ok(kube::api::WatchEvent::Error(status))) = stream.next().await else { panic!("no error event") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

#[tokio::test(start_paused = true)]
async fn a_late_watch_shows_an_own_write_late_and_bookmarks_keep_an_idle_one_alive() {
    let (server, client) = start();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "apps");
    server.chaos(|chaos| {
        chaos.watch_delay.insert("configmaps", Duration::from_secs(60));
    });
    let mut stream = std::pin::pin!(api.watch(&kube::api::WatchParams::default().timeout(200), "1").await.unwrap());
    api.create(&PostParams::default(), &map("a")).await.unwrap();
    let begun = tokio::time::Instant::now();
    let Some(Ok(kube::api::WatchEvent::Added(_))) = stream.next().await else { panic!("nothing was shown") };
    assert!(begun.elapsed() >= Duration::from_secs(59), "{:?}", begun.elapsed());
    let Some(Ok(kube::api::WatchEvent::Bookmark(_))) = stream.next().await else { panic!("no bookmark") };
}

#[tokio::test(start_paused = true)]
async fn an_eviction_marks_a_bound_pod_and_a_budget_forbids_it() {
    let (server, client) = start();
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": []}});
    let api: Api<Pod> = Api::namespaced(client, "apps");
    api.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    server.state().guarded_namespaces.push("apps".into());
    assert_eq!(code(api.evict("p", &EvictParams::default()).await), 429);
    server.state().guarded_namespaces.clear();
    api.evict("p", &EvictParams::default()).await.unwrap();
    let pod = api.get("p").await.unwrap();
    assert!(pod.metadata.deletion_timestamp.is_some());
    server.confirm_ended(&server.get("pods", "apps", "p").unwrap());
    assert_eq!(code(api.get("p").await), 404);
}

#[tokio::test(start_paused = true)]
async fn faults_refuse_break_and_lose() {
    let (server, client) = start();
    let api: Api<Secret> = Api::namespaced(client, "apps");
    let secret: Secret = serde_json::from_value(json!({"metadata": {"name": "s"}, "stringData": {"k": "v"}})).unwrap();
    server.chaos(|chaos| chaos.add(Rule::all("POST", "secrets", Effect::Refuse(status::Refusal::too_many_requests())).times(1)));
    assert_eq!(code(api.create(&PostParams::default(), &secret).await), 429);
    server.chaos(|chaos| chaos.add(Rule::all("POST", "secrets", Effect::LoseAnswer).times(1)));
    assert!(matches!(api.create(&PostParams::default(), &secret).await, Err(kube::Error::Service(_))));
    assert_eq!(api.get("s").await.unwrap().data.unwrap()["k"].0, b"v", "it was applied");
    server.chaos(|chaos| chaos.add(Rule::all("GET", "secrets", Effect::Hang).times(1)));
    assert!(matches!(api.get("s").await, Err(kube::Error::Service(_))));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_fit_its_definition_is_refused() {
    let (server, client) = start();
    assert!(server.put("hosts", json!({"metadata": {"name": "h", "namespace": "apps"}, "spec": {}})).is_err());
    let api: Api<Host> = Api::namespaced(client, "apps");
    assert_eq!(code(api.get("h").await), 404);
}
