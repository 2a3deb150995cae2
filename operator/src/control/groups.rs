//! Server groups: shared by the hosts of a pool and policy, sharded under the quota of members, made by the first host and deleted by those that go last.

use std::sync::Arc;

use gantry_cloud::{Cloud, Error, GroupSpec};
use gantry_crds::GroupPolicy;
use gantry_plan::host::{Choice, Leftover, Part, Shard, choose};
use gantry_plan::model::Key;

use super::context::Context;
use super::parts::{self, Made};
use super::record;
use super::steps::{Outcome, RETRY, cloud, send_before, trouble};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// What a group is chosen by.
struct Wanted {
    /// `gantry/<cluster uid>/<pool uid>/<policy>/`.
    prefix: String,
    policy: GroupPolicy,
    most_on_one: Option<i64>,
}

/// Joins a group with room or makes one, one host of a cloud at a time: the next one sees what was recorded.
pub(super) async fn join(ctx: &Context, entry: &Arc<Entry<HostObject>>, client: &Arc<dyn Cloud>) -> Outcome {
    let host = &entry.value;
    let Some(wanted) = wanted(ctx, host) else { return Outcome::Again(RETRY) };
    let _turn = ctx.builds.turn(&Key::new(&host.namespace, &host.spec.cloud_name)).await;
    if !record::unchanged(ctx, entry).await || !ctx.may_act() {
        return Outcome::Next;
    }
    match choice(ctx, host, client, &wanted).await {
        Ok(id) => parts::take(ctx, host, Part::ServerGroup, Made { id, address: None }).await,
        // An unclear creation is looked for by the same name: a second group of that name is found, shared, and goes with the last host.
        Err(error) if parts::is_unclear(&error) => {
            trouble(ctx, host, "the answer to the creation of the server group is not clear; it is looked for first", &error);
            Outcome::Again(RETRY)
        }
        Err(error) => parts::refused(ctx, host, "the server group cannot be had", error).await,
    }
}

fn wanted(ctx: &Context, host: &HostObject) -> Option<Wanted> {
    let group = host.spec.server_group.as_ref()?;
    let pool = ctx.stores.pools.get(&Key::new(&host.namespace, &host.spec.pool_name))?;
    let prefix = format!("gantry/{}/{}/{}/", ctx.cluster_uid, pool.uid(), group.policy.as_str());
    Some(Wanted { prefix, policy: group.policy, most_on_one: group.max_servers_per_hypervisor.map(i64::from) })
}

async fn choice(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, wanted: &Wanted) -> Result<String, Error> {
    let limit = cloud(ctx, host).quota.and_then(|(quota, _)| quota.server_group_members);
    let groups = client.server_groups().await?;
    let shards: Vec<Shard> = groups.into_iter().filter_map(|group| shard(ctx, wanted, group)).collect();
    let number = match choose(&shards, limit) {
        Choice::Use(id) => return Ok(id),
        Choice::Create(number) => number,
    };
    let spec = GroupSpec {
        name: format!("{}{number}", wanted.prefix),
        policy: wanted.policy.as_str().to_owned(),
        max_servers_per_hypervisor: wanted.most_on_one,
    };
    Ok(client.create_server_group(&spec, send_before(ctx)).await?.id)
}

/// A group of this pool and policy. One with another rule is not joined, but its number is taken.
fn shard(ctx: &Context, wanted: &Wanted, group: gantry_cloud::ServerGroup) -> Option<Shard> {
    let number = group.name.strip_prefix(&wanted.prefix)?.parse().ok()?;
    let same_rule = group.policy == wanted.policy.as_str() && group.max_servers_per_hypervisor == wanted.most_on_one;
    let hosts = ctx.stores.hosts.list().into_iter().filter(|(_, entry)| entry.value.status.server_group_id.as_ref() == Some(&group.id));
    let recorded = hosts.map(|(_, entry)| entry.value.status.server_id.clone()).collect();
    Some(Shard { id: group.id, number, members: group.members, recorded, open: same_rule })
}

/// Whether another host that stays records the group. Of several that go at the same time each deletes it, and the later ones hear that it is gone.
pub(super) fn is_shared(ctx: &Context, host: &HostObject) -> bool {
    let group = &host.status.server_group_id;
    let mut others = ctx.stores.hosts.list().into_iter().filter(|(_, entry)| entry.uid() != host.uid && !entry.value.deleting);
    group.is_some() && others.any(|(_, entry)| entry.value.status.server_group_id == *group)
}

/// The last host deletes the group; asked again in turn, as another host may have joined it meanwhile.
pub(super) async fn leave(ctx: &Context, host: &HostObject, client: &Arc<dyn Cloud>, part: &Leftover) -> Outcome {
    let _turn = ctx.builds.turn(&Key::new(&host.namespace, &host.spec.cloud_name)).await;
    if is_shared(ctx, host) {
        ctx.memories.update(&host.uid, |memory| memory.parts_left.iter_mut().for_each(|left| left.retain(|left| left.what != *part)));
        return Outcome::Next;
    }
    super::removal::part(ctx, host, client, part).await
}

/// Whether servers of this policy must be built one after the other: Nova's scheduler races with itself and the losers end in ERROR.
pub(super) fn one_at_a_time(policy: GroupPolicy) -> bool {
    matches!(policy, GroupPolicy::Affinity | GroupPolicy::AntiAffinity)
}
