//! What a pool tells: whether it is ready and can grow, by how much, what its template stands for, and which hosts drifted from it.

use std::sync::Arc;

use gantry_crds::{Condition, HostPhase, LABEL_POOL, Resolved, Room, VMPoolStatus, condition};
use gantry_plan::Plan;
use gantry_plan::model::{Key, Pool};
use gantry_plan::quantity::{parse_price_micro, print_price_micro};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::context::Context;
use super::super::drift::{self, Compared};
use super::super::resolve::{Resolution, resolve};
use super::super::snapshot::{matching_flavors, missing};
use crate::kube::objects::{HostObject, PoolObject};
use crate::kube::store::Entry;

/// A pool, its hosts, and what its template stands for where that is known now.
pub(super) struct View<'a> {
    ctx: &'a Context,
    key: &'a Key,
    pool: &'a PoolObject,
    planned: &'a Pool,
    hosts: Vec<Arc<Entry<HostObject>>>,
    found: Option<Resolution>,
}

impl<'a> View<'a> {
    pub fn new(ctx: &'a Context, key: &'a Key, pool: &'a PoolObject, planned: &'a Pool) -> Self {
        let all = ctx.stores.hosts.list().into_iter();
        let mine = all.filter(|(host, entry)| host.namespace == key.namespace && entry.value.spec.pool_name == key.name);
        let state = ctx.clouds.state(&Key::new(&key.namespace, &pool.spec.cloud_name));
        let found = planned.ready.is_ok().then(|| resolve(&pool.spec.template, &state).ok()).flatten();
        Self { ctx, key, pool, planned, hosts: mine.map(|(_, entry)| entry).collect(), found }
    }

    /// Every host that stays, beside the template; `None` while it is not known what that stands for.
    pub fn compared(&self) -> Option<Vec<Compared>> {
        let found = self.found.as_ref()?;
        let state = self.ctx.clouds.state(&Key::new(&self.key.namespace, &self.pool.spec.cloud_name));
        let staying = self.hosts.iter().filter(|host| !host.value.deleting);
        let compare = |host: &Arc<Entry<HostObject>>| Compared {
            differences: drift::differences(&self.pool.spec.template, found, &state.flavors, &host.value.spec),
            host: host.clone(),
        };
        Some(staying.map(compare).collect())
    }

    /// The status as it is to be. What is not known now stays as it was told.
    pub fn status(&self, plan: &Plan, compared: Option<&[Compared]>) -> VMPoolStatus {
        let pool = self.pool;
        let specs = self.hosts.iter().map(|host| &host.value.spec);
        let cost = specs.filter_map(|spec| parse_price_micro(&spec.price).ok()).sum();
        let ready = self.hosts.iter().filter(|host| host.value.status.phase == HostPhase::Ready && !host.value.deleting).count();
        let drifted = compared.map(|all| count(all.iter().filter(|host| !host.differences.is_empty()).count()));
        VMPoolStatus {
            conditions: self.conditions(plan),
            observed_generation: Some(pool.generation),
            replicas: count(self.hosts.len()),
            ready_hosts: count(ready),
            selector: format!("{LABEL_POOL}={}", self.key.name),
            cost_per_hour: print_price_micro(cost),
            drifted_hosts: drifted.unwrap_or(pool.status.drifted_hosts),
            resolved: self.resolved().or_else(|| pool.status.resolved.clone()),
            room: plan.growth.get(self.key).map(|growth| Room { hosts: count(growth.hosts), blocked_by: growth.blocked_by.clone() }),
        }
    }

    fn conditions(&self, plan: &Plan) -> Vec<Condition> {
        let mut conditions = self.pool.status.conditions.clone();
        for (type_, (holds, reason, message)) in [("Ready", self.readiness()), ("CanGrow", self.growth(plan))] {
            let condition = Condition {
                type_: type_.into(),
                status: if holds { "True" } else { "False" }.into(),
                last_transition_time: Time(self.ctx.wall()),
                reason: reason.into(),
                message,
                observed_generation: Some(self.pool.generation),
            };
            condition::set(&mut conditions, condition);
        }
        conditions
    }

    fn resolved(&self) -> Option<Resolved> {
        self.found.as_ref().map(|found| found.told(matching_flavors(self.ctx, self.key, self.pool)))
    }

    fn readiness(&self) -> (bool, &'static str, String) {
        match &self.planned.ready {
            _ if self.pool.deleting => {
                let hosts = self.hosts.len();
                (false, "Deleting", format!("the pool is being deleted; {hosts} hosts are being drained and deleted"))
            }
            Ok(()) => (true, "Resolved", self.left_out()),
            Err(why) => (false, "NotReady", why.clone()),
        }
    }

    /// What was found, and what is left out because the cloud does not have it.
    fn left_out(&self) -> String {
        let state = self.ctx.clouds.state(&Key::new(&self.pool.namespace, &self.pool.spec.cloud_name));
        let (flavors, zones) = missing(&self.pool.spec.template, &state);
        if flavors.is_empty() && zones.is_empty() {
            return "cloud, flavors, zones, image and networks were found".into();
        }
        let names = [flavors, zones].concat().join(", ");
        format!("left out, because the cloud does not have it: {names}; everything else was found")
    }

    /// For which pods no host is bought, because those that were did not take them.
    fn useless(&self) -> String {
        let all = &self.planned.useless;
        let first = all.first().map(|useless| format!("{} took none of the pods that it was bought for: {}", useless.flavor, useless.why));
        // Without a time: while such hosts stand idle it moves on and on.
        format!("{}; it is not bought for them for a while; everything else can be bought", first.unwrap_or_default())
    }

    fn growth(&self, plan: &Plan) -> (bool, &'static str, String) {
        match (&self.planned.ready, plan.blocked.get(self.key)) {
            (Err(why), _) => (false, "NotReady", why.clone()),
            (Ok(()), Some(why)) => (false, "Blocked", format!("blocked: {why}")),
            (Ok(()), None) if !self.planned.useless.is_empty() => (false, "HostsUseless", self.useless()),
            (Ok(()), None) => (true, "NothingInTheWay", "nothing that is known stands in the way of one more host".into()),
        }
    }
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// A pool that becomes blocked says so in an event, once for each reason.
pub(super) fn announce_block(ctx: &Context, pool: &PoolObject, new: &VMPoolStatus) {
    let reason = |status: &VMPoolStatus| condition::find(&status.conditions, "CanGrow").map(|c| (c.status.clone(), c.reason.clone()));
    if reason(&pool.status) == reason(new) {
        return;
    }
    let Some(condition) = condition::find(&new.conditions, "CanGrow") else { return };
    let was_blocked = condition::find(&pool.status.conditions, "CanGrow").is_some_and(|c| c.reason == "Blocked");
    match condition.reason.as_str() {
        "Blocked" => ctx.pool_event(pool, "Warning", "Blocked", &condition.message),
        "NothingInTheWay" if was_blocked => ctx.pool_event(pool, "Normal", "Unblocked", &condition.message),
        _ => {}
    }
}
