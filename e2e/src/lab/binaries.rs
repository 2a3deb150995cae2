//! Where our own programs are: the operator, the simulator.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The workspace's folder.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// One of our programs, as `make build` leaves it.
///
/// # Errors
/// If it is not built, with the command that builds it.
pub fn own(name: &str) -> Result<PathBuf> {
    let folder = std::env::var_os("GANTRY_BIN_DIR").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| target().join("x86_64-unknown-linux-musl/release"));
    let path = folder.join(name);
    if !path.is_file() {
        bail!("{name} is not built at {}; run `make build` first", path.display());
    }
    Ok(path)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}
