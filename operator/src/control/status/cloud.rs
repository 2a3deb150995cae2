//! What a cloud tells: whether it can be used and believed, what it offers, its quota, and what was left behind in it.

use std::collections::BTreeMap;

use gantry_crds::{
    Condition, ORPHANS_SHOWN, OfferingStatus, OpenStackCloudStatus, OrphanKind, OrphanStatus, QuotaLine, QuotaStatus, condition,
};
use gantry_plan::model::Key;
use gantry_plan::quantity::print_price_micro;
use gantry_plan::sweep::{Kind, Orphan};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::cloud_state::CloudState;
use super::super::context::{Context, reference};
use super::super::flavors;
use super::super::offerings::OfferingKey;
use super::super::snapshot::offerings;
use crate::kube::objects::CloudObject;

/// Reasons that say no more than that nothing is known yet.
const UNTOLD: &str = "Reading";

/// The status as it is to be.
pub(super) fn status(ctx: &Context, key: &Key, cloud: &CloudObject, now: Timestamp) -> OpenStackCloudStatus {
    let state = ctx.clouds.state(key);
    // Before the first answer the status says what an earlier process wrote.
    let mut status = cloud.status.clone();
    let set = |status: &mut OpenStackCloudStatus, (type_, holds, reason, message): Told| {
        let condition = Condition {
            type_: type_.into(),
            status: if holds { "True" } else { "False" }.into(),
            last_transition_time: Time(ctx.wall()),
            reason,
            message,
            observed_generation: Some(cloud.generation),
        };
        announce(ctx, cloud, &condition);
        condition::set(&mut status.conditions, condition);
    };
    set(&mut status, readiness(&state));
    status.observed_generation = Some(cloud.generation);
    if state.ready().is_err() {
        return status;
    }
    set(&mut status, consistency(&state));
    status.region = state.identity.as_ref().map(|identity| identity.region.clone());
    status.project_id = state.identity.as_ref().map(|identity| identity.project_id.clone());
    status.servers = i32::try_from(state.inventory.by_host.values().map(Vec::len).sum::<usize>()).ok();
    status.learned = ctx.learned.told(key);
    status.offerings = offering_status(ctx, key, cloud, &state, now);
    status.orphans = state.orphans.iter().take(ORPHANS_SHOWN).map(orphan_status).collect();
    status.orphans_total = i32::try_from(state.orphans.len()).ok();
    if let Some((quota, _)) = state.quota {
        status.quota = Some(quota_status(&quota));
        status.summary = summary(&quota);
    }
    status
}

/// A condition's type, whether it holds, its reason and its message.
type Told = (&'static str, bool, String, String);

fn readiness(state: &CloudState) -> Told {
    match (state.ready(), state.trouble()) {
        (Err(problem), _) => ("Ready", false, problem.reason, problem.message),
        (Ok(()), Some(trouble)) => ("Ready", true, trouble.reason, trouble.message),
        (Ok(()), None) => {
            ("Ready", true, "Answering".into(), "the credentials work; flavors, zones, quota and servers have been read".into())
        }
    }
}

fn consistency(state: &CloudState) -> Told {
    const TYPE: &str = "CloudInventoryConsistent";
    match state.fleet.absence() {
        Some(why) => (TYPE, false, "ServersMissing".into(), why.to_owned()),
        None => (TYPE, true, "Consistent".into(), "the list of servers shows those that Hosts record".into()),
    }
}

/// Says in an event what becomes of a condition, once for each status and reason.
fn announce(ctx: &Context, cloud: &CloudObject, new: &Condition) {
    let old = condition::find(&cloud.status.conditions, &new.type_).map(|c| (c.status.as_str(), c.reason.as_str()));
    let was_never_bad = old.is_none() && new.reason == "Consistent";
    if old == Some((new.status.as_str(), new.reason.as_str())) || new.reason == UNTOLD || was_never_bad {
        return;
    }
    let fine = new.status == "True" && ["Answering", "Consistent"].contains(&new.reason.as_str());
    ctx.events.emit(&reference("OpenStackCloud", cloud), if fine { "Normal" } else { "Warning" }, &new.reason, &new.message);
}

fn orphan_status(orphan: &Orphan) -> OrphanStatus {
    OrphanStatus {
        kind: match orphan.kind {
            Kind::Server => OrphanKind::Server,
            Kind::FloatingIp => OrphanKind::FloatingIP,
            Kind::Port => OrphanKind::Port,
            Kind::Volume => OrphanKind::Volume,
            Kind::ServerGroup => OrphanKind::ServerGroup,
            Kind::Token => OrphanKind::Token,
        },
        id: orphan.id.clone(),
        name: orphan.name.clone(),
        host_uid: orphan.host.clone(),
        // Whole seconds, as the API keeps it: the status would otherwise never equal what was written.
        first_seen: Time(Timestamp::from_second(orphan.since.as_second()).unwrap_or(orphan.since)),
        message: format!("{}; {}", orphan.why, orphan.fate),
    }
}

/// Only what pools of this cloud may use: a cloud has more flavors than anybody wants to read.
fn offering_status(ctx: &Context, key: &Key, cloud: &CloudObject, state: &CloudState, now: Timestamp) -> Vec<OfferingStatus> {
    let pools = ctx.stores.pools.list();
    let mine: Vec<_> =
        pools.iter().filter(|(pool, entry)| pool.namespace == key.namespace && entry.value.spec.cloud_name == key.name).collect();
    let used = |flavor: &str, zone: &str| {
        mine.iter().any(|(_, pool)| {
            let template = &pool.value.spec.template;
            state.flavors.get(flavor).is_some_and(|flavor| flavors::is_meant(template, flavor))
                && (template.zones.is_empty() || template.zones.iter().any(|name| name == zone))
        })
    };
    let offerings = offerings(ctx, key, cloud, state, now).into_iter().filter(|offering| used(&offering.flavor, &offering.zone));
    offerings
        .map(|offering| {
            let id = OfferingKey { cloud: key.clone(), flavor: offering.flavor.clone(), zone: offering.zone.clone() };
            let failed = ctx.offerings.get(&id, now);
            OfferingStatus {
                vcpus: i32::try_from(offering.vcpus).unwrap_or(i32::MAX),
                memory_mib: offering.memory_mib,
                disk_gib: offering.disk_gib,
                resources: offering.resources.into_iter().map(|(name, amount)| (name, amount.to_string())).collect(),
                price: print_price_micro(offering.price_micro),
                available: failed.is_none(),
                until: failed.as_ref().map(|failed| Time(failed.until)),
                reason: failed.map(|failed| failed.told()),
                flavor: offering.flavor,
                zone: offering.zone,
            }
        })
        .collect()
}

fn quota_status(quota: &gantry_cloud::Quota) -> QuotaStatus {
    let line = |line: gantry_cloud::Line| QuotaLine { limit: line.limit, used: line.used };
    QuotaStatus {
        instances: line(quota.instances),
        cores: line(quota.cores),
        memory_mib: line(quota.memory_mib),
        ports: quota.ports.map(line),
        volumes: quota.volumes.map(line),
        gigabytes: quota.gigabytes.map(line),
        floating_ips: quota.floating_ips.map(line),
        server_groups: quota.server_groups.map(line),
        server_group_members: quota.server_group_members,
    }
}

fn summary(quota: &gantry_cloud::Quota) -> BTreeMap<String, String> {
    let line = |line: gantry_cloud::Line| {
        if line.limit < 0 { format!("{} of any", line.used) } else { format!("{} of {}", line.used, line.limit) }
    };
    [("cores".to_owned(), line(quota.cores)), ("instances".to_owned(), line(quota.instances))].into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gantry_plan::sweep::Fate;

    #[test]
    fn an_orphan_is_told_with_its_reason_and_what_becomes_of_it() {
        let orphan = Orphan {
            kind: Kind::FloatingIp,
            id: "f".into(),
            name: "203.0.113.9".into(),
            host: Some("uid".into()),
            since: Timestamp::new(100, 5).unwrap(),
            why: "no Host has the UID that it bears",
            fate: Fate::Reported,
        };
        let told = orphan_status(&orphan);
        assert_eq!((told.kind, told.first_seen.0.subsec_nanosecond()), (OrphanKind::FloatingIP, 0));
        assert!(told.message.starts_with("no Host has the UID that it bears; reported only"), "{}", told.message);
    }
}
