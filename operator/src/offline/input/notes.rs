//! What the input does not say: told in one line each, and held against every command that would rest on it.

use std::fmt;

use gantry_plan::model::{Pod, Snapshot};

use super::{Input, Kind};

/// The label by which a node names its Host's pool.
const POOL_LABEL: &str = "gantry.cloud/pool";

/// Something that was not in the input, and what the plan takes for true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(pub String);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Commands that would rest on what is not known, and why they are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blind {
    /// Why nothing is bought.
    pub to_buy: Option<String>,
    /// Why nothing is let go.
    pub to_delete: Option<String>,
}

/// What must not be done for want of knowledge.
pub(super) fn blind(input: &Input, snapshot: &Snapshot) -> Blind {
    let lacks = |kind: Kind| !input.seen.contains_key(&kind);
    let joined = snapshot.hosts.iter().any(|host| host.joined) || snapshot.pods.iter().any(|pod| pod.node_name.is_some());
    let hosted = snapshot.nodes.iter().any(|node| node.labels.contains_key(POOL_LABEL));
    let bought = input.pools.values().any(|pool| pool.status.replicas > 0);
    let to_buy = if lacks(Kind::Node) && joined {
        Some("no Node in the input although pods run on nodes: how much room there is is not known, so nothing is bought")
    } else if lacks(Kind::Host) && (hosted || bought) {
        Some("no Host in the input although pools have hosts: what is on its way is not known, so nothing is bought")
    } else {
        None
    };
    let absent: Vec<&str> =
        [(Kind::Pod, "Pod"), (Kind::Node, "Node")].into_iter().filter(|(kind, _)| lacks(*kind)).map(|(_, name)| name).collect();
    let to_delete = (!absent.is_empty() && !snapshot.hosts.is_empty())
        .then(|| format!("no {} in the input: whether a host is empty is not known, so none is let go", absent.join(" and no ")));
    Blind { to_buy: to_buy.map(str::to_owned), to_delete }
}

/// What was not in the input and decides something in this world.
pub(super) fn notes(input: &Input, snapshot: &Snapshot) -> Vec<Note> {
    let lacks = |kind: Kind| !input.seen.contains_key(&kind);
    let any_pod = |holds: fn(&Pod) -> bool| snapshot.pods.iter().any(|pod| holds(pod));
    let uses_claims = any_pod(|pod| !pod.spec.claims.is_empty());
    let selects_namespaces = any_pod(|pod| {
        let terms = pod.spec.affinity.iter().chain(&pod.spec.anti_affinity);
        terms.into_iter().any(|term| term.namespace_selector.is_some())
    });
    let unranked = input.unranked.values().any(|class| !class.is_empty() && !input.ranks.contains_key(class));
    let all = [
        (lacks(Kind::Pool), "no VMPool in the input: nothing can be bought"),
        (lacks(Kind::DaemonSet), "no DaemonSet in the input: new nodes are taken to run none"),
        (lacks(Kind::Claim) && uses_claims, "no PersistentVolumeClaim in the input: pods with claims are not bought for"),
        (
            lacks(Kind::StorageClass) && uses_claims,
            "no StorageClass in the input: claims that wait for a consumer are taken to fit every zone",
        ),
        (lacks(Kind::CsiNode) && uses_claims, "no CSINode in the input: nodes are taken to attach any number of volumes"),
        (lacks(Kind::Namespace) && selects_namespaces, "no Namespace in the input: namespace selectors match none"),
        (unranked, "a PriorityClass that pods name is not in the input: their priority is taken to be 0"),
    ];
    let told = all.into_iter().filter(|(holds, _)| *holds).map(|(_, what)| Note(what.to_owned()));
    told.chain(passed_over(input)).collect()
}

/// What was read and does not count.
fn passed_over(input: &Input) -> Vec<Note> {
    let budgets = input.seen.get(&Kind::DisruptionBudget).copied().unwrap_or(0);
    let ignored: Vec<String> = input.ignored.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let all = [
        (budgets > 0, format!("PodDisruptionBudgets were read ({budgets}): they change nothing, as this plan evicts no pod")),
        (!ignored.is_empty(), format!("passed over, as planning does not need them: {}", ignored.join(", "))),
        (input.repeated > 0, format!("objects are in the input more than once ({} times): the last one counts", input.repeated)),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, what)| Note(what)).collect()
}
