//! The pods of Karpenter's own benchmark: a fifth each generic, spread over zones, spread over hosts, together in a zone, one to a host.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use gantry_plan::model::{PodSpec, PodTerm, Selector, Snapshot, Spread};
use serde::Deserialize;

use super::{Flavor, HOSTNAME, MIB, Shape, ZONE, asks, wait, world};
use crate::draw::Draw;

/// The pods that Go's generator drew, by number.
const FILES: [(usize, &[u8]); 6] = [
    (100, include_bytes!("../../data/karpenter_diverse_100.jsonl.gz")),
    (500, include_bytes!("../../data/karpenter_diverse_500.jsonl.gz")),
    (1_000, include_bytes!("../../data/karpenter_diverse_1000.jsonl.gz")),
    (2_000, include_bytes!("../../data/karpenter_diverse_2000.jsonl.gz")),
    (5_000, include_bytes!("../../data/karpenter_diverse_5000.jsonl.gz")),
    (10_000, include_bytes!("../../data/karpenter_diverse_10000.jsonl.gz")),
];
const CPU_MILLI: [i64; 5] = [100, 250, 500, 1_000, 1_500];
const MEMORY_MIB: [i64; 6] = [100, 256, 512, 1_024, 2_048, 4_096];
const LETTERS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
/// Instance types of the benchmark.
const TYPES: i64 = 400;
/// Seed of sizes that no file has.
const SEED: u64 = 42;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Generic,
    Spread,
    Affinity,
    AntiAffinity,
}

/// A pod as the files have it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
struct Line {
    kind: Kind,
    cpu_m: i64,
    mem_mi: i64,
    label: String,
    #[serde(default)]
    selector: String,
    #[serde(default, rename = "topologyKey")]
    key: String,
}

/// So many of them, with the benchmark's 400 instance types: as Go drew them where a file has that number, else drawn by the same rules.
pub fn diverse(count: usize) -> Result<Snapshot> {
    let lines = match FILES.iter().find(|(size, _)| *size == count) {
        Some((_, packed)) => read(packed)?,
        None => drawn(count),
    };
    if lines.len() != count {
        bail!("the file of {count} diverse pods has {}", lines.len());
    }
    let mut snapshot = world(&(1..=TYPES).map(fake_it).collect::<Vec<_>>());
    let mut shapes: HashMap<&Line, Shape> = HashMap::new();
    for line in &lines {
        let shape = shapes.entry(line).or_insert_with(|| line.shape());
        wait(&mut snapshot, shape, 1);
    }
    Ok(snapshot)
}

/// Spot and on-demand cost the same and there is no third zone for spot: what is left of the offerings is a price and three zones.
fn fake_it(cpus: i64) -> Flavor {
    let memory_bytes = 2 * cpus * 1_024 * MIB;
    Flavor {
        name: format!("fake-it-{}", cpus - 1),
        cpu_milli: cpus * 1_000,
        memory_mib: memory_bytes / MIB,
        reserved_cpu_milli: 100,
        reserved_memory_mib: 10,
        max_pods: 10 * cpus,
        extended: Default::default(),
        price_micro: cpus * 100_000 + memory_bytes / 10_000,
        zones: ["test-zone-1", "test-zone-2", "test-zone-3"].map(str::to_owned).to_vec(),
    }
}

fn read(packed: &[u8]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for text in BufReader::new(GzDecoder::new(packed)).lines() {
        lines.push(serde_json::from_str(&text?).context("a line is no pod of Karpenter's benchmark")?);
    }
    Ok(lines)
}

fn drawn(count: usize) -> Vec<Line> {
    let mut draw = Draw::new(SEED);
    (0..count).map(|at| draw_line(at * 5 / count, &mut draw)).collect()
}

/// In the order of the benchmark: label, selector, CPU, memory.
fn draw_line(fifth: usize, draw: &mut Draw) -> Line {
    let (kind, key, selects) = match fifth {
        0 => (Kind::Generic, "", false),
        1 => (Kind::Spread, ZONE, true),
        2 => (Kind::Spread, HOSTNAME, true),
        3 => (Kind::Affinity, ZONE, false),
        _ => (Kind::AntiAffinity, HOSTNAME, false),
    };
    let label = if kind == Kind::AntiAffinity { "nginx" } else { draw.one_of(&LETTERS) };
    let selector = if selects { draw.one_of(&LETTERS) } else { label };
    let (cpu_m, mem_mi) = (draw.one_of(&CPU_MILLI), draw.one_of(&MEMORY_MIB));
    Line { kind, cpu_m, mem_mi, label: label.to_owned(), selector: selector.to_owned(), key: key.to_owned() }
}

impl Line {
    fn shape(&self) -> Shape {
        let label_key = match self.kind {
            Kind::Generic | Kind::Spread => "my-label",
            Kind::Affinity => "my-affininity",
            Kind::AntiAffinity => "app",
        };
        let selector = Selector { labels: [(label_key.to_owned(), self.selector.clone())].into(), expressions: Vec::new() };
        let spec = asks(self.cpu_m, self.mem_mi * MIB);
        Shape::new(&[(label_key, &self.label)], self.constrained(spec, selector))
    }

    fn constrained(&self, mut spec: PodSpec, selector: Selector) -> PodSpec {
        match self.kind {
            Kind::Generic => {}
            Kind::Spread => spec.spread.push(spread(&self.key, selector)),
            Kind::Affinity => spec.affinity.push(term(&self.key, selector)),
            Kind::AntiAffinity => spec.anti_affinity.push(term(&self.key, selector)),
        }
        spec
    }
}

/// At most one more here than where there are fewest.
pub fn spread(key: &str, selector: Selector) -> Spread {
    Spread {
        max_skew: 1,
        topology_key: key.to_owned(),
        required: true,
        selector: Some(selector),
        min_domains: None,
        honors_affinity: true,
        honors_taints: false,
    }
}

/// Pods of this namespace that are selected.
pub fn term(key: &str, selector: Selector) -> PodTerm {
    PodTerm { selector: Some(selector), namespaces: vec!["bench".to_owned()], namespace_selector: None, topology_key: key.to_owned() }
}
