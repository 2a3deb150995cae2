//! Boots the guests of an OpenStack's servers: what a hypervisor and the image would do, from user data alone.
//!
//! The [`Booter`] watches Nova, simulated or real, and gives every `ACTIVE` server a guest. A guest knows its name, its
//! addresses and its user data, nothing else: what the operator did not write there, the guest does not know.

mod booter;
mod capacity;
mod certificates;
mod credentials;
mod disk;
mod infra;
mod join;
mod life;
mod light;
mod node;
mod nova;
mod real;
mod retry;
mod server;
mod template;
mod user_data;

#[cfg(test)]
mod live_tests;

use std::path::PathBuf;
use std::time::Duration;

pub use booter::Booter;
pub use capacity::Size;
pub use disk::Body;
pub use infra::{InfraNode, InfraOptions};
pub use life::{GuestReport, Phase};
pub use light::LightOptions;

/// Most real guests at once when nobody says otherwise: each takes about 200 MB.
pub const REAL_GUESTS_DEFAULT: usize = 3;

/// Which guests are booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Guests that join as a kubelet does and leave their pods to kwok: cheap, hundreds in one process.
    Light,
    /// Real kubelets with a containerd each, for every server; root only.
    Real,
    /// Real up to the limit if this machine can, light beyond it.
    Auto,
}

/// What a booter needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// A `clouds.yaml` file.
    pub clouds_yaml: PathBuf,
    /// Its entry whose user may list the servers of all projects, with their user data.
    pub cloud: String,
    /// Which guests are booted.
    pub kind: Kind,
    /// Most real guests at once with [`Kind::Auto`].
    pub real_guests_max: usize,
    /// Directory for the guests' disks and logs; it outlives the booter, and a new booter finds its guests there.
    pub dir: PathBuf,
    /// Directory with the Kubernetes binaries, containerd and its shim; needed by real guests.
    pub bin_dir: Option<PathBuf>,
    /// Directory with image tars that real guests import at boot.
    pub images_dir: Option<PathBuf>,
    /// Pause between two looks at Nova.
    pub poll_every: Duration,
    /// How light guests behave.
    pub light: LightOptions,
}

impl Config {
    /// The usual booter of `cloud` in `clouds_yaml`, with its state in `dir`.
    pub fn new(clouds_yaml: PathBuf, cloud: &str, dir: PathBuf) -> Self {
        Self {
            clouds_yaml,
            cloud: cloud.to_owned(),
            kind: Kind::Light,
            real_guests_max: REAL_GUESTS_DEFAULT,
            dir,
            bin_dir: None,
            images_dir: None,
            poll_every: Duration::from_millis(300),
            light: LightOptions::default(),
        }
    }
}

/// Why this machine cannot run real guests, in one line; `None` if it can.
pub fn why_light(bin_dir: &std::path::Path) -> Option<String> {
    let image = real::Image { bin_dir: bin_dir.to_owned(), images_dir: None };
    real::check_machine(&image).err().map(|reason| format!("{reason:#}"))
}
