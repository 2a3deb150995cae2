//! A planned purchase becomes a Host object: everything resolved, nothing left to look up later.

use std::collections::BTreeMap;

use gantry_crds::{CLAIMS_MAX, FINALIZER, Host, HostBootstrap, HostClaim, HostSpec, LABEL_CLOUD, LABEL_HOST, LABEL_POOL, Template};
use gantry_plan::model::{Claim, Key};
use gantry_plan::quantity::print_price_micro;
use gantry_plan::resources::Resources;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use rand::Rng;

use super::cloud_state::CloudState;
use super::context::Context;
use super::resolve;
use crate::kube::objects::PoolObject;

/// Characters of a host's suffix: no vowels and nothing that is mistaken for another.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Length of a host's suffix: 14 million names a pool.
const SUFFIX: usize = 5;
/// Attempts at a name that no node or host bears.
const NAME_ATTEMPTS: usize = 20;

/// What the planner asked for.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// Pool.
    pub pool: Key,
    /// Flavor name.
    pub flavor: String,
    /// Zone.
    pub zone: String,
    /// Price of an hour in micro-units.
    pub price_micro: i64,
    /// Expected allocatable.
    pub allocatable: Resources,
    /// Labels of the node.
    pub labels: BTreeMap<String, String>,
    /// Seats that it keeps.
    pub claims: Vec<Claim>,
    /// Why.
    pub reason: String,
}

/// The Host to create, or why it cannot be, in words.
pub fn host(ctx: &Context, pool: &PoolObject, state: &CloudState, purchase: &Purchase) -> Result<Host, String> {
    let flavor = state.flavors.get(&purchase.flavor).ok_or_else(|| format!("flavor {} is not known any more", purchase.flavor))?;
    let template = &pool.spec.template;
    let name = free_name(ctx, &pool.name)?;
    let mut labels = purchase.labels.clone();
    labels.insert(LABEL_HOST.into(), name.clone());
    let spec = HostSpec {
        pool_name: pool.name.clone(),
        cloud_name: pool.spec.cloud_name.clone(),
        flavor: purchase.flavor.clone(),
        flavor_id: flavor.id.clone(),
        region: state.identity.as_ref().map(|identity| identity.region.clone()).unwrap_or_default(),
        labels,
        allocatable: quantities(&purchase.allocatable),
        bootstrap: HostBootstrap { api_server: ctx.discovery.endpoint(template.bootstrap.kubeadm.api_server.as_deref())?.server },
        claims: written(&purchase.claims),
        price: print_price_micro(purchase.price_micro),
        reason: purchase.reason.clone(),
        ..of_template(template, state, &purchase.zone)?
    };
    let mut host = Host::new(&name, spec);
    host.metadata.namespace = Some(pool.namespace.clone());
    host.metadata.finalizers = Some(vec![FINALIZER.into()]);
    let own = [(LABEL_POOL, &pool.name), (LABEL_CLOUD, &pool.spec.cloud_name)];
    host.metadata.labels = Some(own.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect());
    Ok(host)
}

/// What the template alone says of a host in `zone`, its references resolved.
fn of_template(template: &Template, state: &CloudState, zone: &str) -> Result<HostSpec, String> {
    let found = resolve::resolve(template, state)?;
    Ok(HostSpec {
        zone: zone.to_owned(),
        image_id: found.image.id.clone(),
        ports: found.host_ports(),
        root_volume: template.root_volume.as_ref().map(|volume| resolve::root_volume(volume, zone)),
        server_group: template.server_group.clone(),
        floating_ip: found.host_floating_ip(),
        metadata: template.metadata.clone(),
        tags: template.tags.clone(),
        key_pair: template.key_pair.clone(),
        config_drive: template.config_drive,
        scheduler_hints: template.scheduler_hints.clone(),
        taints: template.node.taints.clone(),
        startup_taints: template.node.startup_taints.clone(),
        max_pods: template.node.max_pods.unwrap_or(110),
        reserved: template.node.reserved.clone(),
        ..HostSpec::default()
    })
}

/// Claims as a Host keeps them. With more than that the biggest are kept: the others find the room, only not as surely.
fn written(claims: &[Claim]) -> Vec<HostClaim> {
    let mut claims = claims.to_vec();
    claims.sort_by_key(|claim| (std::cmp::Reverse(claim.pods), claim.shape));
    let written = |claim: &Claim| HostClaim { shape: format!("{:x}", claim.shape), pods: i32::try_from(claim.pods).unwrap_or(i32::MAX) };
    claims.iter().take(CLAIMS_MAX).map(written).collect()
}

/// What [`written`] wrote; one that cannot be read keeps no seat.
pub(crate) fn read(claims: &[HostClaim]) -> Vec<Claim> {
    let read =
        |claim: &HostClaim| Some(Claim { shape: u64::from_str_radix(&claim.shape, 16).ok()?, pods: u32::try_from(claim.pods).ok()? });
    claims.iter().filter_map(read).collect()
}

pub(super) fn quantities(resources: &Resources) -> BTreeMap<String, Quantity> {
    let mut all: BTreeMap<String, Quantity> = resources.extended.iter().map(|(name, n)| (name.clone(), Quantity(n.to_string()))).collect();
    all.insert("cpu".into(), Quantity(format!("{}m", resources.cpu_milli)));
    all.insert("memory".into(), Quantity(resources.memory_bytes.to_string()));
    all.insert("ephemeral-storage".into(), Quantity(resources.ephemeral_bytes.to_string()));
    all.insert("pods".into(), Quantity(resources.pods.to_string()));
    all
}

/// A name that no Host of any namespace and no Node bears: it will be a Node's name, and those have no namespace.
fn free_name(ctx: &Context, pool: &str) -> Result<String, String> {
    for _ in 0..NAME_ATTEMPTS {
        let name = format!("{pool}-{}", suffix(&mut rand::rng()));
        if ctx.stores.hosts_named(&name).is_empty() && ctx.stores.nodes.get(&Key::new("", &name)).is_none() {
            return Ok(name);
        }
    }
    Err(format!("no free name was found for a host of pool {pool} in {NAME_ATTEMPTS} attempts"))
}

fn suffix(rng: &mut impl Rng) -> String {
    (0..SUFFIX).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::cloud_state::RefKind::{Image, Network};
    use super::super::drift::differences;
    use super::super::resolve::tests::{cloud, template};
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_survive_their_writing_and_the_biggest_are_kept() {
        let claims: Vec<Claim> = (0..200).map(|n| Claim { shape: u64::MAX - n, pods: n as u32 + 1 }).collect();
        let mut kept = read(&written(&claims));
        kept.reverse();
        assert_eq!(kept, claims[200 - CLAIMS_MAX..]);
    }

    #[test]
    fn a_host_is_bought_with_all_that_the_template_says_and_has_not_drifted() {
        let state = cloud(&[(Image, "debian"), (Network, "apps"), (Network, "public")]);
        let wanted = template(json!({
            "flavors": {"names": ["a"]}, "zones": ["az1"], "image": {"name": "debian"}, "ports": [{"network": {"name": "apps"}}],
            "rootVolume": {"size": "40Gi", "zone": "SameAsHost", "onDelete": "Keep"}, "serverGroup": {"policy": "affinity"},
            "floatingIP": {"network": {"name": "public"}}, "metadata": {"a": "b"}, "tags": ["c"], "keyPair": "ops", "configDrive": true,
            "schedulerHints": {"same_host": ["d"]}, "node": {"taints": [{"key": "t", "effect": "NoSchedule"}], "maxPods": 50},
        }));
        let spec = of_template(&wanted, &state, "az1").unwrap();
        let told = json!(spec);
        assert_eq!(told["rootVolume"], json!({"sizeGiB": 40, "zone": "az1", "onDelete": "Keep"}));
        assert_eq!((&told["floatingIP"]["networkID"], &told["serverGroup"]["policy"]), (&json!("public-id"), &json!("affinity")));
        assert_eq!((&told["keyPair"], &told["configDrive"], &told["tags"]), (&json!("ops"), &json!(true), &json!(["c"])));
        let found = resolve::resolve(&wanted, &state).unwrap();
        let bought = HostSpec { flavor: "a".into(), ..spec };
        assert_eq!(differences(&wanted, &found, &BTreeMap::new(), &bought), Vec::<String>::new());
    }
}
