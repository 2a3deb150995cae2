//! Cells that are down: what Nova still says of the servers in them, from what its API database knows.
use serde_json::{Value, json};

use super::{
    list::Detail,
    view::{embedded_flavor, image},
};
use crate::{
    clock,
    faults::Cell,
    state::{Cloud, server::Server},
};

/// From this microversion on, such servers show, as far as they are known.
pub(super) const STUBS_SINCE: u16 = 69;

/// What was not scheduled yet, or failed at it, is in no cell.
pub(super) fn is_down(cloud: &Cloud, cells: &[Cell], server: &Server) -> bool {
    let Some(place) = server.hypervisor.and_then(|n| cloud.compute.hypervisors.get(n)) else { return false };
    cells.iter().any(|cell| cell.holds(&server.spec.name, &place.zone))
}

/// A row of a list.
pub(super) fn stub(cloud: &Cloud, server: &Server, detail: Detail) -> Value {
    let (base, id) = (&cloud.base_url, server.id);
    let links = json!([
        {"rel": "self", "href": format!("{base}/compute/v2.1/servers/{id}")},
        {"rel": "bookmark", "href": format!("{base}/compute/servers/{id}")},
    ]);
    let mut row = json!({"id": id, "status": "UNKNOWN", "links": links});
    if detail == Detail::Full {
        row["tenant_id"] = json!(&*server.project);
        row["created"] = json!(clock::seconds(server.created));
    }
    row
}

/// GET of one server.
pub(super) fn partial(cloud: &Cloud, server: &Server, minor: u16) -> Value {
    let mut row = stub(cloud, server, Detail::Full);
    row["image"] = image(cloud, server);
    row["flavor"] = embedded_flavor(&server.spec.flavor);
    row["OS-EXT-AZ:availability_zone"] = json!(server.spec.zone.as_deref().unwrap_or("UNKNOWN"));
    row["OS-EXT-STS:power_state"] = json!(0);
    row["user_id"] = json!(&*server.user);
    if minor >= 71 {
        row["server_groups"] = json!(server.spec.group.into_iter().collect::<Vec<_>>());
    }
    row
}
