//! Structured logs on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The level makes no sense.
    #[error("{level:?} is no log level: {source}; give error, warn, info, debug or trace, or directives such as gantry=debug,info")]
    Level {
        /// What was given.
        level: String,
        /// Why not.
        #[source]
        source: ParseError,
    },
    /// Logs were set up before.
    #[error("logs are set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// Sends the process's logs to standard error; in colour only on a terminal.
///
/// # Errors
/// If the level cannot be parsed, or if it is not the first call.
pub fn init(format: Format, level: &str) -> Result<(), Error> {
    let filter = EnvFilter::try_new(level).map_err(|source| Error::Level { level: level.into(), source })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Json => lines.json().flatten_event(true).with_current_span(false).finish().try_init()?,
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).finish().try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_makes_no_sense_is_told() {
        let message = init(Format::Text, "gantry=loud").unwrap_err().to_string();
        assert!(message.starts_with("\"gantry=loud\" is no log level: "), "{message}");
    }
}
