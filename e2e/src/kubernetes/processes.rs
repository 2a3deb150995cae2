//! Programs that the harness runs: each in its own process group, with a log file, and dead when the harness is.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::{log_file, spawner};

/// How often a program that is asked to end is looked at.
const POLL: Duration = Duration::from_millis(20);

/// What to run: a program, its arguments and environment, and the file that its output goes to.
#[derive(Debug, Clone)]
pub struct Program {
    name: String,
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    log: PathBuf,
}

impl Program {
    /// `name` is what errors call it; output is appended to `log`.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Program {
        Program { name: name.into(), path: path.into(), args: Vec::new(), env: Vec::new(), log: log.into() }
    }

    /// Adds arguments after those that it has.
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Program {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment, which is otherwise the harness's own.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Program {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Starts it. It gets SIGKILL when the harness ends in whatever way, `kill -9` included.
    ///
    /// # Errors
    /// When the log cannot be opened, or the program or util-linux's `setpriv` cannot be run.
    pub fn start(&self) -> Result<Process> {
        let child = spawner::spawn(self.command()?)
            .with_context(|| format!("cannot start {} ({}): is setpriv of util-linux installed?", self.name, self.path.display()))?;
        Ok(Process { name: self.name.clone(), log: self.log.clone(), child, ended: None })
    }

    /// Runs it to its end, and gives an error with the end of its log when it fails or takes longer than `limit`.
    ///
    /// # Errors
    /// As [`Program::start`], and when it fails or is late.
    pub async fn run(&self, limit: Duration) -> Result<()> {
        let mut process = self.start()?;
        let status = process.wait(limit).await?;
        if status.success() { Ok(()) } else { Err(process.explain(status)) }
    }

    fn command(&self) -> Result<Command> {
        let log = log_file::open(&self.log)?;
        // The signal is set by setpriv between fork and exec, which safe Rust cannot do itself; it survives exec.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&self.path)
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot share a log file between stdout and stderr")?)
            .stderr(log)
            .process_group(0);
        Ok(command)
    }
}

/// A program that runs. Dropping it kills its process group.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Process {
    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which is also its process group's.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in MiB, from /proc; none when it has ended.
    pub fn resident_memory_mib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib / 1024)
    }

    /// The last lines of its log, the oldest first.
    pub fn log_tail(&self) -> String {
        log_file::tail(&self.log)
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When it has ended: with its status and the last lines of its log.
    pub fn check(&mut self) -> Result<()> {
        match self.status()? {
            None => Ok(()),
            Some(status) => Err(self.explain(status)),
        }
    }

    /// Waits for it to end by itself.
    ///
    /// # Errors
    /// When it has not ended after `limit`: with the last lines of its log. It then still runs.
    pub async fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.status()? {
                return Ok(status);
            }
            if started.elapsed() > limit {
                bail!("{} has not ended after {} s; last lines of its log:\n{}", self.name, limit.as_secs(), self.log_tail());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks it to end, and after `grace` makes it and whatever is left of its process group.
    pub async fn stop(&mut self, grace: Duration) {
        if self.ended.is_none() {
            self.signal(Signal::TERM);
            // An error means that it has not ended in time, which is what the kill is for.
            let _ = self.wait(grace).await;
        }
        self.kill();
    }

    /// Ends it and its process group at once.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }

    fn status(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().with_context(|| format!("cannot ask for the state of {}", self.name))?;
        }
        Ok(self.ended)
    }

    /// Signals the whole group. That it has no process left is no error.
    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }

    fn explain(&self, status: ExitStatus) -> anyhow::Error {
        anyhow!("{} ended with {status}; last lines of {}:\n{}", self.name, self.log.display(), self.log_tail())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command that ends at once, such as `ip` or `iptables`, and gives its standard output.
///
/// # Errors
/// When it cannot be run or fails: with the command and what it said.
pub fn run_now(program: &str, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("cannot run {program}: is it installed?"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} ended with {}: {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Program, PathBuf) {
        let log = std::env::temp_dir().join(format!("gantry-processes-{}.log", uuid::Uuid::new_v4()));
        (Program::new("shell", "sh", &log).args(["-c", script]), log)
    }

    #[tokio::test]
    async fn an_error_shows_status_and_the_last_lines_of_the_log() {
        let (program, log) = shell("seq 1 100; exit 3");
        let error = program.run(Duration::from_secs(10)).await.unwrap_err().to_string();
        fs::remove_file(&log).unwrap();
        assert!(error.starts_with("shell ended with exit status: 3"), "{error}");
        assert!(error.ends_with("\n98\n99\n100") && !error.contains("\n88\n"), "{error}");
    }

    #[tokio::test]
    async fn stop_ends_children_of_the_program_too() {
        let (program, log) = shell("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000");
        let mut process = program.start().unwrap();
        while process.log_tail().is_empty() {
            tokio::time::sleep(POLL).await;
        }
        let child = process.log_tail();
        process.stop(Duration::from_millis(100)).await;
        fs::remove_file(&log).unwrap();
        let stat = format!("/proc/{child}/stat");
        let runs = || fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        for _ in 0..100 {
            if !runs() {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("the child still runs");
    }

    #[tokio::test]
    async fn a_program_that_is_late_is_an_error_with_its_log() {
        let (program, log) = shell("echo working; sleep 1000");
        let mut process = program.start().unwrap();
        let error = process.wait(Duration::from_millis(300)).await.unwrap_err().to_string();
        fs::remove_file(&log).unwrap();
        assert_eq!(error, "shell has not ended after 0 s; last lines of its log:\nworking");
    }
}
