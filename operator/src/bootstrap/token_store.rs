//! Keeps one live bootstrap token per host in kube-system: made once, found again, renewed, taken away.

use std::future::Future;
use std::time::Duration;

use gantry_crds::LABEL_HOST_UID;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Client, ResourceExt};

use super::api_time::ApiTime;
use super::token::{self, MAX_ATTEMPTS, NAMESPACE, Owned, Token};

/// Each call to the API server ends within this time.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Tokens per page of a list.
const PAGE_SIZE: u32 = 500;
/// Pages of a list before it is taken for endless.
const MAX_PAGES: usize = 100;

/// What can go wrong with a token. Never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused or did not answer.
    #[error(
        "cannot {action} in namespace kube-system: {source}; check the operator's RBAC rules for Secrets there and that the API server is up"
    )]
    Api {
        /// What was tried, e.g. `create the bootstrap token abc123`.
        action: String,
        /// The answer.
        #[source]
        source: Box<kube::Error>,
    },
    /// The API server did not answer in time.
    #[error("cannot {action} in namespace kube-system: no answer within {CALL_TIMEOUT:?}; it is tried again")]
    Timeout {
        /// What was tried.
        action: String,
    },
    /// Every id that the host may have belongs to somebody else.
    #[error(
        "no bootstrap token for the host with UID {host_uid}: all {MAX_ATTEMPTS} Secrets that it may use exist and belong to others; delete stale Secrets bootstrap-token-* in kube-system"
    )]
    AllTaken {
        /// UID of the Host.
        host_uid: String,
    },
    /// The list of tokens did not come to an end.
    #[error(
        "the list of bootstrap tokens has more than {MAX_PAGES} pages of {PAGE_SIZE}; delete stale Secrets with the label gantry.cloud/host-uid in kube-system"
    )]
    Endless,
}

/// Where tokens are kept, and by whose clock they end.
#[derive(Clone, Copy)]
pub struct Store<'a> {
    /// The API server.
    pub client: &'a Client,
    /// Its clock.
    pub time: &'a ApiTime,
    /// Our clock now.
    pub wall: Timestamp,
}

impl Store<'_> {
    fn now(&self) -> Timestamp {
        self.time.now(self.wall)
    }
}

/// The host's token, made if it has none, renewed if less than half of its life is left. Safe to repeat.
pub async fn ensure(store: Store<'_>, host_uid: &str, host_name: &str) -> Result<Token, Error> {
    for attempt in 0..MAX_ATTEMPTS {
        if let Some(token) = try_attempt(store, host_uid, host_name, attempt).await? {
            return Ok(token);
        }
    }
    Err(Error::AllTaken { host_uid: host_uid.into() })
}

/// Creates the token of this attempt or takes over the one that is there; `None` if that one is not this host's.
async fn try_attempt(store: Store<'_>, host_uid: &str, host_name: &str, attempt: u8) -> Result<Option<Token>, Error> {
    let secrets = api(store.client);
    let fresh = token::generate(host_uid, attempt, &mut rand::rng());
    let object = token::secret_for(&fresh, host_uid, host_name, token::expiry(store.now()));
    let action = || format!("create the bootstrap token {}", fresh.id());
    match call(action(), secrets.create(&PostParams::default(), &object)).await {
        Ok(created) => {
            if store.time.learn_created(&created.metadata, store.wall) {
                write_end(store, created).await?;
            }
            return Ok(Some(fresh));
        }
        Err(e) if !e.is_conflict() => return Err(e),
        Err(_) => {}
    }
    let name = token::secret_name(fresh.id());
    let found = call(format!("read the Secret {name}"), secrets.get(&name)).await?;
    match token::parse(&found) {
        Some(owned) if owned.host_uid == host_uid => extend(store, found, owned).await.map(Some),
        _ => Ok(None),
    }
}

/// Keeps the token alive that the host's user data holds. `false`: there is none; another one would be of no use to the host.
pub async fn renew(store: Store<'_>, host_uid: &str) -> Result<bool, Error> {
    for attempt in 0..MAX_ATTEMPTS {
        let name = token::secret_name(&token::id_for(host_uid, attempt));
        let found = call(format!("read the Secret {name}"), api(store.client).get_opt(&name)).await?;
        let Some(found) = found else { return Ok(false) };
        if let Some(owned) = token::parse(&found).filter(|owned| owned.host_uid == host_uid) {
            extend(store, found, owned).await?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Extended when half of its life is over; and once anyway if this process has not learned yet what time the API server has.
async fn extend(store: Store<'_>, found: Secret, owned: Owned) -> Result<Token, Error> {
    if token::is_due(owned.expires, store.now()) || !store.time.is_known() {
        let written = write_end(store, found).await?;
        if store.time.learn_changed(&written.metadata, store.wall) {
            write_end(store, written).await?;
        }
    }
    Ok(owned.token)
}

async fn write_end(store: Store<'_>, mut secret: Secret) -> Result<Secret, Error> {
    let new = token::expiry(store.now());
    // While nobody knows whose clock is right, no token's life is made shorter.
    let end = token::parse(&secret).map(|owned| owned.expires).filter(|old| !store.time.is_known() && *old > new).unwrap_or(new);
    let expiration = ByteString(token::rfc3339(end).into_bytes());
    secret.data.get_or_insert_default().insert("expiration".into(), expiration);
    let name = secret.name_any();
    call(format!("renew the Secret {name}"), api(store.client).replace(&name, &PostParams::default(), &secret)).await
}

/// Takes away every token of the host; none left is success.
pub async fn delete(client: &Client, host_uid: &str) -> Result<(), Error> {
    let secrets = api(client);
    for secret in list_secrets(&secrets, &format!("{LABEL_HOST_UID}={host_uid}")).await? {
        let name = secret.name_any();
        if secret.type_.as_deref() != Some(token::SECRET_TYPE) {
            continue;
        }
        let preconditions = Preconditions { uid: secret.uid(), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
        match call(format!("delete the Secret {name}"), secrets.delete(&name, &params)).await {
            Err(e) if !e.is_gone() => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// Every token that Gantry made, live or expired.
pub async fn list(client: &Client) -> Result<Vec<Owned>, Error> {
    Ok(list_secrets(&api(client), LABEL_HOST_UID).await?.iter().filter_map(token::parse).collect())
}

async fn list_secrets(secrets: &Api<Secret>, selector: &str) -> Result<Vec<Secret>, Error> {
    let mut params = ListParams::default().labels(selector).limit(PAGE_SIZE);
    let mut all = Vec::new();
    for _ in 0..MAX_PAGES {
        let page = call("list bootstrap tokens".into(), secrets.list(&params)).await?;
        all.extend(page.items);
        match page.metadata.continue_ {
            Some(next) if !next.is_empty() => params = params.continue_token(&next),
            _ => return Ok(all),
        }
    }
    Err(Error::Endless)
}

fn api(client: &Client) -> Api<Secret> {
    Api::namespaced(client.clone(), NAMESPACE)
}

async fn call<T>(action: String, answer: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
    match tokio::time::timeout(CALL_TIMEOUT, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(Error::Api { action, source: Box::new(source) }),
        Err(_) => Err(Error::Timeout { action }),
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

    fn is_conflict(&self) -> bool {
        self.code() == Some(409)
    }

    /// Not there, or no longer the object that was read.
    fn is_gone(&self) -> bool {
        matches!(self.code(), Some(404 | 409))
    }
}

#[cfg(test)]
mod tests;
