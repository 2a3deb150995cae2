//! Files and folders that `-f` names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders within folders.
const DEPTH_MAX: usize = 8;
/// Files of one call.
const FILES_MAX: usize = 100_000;
/// Files of a folder that are read.
const ENDINGS: [&str; 4] = ["yaml", "yml", "json", "jsonl"];

/// Standard input, as `-f` names it.
pub const STANDARD_INPUT: &str = "-";

/// All files, those of folders in order of their names; `-` is kept as it is.
///
/// # Errors
/// If one cannot be looked at, or a folder has nothing to read, in words.
pub fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in named {
        let before = found.len();
        walk(path, DEPTH_MAX, &mut found)?;
        if found.len() == before {
            return Err(format!("folder {} has no file that ends in .yaml, .yml, .json or .jsonl", path.display()));
        }
    }
    Ok(found)
}

fn walk(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), String> {
    let is_standard = path.as_os_str() == STANDARD_INPUT;
    let kind = if is_standard { None } else { Some(fs::metadata(path).map_err(|error| unread(path, &error))?) };
    if !kind.is_some_and(|kind| kind.is_dir()) {
        found.push(path.to_owned());
        return if found.len() > FILES_MAX { Err(format!("more than {FILES_MAX} files; name fewer")) } else { Ok(()) };
    }
    let told = |error| format!("folder {} cannot be read: {error}", path.display());
    let entries: BTreeSet<PathBuf> =
        fs::read_dir(path).map_err(told)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().map_err(told)?;
    for entry in entries {
        let is_named_so = entry.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| ENDINGS.contains(&ending));
        if is_named_so || (depth > 0 && entry.is_dir()) {
            walk(&entry, depth.saturating_sub(1), found)?;
        }
    }
    Ok(())
}

fn unread(path: &Path, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        return format!("-f {}: there is no such file or folder", path.display());
    }
    format!("{} cannot be read: {error}", path.display())
}

/// How many bytes they have; `None` if that is not known before they are read.
pub fn size(files: &[PathBuf]) -> Option<u64> {
    files.iter().map(|file| if file.as_os_str() == STANDARD_INPUT { None } else { fs::metadata(file).ok().map(|meta| meta.len()) }).sum()
}
