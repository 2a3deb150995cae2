//! Nova's error bodies: one key that names the kind, the code again, and a sentence.
use serde_json::json;

use super::python::Py;
use crate::http::Response;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NovaError {
    pub(crate) code: u16,
    pub(crate) message: String,
}

pub(crate) type Answer = Result<Response, NovaError>;

impl NovaError {
    fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, message)
    }

    pub(crate) fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, message)
    }

    pub(crate) fn no_server(id: &str) -> Self {
        Self::not_found(format!("Instance {id} could not be found."))
    }

    /// A caller without the role that a rule asks for.
    pub(crate) fn policy(rule: &str) -> Self {
        Self::forbidden(format!("Policy doesn't allow os_compute_api:{rule} to be performed."))
    }

    /// An exception that no part of the API expects, by its class.
    pub(crate) fn unexpected(class: &str) -> Self {
        let report = "Please report this at http://bugs.launchpad.net/nova/ and attach the Nova API log if possible.";
        Self::new(500, format!("Unexpected API Error. {report}\n<class '{class}'>"))
    }

    /// A value that Nova's JSON schema refuses.
    pub(crate) fn field(field: &str, value: &Py, why: &str) -> Self {
        Self::bad_request(format!("Invalid input for field/attribute {field}. Value: {}. {why}", value.text()))
    }

    /// The same for a parameter of a query.
    pub(crate) fn query(field: &str, value: &str, why: &str) -> Self {
        Self::bad_request(format!("Invalid input for query parameters {field}. Value: {value}. {why}"))
    }

    pub(crate) fn unexpected_property(name: &str) -> Self {
        Self::bad_request(format!("Additional properties are not allowed ('{name}' was unexpected)"))
    }

    pub(crate) fn response(&self) -> Response {
        let kind = match self.code {
            400 => "badRequest",
            403 => "forbidden",
            404 => "itemNotFound",
            405 => "badMethod",
            409 => "conflictingRequest",
            413 => "overLimit",
            _ => "computeFault",
        };
        Response::json(self.code, &json!({kind: {"code": self.code, "message": self.message}}))
    }
}
