//! What a person has said about missing servers, in the annotation `gantry.cloud/accept-missing-servers`.

use jiff::{SignedDuration, Timestamp};

/// A time in the annotation counts at most this long before it: forgotten consent would switch the guard off for good.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The annotation's meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accepted {
    /// Nobody has said anything.
    #[default]
    Nothing,
    /// So many missing servers, and no more, are gone.
    Count(usize),
    /// All that is missing until then is gone.
    Until(Timestamp),
}

impl Accepted {
    /// Reads the annotation.
    ///
    /// # Errors
    /// A sentence that says what may be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(count) = text.parse() {
            return Ok(Self::Count(count));
        }
        let wrong = || {
            format!(
                "gantry.cloud/accept-missing-servers is {text:?}: write how many servers are gone, or a time such as 2026-01-31T12:00:00Z until which all that are missing are"
            )
        };
        text.parse().map(Self::Until).map_err(|_| wrong())
    }

    /// Whether it speaks of this many missing servers.
    pub fn covers(self, missing: usize, now: Timestamp) -> bool {
        match self {
            Self::Nothing => false,
            Self::Count(count) => missing <= count,
            Self::Until(until) => now < until && until.duration_since(now) <= LONGEST,
        }
    }

    /// How many servers may be taken for gone in [`super::CAP_WINDOW`] because of it; `usize::MAX` for any number.
    pub fn lifts_cap_to(self, now: Timestamp) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Until(_) if self.covers(0, now) => usize::MAX,
            _ => 0,
        }
    }
}
