//! Plans of generated clusters, replayed by the real scheduler: what is planned fits, and what is left out could not be helped.

mod daemons;
mod hosts;
mod real;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use gantry_plan::model::{Key, Snapshot};
use gantry_plan::{Command, Plan, plan};
use serde_json::Value;

use super::generate::{Case, Dice, Size};
use super::named::LEFT_OUT;
use super::ours;
use super::scheduler::{Placement, Question, Scheduler};

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
    /// Those that are left out for a justified reason, by its name.
    named: BTreeMap<&'static str, usize>,
}

impl Plans {
    /// Whether they hold.
    ///
    /// # Errors
    /// If a planned pod does not fit at its turn, or one is left out that a fresh host would take.
    pub fn verdict(&self) -> Result<()> {
        if self.unfit + self.helpable > 0 {
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
        writeln!(f, "  that a fresh host would take {:>9}", self.helpable + self.named.values().sum::<usize>())?;
        LEFT_OUT.iter().try_for_each(|known| {
            let count = self.named.get(known.name).copied().unwrap_or_default();
            writeln!(f, "  {count:>7}  justified: {}: {}", known.name, known.why)
        })
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
        let world = World::generate(scheduler, seed)?;
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
    fn generate(scheduler: &mut Scheduler, seed: u64) -> Result<Self> {
        let dice = &mut Dice::new(seed);
        let size = Size { nodes: dice.number(1, 3), bound: dice.number(0, 6), waiting: dice.number(2, 24) };
        let mut objects = Case::of(dice, size).objects;
        real::keep_real(scheduler, &mut objects)?;
        let mut snapshot = ours::read(&objects)?;
        hosts::add_pools(dice, &mut snapshot);
        let plan = plan(&snapshot);
        Ok(Self { objects, snapshot, plan })
    }

    fn replay(&self, scheduler: &mut Scheduler, plans: &mut Plans) -> Result<Vec<String>> {
        let (hosts, joining, placements) = self.outcome();
        let objects: Vec<Value> = self.objects.iter().cloned().chain(daemons::missing(&self.objects, &self.snapshot)).collect();
        let joins = vec![joining];
        let question = Question {
            objects: &objects,
            placements: placements.clone(),
            joins: joins.clone(),
            pods: Some(Vec::new()),
            ..Question::default()
        };
        let answer = scheduler.ask_one(question)?;
        if !answer.error.is_empty() {
            plans.skipped += 1;
            return Ok(Vec::new());
        }
        plans.plans += 1;
        plans.hosts += hosts;
        let nominated = real::nominated(&self.snapshot).len();
        plans.planned += placements.len() - nominated;
        let unfit: Vec<String> = answer
            .verdicts
            .iter()
            .skip(nominated)
            .filter(|verdict| !verdict.fits)
            .map(|verdict| {
                format!("{} is planned on {}: kube-scheduler: {}: {}", verdict.pod, verdict.node, verdict.plugin, verdict.reason)
            })
            .collect();
        plans.unfit += unfit.len();
        let helpable = if unfit.is_empty() { self.left_out(scheduler, (&objects, &joins[0]), &placements, plans)? } else { Vec::new() };
        Ok(unfit.into_iter().chain(helpable).collect())
    }

    /// How many hosts the plan makes, the nodes that they become with DaemonSets' pods on them, and who goes where in the scheduler's order.
    fn outcome(&self) -> (usize, Vec<Value>, Vec<Placement>) {
        let mut meant: Vec<(&Key, String)> = self.plan.placed.iter().map(|(pod, node)| (pod, node.clone())).collect();
        let (mut hosts, mut joining) = (0, Vec::new());
        for command in &self.plan.commands {
            if let Command::CreateHost { pool, pods, allocatable, labels, .. } = command {
                let name = format!("planned-{hosts}");
                joining.push(hosts::node(&self.snapshot, &name, pool, labels, allocatable));
                joining.push(real::csi_node(&self.objects, &name));
                joining.extend(daemons::new(
                    &self.objects,
                    &self.snapshot,
                    hosts::new_node(&self.snapshot, &name, pool, labels, allocatable),
                ));
                meant.extend(pods.iter().map(|pod| (pod, name.clone())));
                hosts += 1;
            }
        }
        meant.sort_by_key(|(key, _)| {
            let pod = self.snapshot.pods.iter().find(|pod| pod.key == **key);
            (pod.map(|pod| (Reverse(pod.spec.priority), pod.created)), *key)
        });
        let meant = meant.into_iter().map(|(pod, node)| Placement { pod: pod.to_string(), node });
        (hosts, joining, real::nominated(&self.snapshot).into_iter().chain(meant).collect())
    }

    /// Pods that the plan leaves out and that a single fresh host would take all the same.
    fn left_out(
        &self,
        scheduler: &mut Scheduler,
        (objects, joining): (&[Value], &[Value]),
        placements: &[Placement],
        plans: &mut Plans,
    ) -> Result<Vec<String>> {
        plans.unplaced += self.plan.unplaced.len();
        let limited = |reasons: &[(_, String)]| reasons.iter().any(|(_, why)| LIMITS.iter().any(|word| why.contains(word)));
        let (limited, judged): (Vec<_>, Vec<_>) = self.plan.unplaced.iter().partition(|unplaced| limited(&unplaced.reasons));
        plans.limited += limited.len();
        let pods: Vec<String> = judged.iter().map(|unplaced| unplaced.pod.to_string()).collect();
        if pods.is_empty() {
            return Ok(Vec::new());
        }
        let mut helped = BTreeSet::new();
        for (fresh, node) in hosts::fresh(&self.snapshot) {
            let fresh = [fresh, real::csi_node(&self.objects, hosts::FRESH)]
                .into_iter()
                .chain(daemons::new(&self.objects, &self.snapshot, node))
                .collect();
            let joins = vec![joining.to_vec(), fresh];
            let question = Question { objects, placements: placements.to_vec(), joins, pods: Some(pods.clone()), ..Question::default() };
            let answer = scheduler.ask_one(question)?;
            let judged = answer.verdicts.into_iter().skip(placements.len());
            helped.extend(judged.filter(|verdict| verdict.fits && verdict.node == hosts::FRESH).map(|verdict| verdict.pod));
        }
        let mut said = Vec::new();
        for unplaced in judged.iter().filter(|unplaced| helped.contains(&unplaced.pod.to_string())) {
            if let Some(known) = LEFT_OUT.iter().find(|known| unplaced.reasons.iter().any(|(_, why)| (known.is)(why))) {
                *plans.named.entry(known.name).or_default() += 1;
                continue;
            }
            plans.helpable += 1;
            said.push(format!("{} is left out, and a fresh host would take it; the plan says {:?}", unplaced.pod, unplaced.reasons));
        }
        Ok(said)
    }
}
