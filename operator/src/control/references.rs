//! Names in pools' templates, looked up in OpenStack once and again when they have become old.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_cloud::{Cloud, Error, Lookup, Named};
use gantry_crds::{Image, NetworkRef, Port, QosPolicyRef, SecurityGroupRef, SubnetRef, Template};
use gantry_plan::model::Key;

use super::cloud_state::{MISSING_LIFE, REFERENCE_LIFE, RefKind, Reference, word};
use super::clouds::Cell;
use super::context::Context;

/// Looks up what pools of this cloud name and what is not known or too old; forgets what no pool names.
///
/// What cannot be looked up now stands for what it stood for, and does not keep the other service's names from being looked up.
///
/// # Errors
/// The first service's that did not answer.
pub(super) async fn read(ctx: &Context, cloud: &Key, cell: &Cell, client: &Arc<dyn Cloud>) -> Result<(), Error> {
    let wanted = wanted(ctx, cloud);
    let known = cell.read().references;
    let is_due = |key: &&(RefKind, Lookup)| {
        known.get(key).is_none_or(|reference| {
            let life = if reference.id.is_ok() { REFERENCE_LIFE } else { MISSING_LIFE };
            ctx.now().duration_since(reference.at) >= life
        })
    };
    let (images, others): (Vec<_>, Vec<_>) = wanted.iter().filter(is_due).partition(|(kind, _)| *kind == RefKind::Image);
    let outcomes = [look_up_all(ctx, cell, client, &images).await, look_up_all(ctx, cell, client, &others).await];
    cell.update(|state| {
        if state.references.keys().any(|key| !wanted.contains(key)) {
            Arc::make_mut(&mut state.references).retain(|key, _| wanted.contains(key));
        }
    });
    outcomes.into_iter().collect()
}

/// All of one service's, until it does not answer.
async fn look_up_all(ctx: &Context, cell: &Cell, client: &Arc<dyn Cloud>, due: &[&(RefKind, Lookup)]) -> Result<(), Error> {
    for (kind, by) in due {
        let found = look_up(client, *kind, by).await?;
        let reference = match one(&found, *kind, by) {
            Ok(only) => Reference { id: Ok(only.id.clone()), name: only.name.clone(), at: ctx.now() },
            Err(why) => Reference { id: Err(why), name: String::new(), at: ctx.now() },
        };
        cell.update(|state| Arc::make_mut(&mut state.references).insert((*kind, by.clone()), reference));
    }
    Ok(())
}

fn wanted(ctx: &Context, cloud: &Key) -> BTreeSet<(RefKind, Lookup)> {
    let pools = ctx.stores.pools.list().into_iter();
    let mine = pools.filter(|(key, pool)| key.namespace == cloud.namespace && pool.value.spec.cloud_name == cloud.name);
    mine.flat_map(|(_, pool)| named(&pool.value.spec.template)).collect()
}

/// Everything that a template names.
fn named(template: &Template) -> Vec<(RefKind, Lookup)> {
    let mut all = vec![(RefKind::Image, image(&template.image))];
    all.extend(template.ports.iter().flat_map(named_by_port));
    all.extend(template.floating_ip.iter().map(|ip| (RefKind::Network, network(&ip.network))));
    all
}

fn named_by_port(port: &Port) -> Vec<(RefKind, Lookup)> {
    let subnets = port.subnet.iter().chain(port.fixed_ips.iter().filter_map(|ip| ip.subnet.as_ref()));
    let mut all = vec![(RefKind::Network, network(&port.network))];
    all.extend(subnets.map(|by| (RefKind::Subnet, subnet(by))));
    all.extend(port.security_groups.iter().map(|by| (RefKind::SecurityGroup, security_group(by))));
    all.extend(port.qos_policy.iter().map(|by| (RefKind::QosPolicy, qos_policy(by))));
    all
}

/// How an image is looked up.
pub(super) fn image(by: &Image) -> Lookup {
    match lookup(&by.id, &by.name, &by.tags) {
        Lookup::Labelled { tags, .. } => Lookup::Labelled { tags, properties: by.properties.clone() },
        exact => exact,
    }
}

/// How a network is looked up.
pub(super) fn network(by: &NetworkRef) -> Lookup {
    lookup(&by.id, &by.name, &by.tags)
}

/// How a subnet is looked up.
pub(super) fn subnet(by: &SubnetRef) -> Lookup {
    lookup(&by.id, &by.name, &by.tags)
}

/// How a security group is looked up.
pub(super) fn security_group(by: &SecurityGroupRef) -> Lookup {
    lookup(&by.id, &by.name, &by.tags)
}

/// How a QoS policy is looked up.
pub(super) fn qos_policy(by: &QosPolicyRef) -> Lookup {
    lookup(&by.id, &by.name, &by.tags)
}

/// An id if there is one, else a name, else labels. The API's rules allow exactly one of them.
fn lookup(id: &Option<String>, name: &Option<String>, tags: &[String]) -> Lookup {
    match (id, name) {
        (Some(id), _) => Lookup::Id(id.clone()),
        (None, Some(name)) => Lookup::Name(name.clone()),
        (None, None) => Lookup::Labelled { tags: tags.to_vec(), properties: Default::default() },
    }
}

async fn look_up(client: &Arc<dyn Cloud>, kind: RefKind, by: &Lookup) -> Result<Vec<Named>, Error> {
    match kind {
        RefKind::Image => client.images(by).await,
        RefKind::Network => client.networks(by).await,
        RefKind::Subnet => client.subnets(by).await,
        RefKind::SecurityGroup => client.security_groups(by).await,
        RefKind::QosPolicy => client.qos_policies(by).await,
    }
}

/// The only one; of images that bear labels the first, which is the newest.
fn one<'a>(found: &'a [Named], kind: RefKind, by: &Lookup) -> Result<&'a Named, String> {
    match (found, by) {
        ([only], _) => Ok(only),
        ([newest, ..], Lookup::Labelled { .. }) if kind == RefKind::Image => Ok(newest),
        ([], Lookup::Labelled { .. }) => {
            Err(format!("no {} {} exists in this project and region, or the credentials cannot see it", kind.word(), word(by)))
        }
        ([], _) => Err(format!("{} {} does not exist in this project and region, or the credentials cannot see it", kind.word(), word(by))),
        (many, Lookup::Labelled { .. }) => {
            Err(format!("there are {} {} {}; give the id of the one that is meant", many.len(), plural(kind), word(by)))
        }
        (many, _) => Err(format!("{} {} are called {}; give the id of the one that is meant", many.len(), plural(kind), word(by))),
    }
}

fn plural(kind: RefKind) -> String {
    if kind == RefKind::QosPolicy { "QoS policies".into() } else { format!("{}s", kind.word()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_x(id: &str) -> Named {
        Named { id: id.into(), name: "x".into() }
    }

    fn labelled() -> Lookup {
        Lookup::Labelled { tags: vec!["k8s".into()], properties: [("os_distro".to_owned(), "debian".to_owned())].into() }
    }

    #[test]
    fn a_name_must_be_the_name_of_exactly_one() {
        let by = Lookup::Name("x".into());
        assert_eq!(one(&[named_x("1")], RefKind::Network, &by), Ok(&named_x("1")));
        let two = [named_x("1"), named_x("2")];
        assert_eq!(one(&two, RefKind::Network, &by), Err("2 networks are called x; give the id of the one that is meant".into()));
        assert!(one(&two, RefKind::Image, &by).is_err());
        assert!(one(&[], RefKind::Image, &by).unwrap_err().starts_with("image x does not exist"));
    }

    #[test]
    fn labels_mean_the_newest_image_but_only_one_network() {
        let two = [named_x("newest"), named_x("older")];
        assert_eq!(one(&two, RefKind::Image, &labelled()), Ok(&named_x("newest")));
        assert_eq!(
            one(&two, RefKind::QosPolicy, &labelled()),
            Err("there are 2 QoS policies with k8s, os_distro=debian; give the id of the one that is meant".into())
        );
        assert!(one(&[], RefKind::Image, &labelled()).unwrap_err().starts_with("no image with k8s, os_distro=debian exists"));
    }

    #[test]
    fn everything_that_a_template_names_is_looked_up_once() {
        let template: Template = serde_json::from_value(serde_json::json!({
            "flavors": {"names": ["a"]},
            "image": {"tags": ["k8s"], "properties": {"os_distro": "debian"}},
            "ports": [
                {"network": {"name": "apps"}, "subnet": {"name": "v4"}, "securityGroups": [{"name": "nodes"}], "qosPolicy": {"tags": ["gold"]}},
                {"network": {"name": "apps"}, "fixedIPs": [{"subnet": {"name": "v6"}}, {"address": "10.0.0.9"}]},
            ],
            "floatingIP": {"network": {"id": "public"}},
        }))
        .unwrap();
        let gold = Lookup::Labelled { tags: vec!["gold".into()], properties: Default::default() };
        let expected = BTreeSet::from([
            (RefKind::Image, labelled()),
            (RefKind::Network, Lookup::Name("apps".into())),
            (RefKind::Subnet, Lookup::Name("v4".into())),
            (RefKind::Subnet, Lookup::Name("v6".into())),
            (RefKind::SecurityGroup, Lookup::Name("nodes".into())),
            (RefKind::QosPolicy, gold),
            (RefKind::Network, Lookup::Id("public".into())),
        ]);
        assert_eq!(named(&template).into_iter().collect::<BTreeSet<_>>(), expected);
    }
}
