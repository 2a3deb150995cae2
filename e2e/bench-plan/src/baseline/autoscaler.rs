//! cluster-autoscaler's scale-up: for each node group (a flavor in a zone) pods in equivalence groups, largest share first, onto the new nodes, next
//! fit; then the group with least waste is grown, and the next loop looks at what is left.

use super::ground::{Choice, Host, Zones};
use super::read::{CPU, MEMORY, Problem, Shape};
use crate::outcome::Outcome;

/// Loops after which it is given up: each grows a group.
const MAX_LOOPS: usize = 10_000;
/// Nodes that one group is grown by at most in a loop.
const MAX_NODES: usize = 1_000;

/// What growing a group would do.
struct Growth {
    hosts: Vec<Host>,
    zones: Zones,
    left: Vec<usize>,
    waste: f64,
}

/// What cluster-autoscaler would buy.
pub fn autoscaler(problem: &Problem) -> Outcome {
    let mut left: Vec<usize> = problem.shapes.iter().map(|shape| shape.count).collect();
    let (mut hosts, mut zones) = (Vec::new(), Zones::new(problem));
    for _ in 0..MAX_LOOPS {
        fill_upcoming(&mut hosts, &mut zones, &mut left, problem);
        let options = (0..problem.types.len()).filter_map(|group| grown(group, &zones, &left, problem));
        let Some(best) = options.min_by(|a, b| a.waste.total_cmp(&b.waste)) else {
            break;
        };
        hosts.extend(best.hosts);
        (zones, left) = (best.zones, best.left);
    }
    let price = |host: &Host| problem.types[host.types[0]].price_micro;
    Outcome { hosts: hosts.len(), price_micro: hosts.iter().map(price).sum(), unplaced: left.iter().sum(), ..Outcome::default() }
}

/// Pods that fit nodes on their way ask for nothing.
fn fill_upcoming(hosts: &mut [Host], zones: &mut Zones, left: &mut [usize], problem: &Problem) {
    for (shape, left) in problem.shapes.iter().zip(left) {
        for host in &mut *hosts {
            while *left > 0 && try_add(shape, host, zones, problem) {
                *left -= 1;
            }
        }
    }
}

/// A group grown by what it can hold, or `None` if it helps nobody.
fn grown(group: usize, zones: &Zones, left: &[usize], problem: &Problem) -> Option<Growth> {
    let offers = &problem.types[group].offers;
    let share = |shape: &Shape| shape.asks[CPU] as f64 / offers[CPU] as f64 + shape.asks[MEMORY] as f64 / offers[MEMORY] as f64;
    let mut order: Vec<usize> = (0..problem.shapes.len()).filter(|at| left[*at] > 0).collect();
    order.sort_by(|a, b| share(&problem.shapes[*b]).total_cmp(&share(&problem.shapes[*a])));
    let mut option = Growth { hosts: Vec::new(), zones: zones.clone(), left: left.to_vec(), waste: 0.0 };
    for at in order {
        pour(&problem.shapes[at], at, group, &mut option, problem);
    }
    option.waste = waste(&option, offers);
    (!option.hosts.is_empty()).then_some(option)
}

/// An equivalence group: onto any of the new nodes until one pod finds none, then next fit on the last.
fn pour(shape: &Shape, at: usize, group: usize, option: &mut Growth, problem: &Problem) {
    let mut next = 0;
    while option.left[at] > 0 {
        let nodes = option.hosts.len();
        let found =
            (0..nodes).map(|step| (next + step) % nodes).find(|node| try_add(shape, &mut option.hosts[*node], &mut option.zones, problem));
        let Some(node) = found else {
            break;
        };
        (next, option.left[at]) = (node, option.left[at] - 1);
    }
    while option.left[at] > 0 {
        let on_last = option.hosts.last_mut().is_some_and(|last| try_add(shape, last, &mut option.zones, problem));
        if !on_last {
            let mut node = Host::new(vec![group], problem);
            if option.hosts.len() == MAX_NODES || !try_add(shape, &mut node, &mut option.zones, problem) {
                return;
            }
            option.hosts.push(node);
        }
        option.left[at] -= 1;
    }
}

/// Shares of CPU and memory that the new nodes leave idle, summed up.
fn waste(option: &Growth, offers: &[i64]) -> f64 {
    let idle = |resource: usize| {
        let used: i64 = option.hosts.iter().map(|host| host.used[resource]).sum();
        1.0 - used as f64 / (offers[resource] as f64 * option.hosts.len() as f64)
    };
    idle(CPU) + idle(MEMORY)
}

fn try_add(shape: &Shape, host: &mut Host, zones: &mut Zones, problem: &Problem) -> bool {
    let zone = problem.types[host.types[0]].zone;
    let will_do = shape.allowed[host.types[0]] && host.may_take(shape) && zones.choose(shape, |open| open == zone) != Choice::Nowhere;
    if will_do {
        host.take(shape, host.types.clone(), problem);
        zones.count(shape, zone);
    }
    will_do
}
