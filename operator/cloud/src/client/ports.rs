//! Ports and the ways in which clouds keep or lose the tags that one is created with.

use super::ask::Ask;
use super::call;
use super::openstack::OpenStack;
use crate::wire::neutron_port::{OnePort, Ports, TagsAtBirth, WirePort, body, refuses_tags};
use crate::{META_CLUSTER, Mark, Port, PortSpec, Priority, Result};
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// The ports of the mark's host: by tag, and by description as long as it is not known that tags are kept.
pub(super) async fn of(cloud: &OpenStack, mark: &Mark) -> Result<Vec<Port>> {
    let (tags, description) = (mark.tags(), mark.description());
    let (tags, descriptions) = ([("tags", tags[0].as_str())], [("description", description.as_str())]);
    let by_tag = cloud.list::<Ports, Port>(&call::PORTS, &tags);
    let mut ports = if cloud.tags_kept.load(Ordering::Relaxed) {
        by_tag.await?
    } else {
        let (mut ports, more) = tokio::try_join!(by_tag, cloud.list::<Ports, Port>(&call::PORTS, &descriptions))?;
        ports.extend(more.into_iter().filter(|port| ports.iter().all(|known| known.id != port.id)).collect::<Vec<_>>());
        ports
    };
    ports.retain(|port| port.mark().as_ref() == Some(mark));
    Ok(ports)
}

/// The ports of a whole cluster. A description cannot be searched for a part, so without tags it takes all of the project's.
pub(super) async fn marked(cloud: &OpenStack, cluster: &str) -> Result<Vec<Port>> {
    let tag = format!("{META_CLUSTER}:{cluster}");
    let project = cloud.engine.session().await?.project_id.clone();
    let filter = match cloud.tags_kept.load(Ordering::Relaxed) {
        true => [("tags", tag.as_str())],
        false => [("project_id", project.as_str())],
    };
    let mut ports: Vec<Port> = cloud.list_at::<Ports, Port>(&call::PORTS, Priority::Background, &filter).await?;
    ports.retain(|port| port.mark().is_some_and(|mark| mark.cluster == cluster));
    Ok(ports)
}

/// Creates a port; where tags at birth are refused, without them.
pub(super) async fn create(cloud: &OpenStack, spec: &PortSpec, send_before: Instant) -> Result<Port> {
    let port = match post(cloud, spec, TagsAtBirth::Sent, send_before).await {
        Err(error) if refuses_tags(&error) => post(cloud, spec, TagsAtBirth::LeftOut, send_before).await?,
        other => other?,
    };
    cloud.tags_kept.store(port.has_tags(&spec.mark.tags()), Ordering::Relaxed);
    Ok(port.into())
}

async fn post(cloud: &OpenStack, spec: &PortSpec, tags: TagsAtBirth, send_before: Instant) -> Result<WirePort> {
    let body = body(spec, tags)?;
    let one: OnePort = cloud.one(Ask::of(&call::CREATE_PORT).body(&body).send_before(send_before)).await?;
    Ok(one.port)
}
