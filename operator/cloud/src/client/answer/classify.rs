//! What an answer that is no success means: by text and type, as HTTP codes overlap.

use super::reply::{Complaint, Reply};
use super::words::{harmless, plain, spent_resources};
use crate::Error;
use crate::client::call::{Call, Effect, Service};
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
    /// Waiting, at least this long.
    After(Option<Duration>),
}

impl Failure {
    pub fn for_good(error: Error) -> Self {
        Self { error, again: Again::Never }
    }
}

/// Neutron's exceptions for a quota, and for a network without a free address, which is as spent as one.
const SPENT: [&str; 2] = ["OverQuota", "IpAddressGenerationFailure"];
/// What Nova or Neutron say of a request that none of them takes: this client is wrong, not what was asked of it.
const OURS: [&str; 6] = [
    "Additional properties",
    "is a required property",
    "any of the regexes",
    "Unrecognized attribute",
    "not allowed in POST",
    "invalid format",
];

/// Neutron's type for paths that it does not know and for what policy hides.
const NO_SUCH_PATH: &str = "HTTPNotFound";

/// The meaning of an answer outside 200-299.
pub(crate) fn classify(call: &Call, reply: &Reply) -> Failure {
    let said = Said { call, reply, complaint: reply.complaint() };
    match reply.status.as_u16() {
        300..=399 => Failure::for_good(said.redirect()),
        400 => Failure::for_good(said.bad_request()),
        401 => Failure { error: said.unauthorized(), again: Again::WithNewToken },
        403 => Failure::for_good(said.refused()),
        404 => said.not_found(),
        406 => Failure::for_good(said.bug()),
        409 => Failure::for_good(said.conflict()),
        413 => said.too_large(),
        429 | 498 => said.over_limit(),
        408 | 425 | 500..=599 => said.broken(),
        _ => Failure::for_good(said.bug()),
    }
}

struct Said<'a> {
    call: &'a Call,
    reply: &'a Reply,
    complaint: Option<Complaint>,
}

impl Said<'_> {
    fn redirect(&self) -> Error {
        let (name, word) = (self.call.service.name(), self.call.service.word());
        let message = format!(
            "{name} answered with a redirect, so its address is not quite right; correct it in the catalog, or set {word}_endpoint_override (auth_url for Keystone) in clouds.yaml"
        );
        Error::Config { message }
    }

    fn bad_request(&self) -> Error {
        let (text, request_id) = (self.text(), self.id());
        if self.call.service == Service::Identity {
            // The text is not shown: it can echo the password.
            return Error::Config { message: "Keystone finds the log-in malformed; check the auth part of clouds.yaml".to_owned() };
        }
        if let Some(quota) = self.quota() {
            return quota;
        }
        let message = self.sentence("does not accept the request to");
        if OURS.iter().any(|part| text.contains(part)) {
            Error::Bug { message, request_id }
        } else {
            Error::BadSpec { message, request_id }
        }
    }

    fn unauthorized(&self) -> Error {
        let message = match self.call.service {
            Service::Identity => format!("Keystone does not accept the credentials: {}. Check the auth part of clouds.yaml", self.shown()),
            service => format!(
                "{} does not accept the token with which it was asked to {}; if this lasts, the application credential's access rules leave it out, or the service does not trust this Keystone",
                service.name(),
                self.call.to
            ),
        };
        Error::Unauthorized { message, request_id: self.id() }
    }

    /// 403 has three meanings: quota, a limit on what was asked for, and no right to it.
    fn refused(&self) -> Error {
        if let Some(quota) = self.quota() {
            return quota;
        }
        let message = self.sentence("refused to");
        if self.text().starts_with("Maximum number of") {
            return Error::BadSpec { message, request_id: self.id() };
        }
        Error::Forbidden { message, request_id: self.id() }
    }

    /// 404 means gone only in the service's own words; a proxy, a wrong address or a lost credential says 404 too.
    fn not_found(&self) -> Failure {
        let request_id = self.id();
        match (self.call.service, self.own_not_found()) {
            (Service::Identity, true) => Failure::for_good(self.unauthorized()),
            (Service::Identity, false) => Failure::for_good(Error::Config {
                message: "there is no Keystone at auth_url (404); write its address, which often ends in :5000/v3 or /identity/v3"
                    .to_owned(),
            }),
            (_, true) if self.call.effect == Effect::Create => {
                Failure::for_good(Error::BadSpec { message: self.sentence("does not accept the request to"), request_id })
            }
            (_, true) => Failure::for_good(Error::NotFound { message: self.sentence("was asked to"), request_id }),
            (_, false) => {
                let message = self.sentence("answered 404, but not in its own words, to the request to");
                Failure::for_good(Error::Transient { message, request_id })
            }
        }
    }

    fn own_not_found(&self) -> bool {
        match (&self.complaint, self.call.service) {
            (Some(c), Service::Compute) => c.key == "itemNotFound",
            (Some(c), Service::Network) => c.key == "NeutronError" && c.kind.ends_with("NotFound") && c.kind != NO_SUCH_PATH,
            (Some(c), Service::Identity) => c.key == "error" && c.text.starts_with("Could not find"),
            (_, Service::Image) => {
                let words = self.reply.page_text();
                words.contains("No image found") || words.contains("Failed to find image")
            }
            (None, _) => false,
        }
    }

    fn conflict(&self) -> Error {
        self.quota().unwrap_or_else(|| Error::Conflict { message: self.sentence("could not"), request_id: self.id() })
    }

    fn too_large(&self) -> Failure {
        if let Some(quota) = self.quota() {
            return Failure::for_good(quota);
        }
        if self.reply.retry_after().is_some() || self.complaint.as_ref().is_some_and(|c| c.key == "overLimit") {
            return self.over_limit();
        }
        let message =
            format!("{} found the request to {} too large; make user data or metadata smaller", self.call.service.name(), self.call.to);
        Failure::for_good(Error::BadSpec { message, request_id: self.id() })
    }

    fn over_limit(&self) -> Failure {
        let retry_after = self.reply.retry_after();
        let message =
            format!("{} has too many requests to {} now; lower spec.pacing if this lasts", self.call.service.name(), self.call.to);
        Failure { error: Error::OverLimit { retry_after, message, request_id: self.id() }, again: Again::After(retry_after) }
    }

    fn broken(&self) -> Failure {
        let status = self.reply.status.as_u16();
        let (name, to, request_id) = (self.call.service.name(), self.call.to, self.id());
        let again = match status {
            502..=504 => Again::After(self.reply.retry_after()),
            _ => Again::Never,
        };
        let error = if self.call.effect == Effect::Create {
            let message = format!("{name} answered {status} when asked to {to}: {}. It may have happened all the same", self.shown());
            Error::Ambiguous { message, request_id }
        } else {
            Error::Transient { message: format!("{name} answered {status} when asked to {to}: {}", self.shown()), request_id }
        };
        Failure { error, again }
    }

    fn bug(&self) -> Error {
        let message = format!("{} (status {})", self.sentence("gave an unexpected answer to the request to"), self.reply.status.as_u16());
        Error::Bug { message, request_id: self.id() }
    }

    /// A quota that is used up, if that is what the text or the type says.
    fn quota(&self) -> Option<Error> {
        let complaint = self.complaint.as_ref()?;
        let spent = SPENT.contains(&complaint.kind.as_str()).then(Vec::new);
        let resources = spent_resources(&complaint.text).or(spent)?;
        let message = format!("{}. Raise the quota or free some", self.sentence("refused to"));
        Some(Error::Quota { resources, message, request_id: self.id() })
    }

    fn sentence(&self, verb: &str) -> String {
        format!("{} {verb} {}: {}", self.call.service.name(), self.call.to, self.shown())
    }

    fn text(&self) -> String {
        self.complaint.as_ref().map(|c| c.text.clone()).unwrap_or_default()
    }

    fn id(&self) -> Option<String> {
        self.reply.request_id()
    }

    /// The service's text as far as it may be shown.
    fn shown(&self) -> String {
        match &self.complaint {
            Some(complaint) => plain(harmless(&complaint.text).trim_end_matches(['.', ' '])),
            None => match self.reply.page_text() {
                text if text.is_empty() => format!("status {} without a text", self.reply.status.as_u16()),
                _ if self.call.effect == Effect::Create => {
                    format!("status {} with a page that is not the service's", self.reply.status.as_u16())
                }
                text => text,
            },
        }
    }
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
