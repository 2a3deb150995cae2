//! The writing task against an API server that takes down what it is sent.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use kube::client::Body;

use super::*;

type Calls = Arc<Mutex<Vec<(String, String)>>>;

fn client(calls: &Calls, code: u16) -> Client {
    let calls = calls.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let calls = calls.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            calls.lock().unwrap().push((parts.method.to_string(), String::from_utf8(body.to_vec()).unwrap()));
            let failure =
                serde_json::json!({"kind": "Status", "status": "Failure", "code": code, "reason": "x", "message": "x", "metadata": {}});
            let answer = if code < 300 { body.to_vec() } else { failure.to_string().into_bytes() };
            Ok::<_, tower::BoxError>(Response::builder().status(code).body(Body::from(answer)).unwrap())
        }
    });
    Client::new(service, "default")
}

fn host() -> EventRef {
    EventRef {
        api_version: "gantry.cloud/v1alpha1".into(),
        kind: "Host".into(),
        namespace: "apps".into(),
        name: "h".into(),
        uid: "u".into(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_written_where_describe_looks_for_it() {
    let calls = Calls::default();
    let (events, finish) = Events::start(client(&calls, 201), "pod-1".into(), Metrics::new(), Clock::system());
    events.emit(&host(), "Normal", "Launched", "m");
    finish.await;
    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), 1);
    let event: serde_json::Value = serde_json::from_str(&calls[0].1).unwrap();
    assert_eq!(
        event["involvedObject"],
        serde_json::json!({"apiVersion": "gantry.cloud/v1alpha1", "kind": "Host", "namespace": "apps", "name": "h", "uid": "u"})
    );
    assert_eq!(
        (&event["reason"], &event["message"], &event["type"], &event["count"]),
        (&"Launched".into(), &"m".into(), &"Normal".into(), &1.into())
    );
}

#[tokio::test(start_paused = true)]
async fn too_many_events_are_dropped_and_counted_and_nobody_waits() {
    let (calls, metrics) = (Calls::default(), Metrics::new());
    let (events, finish) = Events::start(client(&calls, 201), "pod-1".into(), metrics.clone(), Clock::system());
    for n in 0..QUEUE + 7 {
        events.emit(&host(), "Normal", "Launched", &n.to_string());
    }
    assert_eq!(metrics.events_dropped(), 7);
    finish.await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_refused_is_counted_and_does_not_stop_the_next() {
    let (calls, metrics) = (Calls::default(), Metrics::new());
    let (events, finish) = Events::start(client(&calls, 403), "pod-1".into(), metrics.clone(), Clock::system());
    events.emit(&host(), "Normal", "Launched", "m");
    events.emit(&host(), "Normal", "Joined", "m");
    finish.await;
    assert_eq!((calls.lock().unwrap().len(), metrics.events_dropped()), (2, 2));
}
