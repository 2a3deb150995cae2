//! A world as the other programs' packers need it: amounts by number, selectors as watches, offerings as types.

use anyhow::{Result, bail};
use gantry_plan::model::{Labels, NodeTerm, Pod, PodSpec, Pool, Selector, Snapshot};
use gantry_plan::resources::Resources;

use crate::worlds::{HOSTNAME, INSTANCE_TYPE, ZONE};

/// CPU in milli-CPU, memory in bytes, pods, then extended resources.
pub type Amounts = Vec<i64>;
pub const CPU: usize = 0;
pub const MEMORY: usize = 1;

/// A flavor in a zone.
#[derive(Clone, Debug)]
pub struct Type {
    pub offers: Amounts,
    pub price_micro: i64,
    pub zone: usize,
}

/// Which nodes share a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Zone,
    Host,
}

/// What a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At most so many more than where there are fewest.
    Spread(u32),
    Together,
    Apart,
}

/// A rule of a pod about the pods that a watch counts.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub kind: Kind,
    pub scope: Scope,
    pub watch: usize,
}

/// Equal pods.
#[derive(Clone, Debug)]
pub struct Shape {
    pub asks: Amounts,
    pub count: usize,
    /// For each type, whether it is one that the pods' selectors allow.
    pub allowed: Vec<bool>,
    pub rules: Vec<Rule>,
    /// Watches that count these pods.
    pub counted: Vec<usize>,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub types: Vec<Type>,
    pub shapes: Vec<Shape>,
    pub watches: usize,
    pub zones: usize,
}

impl Problem {
    /// Of a world with one pool, whose nodes are full.
    pub fn of(snapshot: &Snapshot) -> Result<Self> {
        let [pool] = &snapshot.pools[..] else {
            bail!("other programs' packers are given worlds of one pool");
        };
        let mut groups: Vec<(&Pod, usize)> = Vec::new();
        for pod in snapshot.pods.iter().filter(|pod| pod.node_name.is_none()) {
            match groups.last_mut() {
                Some((last, count)) if last.spec == pod.spec && last.labels == pod.labels => *count += 1,
                _ => groups.push((pod, 1)),
            }
        }
        let mut reader = Reader::of(&groups);
        let (types, labels) = reader.types(snapshot, pool);
        let mut shapes = groups.iter().map(|(pod, count)| reader.shape(pod, *count, &labels)).collect::<Result<Vec<_>>>()?;
        for (shape, (pod, _)) in shapes.iter_mut().zip(&groups) {
            shape.counted = (0..reader.watches.len()).filter(|watch| selects(reader.watches[*watch], &pod.labels)).collect();
        }
        Ok(Self { types, shapes, watches: reader.watches.len(), zones: reader.zones.len() })
    }
}

struct Reader<'a> {
    resources: Vec<&'a str>,
    watches: Vec<&'a Selector>,
    zones: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn of(groups: &[(&'a Pod, usize)]) -> Self {
        let mut resources: Vec<&str> = groups.iter().flat_map(|(pod, _)| pod.spec.requests.extended.keys()).map(String::as_str).collect();
        resources.sort_unstable();
        resources.dedup();
        Self { resources, watches: Vec::new(), zones: Vec::new() }
    }

    fn amounts(&self, resources: &Resources) -> Amounts {
        let extended = self.resources.iter().map(|name| resources.extended.get(*name).copied().unwrap_or(0));
        [resources.cpu_milli, resources.memory_bytes, resources.pods].into_iter().chain(extended).collect()
    }

    fn types(&mut self, snapshot: &'a Snapshot, pool: &'a Pool) -> (Vec<Type>, Vec<Labels>) {
        let (mut types, mut labels) = (Vec::new(), Vec::new());
        for offering in snapshot.clouds.values().flat_map(|cloud| &cloud.offerings) {
            let zone = place(&mut self.zones, &offering.zone);
            let offers = self.amounts(&pool.learned[&offering.flavor].allocatable);
            types.push(Type { offers, price_micro: offering.price_micro, zone });
            labels.push(
                [(ZONE, &offering.zone), (INSTANCE_TYPE, &offering.flavor)].map(|(key, value)| (key.to_owned(), value.clone())).into(),
            );
        }
        (types, labels)
    }

    fn shape(&mut self, pod: &'a Pod, count: usize, labels: &[Labels]) -> Result<Shape> {
        let allowed = labels.iter().map(|labels| admits(&pod.spec, labels)).collect();
        let rules = self.rules(&pod.spec)?;
        Ok(Shape { asks: self.amounts(&pod.spec.requests), count, allowed, rules, counted: Vec::new() })
    }

    fn rules(&mut self, spec: &'a PodSpec) -> Result<Vec<Rule>> {
        let spread =
            spec.spread.iter().map(|spread| (Kind::Spread(spread.max_skew.unsigned_abs()), &spread.topology_key, &spread.selector));
        let together = spec.affinity.iter().map(|term| (Kind::Together, &term.topology_key, &term.selector));
        let apart = spec.anti_affinity.iter().map(|term| (Kind::Apart, &term.topology_key, &term.selector));
        let mut rules = Vec::new();
        for (kind, key, selector) in spread.chain(together).chain(apart) {
            let (scope, Some(selector)) = (scope(key)?, selector) else {
                bail!("a rule without a selector has no counterpart here");
            };
            rules.push(Rule { kind, scope, watch: place(&mut self.watches, selector) });
        }
        Ok(rules)
    }
}

fn place<'a, T: PartialEq + ?Sized>(list: &mut Vec<&'a T>, one: &'a T) -> usize {
    list.iter().position(|known| *known == one).unwrap_or_else(|| {
        list.push(one);
        list.len() - 1
    })
}

fn scope(key: &str) -> Result<Scope> {
    match key {
        ZONE => Ok(Scope::Zone),
        HOSTNAME => Ok(Scope::Host),
        _ => bail!("rules over {key} have no counterpart here"),
    }
}

/// The worlds' selectors have labels only, their node affinity `In` only.
fn selects(selector: &Selector, labels: &Labels) -> bool {
    selector.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
}

fn admits(spec: &PodSpec, labels: &Labels) -> bool {
    let selected = spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
    let holds = |term: &NodeTerm| {
        term.expressions.iter().all(|e| e.operator == "In" && labels.get(&e.key).is_some_and(|value| e.values.contains(value)))
    };
    selected && spec.node_affinity.as_ref().is_none_or(|terms| terms.iter().any(holds))
}
