//! Names in pools' templates, looked up in OpenStack once and again when they have become old.

use std::collections::BTreeSet;
use std::sync::Arc;

use gantry_cloud::{Cloud, Error, Lookup, Named};
use gantry_crds::Template;
use gantry_plan::model::Key;

use super::cloud_state::{MISSING_LIFE, REFERENCE_LIFE, RefKind, Reference, word};
use super::clouds::Cell;
use super::context::Context;

/// Looks up what pools of this cloud name and what is not known or too old; forgets what no pool names.
pub(super) async fn read(ctx: &Context, cloud: &Key, cell: &Cell, client: &Arc<dyn Cloud>) -> Result<(), Error> {
    let wanted = wanted(ctx, cloud);
    let known = cell.read().references;
    for (kind, lookup) in &wanted {
        let fresh = known.get(&(*kind, lookup.clone())).is_some_and(|reference| {
            let life = if reference.id.is_ok() { REFERENCE_LIFE } else { MISSING_LIFE };
            ctx.now().duration_since(reference.at) < life
        });
        if !fresh {
            let id = look_up(client, *kind, lookup).await?;
            cell.update(|state| state.references.insert((*kind, lookup.clone()), Reference { id, at: ctx.now() }));
        }
    }
    cell.update(|state| state.references.retain(|key, _| wanted.contains(key)));
    Ok(())
}

fn wanted(ctx: &Context, cloud: &Key) -> BTreeSet<(RefKind, Lookup)> {
    let pools = ctx.stores.pools.list().into_iter();
    let mine = pools.filter(|(key, pool)| key.namespace == cloud.namespace && pool.value.spec.cloud_name == cloud.name);
    mine.flat_map(|(_, pool)| named(&pool.value.spec.template)).collect()
}

/// Everything that a template names.
pub(super) fn named(template: &Template) -> Vec<(RefKind, Lookup)> {
    let mut all = vec![(RefKind::Image, lookup(&template.image.id, &template.image.name))];
    for port in &template.ports {
        all.push((RefKind::Network, lookup(&port.network.id, &port.network.name)));
        all.extend(port.subnet.iter().map(|subnet| (RefKind::Subnet, lookup(&subnet.id, &subnet.name))));
        all.extend(port.security_groups.iter().map(|group| (RefKind::SecurityGroup, lookup(&group.id, &group.name))));
    }
    all
}

/// An id if there is one, else the name. The API's rules allow exactly one of them.
pub(super) fn lookup(id: &Option<String>, name: &Option<String>) -> Lookup {
    match id {
        Some(id) => Lookup::Id(id.clone()),
        None => Lookup::Name(name.clone().unwrap_or_default()),
    }
}

async fn look_up(client: &Arc<dyn Cloud>, kind: RefKind, by: &Lookup) -> Result<Result<String, String>, Error> {
    let found = match kind {
        RefKind::Image => client.images(by).await,
        RefKind::Network => client.networks(by).await,
        RefKind::Subnet => client.subnets(by).await,
        RefKind::SecurityGroup => client.security_groups(by).await,
    };
    Ok(one(&found?, kind, by))
}

fn one(found: &[Named], kind: RefKind, by: &Lookup) -> Result<String, String> {
    match found {
        [only] => Ok(only.id.clone()),
        [] => Err(format!("{} {} does not exist in this project and region, or the credentials cannot see it", kind.word(), word(by))),
        many => Err(format!("{} {}s are called {}; give the id of the one that is meant", many.len(), kind.word(), word(by))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_x(id: &str) -> Named {
        Named { id: id.into(), name: "x".into() }
    }

    #[test]
    fn a_name_must_be_the_name_of_exactly_one() {
        let by = Lookup::Name("x".into());
        assert_eq!(one(&[named_x("1")], RefKind::Network, &by), Ok("1".into()));
        assert_eq!(
            one(&[named_x("1"), named_x("2")], RefKind::Network, &by),
            Err("2 networks are called x; give the id of the one that is meant".into())
        );
        assert!(one(&[], RefKind::Image, &by).unwrap_err().starts_with("image x does not exist"));
    }
}
