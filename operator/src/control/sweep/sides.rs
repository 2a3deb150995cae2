//! Kubernetes' side of a sweep: every Host, from a fresh list and from the watch, and servers whose nodes still serve.

use std::collections::BTreeMap;

use gantry_crds::{Host, HostSpec, HostStatus};
use gantry_plan::model::Key;
use gantry_plan::sweep::Recorded;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use super::super::context::Context;
use super::super::driver::stays;

/// Hosts per page.
const PAGE_SIZE: u32 = 500;
/// Pages before a list is taken for endless.
const MAX_PAGES: usize = 400;

/// Every Host by UID: asked of the API server now, and what the watch knows besides.
pub(super) async fn hosts(ctx: &Context) -> Result<BTreeMap<String, Recorded>, String> {
    let mut all = known(ctx);
    let api: Api<Host> = Api::all(ctx.client.clone());
    let mut params = ListParams::default().limit(PAGE_SIZE);
    for _ in 0..MAX_PAGES {
        let page = api.list(&params).await.map_err(|error| format!("the Hosts cannot be listed: {error}"))?;
        for host in &page.items {
            let uid = host.uid().filter(|uid| !uid.is_empty()).ok_or("a Host without a UID was listed")?;
            let deleting = host.metadata.deletion_timestamp.is_some();
            all.insert(uid, recorded(&host.spec, host.status.as_ref().unwrap_or(&HostStatus::default()), deleting));
        }
        match page.metadata.continue_.filter(|next| !next.is_empty()) {
            Some(next) => params = params.continue_token(&next),
            None => return Ok(all),
        }
    }
    Err(format!("the list of Hosts has more than {MAX_PAGES} pages"))
}

/// Every Host that the watch shows.
pub(super) fn known(ctx: &Context) -> BTreeMap<String, Recorded> {
    let hosts = ctx.stores.hosts.list().into_iter();
    hosts.map(|(_, entry)| (entry.uid().to_owned(), recorded(&entry.value.spec, &entry.value.status, entry.value.deleting))).collect()
}

fn recorded(spec: &HostSpec, status: &HostStatus, deleting: bool) -> Recorded {
    let singles = [&status.server_id, &status.volume_id, &status.floating_ip_id, &status.server_group_id];
    let volume = spec.root_volume.is_none() || status.volume_id.is_some();
    let address = spec.floating_ip.is_none() || status.floating_ip_id.is_some();
    let complete = !deleting && status.server_id.is_some() && status.port_ids.len() >= spec.ports.len() && volume && address;
    Recorded { ids: singles.into_iter().flatten().chain(&status.port_ids).cloned().collect(), complete }
}

/// Servers that may not be deleted whatever is judged, each with the reason.
pub(super) fn in_service(ctx: &Context) -> BTreeMap<String, String> {
    let nodes = ctx.stores.nodes.list().into_iter();
    nodes
        .filter_map(|(key, entry)| Some((server_id(&entry.value.provider_id)?.to_owned(), reason(ctx, &key, entry.value.ready)?)))
        .collect()
}

fn reason(ctx: &Context, node: &Key, is_ready: bool) -> Option<String> {
    if is_ready {
        return Some(format!("its node {} is Ready", node.name));
    }
    let pods = ctx.stores.pods_by_node.get(&node.name);
    let works = pods.into_iter().any(|pod| !stays(&pod));
    works.then(|| format!("pods are bound to its node {}", node.name))
}

/// `openstack:///id` and `openstack://region/id` name a server.
fn server_id(provider_id: &str) -> Option<&str> {
    let (_, id) = provider_id.strip_prefix("openstack://")?.split_once('/')?;
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_id_names_its_server_with_and_without_a_region() {
        assert_eq!(server_id("openstack:///4711"), Some("4711"));
        assert_eq!(server_id("openstack://RegionOne/4711"), Some("4711"));
        assert_eq!(["", "openstack:///", "openstack://", "aws:///4711"].map(server_id), [None; 4]);
    }
}
