//! What carries requests to a cloud: HTTP over sockets in production, anything that answers alike in a test.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;

/// Time for a connection to be made: so much later than asked for can a request leave.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Most bytes of an answer: a page of 1,000 servers has about 3 MB.
pub const ANSWER_LIMIT_BYTES: usize = 32 << 20;

/// Carries one request and brings its answer.
///
/// Time-outs are the caller's: it drops the future. The body may hold a password or user data, so neither may be logged.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a request with an absolute address; an answer of any status is an answer.
    ///
    /// # Errors
    /// [`NoAnswer`] if none came; a request whose answer was lost must never be sent again here.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, NoAnswer>;
}

/// Why there is no answer, in words that hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection: nothing was sent.
    Unreachable(String),
    /// The service's certificate is not trusted: nothing was sent.
    Untrusted(String),
    /// The connection broke after the request may have arrived.
    Broken(String),
    /// The answer exceeds [`ANSWER_LIMIT_BYTES`].
    TooLong,
}
