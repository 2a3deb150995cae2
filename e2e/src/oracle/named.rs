//! Differences that are meant: each with its reason, counted, never silent.

use super::compare::Difference;

/// A difference that is justified.
#[derive(Debug)]
pub struct Named {
    /// Short, for the table.
    pub name: &'static str,
    /// Why it stays.
    pub why: &'static str,
    /// Which differences are of this kind.
    pub is: fn(&Difference) -> bool,
}

/// All of them.
pub const NAMED: &[Named] = &[
    Named {
        name: "anti-affinity of nominated pods",
        why: "kube-scheduler skips InterPodAffinity, and with it what nominated pods refuse, where no running pod's anti-affinity concerns \
              the pod; the planner keeps the nominated pod's seat",
        is: |difference| {
            (difference.cause == "Refused by nominated pods: we refuse" && difference.theirs == "fits")
                || difference.cause == "preemption: nominated pods refuse, we find none"
        },
    },
    Named {
        name: "ReadWriteOncePod of nominated pods",
        why: "kube-scheduler skips VolumeRestrictions, and with it the claims of nominated pods, where no running pod uses the claim; the \
              planner keeps the nominated pod's seat",
        is: |difference| difference.cause == "InUse by nominated pods: we refuse" && difference.theirs == "fits",
    },
];

/// Why a plan leaves out a pod that a fresh host would take, where that is meant.
#[derive(Debug)]
pub struct LeftOut {
    /// Short, for the table.
    pub name: &'static str,
    /// Why it stays.
    pub why: &'static str,
    /// Whether it is what the plan says of one of the pools.
    pub is: fn(&str) -> bool,
}

/// All of them.
pub const LEFT_OUT: &[LeftOut] = &[LeftOut {
    name: "volumes in the making",
    why: "the replay makes a claim's volume at once; while it is being made for a node nobody knows where else it can be reached from, and the \
          planner waits for it",
    is: |reason| reason.contains("its volume is being made for node"),
}];
