//! The services' JSON: what is read of it, and how it becomes [`crate::model`].

pub(crate) mod glance;
pub(crate) mod neutron;
pub(crate) mod nova;
pub(crate) mod nova_create;
pub(crate) mod nova_offer;

use serde::Deserialize;

/// `<collection>_links`.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    rel: String,
    #[serde(default)]
    href: String,
}

/// The address behind `rel: next`.
pub(crate) fn next(links: Vec<Link>) -> Option<String> {
    links.into_iter().find(|link| link.rel == "next").map(|link| link.href)
}
