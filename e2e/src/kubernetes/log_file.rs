//! Log files of programs: opened to append, and read from their end for errors.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};

/// How many lines of a program's log an error shows.
const LOG_TAIL_LINES: usize = 12;
/// How much of the end of a log is read to find those lines, in bytes.
const LOG_TAIL_BYTES: u64 = 16 * 1024;
/// Opens a log to append to, and makes its folder.
///
/// # Errors
/// When either fails.
pub fn open(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create the log folder {}", folder.display()))?;
    }
    let open = OpenOptions::new().create(true).append(true).open(path);
    open.with_context(|| format!("cannot open the log {}", path.display()))
}

/// The last lines of a log, the oldest first; empty when it cannot be read.
pub fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}
