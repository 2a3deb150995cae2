//! What went wrong, by meaning: each variant has one consequence, and its text reaches the user.

use std::time::Duration;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A resource that a quota limits.
pub type Resource = String;

/// An OpenStack error by meaning. `request_id` is OpenStack's, for the cloud's administrator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A quota is used up.
    #[error("{message}{}", id(.request_id))]
    Quota { resources: Vec<Resource>, message: String, request_id: Option<String> },
    /// No hypervisor has room.
    #[error("{message}{}", id(.request_id))]
    NoHost { message: String, request_id: Option<String> },
    /// What was asked for is wrong (unknown flavor, image, network ...): asking again the same way is useless.
    #[error("{message}{}", id(.request_id))]
    BadSpec { message: String, request_id: Option<String> },
    /// The credentials are not accepted.
    #[error("{message}{}", id(.request_id))]
    Unauthorized { message: String, request_id: Option<String> },
    /// The credentials are good but may not do this.
    #[error("{message}{}", id(.request_id))]
    Forbidden { message: String, request_id: Option<String> },
    /// It is not there, and the service itself said so.
    #[error("{message}{}", id(.request_id))]
    NotFound { message: String, request_id: Option<String> },
    /// The state of the resource does not allow it now.
    #[error("{message}{}", id(.request_id))]
    Conflict { message: String, request_id: Option<String> },
    /// Too many requests.
    #[error("{message}{}", id(.request_id))]
    OverLimit { retry_after: Option<Duration>, message: String, request_id: Option<String> },
    /// A passing fault of a read or a deletion: nothing is known, nothing was changed for certain.
    #[error("{message}{}", id(.request_id))]
    Transient { message: String, request_id: Option<String> },
    /// A creation whose answer was lost or unclear: it may have happened. Look before anything else.
    #[error("{message}{}", id(.request_id))]
    Ambiguous { message: String, request_id: Option<String> },
    /// A creation whose turn came too late: nothing was sent.
    #[error("{message}")]
    NotSent { message: String },
    /// The configuration (clouds.yaml, catalog) is wrong; says what to change.
    #[error("{message}")]
    Config { message: String },
    /// An answer that this client does not understand: a bug here, or a service that is none.
    #[error("{message}{}", id(.request_id))]
    Bug { message: String, request_id: Option<String> },
}

fn id(request_id: &Option<String>) -> String {
    request_id.as_ref().map(|r| format!(" (request {r})")).unwrap_or_default()
}

impl Error {
    /// A short stable word for metrics, logs and condition reasons.
    pub fn category(&self) -> &'static str {
        match self {
            Self::Quota { .. } => "QuotaExceeded",
            Self::NoHost { .. } => "NoValidHost",
            Self::BadSpec { .. } => "BadSpec",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::Forbidden { .. } => "Forbidden",
            Self::NotFound { .. } => "NotFound",
            Self::Conflict { .. } => "Conflict",
            Self::OverLimit { .. } => "OverLimit",
            Self::Transient { .. } => "Transient",
            Self::Ambiguous { .. } => "Ambiguous",
            Self::NotSent { .. } => "NotSent",
            Self::Config { .. } => "Config",
            Self::Bug { .. } => "Bug",
        }
    }
}

impl Error {
    /// The sentence without the request id.
    pub fn message(&self) -> &str {
        match self {
            Self::Quota { message, .. }
            | Self::NoHost { message, .. }
            | Self::BadSpec { message, .. }
            | Self::Unauthorized { message, .. }
            | Self::Forbidden { message, .. }
            | Self::NotFound { message, .. }
            | Self::Conflict { message, .. }
            | Self::OverLimit { message, .. }
            | Self::Transient { message, .. }
            | Self::Ambiguous { message, .. }
            | Self::NotSent { message }
            | Self::Config { message }
            | Self::Bug { message, .. } => message,
        }
    }

    /// OpenStack's id of the request, if one was answered.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Config { .. } | Self::NotSent { .. } => None,
            Self::Quota { request_id, .. }
            | Self::NoHost { request_id, .. }
            | Self::BadSpec { request_id, .. }
            | Self::Unauthorized { request_id, .. }
            | Self::Forbidden { request_id, .. }
            | Self::NotFound { request_id, .. }
            | Self::Conflict { request_id, .. }
            | Self::OverLimit { request_id, .. }
            | Self::Transient { request_id, .. }
            | Self::Ambiguous { request_id, .. }
            | Self::Bug { request_id, .. } => request_id.as_deref(),
        }
    }
}
