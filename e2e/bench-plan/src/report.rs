//! Lines as they come, and which stated targets were missed.

/// What was asked for and not reached.
#[derive(Debug, Default)]
pub struct Report {
    misses: Vec<String>,
}

/// Whether a target was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
}

impl Verdict {
    pub fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }

    /// At the end of a line of a table.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Met => "",
            Self::Missed => "  MISSED",
        }
    }
}

impl Report {
    /// Notes what was missed.
    pub fn miss(&mut self, what: impl Into<String>) {
        self.misses.push(what.into());
    }

    /// Notes it if it was missed, and hands the verdict on.
    pub fn target(&mut self, met: bool, what: impl FnOnce() -> String) -> Verdict {
        if !met {
            self.miss(what());
        }
        Verdict::of(met)
    }

    /// Says what was missed.
    pub fn finish(&self) -> Verdict {
        match self.misses.len() {
            0 => println!("\nall targets met"),
            count => println!("\n{count} targets missed:"),
        }
        self.misses.iter().for_each(|miss| println!("  {miss}"));
        Verdict::of(self.misses.is_empty())
    }
}

/// A heading with a line under it.
pub fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}
