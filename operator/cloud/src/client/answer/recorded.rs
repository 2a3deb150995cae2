//! Answers in the shapes that the services write them in.

use super::classify::classify;
use super::reply::Reply;
use crate::client::call::Call;
use bytes::Bytes;

pub(super) fn reply(status: u16, body: &str) -> Reply {
    let answer = http::Response::builder().status(status).header("x-compute-request-id", "req-1");
    Reply::new(answer.body(Bytes::copy_from_slice(body.as_bytes())).unwrap())
}

/// Category and sentence.
pub(super) fn meaning(call: &Call, status: u16, body: &str) -> (&'static str, String) {
    let error = classify(call, &reply(status, body)).error;
    (error.category(), error.message().to_owned())
}

pub(super) fn nova(key: &str, status: u16, text: &str) -> String {
    serde_json::json!({key: {"code": status, "message": text}}).to_string()
}

pub(super) fn neutron(kind: &str, text: &str) -> String {
    serde_json::json!({"NeutronError": {"type": kind, "message": text, "detail": ""}}).to_string()
}

pub(super) fn html(title: &str, text: &str) -> String {
    format!(
        "<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n  {text}<br /><br />\n\n\n\n </body>\n</html>"
    )
}
