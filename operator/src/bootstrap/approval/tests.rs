//! Writing verdicts to an API server that holds one request.

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequestSpec, CertificateSigningRequestStatus};
use kube::client::Body;

use super::*;
use crate::kube::csr::CLIENT_SIGNER;

#[derive(Default)]
struct Server {
    request: CertificateSigningRequest,
    conflicts: usize,
    written_to: Vec<String>,
}

type Shared = Arc<Mutex<Server>>;

fn client(server: &Shared) -> Client {
    let server = server.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let server = server.clone();
        async move {
            let (parts, body) = request.into_parts();
            let sent = body.collect_bytes().await.unwrap();
            let (code, json) = answer(&mut server.lock().unwrap(), &parts.method, parts.uri.path(), &sent);
            Ok::<_, tower::BoxError>(Response::builder().status(code).body(Body::from(json.to_string().into_bytes())).unwrap())
        }
    });
    Client::new(service, "default")
}

fn answer(server: &mut Server, method: &Method, path: &str, sent: &[u8]) -> (u16, serde_json::Value) {
    if method == Method::PUT && server.conflicts > 0 {
        server.conflicts -= 1;
        let status =
            serde_json::json!({"kind": "Status", "status": "Failure", "code": 409, "reason": "Conflict", "message": "x", "metadata": {}});
        return (409, status);
    }
    if method == Method::PUT {
        server.request = serde_json::from_slice(sent).unwrap();
        server.written_to.push(path.into());
    }
    (200, serde_json::to_value(&server.request).unwrap())
}

fn open_request() -> CertificateSigningRequest {
    let mut request = CertificateSigningRequest {
        spec: CertificateSigningRequestSpec {
            signer_name: CLIENT_SIGNER.into(),
            request: ByteString(b"pem".to_vec()),
            username: Some("system:bootstrap:abc123".into()),
            ..Default::default()
        },
        ..Default::default()
    };
    request.metadata.name = Some("csr-1".into());
    request.metadata.creation_timestamp = Some(Time(now()));
    request.metadata.annotations = Some([("note".to_string(), "kept".to_string())].into());
    request
}

fn now() -> Timestamp {
    "2026-04-01T10:00:00Z".parse().unwrap()
}

fn server(conflicts: usize) -> (Shared, Csr) {
    let shared = Shared::default();
    *shared.lock().unwrap() = Server { request: open_request(), conflicts, written_to: vec![] };
    (shared, Csr::read(open_request()).unwrap())
}

fn conditions(server: &Shared) -> Vec<(String, String)> {
    let server = server.lock().unwrap();
    let all = server.request.status.iter().flat_map(|s| s.conditions.iter().flatten());
    all.map(|c| (c.type_.clone(), c.message.clone().unwrap())).collect()
}

#[tokio::test]
async fn a_verdict_goes_to_the_approval_subresource_and_erases_nothing() {
    let (shared, judged) = server(2);
    let outcome = write(&client(&shared), &judged, &Verdict::Deny("no".into()), now()).await.unwrap();
    assert_eq!(outcome, Outcome::Written);
    assert_eq!(conditions(&shared), [("Denied".to_string(), "Gantry: no".to_string())]);
    let server = shared.lock().unwrap();
    assert_eq!(server.written_to, ["/apis/certificates.k8s.io/v1/certificatesigningrequests/csr-1/approval"]);
    assert_eq!(server.request.metadata, open_request().metadata);
    assert_eq!(server.request.spec, open_request().spec);
}

#[tokio::test]
async fn what_others_have_decided_or_replaced_is_left_alone() {
    let (shared, judged) = server(0);
    let denied = CertificateSigningRequestCondition { type_: "Denied".into(), status: "True".into(), ..Default::default() };
    shared.lock().unwrap().request.status = Some(CertificateSigningRequestStatus { conditions: Some(vec![denied]), ..Default::default() });
    assert_eq!(write(&client(&shared), &judged, &Verdict::Approve, now()).await.unwrap(), Outcome::Moot);

    let (shared, judged) = server(0);
    shared.lock().unwrap().request.spec.request = ByteString(b"another".to_vec());
    assert_eq!(write(&client(&shared), &judged, &Verdict::Approve, now()).await.unwrap(), Outcome::Moot);
    assert!(shared.lock().unwrap().written_to.is_empty());
}

#[tokio::test]
async fn tries_end() {
    let (shared, judged) = server(MAX_TRIES);
    let error = write(&client(&shared), &judged, &Verdict::Approve, now()).await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_verdict_that_asks_for_nothing_calls_nobody() {
    let (shared, judged) = server(0);
    for verdict in [Verdict::Ignore, Verdict::Wait("w".into())] {
        assert_eq!(write(&client(&shared), &judged, &verdict, now()).await.unwrap(), Outcome::Nothing);
    }
    assert!(conditions(&shared).is_empty());
}
