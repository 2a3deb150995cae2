//! What a person sees: a picture that is drawn again in a terminal, a line for each change elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Rows of one kind that are shown at most; the rest is counted.
const ROWS_SHOWN: usize = 12;

/// One row: a name, a state, a detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Name.
    pub name: String,
    /// State.
    pub state: String,
    /// Detail.
    pub detail: String,
}

/// What is shown at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Pods.
    pub pods: Vec<Row>,
    /// Hosts.
    pub hosts: Vec<Row>,
    /// Servers in OpenStack.
    pub servers: Vec<Row>,
}

/// The terminal, or what stands for it.
pub struct Screen {
    start: Instant,
    live: bool,
    lines: usize,
    last: Picture,
    step: String,
}

impl Screen {
    /// A screen that counts from `start`.
    pub fn new(start: Instant) -> Self {
        Self { start, live: std::io::stdout().is_terminal(), lines: 0, last: Picture::default(), step: String::new() }
    }

    /// What happens now.
    pub fn step(&mut self, text: &str) {
        self.lines = 0;
        self.step = text.to_owned();
        println!("{}  {}", self.clock(), bold(self.live, text));
    }

    /// Shows a picture.
    pub fn show(&mut self, picture: Picture) {
        if self.live {
            self.draw(&picture);
        } else if picture != self.last {
            println!("{}    {}", self.clock(), summary(&picture));
        }
        self.last = picture;
    }

    fn clock(&self) -> String {
        format!("{:6.1} s", self.start.elapsed().as_secs_f64())
    }

    fn draw(&mut self, picture: &Picture) {
        let mut text = String::new();
        if self.lines > 0 {
            text += &format!("\x1b[{}A\x1b[J", self.lines);
        }
        let body =
            format!("{}{}{}", table("PODS", &picture.pods), table("HOSTS", &picture.hosts), table("OPENSTACK SERVERS", &picture.servers));
        self.lines = body.lines().count() + 1;
        text += &body;
        text += &format!("{}  {}\n", self.clock(), summary(picture));
        print!("{text}");
        let _ = std::io::stdout().flush();
    }
}

fn table(title: &str, rows: &[Row]) -> String {
    let mut text = format!("  \x1b[1m{title}\x1b[0m\n");
    if rows.is_empty() {
        text += "    \x1b[2mnone\x1b[0m\n";
    }
    for row in rows.iter().take(ROWS_SHOWN) {
        text += &format!("    {:<28} {} {}\n", row.name, coloured(&row.state), row.detail);
    }
    if rows.len() > ROWS_SHOWN {
        text += &format!("    \x1b[2mand {} more\x1b[0m\n", rows.len() - ROWS_SHOWN);
    }
    text
}

fn coloured(state: &str) -> String {
    let colour = match state {
        "Running" | "Ready" | "ACTIVE" => 32,
        "Failed" | "ERROR" | "NotReady" => 31,
        "Pending" => 2,
        _ => 33,
    };
    format!("\x1b[{colour}m{state:<12}\x1b[0m")
}

fn bold(live: bool, text: &str) -> String {
    if live { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

fn summary(picture: &Picture) -> String {
    let part = |what: &str, rows: &[Row]| {
        let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(&row.state).or_default() += 1);
        let told: Vec<String> = counts.iter().map(|(state, n)| format!("{n} {state}")).collect();
        format!("{what}: {}", if told.is_empty() { "none".into() } else { told.join(", ") })
    };
    [part("pods", &picture.pods), part("hosts", &picture.hosts), part("servers", &picture.servers)].join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_by_state() {
        let row = |state: &str| Row { name: "x".into(), state: state.into(), detail: String::new() };
        let picture = Picture { pods: vec![row("Pending"), row("Running"), row("Running")], ..Picture::default() };
        assert_eq!(summary(&picture), "pods: 1 Pending, 2 Running   hosts: none   servers: none");
    }
}
