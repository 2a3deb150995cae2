//! What it means that no answer came, or none that can be read: for a creation, that it may have happened.

use super::classify::{Again, Failure};
use super::reply::Reply;
use super::words::plain;
use crate::client::call::{Call, Effect, Service};
use crate::config::wrong;
use crate::{Error, NoAnswer};
use serde::de::IgnoredAny;

/// How Nova, Neutron and Cinder say that a deletion is done, or has begun.
const DELETED: [u16; 2] = [202, 204];

/// What it means that no answer came, or none whole.
pub(crate) fn no_answer(call: &Call, none: NoAnswer) -> Failure {
    let (name, to) = (call.service.name(), call.to);
    match none {
        NoAnswer::Untrusted(why) => Failure::for_good(untrusted(call.service, &plain(&why))),
        NoAnswer::TooLong => Failure::for_good(too_long(call)),
        NoAnswer::Unreachable(why) => {
            let message = format!("{name} could not be reached to {to}: {}. Nothing was sent", plain(&why));
            Failure { error: Error::Transient { message, request_id: None }, again: Again::After(None) }
        }
        NoAnswer::Broken(why) => lost(call, &format!("{name} broke off its answer when asked to {to}: {}", plain(&why))),
    }
}

/// The time for one attempt is over.
pub(crate) fn late(call: &Call) -> Failure {
    lost(call, &format!("{} did not answer in time when asked to {}", call.service.name(), call.to))
}

fn lost(call: &Call, what: &str) -> Failure {
    if call.effect == Effect::Create {
        let message = format!("{what}. It may have happened all the same");
        return Failure::for_good(Error::Ambiguous { message, request_id: None });
    }
    Failure { error: Error::Transient { message: what.to_owned(), request_id: None }, again: Again::After(None) }
}

/// A deletion that succeeded in a way that no service's does is a proxy's word: those answer 202 or 204, and say nothing, or JSON.
pub(crate) fn page_instead(call: &Call, reply: &Reply) -> Option<Failure> {
    let said = reply.body.trim_ascii().is_empty() || serde_json::from_slice::<IgnoredAny>(&reply.body).is_ok();
    let own = said && DELETED.contains(&reply.status.as_u16());
    if own || call.effect != Effect::Delete {
        return None;
    }
    let (name, to, status) = (call.service.name(), call.to, reply.status.as_u16());
    let message = format!(
        "{name} was asked to {to} and answered {status}, which is not its own way to say that it is done; a proxy may be in between"
    );
    Some(Failure { error: Error::Transient { message, request_id: reply.request_id() }, again: Again::After(None) })
}

fn untrusted(service: Service, why: &str) -> Error {
    let name = service.name();
    wrong(format!(
        "the certificate that {name} shows is not trusted ({why}); put the CA's PEM text under the Secret's key cacert, or correct the address"
    ))
}

/// An answer beyond the limit.
fn too_long(call: &Call) -> Error {
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
