//! A real guest's root disk as its image and cloud-init leave it: settings of its own, programs shared with the machine.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::NAME_PREFIX;
use crate::guest::server::short_id;
use crate::guest::user_data::{Command, UserData};

/// The first process of a guest, and what puts it into its groups and namespaces.
const INIT: &str = include_str!("image/init.sh");
const ENTER: &str = include_str!("image/enter.sh");

/// Programs of the image, which come first on its PATH.
const PROGRAMS: [(&str, &str); 3] = [
    ("systemctl", include_str!("image/systemctl")),
    ("kubeadm", include_str!("image/kubeadm")),
    ("kubelet-service", include_str!("image/kubelet-service")),
];

const CONTAINERD_CONFIG: &str = include_str!("image/containerd.toml");
const KUBELET_CONFIG: &str = include_str!("image/kubelet.conf");

/// Files of the machine's /etc without which its programs do not work; one that is missing is not needed.
const ETC_FILES: [&str; 8] =
    ["passwd", "group", "nsswitch.conf", "protocols", "services", "ld.so.cache", "ld.so.conf", "ssl/certs/ca-certificates.crt"];

/// Directories that programs expect.
const DIRECTORIES: [&str; 12] = [
    "etc/containerd",
    "etc/cni/net.d",
    "etc/kubernetes/kubelet.conf.d",
    "etc/kubernetes/manifests",
    "etc/ssl/certs",
    "opt/gantry/bin",
    "var/log",
    "var/lib/cloud/instance",
    "var/lib/cloud/data",
    "var/tmp",
    "run",
    "root",
];

/// Where the result of the user data is, inside the guest.
const RESULT_FILE: &str = "var/lib/cloud/data/result";

/// Who a guest is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Name of everything the guest owns on this machine: `gantry-<8 hex digits>`.
    pub name: String,
    /// Host name.
    pub hostname: String,
    /// Address on the bridge.
    pub address: IpAddr,
    /// Nova server id, or another UUID.
    pub id: String,
}

impl Identity {
    /// The identity of the guest of server `id`.
    pub fn new(id: &str, hostname: &str, address: IpAddr) -> Self {
        let name = format!("{NAME_PREFIX}{}", short_id(id));
        Self { name, hostname: hostname.to_owned(), address, id: id.to_owned() }
    }
}

/// The disk's directories.
#[derive(Clone, Debug)]
pub struct RootDisk {
    dir: PathBuf,
}

impl RootDisk {
    /// The disk in `dir`; nothing is made yet.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The guest's root directory.
    pub fn root(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// The script that becomes process 1.
    pub fn init(&self) -> PathBuf {
        self.dir.join("init.sh")
    }

    /// The script that enters groups and namespaces.
    pub fn enter(&self) -> PathBuf {
        self.dir.join("enter.sh")
    }

    /// What the guest says while it boots.
    pub fn console_log(&self) -> PathBuf {
        self.dir.join("console.log")
    }

    /// Exit status of the user data's commands; `None` while they run or before.
    pub fn result(&self) -> Option<i32> {
        fs::read_to_string(self.root().join(RESULT_FILE)).ok()?.trim().parse().ok()
    }

    /// Whether the disk was booted from before.
    pub fn is_made(&self) -> bool {
        self.root().join("etc/machine-id").exists()
    }

    /// Writes the image and, as cloud-init's first stage would, the user data.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn make(&self, guest: &Identity, data: &UserData) -> Result<()> {
        let root = self.root();
        self.write_all(guest, data).with_context(|| format!("the guest's root {} cannot be made", root.display()))
    }

    /// Writes the pods' network, whose subnet may differ at every boot.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn write_pod_network(&self, pod_subnet: &str) -> Result<()> {
        let ipam = serde_json::json!({ "type": "host-local", "dataDir": "/run/cni-ipam", "ranges": [[{ "subnet": pod_subnet }]], "routes": [{ "dst": "0.0.0.0/0" }] });
        let bridge = serde_json::json!({ "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipam": ipam });
        let portmap = serde_json::json!({ "type": "portmap", "capabilities": { "portMappings": true } });
        let list = serde_json::json!({ "cniVersion": "1.0.0", "name": "guest", "plugins": [bridge, portmap] });
        let path = self.root().join("etc/cni/net.d/10-guest.conflist");
        fs::write(&path, list.to_string()).with_context(|| format!("{} cannot be written", path.display()))
    }

    fn write_all(&self, guest: &Identity, data: &UserData) -> Result<()> {
        let root = self.root();
        for directory in DIRECTORIES {
            fs::create_dir_all(root.join(directory))?;
        }
        for file in ETC_FILES {
            let _ = fs::copy(Path::new("/etc").join(file), root.join("etc").join(file));
        }
        copy_links(Path::new("/etc/alternatives"), &root.join("etc/alternatives"))?;
        for (link, target) in
            [("var/run", "../run"), ("var/lock", "../run/lock"), ("etc/mtab", "/proc/mounts"), ("etc/os-release", "/usr/lib/os-release")]
        {
            let _ = symlink(target, root.join(link));
        }
        self.write_settings(guest)?;
        write(&self.init(), INIT.as_bytes(), 0o755)?;
        write(&self.enter(), ENTER.as_bytes(), 0o755)?;
        self.write_user_data(data)
    }

    fn write_settings(&self, guest: &Identity) -> Result<()> {
        let etc = self.root().join("etc");
        let (hostname, address) = (&guest.hostname, guest.address);
        let files = [
            ("hostname", format!("{hostname}\n")),
            ("hosts", format!("127.0.0.1 localhost\n{address} {hostname}\n")),
            ("resolv.conf", "# This network has no resolver.\n".to_owned()),
            ("containerd/config.toml", CONTAINERD_CONFIG.to_owned()),
            ("kubernetes/kubelet.conf.d/10-image.conf", KUBELET_CONFIG.to_owned()),
            ("machine-id", format!("{}\n", guest.id.replace('-', ""))),
        ];
        for (name, content) in files {
            write(&etc.join(name), content.as_bytes(), 0o644)?;
        }
        for (name, content) in PROGRAMS {
            write(&self.root().join("opt/gantry/bin").join(name), content.as_bytes(), 0o755)?;
        }
        Ok(())
    }

    /// Puts the files where only the guest's own root writes them to their places: no link in a path leads outside.
    fn write_user_data(&self, data: &UserData) -> Result<()> {
        let instance = self.root().join("var/lib/cloud/instance");
        fs::create_dir_all(instance.join("files"))?;
        for (number, file) in data.files.iter().enumerate() {
            write(&instance.join("files").join(number.to_string()), &file.content, 0o600)?;
        }
        write(&instance.join("user-data.sh"), script(data).as_bytes(), 0o700)
    }
}

/// The user data as a shell script, as cloud-init makes one of `runcmd`.
fn script(data: &UserData) -> String {
    let mut lines = Vec::new();
    for (number, file) in data.files.iter().enumerate() {
        let (path, source) = (quote(&file.path), format!("/var/lib/cloud/instance/files/{number}"));
        let directory = quote(file.path.rsplit_once('/').map_or("/", |(directory, _)| directory));
        lines.push(format!("mkdir -p {directory}/"));
        if file.append {
            lines.push(format!("cat {source} >> {path} && chmod {:o} {path}", file.mode));
        } else {
            lines.push(format!("install -m {:o} {source} {path}", file.mode));
        }
    }
    lines.extend(data.commands.iter().map(|command| match command {
        Command::Words(words) => words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "),
        Command::Line(line) => line.clone(),
    }));
    lines.join("\n") + "\n"
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn copy_links(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        if let Ok(target) = fs::read_link(entry.path()) {
            let _ = symlink(target, to.join(entry.file_name()));
        }
    }
    Ok(())
}

fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(mode).open(path)?;
    Ok(file.write_all(content)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::user_data::WrittenFile;

    #[test]
    fn user_data_becomes_a_script_in_which_no_text_is_a_command() {
        let data = UserData {
            files: vec![WrittenFile { path: "/etc/it's".into(), mode: 0o600, content: Vec::new(), append: false }],
            commands: vec![Command::Words(vec!["echo".into(), "$(reboot)".into()]), Command::Line("a && b".into())],
            ignored: Vec::new(),
        };
        let expected = "mkdir -p '/etc'/\ninstall -m 600 /var/lib/cloud/instance/files/0 '/etc/it'\\''s'\n'echo' '$(reboot)'\na && b\n";
        assert_eq!(script(&data), expected);
    }
}
