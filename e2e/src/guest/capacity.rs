//! The arithmetic of a Node's capacity and allocatable: flavor minus what the kubelet keeps.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::join::KubeletSettings;

/// Most pods on a node when nobody says otherwise (kubelet's default).
const MAX_PODS_DEFAULT: u32 = 110;

/// Memory that kubelet's default hard eviction threshold keeps free, in bytes (`memory.available<100Mi`).
const EVICTION_MEMORY_BYTES: i128 = 100 * MEBI;

/// Share of the root disk that kubelet's default hard eviction threshold keeps free (`nodefs.available<10%`).
const EVICTION_DISK_PERCENT: i128 = 10;

/// Root disk of a server whose flavor has none because it boots from a volume, in GiB.
const DISK_GIB_DEFAULT: u64 = 20;

const MILLI: i128 = 1000;
const KIBI: i128 = 1024;
const MEBI: i128 = 1024 * KIBI;
const GIBI: i128 = 1024 * MEBI;

/// The size of a server, as Nova shows it inside the server since microversion 2.47.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Size {
    /// Virtual CPUs.
    pub vcpus: u64,
    /// Memory in MiB (Nova's `ram`).
    pub memory_mib: u64,
    /// Root disk in GiB (Nova's `disk`); 0 for a flavor that boots from a volume.
    pub disk_gib: u64,
}

/// A Node's `status.capacity` and `status.allocatable`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resources {
    /// What the machine has.
    pub capacity: BTreeMap<String, Quantity>,
    /// What pods may use.
    pub allocatable: BTreeMap<String, Quantity>,
}

/// Computes both for a server of `size` whose kubelet has `settings`.
///
/// # Errors
/// A reserve that is not a quantity, at which a real kubelet would not start.
pub fn resources(size: Size, settings: &KubeletSettings) -> Result<Resources> {
    let cpu_millis = i128::from(size.vcpus) * MILLI;
    let memory_bytes = i128::from(size.memory_mib) * MEBI;
    let disk_gib = if size.disk_gib == 0 { DISK_GIB_DEFAULT } else { size.disk_gib };
    let disk_bytes = i128::from(disk_gib) * GIBI;
    let memory_kept = reserved(settings, "memory")? / MILLI + eviction(settings, "memory.available", memory_bytes)?;
    let disk_kept = reserved(settings, "ephemeral-storage")? / MILLI + eviction(settings, "nodefs.available", disk_bytes)?;
    let cpu_free = (cpu_millis - reserved(settings, "cpu")?).max(0);
    let pods = settings.max_pods.unwrap_or(MAX_PODS_DEFAULT).to_string();
    Ok(Resources {
        capacity: list(cpu(cpu_millis), bytes(memory_bytes), bytes(disk_bytes), pods.clone()),
        allocatable: list(cpu(cpu_free), bytes((memory_bytes - memory_kept).max(0)), bytes((disk_bytes - disk_kept).max(0)), pods),
    })
}

fn list(cpu: String, memory: String, disk: String, pods: String) -> BTreeMap<String, Quantity> {
    let pairs = [("cpu", cpu), ("memory", memory), ("ephemeral-storage", disk), ("pods", pods)];
    let zeros = ["hugepages-1Gi", "hugepages-2Mi"].map(|name| (name, "0".to_owned()));
    pairs.into_iter().chain(zeros).map(|(name, value)| (name.to_owned(), Quantity(value))).collect()
}

/// What `kubeReserved` and `systemReserved` keep of one resource, in thousandths.
fn reserved(settings: &KubeletSettings, resource: &str) -> Result<i128> {
    let mut sum = 0;
    for (field, map) in [("kubeReserved", &settings.kube_reserved), ("systemReserved", &settings.system_reserved)] {
        if let Some(text) = map.get(resource) {
            sum += milli_value(text).with_context(|| format!("the kubelet's {field}.{resource}"))?;
        }
    }
    Ok(sum)
}

/// What a hard eviction threshold keeps of `total` bytes; a threshold is a quantity or a percentage.
fn eviction(settings: &KubeletSettings, signal: &str, total: i128) -> Result<i128> {
    let Some(thresholds) = &settings.eviction_hard else {
        return Ok(if signal == "memory.available" { EVICTION_MEMORY_BYTES } else { total * EVICTION_DISK_PERCENT / 100 });
    };
    let Some(text) = thresholds.get(signal) else {
        return Ok(0);
    };
    match text.strip_suffix('%') {
        Some(percent) => Ok(total * milli_value(percent)? / MILLI / 100),
        None => Ok(milli_value(text).with_context(|| format!("the kubelet's evictionHard.{signal}"))? / MILLI),
    }
}

fn cpu(millis: i128) -> String {
    if millis % MILLI == 0 { (millis / MILLI).to_string() } else { format!("{millis}m") }
}

fn bytes(amount: i128) -> String {
    if amount % KIBI == 0 { format!("{}Ki", amount / KIBI) } else { amount.to_string() }
}

/// Reads a Kubernetes quantity as thousandths of its unit, rounded up.
///
/// # Errors
/// Text that is not a non-negative quantity with at most 15 digits on either side of the point.
pub fn milli_value(text: &str) -> Result<i128> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let has_digits = whole.len() + fraction.len() > 0;
    ensure!(has_digits && !fraction.contains('.') && whole.len() <= 15 && fraction.len() <= 15, "{text:?} is not a quantity");
    let (numerator, denominator) = scale(suffix).with_context(|| format!("{text:?} has a unit that Kubernetes does not know"))?;
    let digits: i128 = format!("{whole}{fraction}").parse()?;
    let divisor = 10_i128.pow(u32::try_from(fraction.len())?) * denominator;
    let product = digits.checked_mul(numerator * MILLI).with_context(|| format!("{text:?} is too large"))?;
    Ok(product / divisor + i128::from(product % divisor != 0))
}

/// The factor of a quantity's suffix, as a fraction.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let factor = match suffix {
        "n" => (1, 1_000_000_000),
        "u" => (1, 1_000_000),
        "m" => (1, 1000),
        "" => (1, 1),
        "k" => (1000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "Ki" => (KIBI, 1),
        "Mi" => (MEBI, 1),
        "Gi" => (GIBI, 1),
        "Ti" => (GIBI * KIBI, 1),
        "Pi" => (GIBI * MEBI, 1),
        _ => return None,
    };
    Some(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(yaml: &str) -> KubeletSettings {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn allocatable(size: Size, yaml: &str) -> [String; 4] {
        let found = resources(size, &settings(yaml)).unwrap().allocatable;
        ["cpu", "memory", "ephemeral-storage", "pods"].map(|name| found[name].0.clone())
    }

    const LARGE: Size = Size { vcpus: 4, memory_mib: 8192, disk_gib: 40 };

    #[test]
    fn nothing_reserved_leaves_the_eviction_threshold_out() {
        assert_eq!(allocatable(LARGE, "{}"), ["4", "8286208Ki", "37748736Ki", "110"]);
    }

    #[test]
    fn reserves_of_both_kinds_are_taken_off() {
        let yaml = "{maxPods: 64, kubeReserved: {cpu: 250m, memory: 1Gi}, systemReserved: {cpu: '0.25', memory: 0.5Gi}}";
        assert_eq!(allocatable(LARGE, yaml), ["3500m", "6713344Ki", "37748736Ki", "64"]);
    }

    #[test]
    fn own_eviction_thresholds_replace_the_defaults() {
        assert_eq!(allocatable(LARGE, "{evictionHard: {memory.available: 50%}}"), ["4", "4194304Ki", "41943040Ki", "110"]);
    }

    #[test]
    fn a_reserve_larger_than_the_machine_leaves_nothing() {
        assert_eq!(allocatable(LARGE, "{kubeReserved: {cpu: '9', memory: 99Gi}}")[..2], ["0", "0Ki"]);
    }

    #[test]
    fn a_flavor_without_a_disk_boots_from_a_volume() {
        let size = Size { disk_gib: 0, ..LARGE };
        assert_eq!(resources(size, &settings("{}")).unwrap().capacity["ephemeral-storage"].0, "20971520Ki");
    }

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let cases = [("1", 1000), ("1500m", 1500), ("0.5", 500), (".5k", 500_000), ("1Ki", 1_024_000), ("1n", 1)];
        for (text, expected) in cases {
            assert_eq!(milli_value(text).unwrap(), expected, "{text}");
        }
        for text in ["", ".", "1.2.3", "-1", "1 Gi", "1gb", "abc"] {
            assert!(milli_value(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_reserve_makes_it_panic(cpu in ".{0,24}", memory in "[0-9.]{0,20}[a-zA-Z]{0,2}") {
            let settings = KubeletSettings {
                kube_reserved: BTreeMap::from([("cpu".into(), cpu), ("memory".into(), memory)]),
                ..KubeletSettings::default()
            };
            let _ = resources(LARGE, &settings);
        }
    }
}
