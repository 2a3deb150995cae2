//! Images as Glance writes them.

use crate::client::Page;
use crate::{Lookup, Named};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A page of `GET /images`.
#[derive(Deserialize)]
pub(crate) struct Images {
    images: Vec<WireImage>,
    #[serde(default)]
    next: Option<String>,
}

impl Page for Images {
    type Item = WireImage;

    fn split(self) -> (Vec<WireImage>, Option<String>) {
        (self.images, self.next)
    }

    fn id(item: &WireImage) -> &str {
        &item.id
    }
}

/// An image.
#[derive(Deserialize)]
pub(crate) struct WireImage {
    id: String,
    #[serde(default)]
    name: Option<String>,
    status: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    created_at: String,
    /// Properties stand beside the rest.
    #[serde(flatten)]
    properties: BTreeMap<String, Value>,
}

impl WireImage {
    /// Whether it is meant: Glance ignores filters that it does not know, so it is compared again.
    fn is(&self, by: &Lookup) -> bool {
        match by {
            Lookup::Id(id) => self.id == *id,
            Lookup::Name(name) => self.name.as_ref() == Some(name),
            Lookup::Labelled { tags, properties } => {
                let has = |(key, value): (&String, &String)| self.properties.get(key).and_then(Value::as_str) == Some(value);
                tags.iter().all(|tag| self.tags.contains(tag)) && properties.iter().all(has)
            }
        }
    }
}

/// Those that are meant and that a server can be made from, newest first.
pub(crate) fn usable(mut images: Vec<WireImage>, by: &Lookup) -> Vec<Named> {
    images.retain(|image| image.status == "active" && image.is(by));
    // Times are all written alike, so their texts sort as they do; the id settles a tie.
    images.sort_by(|a, b| (&b.created_at, &b.id).cmp(&(&a.created_at, &a.id)));
    images.into_iter().map(|image| Named { id: image.id, name: image.name.unwrap_or_default() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn images() -> Vec<WireImage> {
        let image = |id: &str, day: u8, tags: &[&str], distro: &str| json!({"id": id, "name": "i", "status": "active", "tags": tags, "os_distro": distro, "created_at": format!("2026-11-{day:02}T00:00:00Z"), "size": 1});
        let queued = json!({"id": "q", "name": "i", "status": "queued", "tags": ["k8s"]});
        let all =
            [image("old", 1, &["k8s"], "debian"), queued, image("new", 9, &["k8s", "x"], "debian"), image("other", 20, &[], "debian")];
        all.into_iter().map(|image| serde_json::from_value(image).unwrap()).collect()
    }

    fn ids(by: &Lookup) -> Vec<String> {
        usable(images(), by).into_iter().map(|image| image.id).collect()
    }

    fn labelled(tags: &[&str], properties: &[(&str, &str)]) -> Lookup {
        let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Lookup::Labelled { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), properties }
    }

    #[test]
    fn the_newest_active_one_with_all_labels_is_first() {
        assert_eq!(ids(&labelled(&["k8s"], &[])), ["new", "old"]);
        assert_eq!(ids(&labelled(&["k8s", "x"], &[("os_distro", "debian")])), ["new"]);
        assert_eq!(ids(&labelled(&[], &[("os_distro", "debian")])), ["other", "new", "old"]);
        assert!(ids(&labelled(&["k8s"], &[("os_distro", "fedora")])).is_empty());
    }

    #[test]
    fn a_filter_that_glance_ignores_does_no_harm() {
        assert_eq!(ids(&Lookup::Name("i".to_owned())), ["other", "new", "old"]);
        assert_eq!(ids(&Lookup::Id("old".to_owned())), ["old"]);
        assert!(ids(&Lookup::Name("j".to_owned())).is_empty());
    }
}
