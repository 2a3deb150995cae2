//! The other programs' packers do what the programs do.

use super::{autoscaler, karpenter, problem};
use crate::worlds::diverse::diverse;
use crate::worlds::plain::openstack;
use crate::worlds::scenarios::SCENARIOS;
use crate::worlds::{MIB, Shape, asks, wait, world};

#[test]
fn karpenter_written_anew_pays_what_karpenter_paid() {
    for scenario in &SCENARIOS {
        let anew = karpenter(&problem(&scenario.world().unwrap()).unwrap());
        let off = (anew.price_micro as f64 / 1e6 - scenario.karpenter).abs() / scenario.karpenter;
        assert!(
            off < 0.012,
            "{}: {} instead of {}, {} hosts instead of {}",
            scenario.name,
            anew.price_micro as f64 / 1e6,
            scenario.karpenter,
            anew.hosts,
            scenario.hosts
        );
    }
}

#[test]
fn cluster_autoscaler_grows_the_group_that_wastes_least() {
    let mut snapshot = world(&[openstack("small", 4, 16, &["az1"]), openstack("large", 8, 32, &["az1"])]);
    wait(&mut snapshot, &Shape::new(&[], asks(3_500, 14_000 * MIB)), 2);
    let bought = autoscaler(&problem(&snapshot).unwrap());
    assert_eq!((bought.hosts, bought.price_micro, bought.unplaced), (2, 8_000_000, 0));
}

#[test]
fn karpenter_written_anew_keeps_constraints_as_karpenter_does() {
    let anew = karpenter(&problem(&diverse(500).unwrap()).unwrap());
    assert_eq!((anew.hosts, anew.unplaced), (100, 0));
}
