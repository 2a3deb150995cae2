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

/// How the next page of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// By the marker in the link that a page ends with.
    Linked,
    /// By the number of entries so far; the list ends with an empty page.
    Counted,
}

/// One page as a service writes it.
pub(crate) trait Page: DeserializeOwned + Send {
    type Item: Send;
    const NEXT: Next = Next::Linked;
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

/// Why a list was not read to its end.
enum Stop {
    /// The entry that the next page begins after has gone meanwhile.
    LostPlace,
    Failed(Error),
}

/// All entries of a list.
pub(crate) async fn all<P: Page>(engine: &Engine, list: &List<'_>) -> Result<Vec<P::Item>> {
    let read = async {
        for _ in 0..STARTS {
            match once::<P>(engine, list).await {
                Ok(items) => return Ok(items),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::LostPlace) => {}
            }
        }
        // A marker that goes each time is a list that changes too fast, not a wrong request.
        Err(transient(list.call, "lost its place each time"))
    };
    match timeout(LIST_DEADLINE, read).await {
        Ok(result) => result,
        Err(_) => Err(transient(list.call, "took too long")),
    }
}

/// A marker that has gone is a 400 of Nova and Glance, a 404 of Cinder and Neutron. A list itself is never "not found".
fn stop(call: &Call, at_marker: Option<&Place>, error: Error) -> Stop {
    match error {
        Error::BadSpec { .. } | Error::NotFound { .. } if at_marker.is_some() => Stop::LostPlace,
        Error::NotFound { .. } => Stop::Failed(transient(call, "found nothing that is a list")),
        other => Stop::Failed(other),
    }
}

async fn once<P: Page>(engine: &Engine, list: &List<'_>) -> std::result::Result<Vec<P::Item>, Stop> {
    let (mut items, mut ids, mut places, mut count) = (Vec::new(), HashSet::new(), HashSet::new(), 0);
    let mut place: Option<Place> = None;
    for _ in 0..PAGE_LIMIT {
        let mut query = list.filter.to_vec();
        query.extend(place.as_ref().map(|(key, value)| (*key, value.as_str())));
        let reply = engine.run(Ask::of(list.call).priority(list.priority).query(&query)).await;
        let reply = reply.map_err(|error| stop(list.call, place.as_ref(), error))?;
        let page: P = serde_json::from_slice(&reply.body).map_err(|_| Stop::Failed(unreadable(list.call, &reply)))?;
        let (page, link) = page.split();
        count += page.len();
        place = match P::NEXT {
            Next::Linked => link.map(|link| linked(list.call, &link)).transpose().map_err(Stop::Failed)?,
            Next::Counted => (!page.is_empty()).then(|| ("offset", count.to_string())),
        };
        items.extend(page.into_iter().filter(|item| ids.insert(P::id(item).to_owned())));
        let Some((_, value)) = &place else {
            return Ok(items);
        };
        if !places.insert(value.clone()) {
            return Err(Stop::Failed(bug(list.call, "comes back to a page that was read already")));
        }
    }
    Err(Stop::Failed(bug(list.call, "has more pages than are read")))
}

/// Where the next page begins, as a key and value of the query.
type Place = (&'static str, String);

fn linked(call: &Call, link: &str) -> Result<Place> {
    let marker = marker_of(link).ok_or_else(|| bug(call, "has a next page without a marker"))?;
    Ok(("marker", marker))
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

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
