//! What Nova, Neutron and Cinder take, checked before it is sent: their own refusals echo what was sent, user data too.

use crate::{Error, Mark, Result};
use std::collections::BTreeMap;

pub(super) const NAME_LIMIT_CHARS: usize = 255;
const TAGS_LIMIT: usize = 50;
const TAG_LIMIT_CHARS: usize = 60;
const METADATA_LIMIT: usize = 128;
const METADATA_LIMIT_CHARS: usize = 255;

/// The user's tags with the mark's, which are the first.
///
/// # Errors
/// [`Error::BadSpec`] if they are too many, too long or not allowed.
pub(super) fn tags(own: &[String], mark: &Mark) -> Result<Vec<String>> {
    let mut tags = mark.tags();
    for tag in own {
        if !tags.contains(tag) && !Mark::is_tag(tag) {
            tags.push(tag.clone());
        }
    }
    if tags.len() > TAGS_LIMIT {
        return wrong(format!("there are {} tags with Gantry's own, but {TAGS_LIMIT} are the limit", tags.len()));
    }
    for tag in &tags {
        if tag.is_empty() || tag.chars().count() > TAG_LIMIT_CHARS || tag.contains([',', '/']) {
            return wrong(format!("the tag {tag:?} must have 1 to {TAG_LIMIT_CHARS} characters, without commas and slashes"));
        }
    }
    Ok(tags)
}

/// The user's metadata with the mark's, which wins.
///
/// # Errors
/// [`Error::BadSpec`] if there are too many items, or too long ones.
pub(super) fn metadata(own: &BTreeMap<String, String>, mark: &Mark) -> Result<BTreeMap<String, String>> {
    let mut items = own.clone();
    items.extend(mark.metadata());
    if items.len() > METADATA_LIMIT {
        return wrong(format!("there are {} metadata items with Gantry's own, but {METADATA_LIMIT} are the limit", items.len()));
    }
    for (key, value) in &items {
        if key.is_empty() || key.chars().count() > METADATA_LIMIT_CHARS || value.chars().count() > METADATA_LIMIT_CHARS {
            return wrong(format!("metadata keys and values must not exceed {METADATA_LIMIT_CHARS} characters each"));
        }
    }
    Ok(items)
}

/// A name that may be given.
///
/// # Errors
/// [`Error::BadSpec`] for one that is empty or too long.
pub(super) fn name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > NAME_LIMIT_CHARS {
        return wrong(format!("a {what}'s name must have 1 to {NAME_LIMIT_CHARS} characters"));
    }
    Ok(())
}

pub(super) fn wrong<T>(message: String) -> Result<T> {
    Err(Error::BadSpec { message, request_id: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { host: Some("h".to_owned()), cluster: "c".to_owned() }
    }

    #[test]
    fn the_mark_wins_over_the_user() {
        let own = BTreeMap::from([("gantry-host".to_owned(), "forged".to_owned()), ("role".to_owned(), "web".to_owned())]);
        let expected = [("gantry-cluster", "c"), ("gantry-host", "h"), ("role", "web")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(metadata(&own, &mark()).unwrap(), BTreeMap::from(expected));
        let own = ["web", "gantry-host:h", "gantry-host:forged", "web"].map(str::to_owned);
        assert_eq!(tags(&own, &mark()).unwrap(), ["gantry-host:h", "gantry-cluster:c", "web"]);
    }

    #[test]
    fn what_exceeds_a_limit_is_told() {
        let many: Vec<String> = (0..49).map(|i| i.to_string()).collect();
        assert!(tags(&many[..48], &mark()).is_ok());
        for own in [&many[..], &["t".repeat(61)], &["a/b".to_owned()], &["a,b".to_owned()], &[String::new()]] {
            assert!(matches!(tags(own, &mark()), Err(Error::BadSpec { .. })), "{own:?}");
        }
        let items = |count: usize| (0..count).map(|i| (i.to_string(), String::new())).collect::<BTreeMap<_, _>>();
        assert!(metadata(&items(126), &mark()).is_ok());
        for own in [items(127), BTreeMap::from([("k".to_owned(), "v".repeat(256))]), BTreeMap::from([(String::new(), String::new())])] {
            assert!(matches!(metadata(&own, &mark()), Err(Error::BadSpec { .. })));
        }
        assert!(name("port", &"é".repeat(255)).is_ok() && name("port", "").is_err() && name("port", &"n".repeat(256)).is_err());
    }
}
