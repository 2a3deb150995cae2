//! The table as a page of the reference.

use std::fmt::Write;

use super::{CASES, CONSEQUENCES, STATES, Said};
use gantry_cloud::{Effect, Service};

/// Longest excerpt of an answer.
const EXCERPT_CHARS: usize = 110;

const HEAD: &str = "\
<!-- Made by `gantry reference openstack-answers` from the table that the code goes by; `make generate` writes it. -->
# What OpenStack answers and what Gantry does

Codes overlap: 403 is a quota, a limit or a missing role, 404 is gone, hidden or a proxy's page. So an answer is judged by its text and type, and what is not
in the service's own words proves nothing. Each row of the first table is a test: the answer, given to the client's classifier, must have that meaning.

## Answers

| what happened | answer | means | what Gantry does | where you see it |
|---|---|---|---|---|
";

const CONSEQUENCES_HEAD: &str = "
## What follows from a meaning

*Left out* is what is bought no more for 15 s, then twice as long each time, at most 5 min; after a pause one host is tried before more are bought. Words in
parentheses: only where the text has one of them; the first row that fits counts.

| meaning | left out | the cloud is not Ready | what Gantry does |
|---|---|---|---|
";

const STATES_HEAD: &str = "
## What a server looks like

| what is seen | what Gantry does | test |
|---|---|---|
";

/// The whole page, in Markdown.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for case in CASES {
        let does = super::consequence(case.means, case.said.text()).map_or("", |row| row.does);
        let _ = writeln!(page, "| {} | {} | `{}` | {does} | {} |", case.situation, shown(&case.said), case.means, case.seen);
    }
    page.push_str(CONSEQUENCES_HEAD);
    for row in CONSEQUENCES {
        let words = if row.words.is_empty() { String::new() } else { format!(" ({})", row.words.join(", ")) };
        let _ = writeln!(
            page,
            "| `{}`{words} | {} | {} | {} |",
            row.means,
            row.reach.words(),
            if row.holds_cloud { "yes" } else { "" },
            row.does
        );
    }
    page.push_str(STATES_HEAD);
    for state in STATES {
        let _ = writeln!(page, "| {} | {} | `{}` |", state.situation, state.does, state.test);
    }
    page
}

impl Said {
    /// The text that decides.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::Answer(_, _, _, body) => body,
            Self::Fault(_, text) => text,
        }
    }
}

fn shown(said: &Said) -> String {
    match said {
        Said::Fault(code, text) => format!("ERROR, fault {code}: {}", excerpt(text)),
        Said::Answer(service, effect, status, body) => {
            let verb = match effect {
                Effect::Read => "GET",
                Effect::Delete => "DELETE",
                Effect::Create => "POST",
            };
            format!("{} {verb}: {status} {}", name(*service), excerpt(&told(body)))
        }
    }
}

fn name(service: Service) -> &'static str {
    match service {
        Service::Identity => "Keystone",
        Service::Compute => "Nova",
        Service::Network => "Neutron",
        Service::Image => "Glance",
        Service::Volume => "Cinder",
    }
}

/// The message of a service's JSON, or that it is a page.
fn told(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(body) else {
        return if body.is_empty() { String::new() } else { "a page of HTML".into() };
    };
    let Some((key, inner)) = value.as_object().and_then(|object| object.iter().next()) else { return String::new() };
    let kind = inner.get("type").and_then(|kind| kind.as_str()).unwrap_or(key);
    format!("{kind}: {}", inner.get("message").and_then(|message| message.as_str()).unwrap_or_default())
}

fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(EXCERPT_CHARS).collect();
    let end = if short.len() < text.len() { "..." } else { "" };
    if text.is_empty() { String::new() } else { format!("\"{}{end}\"", short.replace('|', "\\|")) }
}
