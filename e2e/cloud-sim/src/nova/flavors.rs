//! Flavors: list, show, and what an admin changes.
use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Answer, Call, error::NovaError, list::Detail, paging};
use crate::{
    config::FlavorSpec,
    http::Response,
    state::{Cloud, server::Flavor},
};

/// Query parameters that the schema knows; any other is refused from 2.75 on.
const KNOWN: &[&str] = &["limit", "marker", "is_public", "minRam", "minDisk", "sort_key", "sort_dir"];

fn view(base: &str, flavor: &Flavor, minor: u16, detail: Detail) -> Value {
    let Flavor { id, spec } = flavor;
    let links = json!([
        {"rel": "self", "href": format!("{base}/compute/v2.1/flavors/{id}")},
        {"rel": "bookmark", "href": format!("{base}/compute/flavors/{id}")},
    ]);
    let mut row = json!({"id": id, "name": spec.name, "links": links});
    if minor >= 55 {
        row["description"] = Value::Null;
    }
    if detail == Detail::Brief {
        return row;
    }
    let more = json!({
        "ram": spec.memory_mib, "disk": spec.disk_gib, "vcpus": spec.vcpus, "OS-FLV-EXT-DATA:ephemeral": 0,
        "swap": if minor >= 75 { json!(0) } else { json!("") }, "OS-FLV-DISABLED:disabled": false,
        "os-flavor-access:is_public": true, "rxtx_factor": 1.0,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        row[key] = value.clone();
    }
    if minor >= 61 {
        row["extra_specs"] = specs(spec);
    }
    row
}

fn specs(spec: &FlavorSpec) -> Value {
    let map: BTreeMap<_, _> = spec.extra_specs.iter().map(|(key, value)| (key, value)).collect();
    json!(map)
}

pub(super) fn list(cloud: &Cloud, call: &Call<'_>, detail: Detail) -> Answer {
    let is_known = |name: &str| KNOWN.contains(&name) || (name == "name" && call.minor >= 102);
    let unknown = call.request.query.iter().find(|(name, _)| !is_known(name));
    if let Some((name, _)) = unknown.filter(|_| call.minor >= 75) {
        return Err(NovaError::unexpected_property(name));
    }
    let page = paging::page(call, cloud.config.max_limit)?;
    let at_least = |name: &str| call.request.param(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let (ram, disk) = (at_least("minRam"), at_least("minDisk"));
    let name = call.request.param("name").filter(|_| call.minor >= 102);
    let mut sorted: Vec<_> = cloud.compute.flavors.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(marker) = page.marker {
        let Some(place) = sorted.iter().position(|flavor| flavor.id == marker) else {
            return Err(NovaError::bad_request(format!("marker [{marker}] not found")));
        };
        sorted.drain(..=place);
    }
    let fits = |flavor: &&Arc<Flavor>| {
        flavor.spec.memory_mib >= ram && flavor.spec.disk_gib >= disk && name.is_none_or(|name| flavor.spec.name == name)
    };
    let found: Vec<_> = sorted.into_iter().filter(fits).take(page.limit).collect();
    let last = found.last().map(|flavor| flavor.id.clone()).unwrap_or_default();
    let path = if detail == Detail::Full { "flavors/detail" } else { "flavors" };
    let next = paging::next(call, &cloud.base_url, path, &page, found.len(), &last);
    let rows: Vec<_> = found.iter().map(|flavor| view(&cloud.base_url, flavor, call.minor, detail)).collect();
    let mut body = json!({"flavors": rows});
    if let Some(href) = next {
        body["flavors_links"] = json!([{"rel": "next", "href": href}]);
    }
    Ok(Response::json(200, &body))
}

fn find<'a>(cloud: &'a Cloud, id: &str) -> Result<&'a Arc<Flavor>, NovaError> {
    cloud.compute.flavor(id).ok_or_else(|| NovaError::not_found(format!("Flavor {id} could not be found.")))
}

pub(super) fn get(cloud: &Cloud, call: &Call<'_>, id: &str) -> Answer {
    let flavor = find(cloud, id)?;
    Ok(Response::json(200, &json!({"flavor": view(&cloud.base_url, flavor, call.minor, Detail::Full)})))
}

pub(super) fn create(cloud: &mut Cloud, call: &Call<'_>) -> Answer {
    call.require_admin("os-flavor-manage:create")?;
    let body = call.request.json().unwrap_or_default();
    let asked = &body["flavor"];
    let number = |name: &str| asked[name].as_u64().or_else(|| asked[name].as_str()?.parse().ok());
    let (Some(name), Some(vcpus), Some(ram), Some(disk)) = (asked["name"].as_str(), number("vcpus"), number("ram"), number("disk")) else {
        return Err(NovaError::bad_request("A flavor needs name, vcpus, ram and disk."));
    };
    let id = asked["id"].as_str().map_or_else(|| cloud.ids.uuid().to_string(), str::to_owned);
    if cloud.compute.flavors.iter().any(|flavor| flavor.spec.name == name || flavor.id == id) {
        return Err(NovaError::conflict(format!("Flavor with name {name} already exists.")));
    }
    let spec = FlavorSpec::new(name, u32::try_from(vcpus).unwrap_or(u32::MAX), ram, disk);
    cloud.compute.flavors.push(Arc::new(Flavor { id: id.clone(), spec }));
    get(cloud, call, &id)
}

pub(super) fn delete(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    call.require_admin("os-flavor-manage:delete")?;
    find(cloud, id)?;
    cloud.compute.flavors.retain(|flavor| flavor.id != id);
    Ok(Response::empty(202))
}

pub(super) fn extra_specs(cloud: &Cloud, id: &str) -> Answer {
    Ok(Response::json(200, &json!({"extra_specs": specs(&find(cloud, id)?.spec)})))
}

/// Servers keep the flavor as it was when they were created.
pub(super) fn set_extra_specs(cloud: &mut Cloud, call: &Call<'_>, id: &str) -> Answer {
    call.require_admin("os-flavor-extra-specs:create")?;
    let body = call.request.json().unwrap_or_default();
    let new = body["extra_specs"].as_object().cloned().unwrap_or_default();
    let old = find(cloud, id)?;
    let mut spec = old.spec.clone();
    spec.extra_specs.retain(|(key, _)| !new.contains_key(key));
    spec.extra_specs.extend(new.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))));
    let flavor = Arc::new(Flavor { id: id.to_owned(), spec });
    if let Some(place) = cloud.compute.flavors.iter_mut().find(|flavor| flavor.id == id) {
        *place = flavor;
    }
    extra_specs(cloud, id)
}
