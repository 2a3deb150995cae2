//! The token store against an API server that holds Secrets in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, Time};
use kube::client::Body;

use super::*;
use crate::bootstrap::token::{TTL, id_for, parse, secret_name};

const UID: &str = "5d1c2a0e-7a44-4f5b-9d0c-1f2e3d4c5b6a";

/// Secrets, and what the API server's clock shows.
#[derive(Default)]
struct Server {
    secrets: BTreeMap<String, Secret>,
    clock: Option<Timestamp>,
}

type Shelf = Arc<Mutex<Server>>;

fn client(shelf: &Shelf) -> Client {
    let shelf = shelf.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let shelf = shelf.clone();
        async move { Ok::<_, tower::BoxError>(answer(&shelf, request).await) }
    });
    Client::new(service, "default")
}

/// As the API server stamps what is written.
fn stamped(sent: &[u8], clock: Option<Timestamp>) -> Secret {
    let mut secret: Secret = serde_json::from_slice(sent).unwrap();
    let time = clock.map(Time);
    secret.metadata.creation_timestamp = secret.metadata.creation_timestamp.or(time.clone());
    secret.metadata.managed_fields = Some(vec![ManagedFieldsEntry { time, ..ManagedFieldsEntry::default() }]);
    secret
}

async fn answer(shelf: &Shelf, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let sent = body.collect_bytes().await.unwrap();
    let name = parts.uri.path().rsplit('/').next().unwrap_or_default().to_string();
    let mut server = shelf.lock().unwrap();
    let clock = server.clock;
    let (code, json) = match parts.method {
        Method::POST => {
            let secret = stamped(&sent, clock);
            match server.secrets.get(&secret.name_any()) {
                Some(_) => (409, status(409, "AlreadyExists")),
                None => {
                    server.secrets.insert(secret.name_any(), secret.clone());
                    (201, serde_json::to_value(secret).unwrap())
                }
            }
        }
        Method::PUT => {
            let secret = stamped(&sent, clock);
            server.secrets.insert(name, secret.clone());
            (200, serde_json::to_value(secret).unwrap())
        }
        Method::DELETE => {
            server.secrets.remove(&name);
            (200, status(200, ""))
        }
        _ if name == "secrets" => {
            let uid = parts.uri.query().and_then(|q| q.split_once("host-uid%3D")).map(|(_, rest)| rest.split('&').next().unwrap());
            let items: Vec<_> =
                server.secrets.values().filter(|s| uid.is_none_or(|u| s.labels().get(LABEL_HOST_UID).is_some_and(|l| l == u))).collect();
            (200, serde_json::json!({"apiVersion": "v1", "kind": "SecretList", "metadata": {}, "items": items}))
        }
        _ => server.secrets.get(&name).map_or((404, status(404, "NotFound")), |s| (200, serde_json::to_value(s).unwrap())),
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

/// A process: its view of the API server's time, lost at a restart.
struct Process<'a> {
    shelf: &'a Shelf,
    client: Client,
    time: ApiTime,
}

impl<'a> Process<'a> {
    fn started(shelf: &'a Shelf) -> Self {
        Self { shelf, client: client(shelf), time: ApiTime::default() }
    }

    /// So many minutes after the beginning by our clock, and with the API server's so much ahead of it.
    fn at(&self, minutes: i64, ahead: SignedDuration) -> Store<'_> {
        let wall = now() + SignedDuration::from_mins(minutes);
        self.shelf.lock().unwrap().clock = Some(wall + ahead);
        Store { client: &self.client, time: &self.time, wall }
    }

    async fn tokens(&self) -> Vec<Owned> {
        list(&self.client).await.unwrap()
    }
}

const SAME: SignedDuration = SignedDuration::ZERO;

#[tokio::test]
async fn a_second_call_finds_the_first_ones_token() {
    let shelf = Shelf::default();
    let process = Process::started(&shelf);
    let first = ensure(process.at(0, SAME), UID, "h").await.unwrap();
    let second = ensure(process.at(1, SAME), UID, "h").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(process.tokens().await, vec![Owned { token: first, host_uid: UID.into(), expires: now() + TTL }]);
}

#[tokio::test]
async fn a_token_is_renewed_when_less_than_half_is_left() {
    let shelf = Shelf::default();
    let process = Process::started(&shelf);
    let first = ensure(process.at(0, SAME), UID, "h").await.unwrap();
    let second = ensure(process.at(8, SAME), UID, "h").await.unwrap();
    let expires = now() + SignedDuration::from_mins(8) + TTL;
    assert_eq!(process.tokens().await, vec![Owned { token: first.clone(), host_uid: UID.into(), expires }]);
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_token_of_a_server_that_boots_is_kept_alive_and_a_lost_one_is_not_made_again() {
    let shelf = Shelf::default();
    let process = Process::started(&shelf);
    ensure(process.at(0, SAME), UID, "h").await.unwrap();
    for minutes in (5..=45).step_by(5) {
        assert!(renew(process.at(minutes, SAME), UID).await.unwrap());
        assert!(process.tokens().await[0].expires > now() + SignedDuration::from_mins(minutes + 5), "it lives until the next renewal");
    }
    delete(&process.client, UID).await.unwrap();
    assert!(!renew(process.at(50, SAME), UID).await.unwrap());
    assert_eq!(process.tokens().await, vec![]);
}

#[tokio::test]
async fn t21_a_token_ends_by_the_api_servers_clock_before_and_after_a_restart() {
    for ahead in
        [SignedDuration::from_mins(10), SignedDuration::from_mins(-10), SignedDuration::from_hours(48), SignedDuration::from_hours(-48)]
    {
        let shelf = Shelf::default();
        let first = Process::started(&shelf);
        let token = ensure(first.at(0, ahead), UID, "h").await.unwrap();
        let wanted = |minutes| {
            vec![Owned { token: token.clone(), host_uid: UID.into(), expires: now() + SignedDuration::from_mins(minutes) + ahead + TTL }]
        };
        assert_eq!(first.tokens().await, wanted(0), "{ahead:?}");
        renew(first.at(10, ahead), UID).await.unwrap();
        assert_eq!(first.tokens().await, wanted(10), "{ahead:?}");
        let second = Process::started(&shelf);
        renew(second.at(15, ahead), UID).await.unwrap();
        assert_eq!(second.tokens().await, wanted(15), "{ahead:?}");
    }
}

#[tokio::test]
async fn an_id_that_another_host_has_is_left_alone() {
    let shelf = Shelf::default();
    let process = Process::started(&shelf);
    let theirs = token::secret_for(&Token::new(&id_for(UID, 0), "0123456789abcdef").unwrap(), "another", "x", now());
    shelf.lock().unwrap().secrets.insert(secret_name(&id_for(UID, 0)), theirs.clone());
    let token = ensure(process.at(0, SAME), UID, "h").await.unwrap();
    assert_eq!(token.id(), id_for(UID, 1));
    assert!(renew(process.at(10, SAME), UID).await.unwrap());
    assert_eq!(shelf.lock().unwrap().secrets[&secret_name(&id_for(UID, 0))], theirs);
}

#[tokio::test]
async fn the_attempts_end() {
    let shelf = Shelf::default();
    let process = Process::started(&shelf);
    for attempt in 0..MAX_ATTEMPTS {
        let token = Token::new(&id_for(UID, attempt), "0123456789abcdef").unwrap();
        shelf.lock().unwrap().secrets.insert(secret_name(token.id()), token::secret_for(&token, "another", "x", now()));
    }
    let error = ensure(process.at(0, SAME), UID, "h").await.unwrap_err();
    assert!(matches!(error, Error::AllTaken { .. }), "{error}");
    assert!(!renew(process.at(0, SAME), UID).await.unwrap());
}

#[tokio::test]
async fn only_the_hosts_own_tokens_are_deleted() {
    let shelf = Shelf::default();
    let process = Process::started(&shelf);
    ensure(process.at(0, SAME), UID, "h").await.unwrap();
    ensure(process.at(0, SAME), "another", "x").await.unwrap();
    delete(&process.client, UID).await.unwrap();
    delete(&process.client, UID).await.unwrap();
    let left: Vec<_> = shelf.lock().unwrap().secrets.values().filter_map(parse).map(|o| o.host_uid).collect();
    assert_eq!(left, vec!["another".to_string()]);
}
