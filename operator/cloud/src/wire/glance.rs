//! Images as Glance writes them.

use crate::Named;
use crate::client::Page;
use serde::Deserialize;

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
}

impl WireImage {
    /// Whether a server can be made from it.
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

impl From<WireImage> for Named {
    fn from(wire: WireImage) -> Self {
        Self { id: wire.id, name: wire.name.unwrap_or_default() }
    }
}
