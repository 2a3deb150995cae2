//! Which microversion of Nova is spoken: a floor that must be there, a newer one if it is offered.

use crate::Result;
use crate::config::wrong;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use url::Url;

/// The first with everything that is used (Stein, 2019).
pub(crate) const FLOOR: Microversion = Microversion { major: 2, minor: 72 };
/// The newest that this client was tried with.
pub(crate) const CEILING: Microversion = Microversion { major: 2, minor: 96 };

/// A version like 2.96.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Microversion {
    major: u16,
    minor: u16,
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Microversion {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let (major, minor) = text.split_once('.').ok_or(())?;
        Ok(Self { major: major.parse().map_err(|_| ())?, minor: minor.parse().map_err(|_| ())? })
    }
}

/// The version chosen for an address, asked for once; all who come meanwhile wait for that answer.
#[derive(Default)]
pub(crate) struct Versions(Mutex<Option<(Url, Arc<OnceCell<Microversion>>)>>);

impl Versions {
    /// The version for this address; `ask` is run if it is not known.
    ///
    /// # Errors
    /// Those of `ask`; they are not kept.
    pub async fn get(&self, url: &Url, ask: impl Future<Output = Result<Microversion>>) -> Result<Microversion> {
        let cell = self.cell(url);
        cell.get_or_try_init(|| ask).await.copied()
    }

    /// The cloud does not take the version any more: it is asked for again.
    pub fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn cell(&self, url: &Url) -> Arc<OnceCell<Microversion>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((of, cell)) if of == url => cell.clone(),
            _ => known.insert((url.clone(), Arc::default())).1.clone(),
        }
    }
}

/// Nova's answer at its root.
#[derive(Deserialize)]
pub(crate) struct Document {
    version: Range,
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    version: String,
    #[serde(default)]
    min_version: String,
}

/// Picks the version to speak.
///
/// # Errors
/// [`crate::Error::Config`] if the range has none that will do.
pub(crate) fn choose(document: &Document) -> Result<Microversion> {
    let range = &document.version;
    let (Ok(newest), Ok(oldest)) = (range.version.parse::<Microversion>(), range.min_version.parse::<Microversion>()) else {
        return Err(wrong("Nova's address in the catalog offers no microversions; it must be that of version 2.1, ending in /v2.1"));
    };
    let chosen = newest.min(CEILING);
    if chosen < FLOOR {
        return Err(wrong(format!("Nova offers microversions up to {newest}, but Gantry needs {FLOOR} (OpenStack Stein) or newer")));
    }
    if chosen < oldest {
        return Err(wrong(format!(
            "Nova offers microversions from {oldest} on, but Gantry knows those up to {CEILING}; use a newer Gantry"
        )));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(oldest: &str, newest: &str) -> Option<String> {
        let range = Range { version: newest.to_owned(), min_version: oldest.to_owned() };
        choose(&Document { version: range }).ok().map(|version| version.to_string())
    }

    #[test]
    fn the_newest_known_one_that_is_offered_is_spoken() {
        assert_eq!(chosen("2.1", "2.104").as_deref(), Some("2.96"));
        assert_eq!(chosen("2.1", "2.79").as_deref(), Some("2.79"));
        assert_eq!(chosen("2.1", "2.72").as_deref(), Some("2.72"));
    }

    #[test]
    fn a_range_that_will_not_do_is_refused() {
        for (oldest, newest) in [("2.1", "2.71"), ("2.97", "2.110"), ("", ""), ("x", "2.y")] {
            assert_eq!(chosen(oldest, newest), None);
        }
    }
}
