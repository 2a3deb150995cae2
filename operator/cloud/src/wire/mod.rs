//! The services' JSON: what is read of it, and how it becomes [`crate::model`].

pub(crate) mod cinder;
pub(crate) mod glance;
mod limits;
pub(crate) mod neutron_address;
pub(crate) mod neutron_offer;
pub(crate) mod neutron_port;
pub(crate) mod nova;
pub(crate) mod nova_create;
pub(crate) mod nova_group;
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

/// The description's words counted as tags, as some clouds drop tags given at creation.
fn tags_and(mut tags: Vec<String>, description: Option<String>) -> Vec<String> {
    for word in description.unwrap_or_default().split_whitespace() {
        if !tags.iter().any(|tag| tag == word) {
            tags.push(word.to_owned());
        }
    }
    tags
}

/// A list of things in a page, whose next page is behind `<collection>_links`.
macro_rules! page {
    ($page:ident, $item:ident, $items:ident, $links:ident) => {
        #[derive(serde::Deserialize)]
        pub(crate) struct $page {
            $items: Vec<$item>,
            #[serde(default)]
            $links: Vec<$crate::wire::Link>,
        }

        impl $crate::client::Page for $page {
            type Item = $item;

            fn split(self) -> (Vec<$item>, Option<String>) {
                (self.$items, $crate::wire::next(self.$links))
            }

            fn id(item: &$item) -> &str {
                &item.id
            }
        }
    };
}
use page;
