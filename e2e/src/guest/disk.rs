//! A guest's directory: what it is, and what a light guest keeps through a stop.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::light::LightDisk;
use super::server::{Server, short_id};

/// Which body a guest has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Joined by this process, run by kwok.
    Light,
    /// A kubelet and a containerd of its own.
    Real,
}

/// What the directory is for, so that a new booter finds its guests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Nova server id.
    pub server_id: String,
    /// Nova server name.
    pub name: String,
    /// The guest's body.
    pub body: Body,
}

/// One guest's directory.
#[derive(Clone, Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// The directory of a server's guest under `dir`; nothing is made yet.
    pub fn of(dir: &Path, server: &Server) -> Self {
        Self::of_id(dir, &server.id)
    }

    /// The directory of the guest of the server with this id.
    pub fn of_id(dir: &Path, server_id: &str) -> Self {
        Self { path: guests_dir(dir).join(short_id(server_id)) }
    }

    /// Every guest that an earlier booter left under `dir`.
    pub fn left_in(dir: &Path) -> Vec<Record> {
        let entries = fs::read_dir(guests_dir(dir)).into_iter().flatten().flatten();
        entries.filter_map(|entry| Self { path: entry.path() }.record()).collect()
    }

    /// Makes the directory and writes what it is for.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn make(&self, record: &Record) -> Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).with_context(|| self.cannot("be made"))?;
        self.write("guest.json", record)
    }

    /// What the directory is for; `None` if there is none.
    pub fn record(&self) -> Option<Record> {
        read(&self.path.join("guest.json"))
    }

    /// Where the guest's files are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a light guest kept; `None` before its first boot is done.
    pub fn light(&self) -> Option<LightDisk> {
        read(&self.path.join("light.json"))
    }

    /// Keeps what a light guest needs after a stop.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn keep_light(&self, disk: &LightDisk) -> Result<()> {
        self.write("light.json", disk)
    }

    /// Removes the directory with all that is in it.
    pub fn remove(&self) {
        if let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("{}: {error}", self.cannot("be removed"));
        }
    }

    fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let temporary = self.path.join(format!("{name}.new"));
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary);
        file.and_then(|mut file| file.write_all(&serde_json::to_vec(value)?)).with_context(|| self.cannot("be written"))?;
        fs::rename(&temporary, self.path.join(name)).with_context(|| self.cannot("be written"))
    }

    fn cannot(&self, what: &str) -> String {
        format!("the guest's directory {} cannot {what}", self.path.display())
    }
}

fn guests_dir(dir: &Path) -> PathBuf {
    dir.join("guests")
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
