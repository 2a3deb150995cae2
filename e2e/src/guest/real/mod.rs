//! A real guest: a kubelet with its own containerd in namespaces and control groups of its own, booted by its user data.
//!
//! Everything a guest owns on this machine outside its disk is called `gantry-<8 hex digits>`: its network namespace, its end
//! of the cable on the bridge, its control groups, its claim. Ending it removes all of them; what a killed process left is
//! swept by the next one.

mod cgroups;
mod claim;
mod image;
mod network;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

#[cfg(test)]
pub use claim::left_on_this_machine;
pub use claim::sweep;
pub use image::Identity;

use self::claim::Claim;
use self::image::RootDisk;
use super::capacity::Size;
use super::user_data::UserData;
use crate::kubernetes::processes::{Process, Program};

/// Start of the name of everything that a guest owns on this machine.
pub const NAME_PREFIX: &str = "gantry-";

/// Where Debian's package containernetworking-plugins puts the CNI plugins.
const CNI_PLUGINS: &str = "/usr/lib/cni";

/// Programs of the machine that a guest needs, with the directories they may be in.
const MACHINE_PROGRAMS: [&str; 8] = ["ip", "nsenter", "unshare", "setpriv", "mount", "runc", "iptables", "hostname"];
const MACHINE_PATHS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Programs of the image that must be in the directory of binaries.
const IMAGE_PROGRAMS: [&str; 5] = ["kubelet", "kubeadm", "containerd", "containerd-shim-runc-v2", "ctr"];

/// Longest wait for a guest's user data to end; `kubeadm join` itself gives up after five minutes.
const USER_DATA_WAIT_MAX: Duration = Duration::from_secs(600);

/// Pause between two looks at whether the user data has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);

const BYTES_PER_MIB: u64 = 1024 * 1024;
const KIB_PER_MIB: u64 = 1024;

/// Lines of a guest's console that an error shows.
const CONSOLE_LINES: usize = 8;

/// What real guests boot from.
#[derive(Clone, Debug)]
pub struct Image {
    /// Directory with the Kubernetes programs, containerd and its shim.
    pub bin_dir: PathBuf,
    /// Directory with image tars to import at the first boot.
    pub images_dir: Option<PathBuf>,
}

/// A real guest's machine.
pub struct RealGuest {
    identity: Identity,
    size: Size,
    image: Image,
    disk: RootDisk,
    running: Option<Running>,
}

struct Running {
    process: Process,
    claim: Claim,
}

/// Says in one line why real guests cannot run now.
///
/// # Errors
/// That line.
pub fn check(image: &Image) -> Result<()> {
    check_machine(image)?;
    ensure!(network::has_bridge(), "there is no bridge gantry0; start the control plane on the bridge first");
    Ok(())
}

/// Says in one line why this machine cannot run real guests, whether a control plane runs or not.
///
/// # Errors
/// That line.
pub fn check_machine(image: &Image) -> Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "real guests need root for namespaces and control groups");
    ensure!(cgroups::are_usable(), "real guests need cgroup v1 hierarchies with cpu, cpuset, memory and pids");
    for program in MACHINE_PROGRAMS {
        let is_there = MACHINE_PATHS.iter().any(|dir| Path::new(dir).join(program).exists());
        ensure!(is_there, "the program {program} is missing on this machine");
    }
    ensure!(Path::new(CNI_PLUGINS).join("bridge").exists(), "the CNI plugins are missing in {CNI_PLUGINS}");
    for program in IMAGE_PROGRAMS {
        ensure!(image.bin_dir.join(program).exists(), "{program} is missing in {}", image.bin_dir.display());
    }
    Ok(())
}

impl RealGuest {
    /// A guest that is off, with its disk in `dir`.
    pub fn new(identity: Identity, size: Size, dir: &Path, image: Image) -> Self {
        Self { identity, size, image, disk: RootDisk::new(dir), running: None }
    }

    /// Whether the disk holds a guest that has booted before.
    pub fn has_disk(&self) -> bool {
        self.disk.is_made()
    }

    /// Writes the image and the user data to an empty disk.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn write_disk(&self, data: &UserData) -> Result<()> {
        self.disk.make(&self.identity, data)
    }

    /// Starts the machine.
    ///
    /// # Errors
    /// A command of the machine that fails; nothing is left then.
    pub async fn power_on(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let name = self.identity.name.clone();
        let claim = Claim::take(&name)?;
        match self.start(&claim) {
            Ok(process) => {
                self.running = Some(Running { process, claim });
                Ok(())
            }
            Err(error) => {
                clear(&name, claim).await?;
                Err(error.context(format!("guest {} could not be started", self.identity.hostname)))
            }
        }
    }

    /// Waits until the user data's commands have ended well, so the node has joined.
    ///
    /// # Errors
    /// Commands that fail or do not end, or a machine that stops: with the end of its console.
    pub async fn joined(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            match self.disk.result() {
                Some(0) => return Ok(()),
                Some(status) => bail!("its user data ended with {status}; end of its console:\n{}", self.console()),
                None => {}
            }
            if let Some(running) = &mut self.running {
                running.process.check().context("its machine stopped")?;
            }
            ensure!(start.elapsed() < USER_DATA_WAIT_MAX, "its user data has not ended after {} s", USER_DATA_WAIT_MAX.as_secs());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Stops the machine as a power cut does, and removes everything but its disk.
    ///
    /// # Errors
    /// Processes that do not end.
    pub async fn power_off(&mut self) -> Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.process.kill();
        clear(&self.identity.name, running.claim).await
    }

    /// Resident memory of everything in the guest, pods included, in MiB.
    pub fn memory_mib(&self) -> Option<u64> {
        cgroups::memory_bytes(&self.identity.name).map(|bytes| bytes / BYTES_PER_MIB)
    }

    /// The last lines of the guest's console.
    pub fn console(&self) -> String {
        let text = fs::read_to_string(self.disk.console_log()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(CONSOLE_LINES)..].join("\n")
    }

    fn start(&self, claim: &Claim) -> Result<Process> {
        let name = &self.identity.name;
        self.disk.write_pod_network(&claim.pod_subnet())?;
        cgroups::make(name, self.size.memory_mib * BYTES_PER_MIB)?;
        network::make(name, self.identity.address, &claim.pod_subnet())?;
        let images = self.image.images_dir.clone().unwrap_or_default();
        Program::new(format!("guest {}", self.identity.hostname), "/bin/bash", self.disk.console_log())
            .args([self.disk.enter()])
            .args(cgroups::member_files(name))
            .env("GUEST_NETNS", network::namespace_file(name))
            .env("GUEST_INIT", self.disk.init())
            .env("GUEST_ROOT", self.disk.root())
            .env("GUEST_HIERARCHIES", cgroups::hierarchy_names().join(" "))
            .env("GUEST_VCPUS", self.size.vcpus.to_string())
            .env("GUEST_MEMORY_KIB", (self.size.memory_mib * KIB_PER_MIB).to_string())
            .env("GUEST_ID", &self.identity.id)
            .env("GUEST_HOSTNAME", &self.identity.hostname)
            .env("GUEST_ADDRESS", self.identity.address.to_string())
            .env("GUEST_BIN", &self.image.bin_dir)
            .env("GUEST_IMAGES", images)
            .env("GUEST_CNI", CNI_PLUGINS)
            .start()
    }
}

/// Removes what a guest owns outside its disk.
async fn clear(name: &str, claim: Claim) -> Result<()> {
    cgroups::remove(name).await?;
    network::remove(name, Some(&claim.pod_subnet()));
    claim.release();
    Ok(())
}
