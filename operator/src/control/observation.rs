//! What the state machine is given: the ledger out of the Host object, and what was seen outside of it.

use gantry_crds::{HostStatus, OnDelete, TAINT_STARTUP, condition};
use gantry_plan::host::{self, Failure, Ledger, NodeSeen, Observation, PodSeen, Recorded, Wanted};
use gantry_plan::model::{Key, Node, Pod};

use super::context::Context;
use super::driver::stays;
use super::{company, reserve, server_seen, steps};
use crate::bootstrap::labels;
use crate::kube::objects::HostObject;

/// What the Host object records.
pub(super) fn ledger(host: &HostObject) -> Ledger {
    let (spec, status) = (&host.spec, &host.status);
    let failed = condition::find(&status.conditions, "Failed").filter(|c| c.status == "True");
    Ledger {
        deleting: host.deleting,
        finalizer: host.held(),
        wanted: Wanted {
            server_group: spec.server_group.is_some(),
            ports: spec.ports.len(),
            volume: spec.root_volume.as_ref().map(|volume| match volume.on_delete {
                OnDelete::Delete => host::OnDelete::Delete,
                OnDelete::Keep => host::OnDelete::Keep,
            }),
            floating_ip: spec.floating_ip.is_some(),
        },
        parts: parts(status),
        create_sent_at: status.create_sent_at.as_ref().map(|time| time.0),
        create_attempts: u32::try_from(status.create_attempts).unwrap_or(0),
        server_id: status.server_id.clone(),
        launched: condition::is_true(&status.conditions, "Launched"),
        joined: condition::is_true(&status.conditions, "Joined"),
        failed: failed.map(|c| Failure::new(&c.reason, c.message.clone())),
    }
}

fn parts(status: &HostStatus) -> Recorded {
    Recorded {
        server_group: status.server_group_id.clone(),
        ports: status.port_ids.clone(),
        volume: status.volume_id.clone(),
        floating_ip: status.floating_ip_id.clone(),
    }
}

/// What was seen outside of it. Looking is what patience is measured by.
pub(super) fn observe(ctx: &Context, host: &HostObject, ledger: &Ledger) -> Observation {
    let state = steps::cloud(ctx, host);
    let mut seen = Observation {
        cloud: steps::cloud_trouble(&state),
        held: held(ctx, host, ledger, state.fleet.absence()),
        create_held: create_held(ctx, host, state.fleet.creation(&host.spec.zone)),
        list: server_seen::list(&state.inventory, host),
        ..in_kubernetes(ctx, host)
    };
    ctx.memories.update(&host.uid, |memory| {
        seen.server = memory.server.clone();
        memory.patience.look(ledger.stage(), host::sight(&seen), ctx.now());
    });
    let memory = ctx.memories.get(&host.uid);
    Observation {
        server_at: memory.server_at,
        sweep: memory.sweep,
        deletion: memory.deletion,
        strays: server_seen::strays(&state.inventory, host, &memory.strays),
        port: memory.port,
        volume: memory.volume,
        parts_left: memory.parts_left,
        token: memory.token,
        patience: memory.patience,
        eviction_refused: memory.eviction_refused,
        ..seen
    }
}

/// Why absence proves nothing now: too many servers are missing, or enough were taken for gone lately.
fn held(ctx: &Context, host: &HostObject, ledger: &Ledger, absence: Option<&str>) -> Option<String> {
    if let Some(why) = absence {
        return Some(why.to_owned());
    }
    // The cap is for servers that vanish, not for those that are being deleted or that nobody recorded.
    let vanishes = !ledger.deleting && ledger.server_id.is_some();
    let cell = ctx.clouds.get(&Key::new(&host.namespace, &host.spec.cloud_name)).filter(|_| vanishes)?;
    cell.gone_held(&host.uid, ctx.now())
}

/// Why nothing is created for the host now: servers of its zone are missing, or nobody wants it any more.
fn create_held(ctx: &Context, host: &HostObject, fleet: Option<&str>) -> Option<String> {
    let pool = ctx.stores.pools.get(&Key::new(&host.namespace, &host.spec.pool_name));
    match (pool, fleet) {
        (_, Some(why)) => Some(why.to_owned()),
        (None, None) => Some(format!("pool {} does not exist any more", host.spec.pool_name)),
        (Some(pool), None) => pool.value.deleting.then(|| format!("pool {} is being deleted", host.spec.pool_name)),
    }
}

fn in_kubernetes(ctx: &Context, host: &HostObject) -> Observation {
    let node = ctx.stores.nodes.get(&Key::new("", &host.name));
    let pods = ctx.stores.pods_by_node.get(&host.name);
    Observation {
        node: node.map(|node| node_seen(ctx, host, &node.value)),
        pods: pods.iter().map(|pod| pod_seen(pod)).collect(),
        ..Observation::default()
    }
}

fn node_seen(ctx: &Context, host: &HostObject, node: &Node) -> NodeSeen {
    let set_by_us = labels::for_operator(&host.spec.labels);
    let startup_taint = node.taints.iter().any(|taint| taint.key == TAINT_STARTUP);
    NodeSeen {
        provider_id: node.provider_id.clone(),
        ready: node.ready,
        startup_taint,
        company: if startup_taint && node.ready { company::awaited(ctx, host, node) } else { None },
        kept: startup_taint && node.ready && reserve::keeps(ctx, host, node),
        waits_for: node.taints.iter().map(|taint| &taint.key).find(|key| lifted_by_others(host, key)).cloned(),
        cordoned: node.cordoned,
        labels_missing: set_by_us.iter().any(|(name, value)| node.labels.get(name) != Some(value)),
    }
}

/// Taints that a joining node has for a moment and that others lift.
const JOIN_TAINTS: [&str; 4] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
];

fn lifted_by_others(host: &HostObject, key: &str) -> bool {
    JOIN_TAINTS.contains(&key) || host.spec.startup_taints.iter().any(|taint| taint.key == key)
}

fn pod_seen(pod: &Pod) -> PodSeen {
    PodSeen {
        namespace: pod.key.namespace.clone(),
        name: pod.key.name.clone(),
        uid: pod.uid.clone(),
        stays: stays(pod),
        terminating: pod.terminating,
    }
}
