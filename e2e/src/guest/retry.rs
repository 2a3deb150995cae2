//! Repeats a call to the API server while what is wrong may pass, for a limited time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Pause between two tries.
pub const PAUSE: Duration = Duration::from_secs(1);

/// Longest time that a call is repeated (kubeadm's default `timeouts.discovery`).
const TRY_FOR_MAX: Duration = Duration::from_secs(300);

/// Longest time that "unauthorized" is repeated: a fresh bootstrap token takes a moment to reach every API server.
const UNAUTHORIZED_FOR_MAX: Duration = Duration::from_secs(30);

/// Calls until it works, until the error is final, or until its time is up.
///
/// # Errors
/// The last error of the call, with `what` it was for.
pub async fn until_done<T, F, C>(what: &str, mut call: C) -> Result<T>
where
    F: Future<Output = kube::Result<T>>,
    C: FnMut() -> F,
{
    let start = Instant::now();
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if start.elapsed() >= patience(code(&error)) {
            return Err(error).with_context(|| format!("could not {what}"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// HTTP status of an API error; `None` if the API server did not answer.
pub fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

fn patience(code: Option<u16>) -> Duration {
    match code {
        Some(401) => UNAUTHORIZED_FOR_MAX,
        None | Some(429 | 500..) => TRY_FOR_MAX,
        Some(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_repeated() {
        assert_eq!(patience(None), TRY_FOR_MAX);
        assert_eq!(patience(Some(503)), TRY_FOR_MAX);
        assert_eq!(patience(Some(401)), UNAUTHORIZED_FOR_MAX);
        assert_eq!(patience(Some(403)), Duration::ZERO);
    }
}
