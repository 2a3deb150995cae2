//! Filters of server lists: which are known, which a member's are ignored, and what they mean.
use jiff::Timestamp;
use regex::Regex;

use super::{Call, error::NovaError, list::Detail};
use crate::state::server::{Server, VmState};

/// Query parameters that the schema knows; any other is refused from 2.75 on.
const KNOWN: &[&str] = &[
    "user_id",
    "project_id",
    "tenant_id",
    "launch_index",
    "image_ref",
    "image",
    "kernel_id",
    "ramdisk_id",
    "hostname",
    "key_name",
    "power_state",
    "vm_state",
    "task_state",
    "host",
    "node",
    "flavor",
    "reservation_id",
    "launched_at",
    "terminated_at",
    "availability_zone",
    "name",
    "display_name",
    "description",
    "display_description",
    "locked_by",
    "uuid",
    "root_device_name",
    "config_drive",
    "access_ip_v4",
    "access_ip_v6",
    "auto_disk_config",
    "progress",
    "sort_key",
    "sort_dir",
    "all_tenants",
    "soft_deleted",
    "deleted",
    "status",
    "changes-since",
    "ip",
    "ip6",
    "created_at",
    "limit",
    "marker",
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
    "tags",
    "tags-any",
    "not-tags",
    "not-tags-any",
    "changes-before",
    "locked",
];
/// Parameters that name joined tables: refused for admins, ignored for members.
const JOINED: &[&str] =
    &["block_device_mapping", "services", "metadata", "system_metadata", "info_cache", "security_groups", "pci_devices"];
const STATUSES: &[&str] = &[
    "ACTIVE",
    "BUILD",
    "DELETED",
    "ERROR",
    "HARD_REBOOT",
    "MIGRATING",
    "PASSWORD",
    "PAUSED",
    "REBOOT",
    "REBUILD",
    "RESCUE",
    "RESIZE",
    "REVERT_RESIZE",
    "SHELVED",
    "SHELVED_OFFLOADED",
    "SHUTOFF",
    "SOFT_DELETED",
    "SUSPENDED",
    "UNKNOWN",
    "VERIFY_RESIZE",
];

/// What a list is narrowed to.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    pub(crate) all_tenants: bool,
    deleted: bool,
    changes: (Option<Timestamp>, Option<Timestamp>),
    name: Option<Regex>,
    ip: Option<Regex>,
    statuses: Vec<String>,
    /// tags, tags-any, not-tags, not-tags-any.
    tags: [Option<Vec<String>>; 4],
    exact: Vec<(&'static str, String)>,
    is_unlocked_wanted: Option<bool>,
    /// Name of a hypervisor, for admins.
    pub(crate) host: Option<String>,
}

/// Filters compared as text, with whether only admins may use them (or from which microversion members may).
const EXACT: &[(&str, u16)] = &[
    ("image", 1),
    ("flavor", 1),
    ("reservation_id", 1),
    ("availability_zone", 83),
    ("key_name", 83),
    ("power_state", 83),
    ("task_state", 83),
    ("vm_state", 83),
    ("user_id", 83),
    ("hostname", 90),
    ("uuid", u16::MAX),
    ("project_id", u16::MAX),
    ("tenant_id", u16::MAX),
];

pub(super) fn parse(call: &Call<'_>, detail: Detail) -> Result<Filters, NovaError> {
    check_names(call)?;
    let may = |since: u16| call.caller.is_admin || call.minor >= since;
    let param = |name: &str| call.request.param(name);
    let regex = |name: &str| param(name).map(|text| Regex::new(text).map_err(|_| bad_regex(text))).transpose();
    let mut filters = Filters { name: regex("name")?, ip: regex("ip")?, ..Filters::default() };
    filters.all_tenants = param("all_tenants").is_some_and(is_true);
    if filters.all_tenants && !call.caller.is_admin {
        let part = if detail == Detail::Full { "detail" } else { "index" };
        return Err(NovaError::policy(&format!("servers:{part}:get_all_tenants")));
    }
    filters.deleted = call.caller.is_admin && param("deleted").is_some_and(is_true);
    filters.statuses = statuses(call)?;
    filters.changes.0 = time(call, "changes-since")?;
    filters.changes.1 = if call.minor >= 66 { time(call, "changes-before")? } else { None };
    if call.minor >= 26 {
        let split = |name: &str| param(name).map(|text| text.split(',').map(str::to_owned).collect());
        filters.tags = ["tags", "tags-any", "not-tags", "not-tags-any"].map(split);
    }
    let exact = EXACT.iter().filter(|(name, since)| may(*since) && (!name.ends_with("t_id") || filters.all_tenants));
    filters.exact = exact.filter_map(|(name, _)| Some((*name, param(name)?.to_owned()))).collect();
    filters.host = param("host").filter(|_| call.caller.is_admin).map(str::to_owned);
    filters.is_unlocked_wanted = if call.minor >= 73 { param("locked").map(|text| !is_true(text)) } else { None };
    Ok(filters)
}

fn check_names(call: &Call<'_>) -> Result<(), NovaError> {
    for (name, _) in &call.request.query {
        let is_known = KNOWN.contains(&name.as_str()) || name.starts_with('_');
        if !is_known && call.minor >= 75 {
            return Err(NovaError::bad_request(format!("'{name}' does not match any of the regexes: '^_'")));
        }
        if call.caller.is_admin && (JOINED.contains(&name.as_str()) || name.starts_with('_')) {
            return Err(NovaError::bad_request(format!("Invalid filter field: {name}.")));
        }
    }
    Ok(())
}

fn bad_regex(text: &str) -> NovaError {
    NovaError::bad_request(format!("Invalid regular expression in filter: {text}"))
}

fn is_true(text: &str) -> bool {
    ["1", "t", "true", "on", "y", "yes"].contains(&text.to_lowercase().as_str()) || text.is_empty()
}

fn statuses(call: &Call<'_>) -> Result<Vec<String>, NovaError> {
    let asked = call.request.query.iter().filter(|(key, _)| key == "status").map(|(_, value)| value.to_uppercase());
    let asked: Vec<_> = asked.collect();
    let known: Vec<_> = asked.iter().filter(|status| STATUSES.contains(&status.as_str())).cloned().collect();
    if known.is_empty() && !asked.is_empty() {
        return Err(NovaError::bad_request("Invalid status value"));
    }
    if known == ["DELETED"] && !call.caller.is_admin {
        return Err(NovaError::forbidden("Only administrators may list deleted instances"));
    }
    Ok(known)
}

fn time(call: &Call<'_>, name: &str) -> Result<Option<Timestamp>, NovaError> {
    let Some(text) = call.request.param(name) else { return Ok(None) };
    let parsed = text.parse().or_else(|_| format!("{text}Z").parse());
    parsed.map(Some).map_err(|_: jiff::Error| NovaError::query(name, text, &format!("'{text}' is not a 'date-time'")))
}

impl Filters {
    pub(crate) fn wants_deleted(&self) -> bool {
        let (since, before) = self.changes;
        self.deleted || since.is_some() || before.is_some() || self.statuses == ["DELETED"]
    }

    pub(crate) fn accepts(&self, server: &Server) -> bool {
        let spec = &server.spec;
        let has = |tag: &String| spec.tags.contains(tag);
        let [all, any, not_all, not_any] = &self.tags;
        let (since, before) = self.changes;
        let is_aside = server.vm_state == VmState::SoftDeleted;
        (if self.deleted { server.is_deleted() || is_aside } else { !is_aside || self.wants_deleted() })
            && since.is_none_or(|since| server.updated >= since)
            && before.is_none_or(|before| server.updated <= before)
            && self.name.as_ref().is_none_or(|name| name.is_match(&spec.name))
            && self.ip.as_ref().is_none_or(|ip| server.addresses.iter().any(|a| ip.is_match(&a.address.to_string())))
            && (self.statuses.is_empty() || self.statuses.iter().any(|status| status == server.status()))
            && all.as_ref().is_none_or(|tags| tags.iter().all(has))
            && any.as_ref().is_none_or(|tags| tags.iter().any(has))
            && not_all.as_ref().is_none_or(|tags| !tags.iter().all(has))
            && not_any.as_ref().is_none_or(|tags| !tags.iter().any(has))
            && self.is_unlocked_wanted.is_none_or(|wanted| wanted == server.locked.is_none())
            && self.exact.iter().all(|(name, value)| matches_exactly(server, name, value))
    }
}

fn matches_exactly(server: &Server, name: &str, value: &str) -> bool {
    let spec = &server.spec;
    match name {
        "image" => spec.image.is_some_and(|id| id.to_string() == value),
        "flavor" => spec.flavor.id == value,
        "reservation_id" => server.reservation == value,
        "availability_zone" => spec.zone.as_deref() == Some(value),
        "key_name" => spec.key_name.as_deref() == Some(value),
        "power_state" => server.power_state.to_string() == value,
        "task_state" => server.task.is_some_and(|task| task.as_str() == value),
        "vm_state" => server.vm_state.as_str() == value,
        "user_id" => &*server.user == value,
        "hostname" => spec.hostname == value,
        "uuid" => server.id.to_string() == value,
        "project_id" | "tenant_id" => &*server.project == value,
        _ => true,
    }
}
