//! Who depends on a cloud now: how often it is looked at follows from it.

use std::sync::Arc;

use gantry_cloud::QuotaOf;
use gantry_crds::{HostPhase, condition};
use gantry_plan::fleet::Recorded;
use gantry_plan::model::Key;
use jiff::SignedDuration;

use super::super::context::Context;
use super::{BUSY_EVERY, IDLE_EVERY, QUOTA_BUSY_EVERY, QUOTA_REST_EVERY};
use crate::kube::objects::HostObject;
use crate::kube::store::Entry;

/// Counted once a round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Census {
    /// Hosts of this cloud.
    pub(super) hosts: usize,
    /// Whether hosts come or go. One that is only not ready may stay so for days and is no reason to hurry.
    pub(super) busy: bool,
    /// Whether a pool wants to grow and cannot.
    blocked: bool,
    /// Whether a pool boots from volumes.
    volumes: bool,
}

impl Census {
    pub(super) fn take(ctx: &Context, cloud: &Key) -> Self {
        let pools = ctx.stores.pools.list();
        let mine = || pools.iter().filter(|(key, pool)| key.namespace == cloud.namespace && pool.value.spec.cloud_name == cloud.name);
        let is_blocked = |conditions| condition::find(conditions, "CanGrow").is_some_and(|c| c.status == "False");
        Self {
            hosts: hosts_but(ctx, cloud, &[]).count(),
            busy: hosts_but(ctx, cloud, &[HostPhase::Ready, HostPhase::NotReady]).next().is_some(),
            blocked: mine().any(|(_, pool)| is_blocked(&pool.value.status.conditions)),
            volumes: mine().any(|(_, pool)| pool.value.spec.template.root_volume.is_some()),
        }
    }

    pub(super) fn servers_every(&self) -> SignedDuration {
        if self.busy { BUSY_EVERY } else { IDLE_EVERY }
    }

    pub(super) fn quota_every(&self) -> SignedDuration {
        if self.busy || self.blocked { QUOTA_BUSY_EVERY } else { IDLE_EVERY }
    }

    pub(super) fn quota_rest_every(&self) -> SignedDuration {
        if self.blocked { QUOTA_BUSY_EVERY } else { QUOTA_REST_EVERY }
    }

    /// Whose quota counts beside Nova's.
    pub(super) fn services(&self) -> &'static [QuotaOf] {
        if self.volumes { &[QuotaOf::Network, QuotaOf::Volumes] } else { &[QuotaOf::Network] }
    }
}

/// Hosts of this cloud that are being deleted or are in none of these phases.
pub(super) fn hosts_but(ctx: &Context, cloud: &Key, settled: &'static [HostPhase]) -> impl Iterator<Item = Key> {
    let hosts = hosts_of(ctx, cloud).into_iter();
    hosts.filter(|(_, entry)| entry.value.deleting || !settled.contains(&entry.value.status.phase)).map(|(host, _)| host)
}

type Hosts = Vec<(Key, Arc<Entry<HostObject>>)>;

fn hosts_of(ctx: &Context, cloud: &Key) -> Hosts {
    let mut hosts = ctx.stores.hosts.list();
    hosts.retain(|(host, entry)| host.namespace == cloud.namespace && entry.value.spec.cloud_name == cloud.name);
    hosts
}

/// Hosts whose servers a complete list has to show: those that are to live.
pub(super) fn recorded(ctx: &Context, cloud: &Key) -> Hosts {
    let mut hosts = hosts_of(ctx, cloud);
    hosts.retain(|(_, entry)| !entry.value.deleting && !condition::is_true(&entry.value.status.conditions, "Failed"));
    hosts
}

/// What a Host says of its server.
pub(super) fn as_recorded(host: &HostObject) -> Option<Recorded<'_>> {
    let sent_at = host.status.create_sent_at.as_ref().map(|time| time.0);
    Some(Recorded { server: host.status.server_id.as_deref()?, zone: &host.spec.zone, sent_at })
}
