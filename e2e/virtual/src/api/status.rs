//! What the API server says instead of an object, in its own words.

use serde_json::{Value, json};

use super::kinds::Kind;

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// HTTP code.
    pub code: u16,
    /// Reason, as in `metav1.StatusReason`.
    pub reason: &'static str,
    /// Sentence.
    pub message: String,
    /// `retryAfterSeconds`, where it says so.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: String) -> Self {
        Self { code, reason, message, retry_after_s: None }
    }

    /// There is no such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", resource(kind)))
    }

    /// There is no such path.
    pub fn no_such_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource".into())
    }

    /// The name is taken.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", resource(kind)))
    }

    /// The object has changed since it was read, or is another one.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(409, "Conflict", format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource(kind)))
    }

    /// The object does not fit.
    pub fn invalid(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(422, "Invalid", format!("{} \"{name}\" is invalid: {why}", resource(kind)))
    }

    /// The request cannot be understood.
    pub fn bad_request(why: &str) -> Self {
        Self::new(400, "BadRequest", why.to_owned())
    }

    /// The resourceVersion is older than what is remembered.
    pub fn expired(why: &str) -> Self {
        Self::new(410, "Expired", why.to_owned())
    }

    /// A PodDisruptionBudget stands in the way.
    pub fn disruption_budget() -> Self {
        Self::new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.".into())
    }

    /// An admission policy, or no right.
    pub fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(403, "Forbidden", format!("{} \"{name}\" is forbidden: {why}", kind.plural))
    }

    /// Priority and fairness have no seat left.
    pub fn too_many_requests() -> Self {
        let message = "the server has received too many requests and has asked us to try again later".to_owned();
        Self { retry_after_s: Some(1), ..Self::new(429, "TooManyRequests", message) }
    }

    /// Something is wrong inside.
    pub fn internal() -> Self {
        Self::new(500, "InternalError", "Internal error occurred: etcdserver: request timed out".into())
    }

    /// As JSON.
    pub fn body(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let Some(seconds) = self.retry_after_s {
            status["details"] = json!({"retryAfterSeconds": seconds});
        }
        status
    }
}

/// A deletion that left nothing.
pub fn deleted(kind: &Kind, name: &str, uid: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": name, "group": kind.group, "kind": kind.plural, "uid": uid},
    })
}

/// A thing done that has no object, such as an eviction.
pub fn success() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
}

fn resource(kind: &Kind) -> String {
    if kind.group.is_empty() { kind.plural.to_owned() } else { format!("{}.{}", kind.plural, kind.group) }
}
