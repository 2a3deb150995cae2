//! The openb trace: 8,152 pods of a production cluster, all at once, on its node shapes and the flavors of two public OpenStack clouds.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use gantry_plan::model::{Expression, NodeTerm, Snapshot};

use super::{Flavor, INSTANCE_TYPE, MIB, Shape, asks, wait, world};

const PODS: &[u8] = include_bytes!("../../data/openb_pods.csv.gz");
const NODE_SHAPES: &str = include_str!("../../data/openb_node_shapes.csv");
const FLAVORS: &str = include_str!("../../data/flavors.csv");
/// A thousandth of a GPU. That a share lies on one GPU and not on two is not modelled.
const GPU: &str = "example.com/gpu-milli";
const GPU_MILLI: i64 = 1_000;
/// Public clouds that bill by rule ask so much for a vCPU and a GiB an hour.
const VCPU_MICRO: i64 = 10_000;
const GIB_MICRO: i64 = 4_000;
/// What a GPU of a model costs an hour here: made up, in the order of what they do.
const GPU_MICRO: [(&str, i64); 7] =
    [("P100", 300_000), ("T4", 350_000), ("G2", 450_000), ("V100M16", 600_000), ("V100M32", 700_000), ("A10", 800_000), ("G3", 900_000)];

/// The world: one zone, nothing there yet.
pub fn openb() -> Result<Snapshot> {
    let mut models = BTreeMap::new();
    let mut flavors = Vec::new();
    for row in NODE_SHAPES.lines().skip(1) {
        let flavor = node_shape(row).with_context(|| format!("not a node shape: {row}"))?;
        models.insert(flavor.name.clone(), row.rsplit(',').next().unwrap_or_default().to_owned());
        flavors.push(flavor);
    }
    for row in FLAVORS.lines().skip(1) {
        flavors.extend(public_flavor(row).with_context(|| format!("not a flavor: {row}"))?);
    }
    let mut snapshot = world(&flavors);
    let mut text = String::new();
    GzDecoder::new(PODS).read_to_string(&mut text)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    text.lines().skip(1).for_each(|row| *counts.entry(row).or_default() += 1);
    for (row, count) in counts {
        wait(&mut snapshot, &pod(row, &models).with_context(|| format!("not a pod: {row}"))?, count);
    }
    Ok(snapshot)
}

/// `count,cpu_milli,memory_mib,gpu,model`
fn node_shape(row: &str) -> Option<Flavor> {
    let fields: Vec<&str> = row.split(',').collect();
    let [_, cpu_milli, memory_mib, gpus, model] = fields[..] else {
        return None;
    };
    let (cpu_milli, memory_mib, gpus) = (cpu_milli.parse().ok()?, memory_mib.parse().ok()?, gpus.parse::<i64>().ok()?);
    let name = format!("openb-{}c-{}g-{gpus}x{model}", cpu_milli / 1_000, memory_mib / 1_024);
    let gpu_micro = GPU_MICRO.iter().find(|(name, _)| *name == model).map_or(0, |(_, micro)| *micro);
    Some(flavor(name, cpu_milli, memory_mib, gpus, gpu_micro))
}

/// `provider,name,vcpus,ram_mib,disk_gib,gpus,...`; those with GPUs are left out: their models are not the trace's.
fn public_flavor(row: &str) -> Option<Option<Flavor>> {
    let fields: Vec<&str> = row.split(',').collect();
    let [_, name, vcpus, memory_mib, _, gpus, ..] = fields[..] else {
        return None;
    };
    let (cpu_milli, memory_mib) = (vcpus.parse::<i64>().ok()? * 1_000, memory_mib.parse().ok()?);
    Some((gpus == "0").then(|| flavor(name.to_owned(), cpu_milli, memory_mib, 0, 0)))
}

fn flavor(name: String, cpu_milli: i64, memory_mib: i64, gpus: i64, gpu_micro: i64) -> Flavor {
    let gib_micro = memory_mib * GIB_MICRO / 1_024;
    Flavor {
        name,
        cpu_milli,
        memory_mib,
        reserved_cpu_milli: 500,
        reserved_memory_mib: 1_024,
        max_pods: 110,
        extended: if gpus > 0 { [(GPU.to_owned(), gpus * GPU_MILLI)].into() } else { BTreeMap::new() },
        price_micro: cpu_milli / 1_000 * VCPU_MICRO + gib_micro + gpus * gpu_micro,
        zones: vec!["az1".to_owned()],
    }
}

/// `cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec`; the last names the models that will do, with `|` between them.
fn pod(row: &str, models: &BTreeMap<String, String>) -> Option<Shape> {
    let fields: Vec<&str> = row.split(',').collect();
    let [cpu_milli, memory_mib, gpus, gpu_milli, wanted] = fields[..] else {
        return None;
    };
    let mut spec = asks(cpu_milli.parse().ok()?, memory_mib.parse::<i64>().ok()? * MIB);
    let gpu_milli = gpus.parse::<i64>().ok()? * gpu_milli.parse::<i64>().unwrap_or_default();
    if gpu_milli > 0 {
        spec.requests.extended.insert(GPU.to_owned(), gpu_milli);
    }
    if !wanted.is_empty() {
        let wanted: Vec<&str> = wanted.split('|').collect();
        let values = models.iter().filter(|(_, model)| wanted.contains(&model.as_str())).map(|(name, _)| name.clone()).collect();
        let among = Expression { key: INSTANCE_TYPE.to_owned(), operator: "In".to_owned(), values };
        spec.node_affinity = Some(vec![NodeTerm { expressions: vec![among], fields: Vec::new() }]);
    }
    Some(Shape::new(&[], spec))
}
