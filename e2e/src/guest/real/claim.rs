//! What says that a guest's name and pod subnet are taken on this machine, and whether their owner still lives.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::network::{self, POD_SUBNETS};
use super::{NAME_PREFIX, cgroups};

/// Directory of the claims; it is empty and removed when no real guest is left.
const CLAIMS: &str = "/run/gantry-guests";

/// A name and a pod subnet, held by this process: the kernel drops the lock of a process that ends, however it ends.
pub struct Claim {
    name: String,
    number: u8,
    _file: File,
}

impl Claim {
    /// Takes `name` and the lowest pod subnet that is free.
    ///
    /// # Errors
    /// A name that a living process holds, no subnet left, or a file system that refuses.
    pub fn take(name: &str) -> Result<Self> {
        let _all = lock_all()?;
        let mut file = open(name)?;
        ensure!(file.try_lock().is_ok(), "guest {name} is run by another process");
        let taken: BTreeSet<u8> = claims().into_iter().filter(|other| other != name).filter_map(|other| read_number(&other)).collect();
        let number = POD_SUBNETS.into_iter().find(|number| !taken.contains(number));
        let number = number.context("every pod subnet of this machine is taken by a guest")?;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{number}")?;
        Ok(Self { name: name.to_owned(), number, _file: file })
    }

    /// The pods' subnet.
    pub fn pod_subnet(&self) -> String {
        network::pod_subnet(self.number)
    }

    /// Gives the name and the subnet back.
    pub fn release(self) {
        forget(&self.name);
    }
}

/// Names of the real guests that own something on this machine, running or not.
pub fn left_on_this_machine() -> BTreeSet<String> {
    claims().into_iter().chain(cgroups::names(NAME_PREFIX)).chain(network::names(NAME_PREFIX)).collect()
}

/// Clears every guest on this machine whose process was killed: processes, groups, namespaces, routes. Disks stay.
///
/// # Errors
/// Processes that do not end.
pub async fn sweep() -> Result<()> {
    for name in left_on_this_machine() {
        let guard = lock_all()?;
        let file = open(&name)?;
        let is_dead = file.try_lock().is_ok();
        drop(guard);
        if !is_dead {
            continue;
        }
        tracing::info!("clearing what guest {name} left behind");
        cgroups::remove(&name).await?;
        network::remove(&name, read_number(&name).map(network::pod_subnet).as_deref());
        forget(&name);
    }
    let _ = fs::remove_dir(CLAIMS);
    Ok(())
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(CLAIMS).join(name)
}

fn open(name: &str) -> Result<File> {
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path(name));
    options.with_context(|| format!("{} cannot be written", path(name).display()))
}

/// One process at a time takes or clears.
fn lock_all() -> Result<File> {
    fs::create_dir_all(CLAIMS).with_context(|| format!("{CLAIMS} cannot be made"))?;
    let file = File::open(CLAIMS).with_context(|| format!("{CLAIMS} cannot be opened"))?;
    file.lock().with_context(|| format!("{CLAIMS} cannot be locked"))?;
    Ok(file)
}

fn claims() -> Vec<String> {
    let entries = fs::read_dir(CLAIMS).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn read_number(name: &str) -> Option<u8> {
    let mut text = String::new();
    File::open(path(name)).ok()?.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn forget(name: &str) {
    let _ = fs::remove_file(path(name));
    let _ = fs::remove_dir(CLAIMS);
}
