//! The token store against an API server that holds Secrets in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use kube::client::Body;

use super::*;
use crate::bootstrap::token::{TTL, id_for, parse, secret_name};

const UID: &str = "5d1c2a0e-7a44-4f5b-9d0c-1f2e3d4c5b6a";

type Shelf = Arc<Mutex<BTreeMap<String, Secret>>>;

fn client(shelf: &Shelf) -> Client {
    let shelf = shelf.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let shelf = shelf.clone();
        async move { Ok::<_, tower::BoxError>(answer(&shelf, request).await) }
    });
    Client::new(service, "default")
}

async fn answer(shelf: &Shelf, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let sent = body.collect_bytes().await.unwrap();
    let name = parts.uri.path().rsplit('/').next().unwrap_or_default().to_string();
    let mut secrets = shelf.lock().unwrap();
    let (code, json) = match parts.method {
        Method::POST => {
            let secret: Secret = serde_json::from_slice(&sent).unwrap();
            match secrets.get(&secret.name_any()) {
                Some(_) => (409, status(409, "AlreadyExists")),
                None => {
                    secrets.insert(secret.name_any(), secret.clone());
                    (201, serde_json::to_value(secret).unwrap())
                }
            }
        }
        Method::PUT => {
            secrets.insert(name, serde_json::from_slice(&sent).unwrap());
            (200, serde_json::from_slice(&sent).unwrap())
        }
        Method::DELETE => {
            secrets.remove(&name);
            (200, status(200, ""))
        }
        _ if name == "secrets" => {
            let uid = parts.uri.query().and_then(|q| q.split_once("host-uid%3D")).map(|(_, rest)| rest.split('&').next().unwrap());
            let items: Vec<_> =
                secrets.values().filter(|s| uid.is_none_or(|u| s.labels().get(LABEL_HOST_UID).is_some_and(|l| l == u))).collect();
            (200, serde_json::json!({"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": items}))
        }
        _ => secrets.get(&name).map_or((404, status(404, "NotFound")), |s| (200, serde_json::to_value(s).unwrap())),
    };
    Response::builder().status(code).body(Body::from(json.to_string().into_bytes())).unwrap()
}

fn status(code: u16, reason: &str) -> serde_json::Value {
    let outcome = if code < 300 { "Success" } else { "Failure" };
    serde_json::json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": outcome, "code": code, "reason": reason, "message": reason})
}

fn now() -> Timestamp {
    "2026-04-01T10:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn a_second_call_finds_the_first_ones_token() {
    let shelf = Shelf::default();
    let first = ensure(&client(&shelf), UID, "h", now()).await.unwrap();
    let second = ensure(&client(&shelf), UID, "h", now() + Duration::from_secs(60)).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(list(&client(&shelf)).await.unwrap(), vec![Owned { token: first, host_uid: UID.into(), expires: now() + TTL }]);
}

#[tokio::test]
async fn a_token_is_renewed_when_less_than_half_is_left() {
    let shelf = Shelf::default();
    let first = ensure(&client(&shelf), UID, "h", now()).await.unwrap();
    let later = now() + Duration::from_secs(8 * 60);
    let second = ensure(&client(&shelf), UID, "h", later).await.unwrap();
    assert_eq!(list(&client(&shelf)).await.unwrap(), vec![Owned { token: first.clone(), host_uid: UID.into(), expires: later + TTL }]);
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_id_that_another_host_has_is_left_alone() {
    let shelf = Shelf::default();
    let theirs = token::secret_for(&Token::new(&id_for(UID, 0), "0123456789abcdef").unwrap(), "another", "x", now());
    shelf.lock().unwrap().insert(secret_name(&id_for(UID, 0)), theirs.clone());
    let token = ensure(&client(&shelf), UID, "h", now()).await.unwrap();
    assert_eq!(token.id(), id_for(UID, 1));
    assert_eq!(shelf.lock().unwrap()[&secret_name(&id_for(UID, 0))], theirs);
}

#[tokio::test]
async fn the_attempts_end() {
    let shelf = Shelf::default();
    for attempt in 0..MAX_ATTEMPTS {
        let token = Token::new(&id_for(UID, attempt), "0123456789abcdef").unwrap();
        shelf.lock().unwrap().insert(secret_name(token.id()), token::secret_for(&token, "another", "x", now()));
    }
    let error = ensure(&client(&shelf), UID, "h", now()).await.unwrap_err();
    assert!(matches!(error, Error::AllTaken { .. }), "{error}");
}

#[tokio::test]
async fn only_the_hosts_own_tokens_are_deleted() {
    let shelf = Shelf::default();
    ensure(&client(&shelf), UID, "h", now()).await.unwrap();
    ensure(&client(&shelf), "another", "x", now()).await.unwrap();
    delete(&client(&shelf), UID).await.unwrap();
    delete(&client(&shelf), UID).await.unwrap();
    let left: Vec<_> = shelf.lock().unwrap().values().filter_map(parse).map(|o| o.host_uid).collect();
    assert_eq!(left, vec!["another".to_string()]);
}
