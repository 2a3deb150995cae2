//! The transport of production: two HTTP clients, which believe the right certificates and keep connections where that is safe.

use crate::config::{CloudConfig, Trust, wrong};
use crate::{ANSWER_LIMIT_BYTES, CONNECT_LIMIT, Error, NoAnswer, Result, Transport};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use std::time::Duration;

/// Shorter than the keep-alive of the usual servers, so that they seldom close a connection just as it is used.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("gantry/", env!("CARGO_PKG_VERSION"));
/// Most characters of a cause that is passed on.
const CAUSE_LIMIT_CHARS: usize = 200;

/// Two clients, as a creation must not meet a kept connection that the server closes at that moment.
pub(crate) struct Sockets {
    kept: Client,
    fresh: Client,
}

impl Sockets {
    /// # Errors
    /// [`Error::Config`] if the CA or the client certificate cannot be used.
    pub fn new(config: &CloudConfig) -> Result<Self> {
        builder(config)?.build().map_err(|_| unusable_ca())?;
        let client = || showing(builder(config)?, config);
        let build = |builder: ClientBuilder| builder.build().map_err(|_| unusable_certificate());
        Ok(Self { kept: build(client()?)?, fresh: build(client()?.pool_max_idle_per_host(0))? })
    }
}

#[async_trait]
impl Transport for Sockets {
    async fn send(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, NoAnswer> {
        let client = if request.method() == Method::POST { &self.fresh } else { &self.kept };
        let request = request.try_into().map_err(|error: reqwest::Error| NoAnswer::Unreachable(cause(&error)))?;
        let mut response = client.execute(request).await.map_err(|error| no_answer(&error))?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| NoAnswer::Broken(cause(&error)))? {
            if body.len() + chunk.len() > ANSWER_LIMIT_BYTES {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    let why = cause(error);
    match error.is_connect() {
        true if why.contains("certificate") => NoAnswer::Untrusted(why),
        true => NoAnswer::Unreachable(why),
        false => NoAnswer::Broken(why),
    }
}

/// The innermost cause: the outer ones only say that there is one. An address in it holds no secret: it is the catalog's.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().chars().take(CAUSE_LIMIT_CHARS).collect()
}

fn builder(config: &CloudConfig) -> Result<ClientBuilder> {
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .no_proxy()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .pool_idle_timeout(IDLE_TIMEOUT);
    Ok(match &config.trust {
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

/// With the client's own certificate, if it has one.
fn showing(builder: ClientBuilder, config: &CloudConfig) -> Result<ClientBuilder> {
    match &config.client_certificate {
        Some(pem) => Ok(builder.identity(Identity::from_pem(pem.reveal().as_bytes()).map_err(|_| unusable_certificate())?)),
        None => Ok(builder),
    }
}

/// Mozilla's roots; those that this version of the TLS library cannot read are left out.
fn built_in() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok())
}

fn unusable_ca() -> Error {
    wrong("the Secret's key cacert holds no certificate that can be used; put the CA's certificate there as PEM text")
}

fn unusable_certificate() -> Error {
    wrong(
        "the client certificate cannot be used; put the certificate as PEM text under the Secret's key cert, and its private key, without a passphrase, under the key key",
    )
}

#[cfg(test)]
#[path = "sockets_tests.rs"]
mod tests;
