//! The same judgement for a table or a test that has no client: what an answer of a service means.

use super::classify::classify;
use super::reply::Reply;
use crate::client::call::{Call, Effect, Service};
use crate::{Error, Priority};
use bytes::Bytes;
use std::time::Duration;

/// What an answer outside 200-299 means that `service` gave to a request with this `effect`. Pure; no bytes make it panic.
///
/// A `status` that HTTP does not have is read as 500.
pub fn meaning(service: Service, effect: Effect, status: u16, body: &[u8]) -> Error {
    let to = match effect {
        Effect::Read => "show it",
        Effect::Delete => "delete it",
        Effect::Create => "create it",
    };
    let (path, timeout, priority) = ("", Duration::ZERO, Priority::Normal);
    let call = Call { name: "meaning", to, service, effect, path, timeout, priority };
    let mut answer = http::Response::new(Bytes::copy_from_slice(body));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    classify(&call, &Reply::new(answer)).error
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: [Service; 5] = [Service::Identity, Service::Compute, Service::Network, Service::Image, Service::Volume];
    const EFFECTS: [Effect; 3] = [Effect::Read, Effect::Delete, Effect::Create];

    #[test]
    fn it_is_the_judgement_of_the_client() {
        let body = br#"{"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 2, but already used 4 of 4 cores"}}"#;
        let error = meaning(Service::Compute, Effect::Create, 403, body);
        assert_eq!(error.category(), "QuotaExceeded");
        assert!(error.message().starts_with("Nova refused to create it: Quota exceeded for cores"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(status in 0u16..1100, body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            for service in SERVICES {
                for effect in EFFECTS {
                    meaning(service, effect, status, &body);
                }
            }
        }
    }
}
