//! Waiting with a limit, and saying what was seen last when the limit is reached.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a condition is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// A condition that holds, or what was seen instead.
pub type Seen<T> = Result<T, String>;

/// Looks until `look` holds; the time that it took.
///
/// # Errors
/// After `limit`, with what was seen last.
pub async fn until<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Seen<T>>,
{
    let start = Instant::now();
    loop {
        match look().await {
            Ok(value) => return Ok(value),
            Err(seen) if start.elapsed() >= limit => bail!("waited {} s for {what}; last seen: {seen}", limit.as_secs()),
            Err(_) => tokio::time::sleep(EVERY).await,
        }
    }
}
