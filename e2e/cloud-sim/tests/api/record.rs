//! Compares answers with those of a real cloud, with everything that differs from run to run replaced by its kind.
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::client::Answer;

const RECORD: &str = include_str!("recorded.txt");

struct Recorded<'a> {
    code: u16,
    headers: &'a str,
    body: &'a str,
}

fn find(title: &str) -> Recorded<'static> {
    let mut blocks = RECORD.split("### ").map(|block| block.trim_end());
    let block = blocks.find_map(|block| block.strip_prefix(title)?.strip_prefix('\n'));
    let block = block.unwrap_or_else(|| panic!("{title} was not recorded"));
    let (head, body) = block.split_once('\n').unwrap_or((block, ""));
    let answer = head.split_once(" -> ").expect("an answer").1;
    let (code, headers) = answer.split_once(' ').expect("code and headers");
    Recorded { code: code.parse().unwrap(), headers, body }
}

/// What differs from run to run, and what it is replaced by.
static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let rules = [
        (r"http://127\.0\.7\.1:8774|http://127\.0\.0\.1:\d+/compute", "<compute>"),
        (r"http://127\.0\.7\.1:5000/v3|http://127\.0\.0\.1:\d+/identity/v3", "<identity>"),
        (r"req-[0-9a-f-]{36}", "<request>"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid>"),
        (r#""[0-9a-f]{56}""#, "\"<host id>\""),
        (r#""[0-9a-f]{32}""#, "\"<id>\""),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "<time>"),
        (r"fa:16:3e:[0-9a-f:]{8}", "<mac>"),
        (r"10\.(20|78)\.\d+\.\d+", "<address>"),
        (r"cn-nova-\d|cn\d", "<host>"),
        (r"instance-[0-9a-f]{8}", "<instance>"),
        (r#""r-[a-z0-9]{8}""#, "\"<reservation>\""),
        (r#""adminPass": ?"\w{12}""#, "\"adminPass\": \"<password>\""),
        (r#""apps":"#, "\"net\":"),
        (r#"/dev/[sv]da"#, "<root>"),
    ];
    rules.map(|(pattern, kind)| (Regex::new(pattern).unwrap(), kind)).into()
});

/// Ids, times, addresses, hosts and endpoints replaced by their kind.
fn anonymous(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (pattern, kind)| pattern.replace_all(&text, *kind).into_owned())
}

/// The answer is the recorded one: code, the headers that were recorded, body.
#[track_caller]
pub fn same(title: &str, answer: &Answer) {
    let recorded = find(title);
    assert_eq!((title, answer.code), (title, recorded.code), "{}", answer.text);
    for header in ["x-compute-request-id", "location"] {
        let was_there = recorded.headers.to_lowercase().contains(&format!("'{header}'"));
        assert!(answer.header(header).is_some() || !was_there, "{title}: no {header}");
    }
    let (ours, theirs) = (anonymous(&answer.text), anonymous(recorded.body));
    match serde_json::from_str::<Value>(&theirs) {
        Ok(theirs) => assert_eq!(serde_json::from_str::<Value>(&ours).ok(), Some(theirs), "{title}"),
        Err(_) => assert_eq!(ours.trim(), theirs.trim(), "{title}"),
    }
}

/// The same, for a body of which only the beginning was recorded: it is compared up to where either text ends.
#[track_caller]
pub fn begins(title: &str, answer: &Answer) {
    let recorded = find(title);
    assert_eq!((title, answer.code), (title, recorded.code), "{}", answer.text);
    let plain = |text: &str| text.replace(": ", ":").replace(", ", ",");
    let (ours, theirs) = (plain(&answer.text), plain(recorded.body));
    let length = theirs.len().min(ours.len());
    assert_eq!(ours.get(..length.min(400)), theirs.get(..length.min(400)), "{title}");
}
