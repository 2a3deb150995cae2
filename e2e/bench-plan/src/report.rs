//! Lines as they come, and which stated targets were missed.

/// What was asked for and not reached.
#[derive(Debug, Default)]
pub struct Report {
    misses: Vec<String>,
    known: Vec<String>,
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

    /// Notes a miss that is known: it is listed and fails nothing.
    pub fn known(&mut self, what: impl Into<String>) -> Verdict {
        self.known.push(what.into());
        Verdict::Missed
    }

    /// Notes it if it was missed, and hands the verdict on.
    pub fn target(&mut self, met: bool, what: impl FnOnce() -> String) -> Verdict {
        if !met {
            self.miss(what());
        }
        Verdict::of(met)
    }

    /// Says what was missed; whether nothing was that is not known.
    pub fn finish(&self) -> Verdict {
        if !self.known.is_empty() {
            println!("\n{} targets known to be missed:", self.known.len());
            self.known.iter().for_each(|miss| println!("  {miss}"));
        }
        match (self.misses.len(), self.known.len()) {
            (0, 0) => println!("\nall targets met"),
            (0, _) => println!("\nall other targets met"),
            (count, _) => println!("\n{count} targets missed:"),
        }
        self.misses.iter().for_each(|miss| println!("  {miss}"));
        Verdict::of(self.misses.is_empty())
    }
}

/// A heading with a line under it.
pub fn heading(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.chars().count()));
}
