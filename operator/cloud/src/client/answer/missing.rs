//! What it means that no answer came, or none that can be read: for a creation, that it may have happened.

use super::classify::{Again, Failure};
use super::reply::Reply;
use super::words::plain;
use crate::Error;
use crate::client::call::{Call, Effect, Service};
use crate::config::wrong;

/// What it means that no answer came, or none whole.
pub(crate) fn no_answer(call: &Call, error: &reqwest::Error) -> Failure {
    let (name, to) = (call.service.name(), call.to);
    let why = cause(error);
    if error.is_connect() && why.contains("certificate") {
        return Failure::for_good(untrusted(call.service, &why));
    }
    let again = Again::After(None);
    if error.is_connect() {
        let message = format!("{name} could not be reached to {to}: {why}. Nothing was sent");
        return Failure { error: Error::Transient { message, request_id: None }, again };
    }
    let what = if error.is_timeout() { "did not answer in time" } else { "broke off its answer" };
    if call.effect == Effect::Create {
        let message = format!("{name} {what} when asked to {to}: {why}. It may have happened all the same");
        return Failure::for_good(Error::Ambiguous { message, request_id: None });
    }
    let message = format!("{name} {what} when asked to {to}: {why}");
    Failure { error: Error::Transient { message, request_id: None }, again }
}

fn untrusted(service: Service, why: &str) -> Error {
    let name = service.name();
    wrong(format!(
        "the certificate that {name} shows is not trusted ({why}); put the CA's PEM text under the Secret's key cacert, or correct the address"
    ))
}

/// The innermost cause: the outer ones only say that there is one. An address in it holds no secret: it is the catalog's.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    plain(&inner.to_string())
}

/// The time for one attempt is over.
pub(crate) fn late(call: &Call) -> Failure {
    let (name, to) = (call.service.name(), call.to);
    if call.effect == Effect::Create {
        let message = format!("{name} did not answer in time when asked to {to}. It may have happened all the same");
        return Failure::for_good(Error::Ambiguous { message, request_id: None });
    }
    let message = format!("{name} did not answer in time when asked to {to}");
    Failure { error: Error::Transient { message, request_id: None }, again: Again::After(None) }
}

/// An answer beyond the limit.
pub(crate) fn too_long(call: &Call) -> Error {
    let message = format!("{} answered with more than can be read when asked to {}", call.service.name(), call.to);
    match call.effect {
        Effect::Create => Error::Ambiguous { message, request_id: None },
        Effect::Read | Effect::Delete => Error::Bug { message, request_id: None },
    }
}

/// An answer that succeeded but does not hold what it must. Its text is not shown: it may hold a password.
pub(crate) fn unreadable(call: &Call, reply: &Reply) -> Error {
    let message = format!("{}'s answer to the request to {} cannot be read", call.service.name(), call.to);
    let request_id = reply.request_id();
    match call.effect {
        Effect::Create => Error::Ambiguous { message, request_id },
        Effect::Read | Effect::Delete => Error::Bug { message, request_id },
    }
}
