//! Images: public, active, and of one size, as hosts boot them.
use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::ids;

#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) tags: Vec<String>,
    /// Free properties, which show beside the others.
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) created: Timestamp,
    pub(crate) min_disk_gib: u64,
    pub(crate) min_ram_mib: u64,
}

/// The images a cloud starts with, newest first as Glance lists them.
pub(crate) fn seeded(names: &[String], now: Timestamp) -> Vec<Image> {
    let image = |name: &String| Image {
        id: ids::stable("image", name),
        name: name.clone(),
        status: "active",
        tags: vec!["gantry".to_owned()],
        properties: [("os_distro", "debian"), ("os_version", "12")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        created: now,
        min_disk_gib: 1,
        min_ram_mib: 0,
    };
    names.iter().map(image).collect()
}
