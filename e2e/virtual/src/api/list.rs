//! Lists: pages that belong together, as of the version of the first one.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::chaos::Effect;
use super::server::{Asked, State};
use super::status::Refusal;

/// Where the next page begins: the version of the first page and how many objects were shown.
struct Next {
    version: u64,
    shown: usize,
}

impl Next {
    fn read(token: &str) -> Result<Option<Self>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        let text = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let numbers = text.split_once('/').and_then(|(version, shown)| Some((version.parse().ok()?, shown.parse().ok()?)));
        let (version, shown) = numbers.ok_or_else(|| Refusal::bad_request("continue key is not valid"))?;
        Ok(Some(Self { version, shown }))
    }

    fn token(&self) -> String {
        STANDARD.encode(format!("{}/{}", self.version, self.shown))
    }
}

pub(super) fn answer(state: &State, asked: &Asked, effect: Option<&Effect>) -> Result<(u16, Value), Refusal> {
    let (kind, namespace, store) = (asked.target.kind, asked.target.namespace.as_str(), &state.store);
    let next = Next::read(asked.parameter("continue"))?;
    let as_of = match effect {
        Some(Effect::AsOf(version)) => Some(*version),
        _ => None,
    };
    let version = next.as_ref().map(|next| next.version).or(as_of).unwrap_or(store.version());
    if version < store.forgotten() {
        return Err(Refusal::expired("The provided continue parameter is too old to display a consistent list result."));
    }
    let selector = asked.selector()?;
    let is_meant =
        |object: &&Arc<Value>| (namespace.is_empty() || object["metadata"]["namespace"] == namespace) && selector.matches(object);
    let shown = next.map_or(0, |next| next.shown);
    let limit = asked.parameter("limit").parse().ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let then: Vec<Arc<Value>>;
    let (page, meant) = if matches!(effect, Some(Effect::Empty)) {
        (Vec::new(), 0)
    } else if store.changes_after(version).any(|change| change.plural == kind.plural) {
        then = store.list_at(kind, version);
        page(then.iter().filter(is_meant), shown, limit)
    } else {
        page(store.list(kind, namespace).map(|(_, object)| object).filter(is_meant), shown, limit)
    };
    let mut meta = json!({"resourceVersion": version.to_string()});
    let left = meant.saturating_sub(shown + page.len());
    if left > 0 {
        meta["continue"] = Next { version, shown: shown + page.len() }.token().into();
        meta["remainingItemCount"] = left.into();
    }
    Ok((200, json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": meta, "items": page})))
}

/// A copy of what is shown, and how many there are in all.
fn page<'a>(meant: impl Iterator<Item = &'a Arc<Value>>, shown: usize, limit: usize) -> (Vec<Value>, usize) {
    let (mut page, mut count) = (Vec::new(), 0);
    for object in meant {
        if count >= shown && page.len() < limit {
            page.push((**object).clone());
        }
        count += 1;
    }
    (page, count)
}
