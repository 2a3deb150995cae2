//! What can be chosen about a control plane, and the places that follow from it.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::Result;

use super::network::{BRIDGE_ADDRESS, BRIDGE_PORT};
use super::ports;

/// Where the API server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// 10.78.0.1:6443 on the bridge gantry0, where guests with kubelets of their own reach it. Needs root; one per machine.
    Bridge,
    /// 127.0.0.1 and a free port: nothing but light nodes can join. Needs no rights; any number per machine.
    Loopback,
}

/// What becomes of the directory when a control plane is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterStop {
    /// It is removed, with state, keys and logs.
    Remove,
    /// It stays, to be read; the next run in the same directory empties it.
    Keep,
}

/// What to start and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of the programs: see [`super::binaries`].
    pub bin_dir: PathBuf,
    /// The directory for state, keys and logs: missing, empty, or left by an earlier run.
    pub dir: PathBuf,
    /// Where the API server listens.
    pub address: Address,
    /// What becomes of `dir`.
    pub after_stop: AfterStop,
    /// How long kwok's node leases last, in seconds; each is renewed after a quarter of it. Below 200, since a node whose
    /// lease is not renewed for 50 s is NotReady. Large for many nodes: 5,000 cost 500 writes a second at 40 and 125 at 160.
    pub fake_lease_seconds: u32,
    /// Arguments that the API server gets besides its own, such as `--feature-gates=...`.
    pub api_server_args: Vec<String>,
    /// Controllers of kube-controller-manager that do not run.
    pub controllers_off: Vec<String>,
}

impl Options {
    /// The usual choices: kubelet's own lease of 40 s, nothing kept.
    pub fn new(bin_dir: impl Into<PathBuf>, dir: impl Into<PathBuf>, address: Address) -> Options {
        Options {
            bin_dir: bin_dir.into(),
            dir: dir.into(),
            address,
            after_stop: AfterStop::Remove,
            fake_lease_seconds: 40,
            api_server_args: Vec::new(),
            controllers_off: Vec::new(),
        }
    }
}

/// The addresses and ports of one control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the API server listens.
    pub address: Address,
    /// Its address.
    pub api_server: Ipv4Addr,
    /// Its port.
    pub api_server_port: u16,
    /// etcd's port for the API server, on loopback.
    pub etcd_port: u16,
    /// etcd's port for other members, of which there are none, on loopback.
    pub etcd_peer_port: u16,
}

impl Endpoints {
    /// Chooses free ports where none is given.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn choose(address: Address) -> Result<Endpoints> {
        let loopback = || ports::free_port(Ipv4Addr::LOCALHOST);
        let (api_server, api_server_port) = match address {
            Address::Bridge => (BRIDGE_ADDRESS, BRIDGE_PORT),
            Address::Loopback => (Ipv4Addr::LOCALHOST, loopback()?),
        };
        Ok(Endpoints { address, api_server, api_server_port, etcd_port: loopback()?, etcd_peer_port: loopback()? })
    }

    /// The API server's URL.
    pub fn server(&self) -> String {
        format!("https://{}:{}", self.api_server, self.api_server_port)
    }
}

/// The files of one control plane, all in one directory.
#[derive(Debug, Clone)]
pub struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// The layout of `dir`, which must be absolute.
    pub fn new(dir: PathBuf) -> Layout {
        Layout { dir }
    }

    /// The folder of certificates and keys.
    pub fn pki(&self) -> PathBuf {
        self.dir.join("pki")
    }

    /// The folder of the programs' logs.
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// The log of one program.
    pub fn log(&self, program: &str) -> PathBuf {
        self.logs().join(format!("{program}.log"))
    }

    /// The API server's audit log: one JSON object a line.
    pub fn audit_log(&self) -> PathBuf {
        self.logs().join("audit.log")
    }

    /// The kubeconfig of one program, or of `admin`.
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        self.dir.join(format!("{user}.kubeconfig"))
    }

    /// A file of configuration.
    pub fn config(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}
