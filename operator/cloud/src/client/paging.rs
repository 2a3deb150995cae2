//! Reads a list to its end, page by page: whole or not at all.

use super::answer::unreadable;
use super::ask::Ask;
use super::call::Call;
use super::engine::Engine;
use crate::{Error, Priority, Result};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::timeout;

/// Most pages of one list.
const PAGE_LIMIT: usize = 200;
/// Time for all pages of a list.
const LIST_DEADLINE: Duration = Duration::from_secs(300);
/// Most times that a list is begun: a marker can go while it is read.
const STARTS: u32 = 3;

/// One page as a service writes it.
pub(crate) trait Page: DeserializeOwned + Send {
    type Item: Send;
    /// The entries, and the address of the next page if there is one.
    fn split(self) -> (Vec<Self::Item>, Option<String>);
    /// What an entry is known by: two of the same are one.
    fn id(item: &Self::Item) -> &str;
}

/// A list with its filter.
pub(crate) struct List<'a> {
    pub call: &'static Call,
    pub priority: Priority,
    pub filter: &'a [(&'a str, &'a str)],
}

/// All entries of a list.
pub(crate) async fn all<P: Page>(engine: &Engine, list: &List<'_>) -> Result<Vec<P::Item>> {
    let read = async {
        for _ in 1..STARTS {
            match once::<P>(engine, list).await {
                Err(Error::BadSpec { message, .. }) if message.contains("marker") => continue,
                other => return other,
            }
        }
        once::<P>(engine, list).await.map_err(|error| unsteady(list.call, error))
    };
    match timeout(LIST_DEADLINE, read).await {
        Ok(result) => result,
        Err(_) => Err(transient(list.call, "took too long")),
    }
}

async fn once<P: Page>(engine: &Engine, list: &List<'_>) -> Result<Vec<P::Item>> {
    let (mut items, mut ids, mut markers) = (Vec::new(), HashSet::new(), HashSet::new());
    let mut marker: Option<String> = None;
    for _ in 0..PAGE_LIMIT {
        let mut query = list.filter.to_vec();
        query.extend(marker.as_deref().map(|marker| ("marker", marker)));
        let reply = engine.run(Ask::of(list.call).priority(list.priority).query(&query)).await?;
        let page: P = serde_json::from_slice(&reply.body).map_err(|_| unreadable(list.call, &reply))?;
        let (page, next) = page.split();
        items.extend(page.into_iter().filter(|item| ids.insert(P::id(item).to_owned())));
        let Some(next) = next else {
            return Ok(items);
        };
        let next = marker_of(&next).ok_or_else(|| bug(list.call, "has a next page without a marker"))?;
        if !markers.insert(next.clone()) {
            return Err(bug(list.call, "comes back to a page that was read already"));
        }
        marker = Some(next);
    }
    Err(bug(list.call, "has more pages than are read"))
}

/// The marker in a link. Only that is taken: the token goes to no address but the catalog's.
fn marker_of(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.into_iter().find(|(key, _)| key == "marker").map(|(_, value)| value.into_owned()).filter(|marker| !marker.is_empty())
}

fn bug(call: &Call, what: &str) -> Error {
    let message = format!("{}'s answer when asked to {} {what}", call.service.name(), call.to);
    Error::Bug { message, request_id: None }
}

fn transient(call: &Call, what: &str) -> Error {
    let message = format!("{} {what} when asked to {}", call.service.name(), call.to);
    Error::Transient { message, request_id: None }
}

/// A marker that goes each time is a list that changes too fast, not a wrong request.
fn unsteady(call: &Call, error: Error) -> Error {
    match error {
        Error::BadSpec { message, .. } if message.contains("marker") => transient(call, "lost its place"),
        other => other,
    }
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
