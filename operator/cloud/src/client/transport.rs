//! The HTTP clients of one cloud: whose certificates they believe, and which connections they keep.

use super::call::{Call, Effect};
use crate::config::{Trust, wrong};
use crate::{Error, Result};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Shorter than the keep-alive of the usual servers, so that they seldom close a connection just as it is used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("gantry/", env!("CARGO_PKG_VERSION"));

/// Two clients, as a creation must not meet a kept connection that the server closes at that moment.
pub(crate) struct Transport {
    kept: Client,
    fresh: Client,
}

impl Transport {
    /// # Errors
    /// [`Error::Config`] if the CA cannot be used.
    pub fn new(trust: &Trust) -> Result<Self> {
        let build = |builder: ClientBuilder| builder.build().map_err(|_| unusable_ca());
        Ok(Self { kept: build(builder(trust)?)?, fresh: build(builder(trust)?.pool_max_idle_per_host(0))? })
    }

    pub fn client(&self, call: &Call) -> &Client {
        match call.effect {
            Effect::Create => &self.fresh,
            Effect::Read | Effect::Delete => &self.kept,
        }
    }
}

fn builder(trust: &Trust) -> Result<ClientBuilder> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT);
    Ok(match trust {
        Trust::Anybody => builder.tls_danger_accept_invalid_certs(true),
        Trust::Only(pem) => {
            let certificates = Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| unusable_ca())?;
            if certificates.is_empty() {
                return Err(unusable_ca());
            }
            builder.tls_certs_only(certificates)
        }
        Trust::BuiltIn => builder.tls_certs_only(built_in()),
    })
}

/// Mozilla's roots; those that this version of the TLS library cannot read are left out.
fn built_in() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok())
}

fn unusable_ca() -> Error {
    wrong("the Secret's key cacert holds no certificate that can be used; put the CA's certificate there as PEM text")
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
