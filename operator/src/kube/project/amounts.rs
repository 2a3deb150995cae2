//! Amounts by resource name, as kube-scheduler reads them.

use std::collections::BTreeMap;

use gantry_plan::quantity::Quantity;
use gantry_plan::resources::Resources;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as ApiQuantity;

use super::wire::{Amount, Amounts};

/// Quantities of one of our own kinds. One that cannot be parsed counts as more than any node has: the API server lets none through.
pub fn amounts(map: Option<&BTreeMap<String, ApiQuantity>>) -> Resources {
    let read = |text: &str| text.parse::<Quantity>().map_or(Amount::Unreadable, Amount::Known);
    sum(map.into_iter().flatten().map(|(name, quantity)| (name.as_str(), read(&quantity.0))))
}

/// Quantities of a Kubernetes object.
pub(super) fn of(amounts: &Amounts) -> Resources {
    sum(amounts.iter().map(|(name, amount)| (name.as_str(), *amount)))
}

fn sum<'a>(amounts: impl Iterator<Item = (&'a str, Amount)>) -> Resources {
    let mut all = Resources::default();
    for (name, amount) in amounts {
        match name {
            "cpu" => all.cpu_milli = amount.milli(),
            "memory" => all.memory_bytes = amount.value(),
            "ephemeral-storage" => all.ephemeral_bytes = amount.value(),
            "pods" => all.pods = amount.value(),
            name if is_scalar(name) => {
                all.extended.insert(name.to_owned(), amount.value());
            }
            _ => {}
        }
    }
    all
}

/// Whether the scheduler counts it (component-helpers, IsScalarResourceName): extended resources, huge pages, attachable volumes.
fn is_scalar(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-") || name.starts_with("attachable-volumes-")
}
