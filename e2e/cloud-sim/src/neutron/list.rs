//! Filters, fields, order and pages, the same for every kind of resource.
use std::cmp::Ordering;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Call,
    error::{Answer, NeutronError},
};
use crate::{http::Response, state::Cloud};

/// Parameters that are not filters.
const CONTROLS: [&str; 6] = ["limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields"];
/// Filters that need no field of that name in a row.
const EXTRA_FILTERS: [&str; 6] = ["tags-any", "not-tags", "not-tags-any", "fixed_ips", "tenant_id", "binding:host_id"];

/// One resource out of those that the caller may see.
pub(super) fn one(call: &Call<'_>, kind: &str, key: &str, id: &str, rows: Vec<Value>) -> Answer {
    let found = rows.into_iter().find(|row| row["id"] == id);
    let row = found.ok_or_else(|| match kind {
        "SecurityGroup" => NeutronError::new(404, "SecurityGroupNotFound", format!("Security group {id} does not exist")),
        _ => NeutronError::not_found(kind, id),
    })?;
    Ok(Response::json(200, &json!({key: project(call, row)})))
}

/// A list answer out of the rows that the caller may see.
pub(super) fn answer(cloud: &Cloud, call: &Call<'_>, key: &str, rows: Vec<Value>) -> Answer {
    check_names(call, rows.first())?;
    let limit = limit(call)?;
    let mut rows: Vec<_> = rows.into_iter().filter(|row| accepts(call, row)).collect();
    sort(call, &mut rows);
    let marker = call.request.param("marker");
    let is_reverse = is_reverse(call);
    if let Some(limit) = limit {
        rows = page(rows, limit, marker, is_reverse);
    }
    let links = limit.map_or_else(Vec::new, |limit| links(cloud, call, &rows, limit, is_reverse));
    Ok(finish(call, key, rows, links))
}

/// A page whose rows were taken from the right place already.
pub(super) fn answer_page(cloud: &Cloud, call: &Call<'_>, key: &str, rows: Vec<Value>, limit: usize) -> Response {
    let links = links(cloud, call, &rows, limit, false);
    finish(call, key, rows, links)
}

fn finish(call: &Call<'_>, key: &str, rows: Vec<Value>, links: Vec<Value>) -> Response {
    let mut body = json!({});
    if !links.is_empty() {
        body[format!("{key}_links")] = json!(links);
    }
    body[key] = rows.into_iter().map(|row| project(call, row)).collect();
    Response::json(200, &body)
}

fn is_reverse(call: &Call<'_>) -> bool {
    call.request.param("page_reverse").is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Limit and marker of a page in the order of the ids, which is how they are kept; None if another order is asked for.
pub(super) fn page_by_id(call: &Call<'_>) -> Result<Option<(usize, Option<Uuid>)>, NeutronError> {
    let Some(limit) = limit(call)? else { return Ok(None) };
    let marker = call.request.param("marker").map(Uuid::parse_str).transpose();
    let is_plain = !is_reverse(call) && call.request.param("sort_key").is_none();
    Ok(marker.ok().filter(|_| is_plain).map(|marker| (limit, marker)))
}

/// Unknown filters are refused, as the extension filter-validation does.
pub(super) fn check_names(call: &Call<'_>, example: Option<&Value>) -> Result<(), NeutronError> {
    let Some(example) = example else { return Ok(()) };
    let is_known = |name: &str| CONTROLS.contains(&name) || EXTRA_FILTERS.contains(&name) || example.get(name).is_some();
    let unknown: Vec<_> = call.request.query.iter().map(|(name, _)| name.as_str()).filter(|n| !is_known(n)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let quoted = unknown.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    Err(NeutronError::bad_request(format!("[{quoted}] is invalid attribute for filtering")))
}

fn limit(call: &Call<'_>) -> Result<Option<usize>, NeutronError> {
    let Some(text) = call.request.param("limit") else { return Ok(None) };
    let parsed = text.parse::<usize>().map_err(|_| {
        let text = format!("Bad limit request: Limit must be an integer 0 or greater and not '{text}'.");
        NeutronError::new(400, "BadRequest", text)
    })?;
    Ok(Some(parsed).filter(|limit| *limit > 0))
}

/// A repeated parameter means any of its values; different parameters must all fit.
pub(super) fn accepts(call: &Call<'_>, row: &Value) -> bool {
    let query = &call.request.query;
    let fits = |(name, value): &(String, String)| {
        let mut values = query.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
        match name.as_str() {
            name if CONTROLS.contains(&name) => true,
            "tags" | "tags-any" | "not-tags" | "not-tags-any" => tags_fit(row, name, value),
            name => values.any(|value| value_fits(row, name, value)),
        }
    };
    query.iter().all(fits)
}

fn tags_fit(row: &Value, name: &str, value: &str) -> bool {
    let has = |tag: &str| row["tags"].as_array().is_some_and(|tags| tags.iter().any(|own| own == tag));
    let mut wanted = value.split(',');
    match name {
        "tags" => wanted.all(has),
        "tags-any" => wanted.any(has),
        "not-tags" => !wanted.all(has),
        _ => !wanted.any(has),
    }
}

fn value_fits(row: &Value, name: &str, value: &str) -> bool {
    if name == "fixed_ips" {
        let Some((key, value)) = value.split_once('=') else { return false };
        let ips = row["fixed_ips"].as_array();
        return ips.is_some_and(|ips| ips.iter().any(|ip| ip[key] == value));
    }
    match &row[name] {
        Value::String(own) => own == value,
        Value::Bool(own) => own.to_string().eq_ignore_ascii_case(value),
        Value::Number(own) => own.to_string() == value,
        Value::Array(items) => items.iter().any(|item| item == value),
        _ => value.is_empty(),
    }
}

fn sort(call: &Call<'_>, rows: &mut [Value]) {
    let keys = call.request.query.iter().filter(|(name, _)| name == "sort_key").map(|(_, key)| key);
    let directions = call.request.query.iter().filter(|(name, _)| name == "sort_dir").map(|(_, dir)| dir == "desc");
    let keys: Vec<_> = keys.zip(directions).collect();
    rows.sort_by(|a, b| {
        let order = keys.iter().map(|(key, is_descending)| {
            let order = a[key.as_str()].to_string().cmp(&b[key.as_str()].to_string());
            if *is_descending { order.reverse() } else { order }
        });
        let order = order.fold(Ordering::Equal, Ordering::then);
        order.then_with(|| a["id"].as_str().cmp(&b["id"].as_str()))
    });
}

fn page(mut rows: Vec<Value>, limit: usize, marker: Option<&str>, is_reverse: bool) -> Vec<Value> {
    let place = marker.map(|marker| rows.iter().position(|row| row["id"] == marker));
    let range = match (place, is_reverse) {
        (Some(None), _) => 0..0,
        (Some(Some(place)), false) => place + 1..rows.len().min(place.saturating_add(1 + limit)),
        (Some(Some(place)), true) => place.saturating_sub(limit)..place,
        (None, false) => 0..limit.min(rows.len()),
        (None, true) => rows.len().saturating_sub(limit)..rows.len(),
    };
    rows.drain(range).collect()
}

/// Neutron links to the previous page even from the first.
fn links(cloud: &Cloud, call: &Call<'_>, rows: &[Value], limit: usize, is_reverse: bool) -> Vec<Value> {
    let is_full = rows.len() >= limit;
    let link = |rel: &str, row: Option<&Value>| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = call.request.query.iter().filter(|(key, _)| key != "marker" && key != "page_reverse");
        query.extend_pairs(kept);
        query.extend_pairs(row.and_then(|row| row["id"].as_str()).map(|id| ("marker", id)));
        query.extend_pairs((rel == "previous").then_some(("page_reverse", "True")));
        json!({"rel": rel, "href": format!("{}{}?{}", cloud.base_url, call.request.path, query.finish())})
    };
    let next = (is_full || is_reverse).then(|| link("next", rows.last()));
    let previous = (is_full || !is_reverse).then(|| link("previous", rows.first()));
    next.into_iter().chain(previous).collect()
}

/// Only the fields asked for.
fn project(call: &Call<'_>, row: Value) -> Value {
    let fields: Vec<_> = call.request.query.iter().filter(|(key, _)| key == "fields").map(|(_, field)| field).collect();
    match row {
        Value::Object(map) if !fields.is_empty() => map.into_iter().filter(|(key, _)| fields.contains(&key)).collect(),
        row => row,
    }
}
