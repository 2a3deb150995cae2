//! Plans of generated clusters, replayed by the real scheduler: what is planned fits, and what is left out could not be helped.

mod hosts;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use gantry_plan::model::Snapshot;
use gantry_plan::{Command, Plan, plan};
use serde_json::Value;

use super::generate::{Case, Dice, Size};
use super::ours;
use super::scheduler::{Placement, Question, Scheduler};

/// Known gaps of the planner, in thousandths of the pods that are judged: pods planned where kube-scheduler refuses them at their turn (the
/// company of DaemonSets' pods on new hosts, orders of one plan), and pods left out that a fresh host would take (the same plan filled their
/// zone first). More than this is a fault.
const UNFIT_PERMILLE: usize = 5;
const HELPABLE_PERMILLE: usize = 15;
/// Plans that are printed when they do not hold.
const SHOWN_MAX: usize = 5;
/// Words of reasons that lie with the pool or the cloud and not with the pod.
const LIMITS: [&str; 3] = ["limit of", "quota for", "maxHosts"];

/// All plans together.
#[derive(Debug, Default)]
pub struct Plans {
    plans: usize,
    skipped: usize,
    hosts: usize,
    planned: usize,
    unfit: usize,
    unplaced: usize,
    limited: usize,
    helpable: usize,
}

impl Plans {
    /// Whether they hold, but for the known gaps.
    ///
    /// # Errors
    /// If more of them do not than is known.
    pub fn verdict(&self) -> Result<()> {
        let judged = self.unplaced - self.limited;
        if self.unfit * 1_000 > self.planned * UNFIT_PERMILLE || self.helpable * 1_000 > judged * HELPABLE_PERMILLE {
            bail!("{} planned pods do not fit where the plan says, {} that it leaves out could be helped", self.unfit, self.helpable);
        }
        Ok(())
    }
}

impl std::fmt::Display for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "plans replayed                 {:>9}   ({} of no valid cluster), {} hosts", self.plans, self.skipped, self.hosts)?;
        writeln!(f, "pods planned                   {:>9}   of which {} do not fit where the plan says", self.planned, self.unfit)?;
        let judged = self.unplaced - self.limited;
        writeln!(
            f,
            "pods left out                  {:>9}   {} by limits; {judged} judged on a fresh host of each kind",
            self.unplaced, self.limited
        )?;
        writeln!(f, "  that a fresh host would take {:>9}", self.helpable)
    }
}

/// Makes and replays them.
///
/// # Errors
/// If the oracle ends.
pub fn run(scheduler: &mut Scheduler, seed: u64, count: usize) -> Result<Plans> {
    let mut plans = Plans::default();
    let mut shown = 0;
    for index in 0..count {
        let seed = seed.wrapping_add(index as u64);
        let world = World::generate(seed)?;
        let said = world.replay(scheduler, &mut plans)?;
        if !said.is_empty() && shown < SHOWN_MAX {
            shown += 1;
            println!("--- plan of seed {seed}");
            said.iter().for_each(|line| println!("{line}"));
        }
    }
    Ok(plans)
}

/// A cluster with pools, and its plan.
struct World {
    objects: Vec<Value>,
    snapshot: Snapshot,
    plan: Plan,
}

impl World {
    fn generate(seed: u64) -> Result<Self> {
        let dice = &mut Dice::new(seed);
        let size = Size { nodes: dice.number(1, 3), bound: dice.number(0, 6), waiting: dice.number(2, 24) };
        let mut objects = Case::of(dice, size).objects;
        // Which drivers a fresh host will have is learned from real ones; there are none here.
        objects.retain(|object| object["kind"] != "CSIDriver");
        let mut snapshot = ours::read(&objects)?;
        hosts::add_pools(dice, &mut snapshot);
        let plan = plan(&snapshot);
        Ok(Self { objects, snapshot, plan })
    }

    fn replay(&self, scheduler: &mut Scheduler, plans: &mut Plans) -> Result<Vec<String>> {
        let (nodes, placements) = self.outcome();
        let objects: Vec<Value> = self.objects.iter().cloned().chain(nodes.iter().cloned()).collect();
        let question = Question { objects: &objects, placements: placements.clone(), pods: Some(Vec::new()), ..Question::default() };
        let answer = scheduler.ask_one(question)?;
        if !answer.error.is_empty() {
            plans.skipped += 1;
            return Ok(Vec::new());
        }
        plans.plans += 1;
        plans.hosts += nodes.len();
        plans.planned += placements.len();
        let unfit: Vec<String> = answer
            .verdicts
            .iter()
            .filter(|verdict| !verdict.fits)
            .map(|verdict| {
                format!("{} is planned on {}: kube-scheduler: {}: {}", verdict.pod, verdict.node, verdict.plugin, verdict.reason)
            })
            .collect();
        plans.unfit += unfit.len();
        let helpable = if unfit.is_empty() { self.left_out(scheduler, &objects, &placements, plans)? } else { Vec::new() };
        Ok(unfit.into_iter().chain(helpable).collect())
    }

    /// The nodes that the plan makes, and who goes where.
    fn outcome(&self) -> (Vec<Value>, Vec<Placement>) {
        let mut placements: Vec<Placement> =
            self.plan.placed.iter().map(|(pod, node)| Placement { pod: pod.to_string(), node: node.clone() }).collect();
        let mut nodes = Vec::new();
        for command in &self.plan.commands {
            if let Command::CreateHost { pool, pods, allocatable, labels, .. } = command {
                let name = format!("planned-{}", nodes.len());
                nodes.push(hosts::node(&self.snapshot, &name, pool, labels, allocatable));
                placements.extend(pods.iter().map(|pod| Placement { pod: pod.to_string(), node: name.clone() }));
            }
        }
        (nodes, placements)
    }

    /// Pods that the plan leaves out and that a single fresh host would take all the same.
    fn left_out(&self, scheduler: &mut Scheduler, objects: &[Value], placements: &[Placement], plans: &mut Plans) -> Result<Vec<String>> {
        plans.unplaced += self.plan.unplaced.len();
        let limited = |reasons: &[(_, String)]| reasons.iter().any(|(_, why)| LIMITS.iter().any(|word| why.contains(word)));
        let (limited, judged): (Vec<_>, Vec<_>) = self.plan.unplaced.iter().partition(|unplaced| limited(&unplaced.reasons));
        plans.limited += limited.len();
        let pods: Vec<String> = judged.iter().map(|unplaced| unplaced.pod.to_string()).collect();
        if pods.is_empty() {
            return Ok(Vec::new());
        }
        let mut helped = BTreeSet::new();
        for fresh in hosts::fresh(&self.snapshot) {
            let objects: Vec<Value> = objects.iter().cloned().chain([fresh]).collect();
            let question = Question { objects: &objects, placements: placements.to_vec(), pods: Some(pods.clone()), ..Question::default() };
            let answer = scheduler.ask_one(question)?;
            let judged = answer.verdicts.into_iter().skip(placements.len());
            helped.extend(judged.filter(|verdict| verdict.fits && verdict.node == hosts::FRESH).map(|verdict| verdict.pod));
        }
        plans.helpable += helped.len();
        let why = |pod: &String| {
            self.plan.unplaced.iter().find(|unplaced| unplaced.pod.to_string() == *pod).map(|unplaced| unplaced.reasons.clone())
        };
        Ok(helped.iter().map(|pod| format!("{pod} is left out, and a fresh host would take it; the plan says {:?}", why(pod))).collect())
    }
}
