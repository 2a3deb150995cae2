//! Glance: the list of images with filters and pages, and one image by id.
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    clock,
    http::{Request, Response},
    keystone,
    state::{Cloud, image::Image},
};

/// Images on a page unless a limit is given (Glance's `limit_param_default`).
const DEFAULT_LIMIT: usize = 25;
/// Longest page (Glance's `api_limit_max`).
const MAX_LIMIT: usize = 1000;
/// Parameters that filter nothing here.
const CONTROLS: [&str; 12] = [
    "limit",
    "marker",
    "sort",
    "sort_key",
    "sort_dir",
    "protected",
    "owner",
    "member_status",
    "min_ram",
    "min_disk",
    "disk_format",
    "container_format",
];
const NO_TOKEN: &str = "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.";

/// Answers a request below /image.
pub(crate) fn handle(cloud: &mut Cloud, request: &Request, path: &[&str], now: Timestamp) -> Response {
    if path.is_empty() || path == ["versions"] {
        return versions(cloud);
    }
    if keystone::authenticate(cloud, request, now).is_none() {
        return keystone::challenge(Response::html(401, "401 Unauthorized", NO_TOKEN), &cloud.base_url);
    }
    match (request.method.as_str(), path) {
        ("GET", ["v2", "images"]) => list(cloud, request),
        ("GET", ["v2", "images", id]) => match cloud.images.iter().find(|image| image.id.to_string() == **id) {
            Some(image) => Response::json(200, &view(image)),
            None => {
                let text = format!("No image found with ID {id}");
                Response::html(404, "404 Not Found", &text)
            }
        },
        _ => Response::html(404, "404 Not Found", "The resource could not be found."),
    }
}

fn versions(cloud: &Cloud) -> Response {
    let links = json!([{"rel": "self", "href": format!("{}/image/v2/", cloud.base_url)}]);
    Response::json(300, &json!({"versions": [{"id": "v2.17", "status": "CURRENT", "links": links}]}))
}

fn view(image: &Image) -> Value {
    let created = clock::seconds(image.created);
    let mut row = json!({
        "id": image.id, "name": image.name, "status": image.status, "visibility": "public", "protected": false,
        "tags": image.tags, "min_disk": image.min_disk_gib, "min_ram": image.min_ram_mib, "size": 1_048_576,
        "virtual_size": 1_048_576, "disk_format": "raw", "container_format": "bare", "checksum": null,
        "os_hidden": false, "os_hash_algo": null, "os_hash_value": null, "owner": null, "created_at": created,
        "updated_at": created, "self": format!("/v2/images/{}", image.id),
        "file": format!("/v2/images/{}/file", image.id), "schema": "/v2/schemas/image",
    });
    for (key, value) in &image.properties {
        row[key] = json!(value);
    }
    row
}

fn list(cloud: &Cloud, request: &Request) -> Response {
    let limit = match request.param("limit").map(str::parse::<usize>) {
        None => DEFAULT_LIMIT,
        Some(Ok(limit)) => limit.min(MAX_LIMIT),
        Some(Err(_)) => return Response::html(400, "400 Bad Request", "limit param must be an integer"),
    };
    let mut found: Vec<_> = cloud.images.iter().filter(|image| matches(image, request)).collect();
    found.sort_by_key(|image| std::cmp::Reverse((image.created, image.id)));
    if let Some(marker) = request.param("marker") {
        let Some(place) = found.iter().position(|image| image.id.to_string() == marker) else {
            return Response::html(400, "400 Bad Request", &format!("No image found with ID {marker}"));
        };
        found.drain(..=place);
    }
    found.truncate(limit);
    let mut body = json!({"images": found.iter().map(|image| view(image)).collect::<Vec<_>>(),
        "first": href(request, None), "schema": "/v2/schemas/images"});
    if let Some(last) = found.last().filter(|_| found.len() == limit) {
        body["next"] = json!(href(request, Some(&last.id.to_string())));
    }
    Response::json(200, &body)
}

/// Repeated tags must all be there; `in:a,b` is any of them.
fn matches(image: &Image, request: &Request) -> bool {
    let any = |value: &str, own: &str| match value.strip_prefix("in:") {
        Some(list) => list.split(',').any(|item| item.trim_matches('"') == own),
        None => value == own,
    };
    request.query.iter().all(|(key, value)| match key.as_str() {
        "name" => any(value, &image.name),
        "id" => any(value, &image.id.to_string()),
        "status" => any(value, image.status),
        "tag" => image.tags.contains(value),
        "visibility" => ["public", "all"].contains(&value.as_str()),
        "os_hidden" => value != "true",
        key if CONTROLS.contains(&key) => true,
        // Anything else is a property that the image must have.
        key => image.properties.get(key).is_some_and(|own| any(value, own)),
    })
}

fn href(request: &Request, marker: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.query.iter().filter(|(key, _)| key != "marker"));
    query.extend_pairs(marker.map(|marker| ("marker", marker)));
    let query = query.finish();
    if query.is_empty() { "/v2/images".to_owned() } else { format!("/v2/images?{query}") }
}
