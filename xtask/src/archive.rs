//! Tar files that are the same to the byte whenever their content is: fixed owner, fixed time, order as given.

use anyhow::{Context, Result};
use tar::{Builder, EntryType, Header};

/// A file or directory of an archive.
pub struct Entry {
    /// Path without leading slash; a directory's ends with one.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Content; empty for a directory.
    pub content: Vec<u8>,
}

impl Entry {
    /// A file.
    pub fn file(path: impl Into<String>, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mode, content: content.into() }
    }

    /// A directory that all may enter.
    pub fn directory(path: &str) -> Self {
        Self { path: format!("{path}/"), mode: 0o755, content: Vec::new() }
    }
}

/// The archive of `entries`, owned by root, from 1970.
pub fn pack(entries: &[Entry]) -> Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_ustar();
        header.set_entry_type(if entry.path.ends_with('/') { EntryType::Directory } else { EntryType::Regular });
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        let path = &entry.path;
        archive.append_data(&mut header, path, entry.content.as_slice()).with_context(|| format!("cannot put {path} into the archive"))?;
    }
    archive.into_inner().context("cannot finish the archive")
}
