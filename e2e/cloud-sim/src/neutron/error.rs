//! Neutron's error bodies: a type that programs can read, and a sentence.
use serde_json::json;

use crate::http::Response;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NeutronError {
    code: u16,
    kind: String,
    message: String,
}

pub(crate) type Answer = Result<Response, NeutronError>;

impl NeutronError {
    pub(crate) fn new(code: u16, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, kind: kind.into(), message: message.into() }
    }

    pub(crate) fn no_resource() -> Self {
        Self::new(404, "HTTPNotFound", "The resource could not be found.")
    }

    /// `BadRequest`, with the resource it is about.
    pub(crate) fn bad_resource(resource: &str, why: &str) -> Self {
        Self::new(400, "BadRequest", format!("Bad {resource} request: {why}."))
    }

    pub(crate) fn over_quota(resource: &str) -> Self {
        Self::new(409, "OverQuota", format!("Quota exceeded for resources: ['{resource}']."))
    }

    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(404, format!("{kind}NotFound"), format!("{kind} {id} could not be found."))
    }

    pub(crate) fn policy(rule: &str) -> Self {
        Self::new(403, "PolicyNotAuthorized", format!("{rule} is disallowed by policy"))
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "HTTPBadRequest", message)
    }

    pub(crate) fn response(&self) -> Response {
        let body = json!({"NeutronError": {"type": self.kind, "message": self.message, "detail": ""}});
        Response::json(self.code, &body)
    }
}
