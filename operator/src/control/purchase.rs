//! A planned purchase becomes a Host object: everything resolved, nothing left to look up later.

use std::collections::BTreeMap;

use gantry_crds::{FINALIZER, Host, HostBootstrap, HostPort, HostSpec, LABEL_CLOUD, LABEL_HOST, LABEL_POOL, Port};
use gantry_plan::model::Key;
use gantry_plan::quantity::print_price_micro;
use gantry_plan::resources::Resources;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use rand::Rng;

use super::cloud_state::{CloudState, RefKind};
use super::context::Context;
use super::references::lookup;
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
        zone: purchase.zone.clone(),
        region: state.identity.as_ref().map(|identity| identity.region.clone()).unwrap_or_default(),
        image_id: state.resolve(RefKind::Image, &lookup(&template.image.id, &template.image.name))?,
        ports: template.ports.iter().map(|port| resolved(state, port)).collect::<Result<_, _>>()?,
        labels,
        taints: template.node.taints.clone(),
        startup_taints: template.node.startup_taints.clone(),
        allocatable: quantities(&purchase.allocatable),
        max_pods: template.node.max_pods.unwrap_or(110),
        reserved: template.node.reserved.clone(),
        bootstrap: HostBootstrap { api_server: ctx.discovery.endpoint(template.bootstrap.kubeadm.api_server.as_deref())?.server },
        price: print_price_micro(purchase.price_micro),
        reason: purchase.reason.clone(),
    };
    let mut host = Host::new(&name, spec);
    host.metadata.namespace = Some(pool.namespace.clone());
    host.metadata.finalizers = Some(vec![FINALIZER.into()]);
    let own = [(LABEL_POOL, &pool.name), (LABEL_CLOUD, &pool.spec.cloud_name)];
    host.metadata.labels = Some(own.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect());
    Ok(host)
}

fn resolved(state: &CloudState, port: &Port) -> Result<HostPort, String> {
    let subnet = port.subnet.as_ref().map(|subnet| state.resolve(RefKind::Subnet, &lookup(&subnet.id, &subnet.name)));
    let groups = port.security_groups.iter().map(|group| state.resolve(RefKind::SecurityGroup, &lookup(&group.id, &group.name)));
    Ok(HostPort {
        network_id: state.resolve(RefKind::Network, &lookup(&port.network.id, &port.network.name))?,
        subnet_id: subnet.transpose()?,
        security_group_ids: groups.collect::<Result<_, _>>()?,
    })
}

fn quantities(resources: &Resources) -> BTreeMap<String, Quantity> {
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
