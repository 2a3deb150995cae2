//! The directory that everything of one control plane is in, with a mark that says whose it is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::owner::Owner;

/// The file that marks a directory as ours; without it nothing is ever removed.
const MARK: &str = "gantry-e2e.owner";

/// What the mark says once the run has ended that kept the directory.
const ENDED: &str = "ended\n";

/// A directory of this process. Dropping it gives it free for the next run, with what is in it.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    /// Claims `dir` for this process: it is made if missing, and emptied if an earlier run of the harness left it.
    ///
    /// # Errors
    /// When it belongs to a run that lives, or holds files that no run of ours made.
    pub fn claim(dir: &Path) -> Result<StateDir> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let path = fs::canonicalize(dir).with_context(|| format!("cannot resolve {}", dir.display()))?;
        match fs::read_to_string(path.join(MARK)).ok() {
            Some(mark) => refuse_living(&path, &mark)?,
            None if is_empty(&path)? => (),
            None => bail!("{} is not empty and was not made by this harness: name another directory", path.display()),
        }
        remove(&path)?;
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let mark = format!("{}\n", Owner::this_process()?);
        fs::write(path.join(MARK), mark).context("cannot mark the directory as ours")?;
        Ok(StateDir { path })
    }

    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with everything in it.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove(self) -> Result<()> {
        remove(&self.path)
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        let mark = self.path.join(MARK);
        if mark.exists() {
            // Left as it is, the mark keeps the directory from this process only, until it ends.
            let _ = fs::write(mark, ENDED);
        }
    }
}

fn remove(dir: &Path) -> Result<()> {
    fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))
}

fn refuse_living(dir: &Path, mark: &str) -> Result<()> {
    match Owner::parse(mark) {
        Some(owner) if owner.is_alive() => {
            bail!("{} belongs to process {}, which runs: end it, or name another directory", dir.display(), owner.pid)
        }
        _ => Ok(()),
    }
}

fn is_empty(dir: &Path) -> Result<bool> {
    let mut entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    Ok(entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> PathBuf {
        std::env::temp_dir().join(format!("gantry-state-{}", uuid::Uuid::new_v4()))
    }

    #[test]
    fn a_dead_runs_directory_is_emptied() {
        let dir = temporary();
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(MARK), "pid=1 start=0").unwrap();
        fs::write(dir.join("old"), "").unwrap();
        let claimed = StateDir::claim(&dir).unwrap();
        let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        claimed.remove().unwrap();
        assert_eq!(left, [MARK]);
    }

    #[test]
    fn a_directory_that_was_kept_can_be_claimed_again_by_the_same_process() {
        let dir = temporary();
        drop(StateDir::claim(&dir).unwrap());
        let again = StateDir::claim(&dir);
        again.unwrap().remove().unwrap();
        assert!(!dir.exists());
    }

    #[test]
    fn a_living_runs_directory_and_a_strangers_are_refused() {
        let claimed = StateDir::claim(&temporary()).unwrap();
        let dir = claimed.path();
        let living = StateDir::claim(dir).unwrap_err().to_string();
        fs::remove_file(dir.join(MARK)).unwrap();
        fs::write(dir.join("letters"), "").unwrap();
        let strangers = StateDir::claim(dir).unwrap_err().to_string();
        claimed.remove().unwrap();
        assert!(living.contains("which runs"), "{living}");
        assert!(strangers.contains("was not made by this harness"), "{strangers}");
    }
}
