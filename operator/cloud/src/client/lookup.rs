//! From what is meant to the filter that finds it, and the comparison after: services ignore filters that they do not know.

use crate::wire::neutron_offer::WireNamed;
use crate::{Error, Lookup, Result};

/// The query for Neutron.
///
/// # Errors
/// [`Error::BadSpec`] for labels that say nothing or that Neutron does not have.
pub(super) fn neutron_filter(by: &Lookup) -> Result<Vec<(&'static str, String)>> {
    check(by)?;
    Ok(match by {
        Lookup::Id(id) => vec![("id", id.clone())],
        Lookup::Name(name) => vec![("name", name.clone())],
        Lookup::Labelled { tags, properties } if properties.is_empty() => vec![("tags", tags.join(","))],
        Lookup::Labelled { .. } => return Err(wrong("only images are looked up by properties; write tags")),
    })
}

/// The query for Glance; an id is asked for by another call.
///
/// # Errors
/// [`Error::BadSpec`] for labels that say nothing.
pub(super) fn glance_filter(by: &Lookup) -> Result<Vec<(&str, String)>> {
    check(by)?;
    Ok(match by {
        Lookup::Id(id) => vec![("id", id.clone())],
        Lookup::Name(name) => vec![("name", name.clone())],
        Lookup::Labelled { tags, properties } => {
            let tags = tags.iter().map(|tag| ("tag", tag.clone()));
            tags.chain(properties.iter().map(|(key, value)| (key.as_str(), value.clone()))).collect()
        }
    })
}

fn check(by: &Lookup) -> Result<()> {
    let Lookup::Labelled { tags, properties } = by else { return Ok(()) };
    if tags.is_empty() && properties.is_empty() {
        return Err(wrong("neither tags nor properties are given, which would mean anything; write at least one"));
    }
    match tags.iter().any(|tag| tag.is_empty() || tag.contains(',')) {
        true => Err(wrong("a tag must not be empty or hold a comma")),
        false => Ok(()),
    }
}

/// Those that are meant.
pub(super) fn meant(found: Vec<WireNamed>, by: &Lookup) -> Vec<WireNamed> {
    let is = |item: &WireNamed| match by {
        Lookup::Id(id) => item.id == *id,
        Lookup::Name(name) => item.name == *name,
        Lookup::Labelled { tags, .. } => tags.iter().all(|tag| item.tags.contains(tag)),
    };
    found.into_iter().filter(is).collect()
}

fn wrong(message: &str) -> Error {
    Error::BadSpec { message: message.to_owned(), request_id: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn labelled(tags: &[&str], properties: &[(&str, &str)]) -> Lookup {
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>();
        Lookup::Labelled { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), properties }
    }

    fn text(query: Vec<(&str, String)>) -> String {
        query.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn labels_become_each_service_s_filter() {
        assert_eq!(text(neutron_filter(&labelled(&["a", "b"], &[])).unwrap()), "tags=a,b");
        assert_eq!(text(glance_filter(&labelled(&["a", "b"], &[("os_distro", "debian")])).unwrap()), "tag=a&tag=b&os_distro=debian");
        assert_eq!(text(neutron_filter(&Lookup::Name("n".to_owned())).unwrap()), "name=n");
    }

    #[test]
    fn labels_that_mean_anything_or_nothing_are_refused() {
        assert!(matches!(neutron_filter(&labelled(&["a"], &[("k", "v")])), Err(Error::BadSpec { .. })));
        for by in [labelled(&[], &[]), labelled(&["a,b"], &[]), labelled(&[""], &[])] {
            assert!(matches!((neutron_filter(&by), glance_filter(&by)), (Err(Error::BadSpec { .. }), Err(Error::BadSpec { .. }))));
        }
    }
}
