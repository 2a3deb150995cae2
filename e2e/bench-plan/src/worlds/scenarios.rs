//! Karpenter's packing scenarios: flavors and groups of equal pods without constraints.

use anyhow::{Context, Result};
use gantry_plan::model::Snapshot;
use gantry_plan::quantity::Quantity;
use serde::Deserialize;

use super::{Flavor, MIB, Shape, asks, wait, world};

/// Name, text, and what Karpenter v1.13.0 paid for it, measured with its own code. Of the first three only the ratio to a bound was kept, to a
/// thousandth: the price is the one within it that its algorithm gives.
pub const SCENARIOS: [Scenario; 6] = [
    Scenario { name: "basic1000_kwok16", text: include_str!("../../data/scen_basic1000_kwok16.json"), karpenter: 74.211, hosts: 140 },
    Scenario {
        name: "basic1000_openstack15",
        text: include_str!("../../data/scen_basic1000_openstack15.json"),
        karpenter: 3_296.0,
        hosts: 72,
    },
    Scenario {
        name: "basic1000_openstack5",
        text: include_str!("../../data/scen_basic1000_openstack5.json"),
        karpenter: 3_356.0,
        hosts: 148,
    },
    Scenario { name: "gen5000_kwok16", text: include_str!("../../data/scen_gen5000_kwok16.json"), karpenter: 95.61, hosts: 210 },
    Scenario { name: "gen5000_openstack5", text: include_str!("../../data/scen_gen5000_openstack5.json"), karpenter: 3_868.0, hosts: 225 },
    Scenario { name: "wide1000_kwok16", text: include_str!("../../data/scen_wide1000_kwok16.json"), karpenter: 76.18, hosts: 142 },
];

/// A scenario as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    text: &'static str,
    /// Karpenter's price.
    pub karpenter: f64,
    /// Karpenter's hosts.
    pub hosts: usize,
}

#[derive(Deserialize)]
struct File {
    flavors: Vec<FileFlavor>,
    groups: Vec<FileGroup>,
}

#[derive(Deserialize)]
struct FileFlavor {
    name: String,
    cpu: i64,
    mem_gi: i64,
    price: f64,
    res_cpu: String,
    res_mem: String,
    pods: i64,
}

#[derive(Deserialize)]
struct FileGroup {
    n: usize,
    cpu: String,
    mem: String,
}

impl Scenario {
    /// Its world: one zone, nothing there yet.
    pub fn world(&self) -> Result<Snapshot> {
        let file: File = serde_json::from_str(self.text).with_context(|| format!("scenario {} is not what it should be", self.name))?;
        let flavors = file.flavors.iter().map(flavor).collect::<Result<Vec<_>>>()?;
        let mut snapshot = world(&flavors);
        for group in &file.groups {
            let spec = asks(quantity(&group.cpu)?.milli(), quantity(&group.mem)?.value());
            wait(&mut snapshot, &Shape::new(&[], spec), group.n);
        }
        Ok(snapshot)
    }
}

fn flavor(file: &FileFlavor) -> Result<Flavor> {
    Ok(Flavor {
        name: file.name.clone(),
        cpu_milli: file.cpu * 1_000,
        memory_mib: file.mem_gi * 1_024,
        reserved_cpu_milli: quantity(&file.res_cpu)?.milli(),
        reserved_memory_mib: quantity(&file.res_mem)?.value() / MIB,
        max_pods: file.pods,
        extended: Default::default(),
        price_micro: (file.price * 1e6).round() as i64,
        zones: vec!["az1".to_owned()],
    })
}

fn quantity(text: &str) -> Result<Quantity> {
    Ok(Quantity::parse(text)?)
}
