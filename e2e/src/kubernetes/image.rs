//! Writes container images without a container engine: from scratch, one static binary, for `ctr images import --local`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The image that holds pods' namespaces and serves as the workload of tests.
pub const PAUSE: &str = "gantry.local/pause:1";
/// Nobody, in the numbers that a container without /etc/passwd needs.
pub const NOBODY: &str = "65535:65535";

/// An image of one static binary.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its name with its tag.
    pub name: String,
    /// The binary on this machine; in the image it is `/<its file name>`, and the entrypoint.
    pub binary: PathBuf,
    /// `uid:gid` that it runs as.
    pub user: String,
}

impl Image {
    /// [`PAUSE`], from the programs' directory.
    pub fn pause(bin_dir: &Path) -> Image {
        Image { name: PAUSE.to_owned(), binary: bin_dir.join("pause"), user: NOBODY.to_owned() }
    }
}

/// Writes the image's tar to `out`. The same binary gives the same bytes.
///
/// # Errors
/// When the binary cannot be read or the tar not be written.
pub fn write(image: &Image, out: &Path) -> Result<()> {
    let name = image.binary.file_name().context("an image's binary must be a file")?.to_string_lossy();
    let binary = fs::read(&image.binary).with_context(|| format!("cannot read {}", image.binary.display()))?;
    let layer = layer(&name, &binary)?;
    let config = config(image, &name, &digest(&layer)).to_string();
    let config_name = format!("{}.json", digest(config.as_bytes()));
    let layer_name = format!("{}/layer.tar", digest(&layer));
    let manifest = json!([{"Config": config_name, "RepoTags": [image.name], "Layers": [layer_name]}]).to_string();

    let file = File::create(out).with_context(|| format!("cannot create {}", out.display()))?;
    let mut archive = tar::Builder::new(BufWriter::new(file));
    add(&mut archive, &config_name, config.as_bytes(), 0o644)?;
    add(&mut archive, &layer_name, &layer, 0o644)?;
    add(&mut archive, "manifest.json", manifest.as_bytes(), 0o644)?;
    archive.into_inner().and_then(|mut file| file.flush()).with_context(|| format!("cannot write {}", out.display()))
}

fn layer(name: &str, binary: &[u8]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, name, binary, 0o755)?;
    archive.into_inner().context("cannot finish the layer")
}

fn config(image: &Image, name: &str, layer_digest: &str) -> Value {
    json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {"Entrypoint": [format!("/{name}")], "User": image.user},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
        "history": [{}],
    })
}

fn add<W: Write>(archive: &mut tar::Builder<W>, name: &str, bytes: &[u8], mode: u32) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_cksum();
    archive.append_data(&mut header, name, bytes).with_context(|| format!("cannot add {name} to the image"))
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn entry(tar_bytes: &[u8], name: &str) -> Vec<u8> {
        let mut archive = tar::Archive::new(tar_bytes);
        let mut found = archive.entries().unwrap().map(Result::unwrap).find(|entry| entry.path().unwrap() == Path::new(name));
        let mut bytes = Vec::new();
        found.as_mut().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn an_image_holds_its_binary_and_every_digest_is_right() {
        let dir = std::env::temp_dir().join(format!("gantry-image-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("pause"), "binary").unwrap();
        let (first, second) = (dir.join("1.tar"), dir.join("2.tar"));
        write(&Image::pause(&dir), &first).unwrap();
        write(&Image::pause(&dir), &second).unwrap();
        let (tar, again) = (fs::read(first).unwrap(), fs::read(second).unwrap());
        fs::remove_dir_all(&dir).unwrap();

        let manifest: Value = serde_json::from_slice(&entry(&tar, "manifest.json")).unwrap();
        let config_bytes = entry(&tar, manifest[0]["Config"].as_str().unwrap());
        let config: Value = serde_json::from_slice(&config_bytes).unwrap();
        let layer = entry(&tar, manifest[0]["Layers"][0].as_str().unwrap());
        assert_eq!(manifest[0]["Config"], format!("{}.json", digest(&config_bytes)));
        assert_eq!(manifest[0]["RepoTags"][0], PAUSE);
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", digest(&layer)));
        assert_eq!(config["config"], json!({"Entrypoint": ["/pause"], "User": NOBODY}));
        assert_eq!(entry(&layer, "pause"), b"binary");
        assert_eq!(tar, again);
    }
}
