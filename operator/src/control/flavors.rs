//! Flavors that a pool may use: by name, or by what they have, matched against what the cloud lists.

use std::collections::BTreeMap;

use gantry_cloud::Flavor;
use gantry_crds::{Device, Flavors, Template};
use gantry_plan::quantity::Quantity;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

/// Most flavors that a range stands for: plans grow with them, and the cheapest are worth looking at.
pub(super) const MOST: usize = 100;
const MIB: i64 = 1 << 20;

/// Names of the flavors that the template means and the cloud has, the cheapest first.
pub(super) fn matching(template: &Template, catalog: &BTreeMap<String, Flavor>, price: impl Fn(&Flavor) -> i64) -> Vec<String> {
    let mut found: Vec<&Flavor> = catalog.values().filter(|flavor| is_meant(template, flavor)).collect();
    found.sort_by_key(|flavor| (price(flavor), &flavor.name));
    found.into_iter().take(MOST).map(|flavor| flavor.name.clone()).collect()
}

/// Whether the template means this flavor.
pub(super) fn is_meant(template: &Template, flavor: &Flavor) -> bool {
    let wanted = &template.flavors;
    if !wanted.names.is_empty() {
        return wanted.names.contains(&flavor.name);
    }
    // Nova lets nobody but an administrator boot such a flavor from its own disk: it has none.
    let has_disk = flavor.disk_gib > 0 || template.root_volume.is_some();
    has_disk && has_cpus(wanted, flavor) && has_memory(wanted, flavor) && has_specs(wanted, flavor)
}

fn has_cpus(wanted: &Flavors, flavor: &Flavor) -> bool {
    let range = wanted.vcpus.clone().unwrap_or_default();
    range.min.is_none_or(|min| flavor.vcpus >= min) && range.max.is_none_or(|max| flavor.vcpus <= max)
}

fn has_memory(wanted: &Flavors, flavor: &Flavor) -> bool {
    let range = wanted.memory.clone().unwrap_or_default();
    let bytes = flavor.memory_mib.saturating_mul(MIB);
    // A bound that is no quantity was never accepted by the API server; nothing is in such a range.
    let within = |bound: &Option<Written>, holds: fn(i64, i64) -> bool| match bound {
        None => true,
        Some(written) => written.0.parse::<Quantity>().is_ok_and(|bound| holds(bytes, bound.value())),
    };
    within(&range.min, |bytes, min| bytes >= min) && within(&range.max, |bytes, max| bytes <= max)
}

fn has_specs(wanted: &Flavors, flavor: &Flavor) -> bool {
    wanted.extra_specs.iter().all(|(key, pattern)| flavor.extra_specs.get(key).is_some_and(|value| fits(pattern, value)))
}

/// Extended resources of a node of the flavor, as far as its extra specs and the cloud's `devices` say.
pub(super) fn devices(devices: &[Device], flavor: &Flavor) -> BTreeMap<String, i64> {
    let mut all: BTreeMap<String, i64> = BTreeMap::new();
    let aliases = flavor.extra_specs.get("pci_passthrough:alias").map(String::as_str).unwrap_or_default();
    let aliases = aliases.split(',').filter_map(|part| part.split_once(':'));
    let classes = flavor.extra_specs.iter().filter_map(|(key, count)| Some((key.strip_prefix("resources:")?, count.as_str())));
    for (name, count) in aliases.chain(classes) {
        let count = count.trim().parse::<i64>().ok().filter(|count| *count > 0);
        let device = devices.iter().find(|device| device.name == name.trim());
        if let (Some(count), Some(device)) = (count, device) {
            *all.entry(device.resource.clone()).or_default() += count;
        }
    }
    all
}

/// What a template asks of flavors, in words.
pub(super) fn asked(wanted: &Flavors) -> String {
    let range = |what: &str, min: Option<String>, max: Option<String>| match (min, max) {
        (Some(min), Some(max)) => Some(format!("{what} from {min} to {max}")),
        (Some(min), None) => Some(format!("{what} from {min}")),
        (None, Some(max)) => Some(format!("{what} up to {max}")),
        (None, None) => None,
    };
    let (cpu, memory) = (wanted.vcpus.clone().unwrap_or_default(), wanted.memory.clone().unwrap_or_default());
    let cpu = range("vcpus", cpu.min.map(|n| n.to_string()), cpu.max.map(|n| n.to_string()));
    let memory = range("memory", memory.min.map(|q| q.0), memory.max.map(|q| q.0));
    let specs = wanted.extra_specs.iter().map(|(key, value)| format!("{key}={value}"));
    cpu.into_iter().chain(memory).chain(specs).collect::<Vec<_>>().join(", ")
}

/// Whether `name` fits `pattern`, where `*` is any run of characters.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let (last, middle) = parts.split_last().unwrap_or((&"", &[]));
    for part in middle {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flavor(name: &str, vcpus: i32, memory_gib: i64, disk_gib: i64, spec: &str) -> Flavor {
        let extra_specs = spec.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
        Flavor { id: name.into(), name: name.into(), vcpus, memory_mib: memory_gib * 1024, disk_gib, extra_specs }
    }

    fn template(flavors: serde_json::Value, root_volume: serde_json::Value) -> Template {
        let whole = json!({"flavors": flavors, "image": {"name": "x"}, "ports": [], "rootVolume": root_volume});
        serde_json::from_value(whole).unwrap()
    }

    fn meant(flavors: serde_json::Value) -> Vec<String> {
        let all = [
            flavor("a", 2, 4, 20, ""),
            flavor("b", 4, 8, 40, "hw:cpu_policy=dedicated"),
            flavor("c", 8, 16, 40, "pci_passthrough:alias=gpu:1"),
            flavor("diskless", 4, 8, 0, ""),
        ];
        let catalog = all.into_iter().map(|flavor| (flavor.name.clone(), flavor)).collect();
        matching(&template(flavors, json!(null)), &catalog, |flavor| i64::from(flavor.vcpus))
    }

    #[test]
    fn ranges_include_their_bounds_and_all_must_hold() {
        assert_eq!(meant(json!({"vcpus": {"min": 4}})), ["b", "c"]);
        assert_eq!(meant(json!({"vcpus": {"min": 2, "max": 4}})), ["a", "b"]);
        assert_eq!(meant(json!({"memory": {"min": "8Gi", "max": "16Gi"}})), ["b", "c"]);
        assert_eq!(meant(json!({"memory": {"max": 4294967296i64}})), ["a"]);
        assert_eq!(meant(json!({"vcpus": {"max": 4}, "memory": {"min": "5Gi"}})), ["b"]);
        assert_eq!(meant(json!({"memory": {"min": "much"}})), Vec::<String>::new());
    }

    #[test]
    fn extra_specs_must_be_there_with_a_value_that_fits() {
        assert_eq!(meant(json!({"extraSpecs": {"hw:cpu_policy": "dedicated"}})), ["b"]);
        assert_eq!(meant(json!({"extraSpecs": {"pci_passthrough:alias": "gpu:*"}})), ["c"]);
        assert_eq!(meant(json!({"extraSpecs": {"hw:cpu_policy": "shared"}})), Vec::<String>::new());
    }

    #[test]
    fn devices_become_what_the_cloud_says_they_are() {
        let device = |name: &str, resource: &str| Device { name: name.into(), resource: resource.into() };
        let known = [device("gpu", "nvidia.com/gpu"), device("VGPU", "nvidia.com/gpu"), device("nic", "x.com/nic")];
        let of = |spec| devices(&known, &flavor("g", 8, 16, 40, spec));
        assert_eq!(of("pci_passthrough:alias=gpu:2, nic:1"), [("nvidia.com/gpu".to_owned(), 2), ("x.com/nic".to_owned(), 1)].into());
        assert_eq!(of("resources:VGPU=1"), [("nvidia.com/gpu".to_owned(), 1)].into());
        assert_eq!((of("pci_passthrough:alias=fpga:1"), of("resources:VCPU=0"), of("")), Default::default());
    }

    #[test]
    fn names_mean_what_bears_them_cheapest_first() {
        assert_eq!(meant(json!({"names": ["c", "diskless", "gone", "a"]})), ["a", "diskless", "c"]);
    }

    #[test]
    fn a_flavor_without_a_disk_serves_a_range_only_with_a_root_volume() {
        let diskless = flavor("diskless", 4, 8, 0, "");
        assert!(!is_meant(&template(json!({"vcpus": {"min": 4}}), json!(null)), &diskless));
        assert!(is_meant(&template(json!({"vcpus": {"min": 4}}), json!({"size": "40Gi"})), &diskless));
    }

    #[test]
    fn what_is_asked_is_told_in_words() {
        let all = json!({"vcpus": {"min": 4, "max": 16}, "memory": {"min": "8Gi"}, "extraSpecs": {"hw:cpu_policy": "dedicated"}});
        assert_eq!(asked(&template(all, json!(null)).flavors), "vcpus from 4 to 16, memory from 8Gi, hw:cpu_policy=dedicated");
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        let yes = [("m1.large", "m1.large"), ("m1.*", "m1.large"), ("*", "x"), ("*large", "m1.large"), ("m*.l*e", "m1.large")];
        let no =
            [("m1.large", "m1.larger"), ("m2.*", "m1.large"), ("*small", "m1.large"), ("m*x*e", "m1.large"), ("m1.large*e", "m1.large")];
        yes.iter().for_each(|(pattern, name)| assert!(fits(pattern, name), "{pattern} {name}"));
        no.iter().for_each(|(pattern, name)| assert!(!fits(pattern, name), "{pattern} {name}"));
    }
}
