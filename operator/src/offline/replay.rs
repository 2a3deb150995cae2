//! A decision made again: the same commands, or what differs.

use std::collections::BTreeMap;

use gantry_plan::Plan;

use super::decision::{Decision, Made};

/// Differences that are shown.
const SHOWN_MAX: usize = 20;

/// Whether the plan is the one that was made, in words.
pub fn compare(decision: &Decision, plan: &Plan) -> String {
    let now: Vec<Made> = plan.commands.iter().map(Made::from).collect();
    let by = format!("Gantry {} with effort {}", decision.version, decision.effort_used);
    if now == decision.commands {
        let what = match now.len() {
            0 => "the same: no command".to_owned(),
            1 => "the same command".to_owned(),
            count => format!("the same {count} commands"),
        };
        return format!("Replayed what {by} decided: {what}.\n");
    }
    let mut text = format!("Replayed what {by} decided, and this is Gantry {}: the commands differ.\n", env!("CARGO_PKG_VERSION"));
    let lines = differences(&decision.commands, &now);
    if lines.is_empty() {
        text.push_str("  They are the same commands in another order.\n");
    }
    lines.iter().take(SHOWN_MAX).for_each(|line| text.push_str(&format!("  {line}\n")));
    if lines.len() > SHOWN_MAX {
        text.push_str(&format!("  ... and {} more\n", lines.len() - SHOWN_MAX));
    }
    text
}

/// What only one of both has.
fn differences(then: &[Made], now: &[Made]) -> Vec<String> {
    let mut balance: BTreeMap<&Made, i64> = BTreeMap::new();
    then.iter().for_each(|made| *balance.entry(made).or_default() -= 1);
    now.iter().for_each(|made| *balance.entry(made).or_default() += 1);
    let only = |(made, count): (&&Made, &i64)| match count {
        0 => None,
        ..0 => Some(format!("only then: {made}")),
        1.. => Some(format!("only now:  {made}")),
    };
    balance.iter().filter_map(only).collect()
}

#[cfg(test)]
mod tests {
    use gantry_plan::Command;
    use gantry_plan::model::{Key, Snapshot};

    use super::*;

    fn delete(name: &str) -> Command {
        Command::DeleteHost { host: Key::new("apps", name), uid: "u".into(), reason: "empty".into() }
    }

    fn decision(commands: &[Command]) -> Decision {
        let commands = commands.iter().map(Made::from).collect();
        Decision { version: "0.0.9".into(), effort_used: 7, snapshot: Snapshot::default(), commands }
    }

    fn compared(then: &[Command], now: &[Command]) -> String {
        compare(&decision(then), &Plan { commands: now.to_vec(), ..Plan::default() })
    }

    #[test]
    fn the_same_is_said_to_be_the_same() {
        let all = [delete("a"), delete("b")];
        assert_eq!(compared(&all, &all), "Replayed what Gantry 0.0.9 with effort 7 decided: the same 2 commands.\n");
    }

    #[test]
    fn what_differs_is_shown() {
        let text = compared(&[delete("a"), delete("b")], &[delete("a"), delete("c")]);
        assert!(text.ends_with("the commands differ.\n  only then: delete host apps/b\n  only now:  delete host apps/c\n"), "{text}");
    }
}
