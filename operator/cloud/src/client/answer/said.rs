//! The sentences and meanings of each status, read from what the service said and how it said it.

use super::classify::{Again, Failure};
use super::reply::{Complaint, Reply};
use super::words::{harmless, plain, spent_resources};
use crate::Error;
use crate::client::call::{Call, Effect, Service};

/// Neutron's exceptions for a quota, and for a network without a free address, which is as spent as one.
const SPENT: [(&str, Option<&str>); 3] =
    [("OverQuota", None), ("IpAddressGenerationFailure", Some("fixed_ip")), ("ExternalIpAddressExhausted", Some("external_ip"))];
/// What a service says of a request that none of its kind takes: this client is wrong, not what was asked of it.
const OURS: [&str; 6] = [
    "Additional properties",
    "is a required property",
    "any of the regexes",
    "Unrecognized attribute",
    "not allowed in POST",
    "invalid format",
];
/// What a 400 says that is about the state of something, not about the request: Cinder's volume in use, Nova's volume that is taken.
const STATES: [&str; 2] = ["status must be", "already attached to"];

/// Neutron's exceptions for requests that contradict themselves, which it calls conflicts.
const CONTRADICTIONS: [&str; 2] = ["AddressPairAndPortSecurityRequired", "PortSecurityAndIPRequiredForSecurityGroups"];

/// Neutron's type for paths that it does not know and for what policy hides.
const NO_SUCH_PATH: &str = "HTTPNotFound";
/// Nova's and Cinder's text for paths that they do not know, under the key of what is gone.
const NO_SUCH_PAGE: &str = "The resource could not be found";

/// An answer to a call, with the service's own complaint if it is one.
pub(super) struct Said<'a> {
    call: &'a Call,
    reply: &'a Reply,
    complaint: Option<Complaint>,
}

impl<'a> Said<'a> {
    pub fn new(call: &'a Call, reply: &'a Reply) -> Self {
        let complaint = match call.service {
            Service::Image => reply.flat_complaint(),
            _ => reply.complaint(),
        };
        Self { call, reply, complaint }
    }

    /// Whether it is not the service that speaks: they write JSON, a proxy writes pages. Older Glances write a page for a 403.
    pub fn is_foreign(&self) -> bool {
        let pages = match self.call.service {
            Service::Compute | Service::Network | Service::Volume => true,
            Service::Image => self.reply.status.as_u16() != 403,
            Service::Identity => false,
        };
        pages && self.complaint.is_none()
    }

    /// What a proxy says of a request proves nothing, not even that it was not passed on.
    pub fn foreign(&self) -> Failure {
        let status = self.reply.status.as_u16();
        let message = self.sentence(&format!("answered {status}, but not in its own words, to the request to"));
        let request_id = self.id();
        Failure::for_good(match self.call.effect {
            Effect::Create => Error::Ambiguous { message: format!("{message}. It may have happened all the same"), request_id },
            Effect::Read | Effect::Delete => Error::Transient { message, request_id },
        })
    }

    pub fn redirect(&self) -> Error {
        let (name, word) = (self.call.service.name(), self.call.service.word());
        let message = format!(
            "{name} answered with a redirect, so its address is not quite right; correct it in the catalog, or set {word}_endpoint_override (auth_url for Keystone) in clouds.yaml"
        );
        Error::Config { message }
    }

    pub fn bad_request(&self) -> Error {
        let (text, request_id) = (self.text(), self.id());
        if self.call.service == Service::Identity {
            // The text is not shown: it can echo the password.
            return Error::Config { message: "Keystone finds the log-in malformed; check the auth part of clouds.yaml".to_owned() };
        }
        if let Some(quota) = self.quota() {
            return quota;
        }
        if STATES.iter().any(|part| text.contains(part)) {
            return Error::Conflict { message: self.sentence("could not"), request_id };
        }
        let message = self.sentence("does not accept the request to");
        if OURS.iter().any(|part| text.contains(part)) {
            Error::Bug { message, request_id }
        } else {
            Error::BadSpec { message, request_id }
        }
    }

    pub fn unauthorized(&self) -> Error {
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
    pub fn refused(&self) -> Error {
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
    pub fn not_found(&self) -> Failure {
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
            (_, false) => self.foreign(),
        }
    }

    fn own_not_found(&self) -> bool {
        match (&self.complaint, self.call.service) {
            (Some(c), Service::Compute | Service::Volume) => c.key == "itemNotFound" && !c.text.starts_with(NO_SUCH_PAGE),
            (Some(c), Service::Network) => c.key == "NeutronError" && c.kind.ends_with("NotFound") && c.kind != NO_SUCH_PATH,
            (Some(c), Service::Identity) => c.key == "error" && c.text.starts_with("Could not find"),
            (_, Service::Image) => {
                let words = self.reply.page_text();
                words.contains("No image found") || words.contains("Failed to find image")
            }
            (None, _) => false,
        }
    }

    pub fn conflict(&self) -> Error {
        if self.complaint.as_ref().is_some_and(|c| CONTRADICTIONS.contains(&c.kind.as_str())) {
            return Error::BadSpec { message: self.sentence("does not accept the request to"), request_id: self.id() };
        }
        self.quota().unwrap_or_else(|| Error::Conflict { message: self.sentence("could not"), request_id: self.id() })
    }

    pub fn too_large(&self) -> Failure {
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

    pub fn over_limit(&self) -> Failure {
        let retry_after = self.reply.retry_after();
        let message =
            format!("{} has too many requests to {} now; lower spec.pacing if this lasts", self.call.service.name(), self.call.to);
        Failure { error: Error::OverLimit { retry_after, message, request_id: self.id() }, again: Again::After(retry_after) }
    }

    pub fn broken(&self) -> Failure {
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

    pub fn bug(&self) -> Error {
        let message = format!("{} (status {})", self.sentence("gave an unexpected answer to the request to"), self.reply.status.as_u16());
        Error::Bug { message, request_id: self.id() }
    }

    /// A quota that is used up, if that is what the text or the type says.
    fn quota(&self) -> Option<Error> {
        let complaint = self.complaint.as_ref()?;
        let spent = SPENT.iter().find(|(kind, _)| *kind == complaint.kind);
        let spent = spent.map(|(_, resource)| resource.iter().map(|name| (*name).to_owned()).collect());
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
                _ if self.call.effect == Effect::Create || self.call.service == Service::Identity => {
                    format!("status {} with a page that is not the service's", self.reply.status.as_u16())
                }
                text => text,
            },
        }
    }
}
