//! The plan as a table: what to know first comes first, and what is equal is one line.

use std::collections::BTreeMap;

use gantry_plan::model::{Key, Snapshot};
use gantry_plan::quantity::print_price_micro;
use gantry_plan::{Command, Plan};

use super::Timing;
use super::document::saves;
use super::words::{columns, count};
use crate::offline::input::Note;

/// Rows of one kind that are shown.
const ROWS_MAX: usize = 40;

/// The whole answer.
pub fn table(snapshot: &Snapshot, plan: &Plan, notes: &[Note], timing: Timing) -> String {
    let parts = [summary(plan), created(plan), deleted(snapshot, plan), placed(plan), unplaced(plan), blocked(plan), told(notes)];
    let mut text: String = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let (read, planned) = (timing.read.as_millis(), timing.plan.as_millis());
    let world = [count(snapshot.pods.len(), "pod"), count(snapshot.nodes.len(), "node"), count(snapshot.hosts.len(), "host")].join(", ");
    text.push_str(&format!("\n{world}; read in {read} ms, planned in {planned} ms (effort {})\n", plan.effort_used));
    text
}

fn summary(plan: &Plan) -> String {
    let creates = plan.commands.iter().filter(|command| matches!(command, Command::CreateHost { .. })).count();
    let deletes = plan.commands.len() - creates;
    let what = match (creates, deletes) {
        (0, 0) => "Nothing to do".to_owned(),
        (creates, 0) => format!("Create {}", count(creates, "host")),
        (0, deletes) => format!("Delete {}", count(deletes, "host")),
        (creates, deletes) => format!("Create {}, delete {}", count(creates, "host"), count(deletes, "host")),
    };
    let price = print_price_micro;
    let cost = &plan.cost;
    let bound = price(cost.lower_bound_micro);
    let served: usize = plan.commands.iter().map(pods).sum();
    let pods = format!("Pods that wait: {served} get a new host, {} have room, {} stay unplaced", plan.placed.len(), plan.unplaced.len());
    format!(
        "{what}. An hour costs {} before, {} after; no plan is below {bound}.\n{pods}.\n",
        price(cost.before_micro),
        price(cost.after_micro)
    )
}

fn pods(command: &Command) -> usize {
    match command {
        Command::CreateHost { pods, .. } => pods.len(),
        Command::DeleteHost { .. } => 0,
    }
}

/// Equal hosts are one row.
fn created(plan: &Plan) -> String {
    type Same<'a> = (&'a Key, &'a str, &'a str, i64, &'a str);
    let mut order: Vec<Same<'_>> = Vec::new();
    let mut hosts: BTreeMap<Same<'_>, (usize, usize)> = BTreeMap::new();
    for command in &plan.commands {
        let Command::CreateHost { pool, flavor, zone, price_micro, pods, reason, .. } = command else { continue };
        let same = (pool, flavor.as_str(), zone.as_str(), *price_micro, reason.as_str());
        let (count, served) = hosts.entry(same).or_insert_with(|| {
            order.push(same);
            (0, 0)
        });
        *count += 1;
        *served += pods.len();
    }
    let row = |same: &Same<'_>| {
        let (count, served) = hosts[same];
        let (pool, flavor, zone, price, reason) = same;
        let cells = [count.to_string(), pool.to_string(), (*flavor).into(), (*zone).into(), print_price_micro(*price), served.to_string()];
        cells.into_iter().chain([(*reason).to_owned()]).collect()
    };
    listed(&["CREATE", "POOL", "FLAVOR", "ZONE", "PRICE", "PODS", "WHY"], order.iter().map(row).collect())
}

fn deleted(snapshot: &Snapshot, plan: &Plan) -> String {
    let row = |command: &Command| match command {
        Command::DeleteHost { host, reason, .. } => Some(vec![host.to_string(), saves(snapshot, host), reason.clone()]),
        Command::CreateHost { .. } => None,
    };
    listed(&["DELETE", "SAVES", "WHY"], plan.commands.iter().filter_map(row).collect())
}

/// Pods by where they find room.
fn placed(plan: &Plan) -> String {
    let mut nodes: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
    plan.placed.iter().for_each(|(pod, node)| nodes.entry(node).or_default().push(pod));
    let row = |(node, pods): (&&str, &Vec<&Key>)| vec![(*node).to_owned(), pods.len().to_string(), some(pods)];
    listed(&["HAS ROOM", "PODS", ""], nodes.iter().map(row).collect())
}

/// Pods with the same reasons are one row for each reason.
fn unplaced(plan: &Plan) -> String {
    let mut same: BTreeMap<&[(Option<Key>, String)], Vec<&Key>> = BTreeMap::new();
    plan.unplaced.iter().for_each(|left| same.entry(&left.reasons).or_default().push(&left.pod));
    let rows = same.iter().flat_map(|(reasons, pods)| {
        reasons.iter().enumerate().map(|(at, (pool, why))| {
            let first = if at == 0 { some(pods) } else { String::new() };
            vec![first, pool.as_ref().map_or_else(|| "-".to_owned(), Key::to_string), why.clone()]
        })
    });
    listed(&["UNPLACED", "POOL", "WHY"], rows.collect())
}

fn blocked(plan: &Plan) -> String {
    let row = |(pool, why): (&Key, &String)| vec![pool.to_string(), why.clone()];
    listed(&["BLOCKED", "WHY"], plan.blocked.iter().map(row).collect())
}

fn told(notes: &[Note]) -> String {
    notes.iter().map(|note| format!("Note: {note}.\n")).collect()
}

/// The first and how many more there are.
fn some(pods: &[&Key]) -> String {
    match pods {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn listed(head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let more = rows.len().saturating_sub(ROWS_MAX);
    let all: Vec<Vec<String>> =
        [head.iter().map(|cell| (*cell).to_owned()).collect()].into_iter().chain(rows.into_iter().take(ROWS_MAX)).collect();
    let rest = if more > 0 { format!("... and {more} more rows; -o json has them all\n") } else { String::new() };
    columns(&all) + &rest
}
