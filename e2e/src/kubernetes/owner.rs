//! Who an environment on this machine belongs to: a process, told apart from a later one with the same id.

use std::fmt;
use std::fs;

use anyhow::{Context, Result};

/// The process that made something, and when it started, in clock ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Field 22 of /proc/pid/stat: a process id is used again, a pair of id and start is not.
    pub start_ticks: u64,
}

impl Owner {
    /// The process that runs now.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn this_process() -> Result<Owner> {
        let pid = std::process::id();
        let start_ticks = start_ticks(pid).context("cannot read /proc/self/stat: is /proc mounted?")?;
        Ok(Owner { pid, start_ticks })
    }

    /// Whether that very process still runs.
    pub fn is_alive(self) -> bool {
        start_ticks(self.pid) == Some(self.start_ticks)
    }

    /// Reads what `Display` wrote, from among other words.
    pub fn parse(text: &str) -> Option<Owner> {
        let word = |key: &str| text.split_whitespace().find_map(|word| word.strip_prefix(key));
        Some(Owner { pid: word("pid=")?.parse().ok()?, start_ticks: word("start=")?.parse().ok()? })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid={} start={}", self.pid, self.start_ticks)
    }
}

/// None when there is no such process, or it has ended and only waits to be collected.
fn start_ticks(pid: u32) -> Option<u64> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The second field, the program's name, may hold blanks and brackets: what counts comes after its last bracket.
fn parse_stat(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(fields.first(), Some(&("Z" | "X"))) { None } else { fields.get(19)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_survives_being_written_among_other_words() {
        let owner = Owner { pid: 7, start_ticks: 99 };
        assert_eq!(Owner::parse(&format!("gantry-e2e {owner} ip_forward=0")), Some(owner));
        assert_eq!(Owner::parse("docker pid=x"), None);
    }

    #[test]
    fn this_process_is_alive_and_one_with_its_id_that_started_earlier_is_not() {
        let owner = Owner::this_process().unwrap();
        assert!(owner.is_alive());
        assert!(!Owner { start_ticks: owner.start_ticks - 1, ..owner }.is_alive());
    }

    #[test]
    fn the_name_of_a_program_may_hold_brackets_and_a_zombie_is_not_alive() {
        let rest = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        assert_eq!(parse_stat(&format!("7 (a) b) S {rest}")), Some(4242));
        assert_eq!(parse_stat(&format!("7 (a) Z {rest}")), None);
    }
}
