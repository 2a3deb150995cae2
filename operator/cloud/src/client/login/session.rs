//! One token for all calls: fetched once by whoever comes first, renewed before it ends, kept from hammering Keystone.

use super::catalog::Endpoints;
use crate::config::Secret;
use crate::{Error, Result};
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token and what came with it.
#[derive(Debug)]
pub(crate) struct Session {
    pub token: Secret,
    pub project_id: String,
    pub endpoints: Endpoints,
    issued: Instant,
    renew: Instant,
    expires: Instant,
}

/// Share of a token's life after which it is renewed.
const RENEW_AT: f64 = 0.8;
/// A token that is refused at this age is not worth a new one.
const YOUNG: Duration = Duration::from_secs(1);
const FIRST_DELAY: Duration = Duration::from_secs(1);
const DELAY_LIMIT: Duration = Duration::from_secs(60);

impl Session {
    /// A session whose token was asked for at `issued`.
    pub fn new(token: Secret, project_id: String, endpoints: Endpoints, issued: Instant, life: Duration) -> Self {
        let (renew, expires) = (issued + life.mul_f64(RENEW_AT), issued + life);
        Self { token, project_id, endpoints, issued, renew, expires }
    }

    /// The same, for a token that has no successor.
    pub fn used_to_its_end(self) -> Self {
        Self { renew: self.expires, ..self }
    }
}

/// Logs in; the one thing that [`Sessions`] does not know.
pub(crate) trait LogIn {
    /// A new session.
    fn log_in(&self) -> impl Future<Output = Result<Session>> + Send;
}

/// The session in use, and the memory of log-ins that failed.
#[derive(Default)]
pub(crate) struct Sessions {
    current: ArcSwapOption<Session>,
    failures: Mutex<Failures>,
}

/// Kept under the lock that makes log-ins one at a time.
#[derive(Default)]
struct Failures {
    last: Option<(Error, Instant)>,
    delay: Duration,
}

impl Sessions {
    /// A session whose token is good as far as is known.
    pub async fn get(&self, keystone: &impl LogIn) -> Result<Arc<Session>> {
        let now = Instant::now();
        match self.current.load_full() {
            Some(session) if now < session.renew => Ok(session),
            // One caller renews; the others go on with what still holds. If renewal fails, so does that one.
            Some(session) if now < session.expires => match self.failures.try_lock() {
                Ok(mut failures) => Ok(self.log_in(keystone, &mut failures, &session).await.unwrap_or(session)),
                Err(_) => Ok(session),
            },
            stale => self.replace(keystone, stale.as_ref()).await,
        }
    }

    /// A session other than `refused`, whose token a service did not accept.
    pub async fn renew(&self, keystone: &impl LogIn, refused: &Arc<Session>) -> Result<Arc<Session>> {
        self.replace(keystone, Some(refused)).await
    }

    async fn replace(&self, keystone: &impl LogIn, old: Option<&Arc<Session>>) -> Result<Arc<Session>> {
        let mut failures = self.failures.lock().await;
        if let Some(current) = self.current.load_full()
            && !old.is_some_and(|old| Arc::ptr_eq(old, &current))
        {
            return Ok(current);
        }
        match old {
            Some(old) => self.log_in(keystone, &mut failures, old).await,
            None => self.attempt(keystone, &mut failures).await,
        }
    }

    async fn log_in(&self, keystone: &impl LogIn, failures: &mut Failures, old: &Arc<Session>) -> Result<Arc<Session>> {
        if let Some(current) = self.current.load_full()
            && !Arc::ptr_eq(&current, old)
        {
            return Ok(current);
        }
        if old.issued.elapsed() < YOUNG {
            let message = "a service refuses the token that Keystone has just issued; check that the application credential's access rules allow the call, and that catalog and auth_url belong to one cloud";
            return Err(Error::Unauthorized { message: message.to_owned(), request_id: None });
        }
        self.attempt(keystone, failures).await
    }

    async fn attempt(&self, keystone: &impl LogIn, failures: &mut Failures) -> Result<Arc<Session>> {
        if let Some((error, until)) = &failures.last
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        match keystone.log_in().await {
            Ok(session) => {
                let session = Arc::new(session);
                self.current.store(Some(session.clone()));
                *failures = Failures::default();
                Ok(session)
            }
            Err(error) => {
                failures.delay = (failures.delay * 2).clamp(FIRST_DELAY, DELAY_LIMIT);
                failures.last = Some((error.clone(), Instant::now() + failures.delay));
                Err(error)
            }
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
