//! A service's text as far as it may be shown: one short line, without what was sent.

use crate::Resource;

/// Most characters of a service's text that are passed on.
const TEXT_LIMIT_CHARS: usize = 400;

/// One line of limited length, without control characters.
pub(super) fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(TEXT_LIMIT_CHARS) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// The endings of Nova's schema complaints that hold no value.
const REASONS: [&str; 6] = [
    "is too long",
    "is too short",
    "should be non-empty",
    "is a required property",
    "is not valid under any of the given schemas",
    "does not match",
];

/// Drops the value that a schema complaint echoes: it may be user data.
pub(super) fn harmless(text: &str) -> String {
    let Some((head, rest)) = text.split_once(". Value:") else {
        return text.to_owned();
    };
    let tail = rest.rsplit_once(". ").map_or(rest, |(_, tail)| tail);
    let reason = REASONS.into_iter().find(|reason| tail.contains(reason));
    match reason {
        Some(reason) => format!("{head} (it {reason})"),
        None if tail.starts_with("Additional properties are not allowed") => format!("{head} (additional properties are not allowed)"),
        None => head.to_owned(),
    }
}

/// The resources that a text about a used-up quota names; `None` if the text is about something else.
pub(crate) fn spent_resources(text: &str) -> Option<Vec<Resource>> {
    let unified: Vec<Resource> = text.split("Resource ").skip(1).filter_map(over_limit).collect();
    if !unified.is_empty() {
        return Some(unified);
    }
    if let Some((_, resource)) = OTHER_QUOTAS.iter().find(|(part, _)| text.contains(part)) {
        return Some(vec![(*resource).to_owned()]);
    }
    if let Some(resource) = cinder_s(text) {
        return Some(vec![resource]);
    }
    let (_, rest) = text.split_once("uota exceeded")?;
    let rest = rest.trim_start().trim_start_matches("for ").trim_start_matches("resources: ");
    let names = rest.split([':', ']', '.']).next().unwrap_or_default().split(',');
    let names = names.map(|name| name.trim().trim_matches(['[', '\'']).to_owned());
    Some(names.filter(|name| !name.is_empty() && !name.contains(' ')).collect())
}

/// Texts without the usual words, or whose words do not name the resource.
const OTHER_QUOTAS: [(&str, &str); 8] = [
    ("Maximum number of ports exceeded", "port"),
    ("too many servers in group", "server_group_members"),
    ("too many server groups", "server_groups"),
    ("No more IP addresses available", "fixed_ip"),
    ("No fixed IP addresses available", "fixed_ip"),
    ("Unable to find any IP address on external network", "external_ip"),
    ("too many key pairs", "key_pairs"),
    ("is larger than maximum allowed limit", "per_volume_gigabytes"),
];

/// "... (10) exceeded for quota 'volumes'." and "... exceeds allowed gigabytes_ssd quota. Requested ...", each for all or for a volume type.
fn cinder_s(text: &str) -> Option<Resource> {
    let many = text.split_once("exceeded for quota '").and_then(|(_, rest)| rest.split_once('\''));
    let large = text.split_once("exceeds allowed ").and_then(|(_, rest)| rest.split_once(" quota"));
    many.or(large).map(|(name, _)| name.to_owned()).filter(|name| !name.is_empty() && !name.contains(' '))
}

/// With unified limits: "servers is over limit of 1 due to current usage 1 and delta 1", in the words of the older quotas.
fn over_limit(text: &str) -> Option<Resource> {
    let (name, _) = text.split_once(" is over limit of ")?;
    let name = match name {
        "servers" => "instances",
        "class:VCPU" => "cores",
        "class:MEMORY_MB" => "ram",
        other => other,
    };
    Some(name.to_owned())
}
