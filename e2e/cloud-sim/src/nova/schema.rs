//! The part of Nova's JSON schema for POST /servers that clients run into, with its sentences.
use uuid::Uuid;

use super::{error::NovaError, python::Py};

/// Longest name, metadata value and key.
const MAX_TEXT: usize = 255;
/// Longest user data, in characters of base64.
const MAX_USER_DATA: usize = 65_535;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 60;

/// Properties of `server` with the microversion (2.x) that brought each.
const PROPERTIES: &[(&str, u16)] = &[
    ("name", 1),
    ("imageRef", 1),
    ("flavorRef", 1),
    ("adminPass", 1),
    ("metadata", 1),
    ("networks", 1),
    ("OS-DCF:diskConfig", 1),
    ("accessIPv4", 1),
    ("accessIPv6", 1),
    ("availability_zone", 1),
    ("block_device_mapping", 1),
    ("block_device_mapping_v2", 1),
    ("config_drive", 1),
    ("key_name", 1),
    ("min_count", 1),
    ("max_count", 1),
    ("return_reservation_id", 1),
    ("security_groups", 1),
    ("user_data", 1),
    ("description", 19),
    ("tags", 52),
    ("trusted_image_certificates", 63),
    ("host", 74),
    ("hypervisor_hostname", 74),
    ("hostname", 90),
];

/// Checks the whole body and returns its `server`.
pub(crate) fn server(body: &Py, minor: u16) -> Result<&Py, NovaError> {
    const TOP: [&str; 3] = ["server", "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"];
    if let Some((name, _)) = body.entries().iter().find(|(name, _)| !TOP.contains(&name.as_str())) {
        return Err(NovaError::unexpected_property(name));
    }
    let Some(server) = body.get("server") else {
        return Err(NovaError::bad_request("'server' is a required property"));
    };
    properties(server, minor)?;
    for (name, value) in server.entries() {
        property(name, value)?;
    }
    hints(body)?;
    Ok(server)
}

fn properties(server: &Py, minor: u16) -> Result<(), NovaError> {
    let known =
        |name: &str| PROPERTIES.iter().any(|(known, since)| *known == name && minor >= *since) || (name == "personality" && minor < 57);
    let unknown: Vec<_> = server.entries().iter().map(|(name, _)| name).filter(|name| !known(name)).collect();
    if let Some(first) = unknown.first() {
        let quoted = unknown.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let were = if unknown.len() == 1 { "was" } else { "were" };
        let quoted = if unknown.len() == 1 { format!("'{first}'") } else { quoted };
        let why = format!("Additional properties are not allowed ({quoted} {were} unexpected)");
        return Err(NovaError::field("server", server, &why));
    }
    let required: &[&str] = if minor >= 37 { &["name", "flavorRef", "networks"] } else { &["name", "flavorRef"] };
    match required.iter().find(|name| server.get(name).is_none()) {
        Some(missing) => Err(NovaError::field("server", server, &format!("'{missing}' is a required property"))),
        None => Ok(()),
    }
}

pub(crate) fn property(name: &str, value: &Py) -> Result<(), NovaError> {
    match name {
        "name" | "availability_zone" | "hostname" => text(name, value, 1, MAX_TEXT),
        "key_name" | "description" if *value == Py::None => Ok(()),
        "key_name" => text(name, value, 1, MAX_TEXT),
        "description" => text(name, value, 0, MAX_TEXT),
        "user_data" => text(name, value, 0, MAX_USER_DATA),
        "imageRef" => image(value),
        "metadata" => {
            let mut items = value.entries().iter();
            items.try_for_each(|(key, value)| text(key, value, 0, MAX_TEXT))
        }
        "tags" => tags(value),
        "networks" => networks(value),
        _ => Ok(()),
    }
}

fn text(field: &str, value: &Py, min: usize, max: usize) -> Result<(), NovaError> {
    let Some(text) = value.as_str() else {
        return Err(NovaError::field(field, value, &format!("{} is not of type 'string'", value.repr())));
    };
    match text.chars().count() {
        0 if min > 0 => Err(NovaError::field(field, value, &format!("{} should be non-empty", value.repr()))),
        length if length > max => Err(NovaError::field(field, value, &format!("{} is too long", value.repr()))),
        _ => Ok(()),
    }
}

fn image(value: &Py) -> Result<(), NovaError> {
    match value.as_str() {
        Some(text) if text.is_empty() || Uuid::parse_str(text).is_ok() => Ok(()),
        _ => Err(no_alternative("imageRef", value)),
    }
}

fn no_alternative(field: &str, value: &Py) -> NovaError {
    NovaError::field(field, value, &format!("{} is not valid under any of the given schemas", value.repr()))
}

/// Tags, as at creation.
pub(crate) fn tags(value: &Py) -> Result<(), NovaError> {
    let items = value.items();
    if items.len() > MAX_TAGS {
        return Err(NovaError::field("tags", value, &format!("{} is too long", value.repr())));
    }
    for (n, tag) in items.iter().enumerate() {
        text(&n.to_string(), tag, 1, MAX_TAG)?;
        if tag.as_str().is_some_and(|tag| tag.contains([',', '/'])) {
            return Err(NovaError::field(&n.to_string(), tag, &format!("{} does not match '^[^,/]*$'", tag.repr())));
        }
    }
    Ok(())
}

fn networks(value: &Py) -> Result<(), NovaError> {
    if let Some(word) = value.as_str() {
        return if ["auto", "none"].contains(&word) { Ok(()) } else { Err(no_alternative("networks", value)) };
    }
    const KNOWN: [&str; 4] = ["uuid", "port", "fixed_ip", "tag"];
    let unknown = |item: &Py| item.entries().iter().any(|(name, _)| !KNOWN.contains(&name.as_str()));
    let is_uuid =
        |item: &Py, key: &str| item.get(key).is_none_or(|id| *id == Py::None || id.as_str().is_some_and(|id| Uuid::parse_str(id).is_ok()));
    let bad = |item: &Py| unknown(item) || !is_uuid(item, "uuid") || !is_uuid(item, "port");
    if value.items().iter().any(bad) { Err(no_alternative("networks", value)) } else { Ok(()) }
}

fn hints(body: &Py) -> Result<(), NovaError> {
    let group = scheduler_hints(body).and_then(|hints| hints.get("group"));
    match group {
        Some(group) if group.as_str().is_none_or(|id| Uuid::parse_str(id).is_err()) => Err(no_alternative("group", group)),
        _ => Ok(()),
    }
}

/// The scheduler hints of a body.
pub(crate) fn scheduler_hints(body: &Py) -> Option<&Py> {
    body.get("os:scheduler_hints").or_else(|| body.get("OS-SCH-HNT:scheduler_hints"))
}
