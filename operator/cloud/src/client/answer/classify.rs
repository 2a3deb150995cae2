//! What an answer that is no success means: by text and type, as HTTP codes overlap.

use super::reply::Reply;
use super::said::Said;
use crate::Error;
use crate::client::call::Call;
use std::time::Duration;

/// A call that failed, and whether another attempt may help.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: Error,
    pub again: Again,
}

/// What may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// A new token.
    WithNewToken,
    /// Another microversion, later.
    WithOtherVersion,
    /// Waiting, at least this long.
    After(Option<Duration>),
}

impl Failure {
    pub fn for_good(error: Error) -> Self {
        Self { error, again: Again::Never }
    }
}

/// The meaning of an answer outside 200-299.
pub(crate) fn classify(call: &Call, reply: &Reply) -> Failure {
    let said = Said::new(call, reply);
    match reply.status.as_u16() {
        400 | 403 | 405 | 409 if said.is_foreign() => said.foreign(),
        300..=399 => Failure::for_good(said.redirect()),
        400 => Failure::for_good(said.bad_request()),
        401 => Failure { error: said.unauthorized(), again: Again::WithNewToken },
        403 => Failure::for_good(said.refused()),
        404 => said.not_found(),
        406 => Failure { error: said.bug(), again: Again::WithOtherVersion },
        409 => Failure::for_good(said.conflict()),
        413 => said.too_large(),
        429 | 498 => said.over_limit(),
        408 | 425 | 500..=599 => said.broken(),
        _ => Failure::for_good(said.bug()),
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "quota_tests.rs"]
mod quota_tests;
