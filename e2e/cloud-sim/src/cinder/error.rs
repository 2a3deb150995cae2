//! Cinder's error bodies: one key that names the kind, the code again, and a sentence.
use serde_json::json;

use crate::http::Response;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CinderError {
    code: u16,
    message: String,
}

pub(crate) type Answer = Result<Response, CinderError>;

impl CinderError {
    fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(crate) fn invalid_input(reason: &str) -> Self {
        Self::new(400, format!("Invalid input received: {reason}"))
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    pub(crate) fn no_volume(id: &str) -> Self {
        Self::not_found(format!("Volume {id} could not be found."))
    }

    pub(crate) fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, message)
    }

    pub(crate) fn over_limit(message: impl Into<String>) -> Self {
        Self::new(413, message)
    }

    /// A caller without the role that a rule asks for.
    pub(crate) fn policy(rule: &str) -> Self {
        Self::new(403, format!("Policy doesn't allow {rule} to be performed."))
    }

    /// A value that Cinder's JSON schema refuses.
    pub(crate) fn field(field: &str, value: &str, why: &str) -> Self {
        Self::bad_request(format!("Invalid input for field/attribute {field}. Value: {value}. {why}"))
    }

    pub(crate) fn response(&self) -> Response {
        let kind = match self.code {
            400 => "badRequest",
            403 => "forbidden",
            404 => "itemNotFound",
            413 => "overLimit",
            _ => "computeFault",
        };
        let mut body = json!({kind: {"code": self.code, "message": self.message}});
        if self.code != 413 {
            return Response::json(self.code, &body);
        }
        body[kind]["retryAfter"] = json!("0");
        Response::json(self.code, &body).with("retry-after", "0")
    }
}
