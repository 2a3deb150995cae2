//! Writes a verdict into a certificate signing request, through the approval subresource and without erasing what others wrote.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Client;
use kube::api::{Api, PostParams};

use super::approve::Verdict;
use crate::kube::csr::Csr;

/// Each call to the API server ends within this time.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Writes that may meet another writer's before the verdict is left for the next round.
const MAX_TRIES: usize = 3;
const REASON: &str = "GantryHost";

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is written.
    Written,
    /// Somebody has decided before, the request is gone, or it is no longer the one that was judged.
    Moot,
    /// The verdict asks for nothing to be written.
    Nothing,
}

/// Why a verdict could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused or did not answer.
    #[error(
        "cannot {action} the certificate signing request {name}: {source}; check that the operator may update certificatesigningrequests/approval and approve the kubelet signers"
    )]
    Api {
        /// `read` or `decide`.
        action: &'static str,
        /// The request's name.
        name: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server did not answer in time.
    #[error("cannot {action} the certificate signing request {name}: no answer within {CALL_TIMEOUT:?}; it is tried again")]
    Timeout {
        /// `read` or `decide`.
        action: &'static str,
        /// The request's name.
        name: String,
    },
    /// Others kept writing to it.
    #[error("the certificate signing request {name} changed {MAX_TRIES} times while a verdict was written; it is judged again")]
    Busy {
        /// The request's name.
        name: String,
    },
}

/// Writes `verdict` into the request that `judged` was read from.
pub async fn write(client: &Client, judged: &Csr, verdict: &Verdict, now: Timestamp) -> Result<Outcome, Error> {
    let Some(condition) = condition(verdict, now) else { return Ok(Outcome::Nothing) };
    let requests: Api<CertificateSigningRequest> = Api::all(client.clone());
    for _ in 0..MAX_TRIES {
        match write_once(&requests, judged, condition.clone()).await {
            Err(e) if e.code() == Some(409) => {}
            Err(e) if e.code() == Some(404) => return Ok(Outcome::Moot),
            other => return other,
        }
    }
    Err(Error::Busy { name: judged.name.clone() })
}

async fn write_once(
    requests: &Api<CertificateSigningRequest>,
    judged: &Csr,
    condition: CertificateSigningRequestCondition,
) -> Result<Outcome, Error> {
    let name = judged.name.as_str();
    let mut current = call("read", name, requests.get(name)).await?;
    // Csr::read gives None for a request that is decided; and who deleted it could have made another one of the same name.
    if Csr::read(current.clone()).as_ref() != Some(judged) {
        return Ok(Outcome::Moot);
    }
    current.status.get_or_insert_default().conditions.get_or_insert_default().push(condition);
    let params = PostParams::default();
    call("decide", name, requests.replace_subresource("approval", name, &params, &current)).await.map(|_| Outcome::Written)
}

fn condition(verdict: &Verdict, now: Timestamp) -> Option<CertificateSigningRequestCondition> {
    let (type_, message) = match verdict {
        Verdict::Approve => ("Approved", "Gantry: the request comes from the host that it names".to_string()),
        Verdict::Deny(reason) => ("Denied", format!("Gantry: {reason}")),
        Verdict::Ignore | Verdict::Wait(_) => return None,
    };
    Some(CertificateSigningRequestCondition {
        type_: type_.into(),
        status: "True".into(),
        reason: Some(REASON.into()),
        message: Some(message),
        last_update_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
    })
}

async fn call<T>(action: &'static str, name: &str, answer: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
    match tokio::time::timeout(CALL_TIMEOUT, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(Error::Api { action, name: name.into(), source: Box::new(source) }),
        Err(_) => Err(Error::Timeout { action, name: name.into() }),
    }
}

impl Error {
    fn code(&self) -> Option<u16> {
        match self {
            Self::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
