//! GET /servers and /servers/detail.
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Answer, Call, cells,
    error::NovaError,
    filters::{self, Filters},
    paging,
    view::{Place, View},
};
use crate::{
    http::Response,
    state::{Cloud, server::Server},
};

/// Names and links only, or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    Brief,
    Full,
}

#[derive(Serialize)]
struct Servers<'a> {
    servers: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    servers_links: Option<Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Row<'a> {
    Whole(Box<View<'a>>),
    /// All that the API knows of a server whose cell is down.
    Stub(Value),
}

pub(super) fn servers(cloud: &mut Cloud, call: &Call<'_>, detail: Detail) -> Answer {
    let filters = filters::parse(call, detail)?;
    let page = paging::page(call, cloud.config.max_limit)?;
    let cells = cloud.faults.cells();
    let before = page.marker.map(|marker| marked(cloud, call, marker)).transpose()?;
    // The administrator's view of all projects is what guests are booted from: only a rule that says so bears on it.
    let omission = cloud.faults.list_rule("servers", filters.all_tenants);
    let omits = |server: &Server| omission.as_ref().is_some_and(|rule| rule.hides(&server.spec.name));
    let is_down = |server: &Server| cells::is_down(cloud, &cells, server);
    let hidden = |server: &Server| omits(server) || is_down(server);
    let wanted = |server: &Server| filters.accepts(server) && is_on(cloud, server, filters.host.as_deref());
    let chosen = candidates(cloud, call, &filters, before).filter(|server| !hidden(server) && wanted(server));
    let found: Vec<&Server> = chosen.take(page.limit).collect();
    let last = found.last().map(|server| server.id.to_string()).unwrap_or_default();
    let path = if detail == Detail::Full { "servers/detail" } else { "servers" };
    let next = paging::next(call, &cloud.base_url, path, &page, found.len(), &last);
    let view = |server| View { cloud, server, minor: call.minor, is_admin: call.caller.is_admin, detail, place: Place::List };
    let mut servers: Vec<Row<'_>> = found.into_iter().map(|server| Row::Whole(Box::new(view(server)))).collect();
    if is_plain(call) {
        let has_stubs = omission.as_ref().is_some_and(|rule| rule.has_stubs);
        let down = candidates(cloud, call, &filters, None).filter(|server| is_down(server) || (has_stubs && omits(server)));
        servers.extend(down.map(|server| Row::Stub(cells::stub(cloud, server, detail))));
    }
    let servers_links = next.map(|href| json!([{"rel": "next", "href": href}]));
    Ok(Response::json(200, &Servers { servers, servers_links }))
}

fn is_on(cloud: &Cloud, server: &Server, host: Option<&str>) -> bool {
    let place = server.hypervisor.and_then(|n| cloud.compute.hypervisors.get(n));
    host.is_none_or(|host| place.is_some_and(|place| &*place.name == host))
}

/// Any filter, limit or marker makes Nova leave the stubs out.
fn is_plain(call: &Call<'_>) -> bool {
    call.minor >= cells::STUBS_SINCE && call.request.query.iter().all(|(name, _)| name == "all_tenants")
}

/// The place of the marker; a deleted server is still one.
fn marked(cloud: &Cloud, call: &Call<'_>, marker: &str) -> Result<u64, NovaError> {
    let server = Uuid::parse_str(marker).ok().and_then(|id| cloud.compute.any(id));
    let mine = |server: &&Server| call.caller.is_admin || server.project == call.project;
    let found = server.filter(mine).ok_or_else(|| NovaError::bad_request(format!("marker [{marker}] not found")))?;
    if cells::is_down(cloud, &cloud.faults.cells(), found) {
        return Err(NovaError::unexpected("oslo_db.exception.DBConnectionError"));
    }
    Ok(found.seq)
}

fn candidates<'a>(
    cloud: &'a Cloud,
    call: &'a Call<'_>,
    filters: &Filters,
    before: Option<u64>,
) -> Box<dyn Iterator<Item = &'a Server> + 'a> {
    let project = (!filters.all_tenants).then_some(&*call.project);
    if filters.wants_deleted() {
        let mine = move |server: &&Server| project.is_none_or(|project| &*server.project == project);
        return Box::new(cloud.compute.with_deleted(before).filter(mine));
    }
    cloud.compute.alive(project, before)
}
