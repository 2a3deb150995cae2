//! What CPU and memory are worth: the dual prices of the cheapest fractional mix of flavors. They make flavors comparable, and what they
//! give for all demand is a proved lower bound of its price.

use crate::resources::Resources;

/// Halvings of the search for the best CPU price; a feasible pair comes out wherever it stops.
const SEARCH_STEPS: usize = 60;
/// What a pod is worth besides its CPU and memory, as a share of the dearest node: breaks ties, and pays for pods that ask for nothing.
const POD_SHARE: f64 = 1e-6;

/// A node that can be bought: what pods can use of it, and its price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buyable {
    pub cpu_milli: f64,
    pub memory_bytes: f64,
    pub price: f64,
}

/// Prices such that no node holds more worth than it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Worth {
    cpu: f64,
    memory: f64,
    pod: f64,
}

impl Buyable {
    /// A node with so much free, for a price in micro-units; what is free counts as one micro-unit.
    pub fn new(free: &Resources, price_micro: i64) -> Self {
        Self { cpu_milli: free.cpu_milli.max(0) as f64, memory_bytes: free.memory_bytes.max(0) as f64, price: price_micro.max(1) as f64 }
    }
}

impl Worth {
    /// The prices that value this total demand highest.
    pub fn of(total: &Resources, nodes: &[Buyable]) -> Self {
        let cpu_total = total.cpu_milli.max(0) as f64;
        let memory_total = total.memory_bytes.max(0) as f64;
        let value = |cpu: f64| cpu * cpu_total + memory_price(cpu, nodes) * memory_total;
        let (mut low, mut high) = (0.0, highest_cpu_price(nodes));
        for _ in 0..SEARCH_STEPS {
            let third = (high - low) / 3.0;
            let (left, right) = (low + third, high - third);
            if value(left) < value(right) { low = left } else { high = right }
        }
        let dearest = nodes.iter().map(|node| node.price).fold(0.0, f64::max);
        let cpu = if value(high) >= value(low) { high } else { low };
        Self { cpu, memory: memory_price(cpu, nodes), pod: dearest * POD_SHARE }
    }

    /// What a pod with these requests is worth, in micro-units.
    pub fn work(&self, requests: &Resources) -> f64 {
        self.cpu * requests.cpu_milli as f64 + self.memory * requests.memory_bytes as f64 + self.pod
    }

    /// What all of this costs at least, in micro-units, whatever is bought.
    pub fn lower_bound(&self, total: &Resources) -> f64 {
        self.cpu * total.cpu_milli.max(0) as f64 + self.memory * total.memory_bytes.max(0) as f64
    }
}

/// The highest CPU price at which no node holds more worth than it costs.
fn highest_cpu_price(nodes: &[Buyable]) -> f64 {
    let prices = nodes.iter().filter(|node| node.cpu_milli > 0.0).map(|node| node.price / node.cpu_milli);
    finite(prices.fold(f64::INFINITY, f64::min))
}

/// The highest memory price that this CPU price leaves.
fn memory_price(cpu: f64, nodes: &[Buyable]) -> f64 {
    let spare = |node: &Buyable| (node.price - cpu * node.cpu_milli).max(0.0) / node.memory_bytes;
    let prices = nodes.iter().filter(|node| node.memory_bytes > 0.0).map(spare);
    finite(prices.fold(f64::INFINITY, f64::min))
}

fn finite(price: f64) -> f64 {
    if price.is_finite() { price } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::resources;

    /// A balanced node of 4 CPUs and 16 GiB for 4, and one of 4 CPUs and 32 GiB for 6.
    fn nodes() -> [Buyable; 2] {
        [Buyable::new(&resources(4_000, 16), 4_000_000), Buyable::new(&resources(4_000, 32), 6_000_000)]
    }

    fn bound(cpu_milli: i64, memory_gib: i64) -> i64 {
        let total = resources(cpu_milli, memory_gib);
        Worth::of(&total, &nodes()).lower_bound(&total).round() as i64
    }

    #[test]
    fn the_bound_is_the_cheapest_fractional_mix() {
        assert_eq!([bound(8_000, 32), bound(8_000, 64), bound(8_000, 48), bound(8_000, 0)], [8, 12, 10, 8].map(|units| units * 1_000_000));
    }

    #[test]
    fn no_node_holds_more_worth_than_it_costs() {
        let worth = Worth::of(&resources(8_000, 48), &nodes());
        for (cpu, memory, price) in [(4_000, 16, 4e6), (4_000, 32, 6e6)] {
            assert!(worth.lower_bound(&resources(cpu, memory)) <= price * (1.0 + 1e-9));
        }
    }

    #[test]
    fn nothing_to_buy_is_worth_nothing() {
        assert_eq!(Worth::of(&resources(8_000, 48), &[]), Worth::default());
    }
}
