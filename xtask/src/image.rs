//! Assembles an image FROM scratch: an OCI layout in one tar file, with the index that `docker load` reads besides.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, Result, bail};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::archive::{Entry, pack};
use crate::{elf, roots};

/// No account of the host: not root, and above those that distributions give out.
const USER: &str = "65532:65532";
const PROGRAM: &str = "gantry";
const EPOCH: &str = "1970-01-01T00:00:00Z";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";

/// `registry/repository:tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    whole: String,
    tag: String,
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(whole: &str) -> Result<Self> {
        let fits = |text: &str, more: &[u8]| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
        match whole.rsplit_once(':') {
            Some((repository, tag)) if repository.contains('/') && fits(repository, b"/.:-_") && fits(tag, b".-_") => {
                Ok(Self { whole: whole.into(), tag: tag.into() })
            }
            _ => bail!("{whole:?} is no image name; write registry/repository:tag, e.g. gantry.local/gantry:v1"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.whole)
    }
}

/// A finished image.
pub struct Image {
    /// The tar file.
    pub tar: Vec<u8>,
    /// `sha256:...` of its manifest.
    pub digest: String,
}

/// The image whose program is `binary`. The same binary and name give the same bytes.
///
/// # Errors
/// If the binary would not start on its own.
pub fn build(binary: &[u8], name: &Name) -> Result<Image> {
    let architecture = elf::static_architecture(binary)?;
    let layer = Blob::new(LAYER_TYPE, pack(&files(binary))?);
    let config = Blob::json(CONFIG_TYPE, &config(architecture, &layer));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.descriptor(),
        "layers": [layer.descriptor()],
    });
    let manifest = Blob::json(MANIFEST_TYPE, &manifest);
    let tar = pack(&layout(name, architecture, &manifest, &config, &layer))?;
    Ok(Image { tar, digest: manifest.digest() })
}

fn files(binary: &[u8]) -> [Entry; 5] {
    [
        Entry::directory("etc"),
        Entry::directory("etc/ssl"),
        Entry::directory("etc/ssl/certs"),
        Entry::file(roots::PATH, 0o644, roots::pem()),
        Entry::file(PROGRAM, 0o755, binary),
    ]
}

fn config(architecture: &str, layer: &Blob) -> Value {
    json!({
        "created": EPOCH,
        "architecture": architecture,
        "os": "linux",
        "config": {
            "User": USER,
            "WorkingDir": "/",
            "Entrypoint": [format!("/{PROGRAM}")],
            "Env": [format!("SSL_CERT_FILE=/{}", roots::PATH)],
            "Labels": {
                "org.opencontainers.image.title": "Gantry",
                "org.opencontainers.image.description": "Turns an OpenStack project into a container service",
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.digest()]},
        "history": [{"created": EPOCH, "created_by": "cargo xtask image"}],
    })
}

fn layout(name: &Name, architecture: &str, manifest: &Blob, config: &Blob, layer: &Blob) -> Vec<Entry> {
    let mut listed = manifest.descriptor();
    listed["platform"] = json!({"architecture": architecture, "os": "linux"});
    listed["annotations"] = json!({"io.containerd.image.name": name.whole, "org.opencontainers.image.ref.name": name.tag});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [listed]});
    let docker = json!([{"Config": config.path(), "RepoTags": [name.whole], "Layers": [layer.path()]}]);
    let mut blobs: Vec<Entry> = [manifest, config, layer].map(|blob| Entry::file(blob.path(), 0o644, blob.bytes.clone())).into();
    blobs.sort_by(|a, b| a.path.cmp(&b.path));
    let mut entries = vec![
        Entry::file("oci-layout", 0o644, json!({"imageLayoutVersion": "1.0.0"}).to_string()),
        Entry::file("index.json", 0o644, index.to_string()),
        Entry::file("manifest.json", 0o644, docker.to_string()),
        Entry::directory("blobs"),
        Entry::directory("blobs/sha256"),
    ];
    entries.append(&mut blobs);
    entries
}

/// A part of the image that is found by its digest.
struct Blob {
    media_type: &'static str,
    bytes: Vec<u8>,
    hex: String,
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        let hex = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self { media_type, bytes, hex }
    }

    fn json(media_type: &'static str, value: &Value) -> Self {
        Self::new(media_type, value.to_string().into_bytes())
    }

    fn digest(&self) -> String {
        format!("sha256:{}", self.hex)
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", self.hex)
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest(), "size": self.bytes.len()})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::io::Read;

    fn image() -> Image {
        build(&elf::tests::binary(62, 1), &"gantry.local/gantry:v1".parse().unwrap()).unwrap()
    }

    fn unpack(bytes: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(bytes).entries().unwrap() {
            let mut entry = entry.unwrap();
            let (path, mode) = (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap());
            assert_eq!(entry.header().mtime().unwrap(), 0);
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(path, (mode, content));
        }
        files
    }

    fn json_of(files: &BTreeMap<String, (u32, Vec<u8>)>, path: &str) -> Value {
        serde_json::from_slice(&files[path].1).unwrap()
    }

    fn blob(digest: &Value) -> String {
        format!("blobs/sha256/{}", digest.as_str().unwrap().strip_prefix("sha256:").unwrap())
    }

    #[test]
    fn the_same_binary_gives_the_same_bytes() {
        assert!(image().tar == image().tar);
    }

    #[test]
    fn every_digest_and_size_is_true() {
        let files = unpack(&image().tar);
        let manifest = &json_of(&files, "index.json")["manifests"][0];
        assert_eq!(manifest["digest"], image().digest);
        let inner = json_of(&files, &blob(&manifest["digest"]));
        for part in [manifest, &inner["config"], &inner["layers"][0]] {
            let (path, bytes) = (blob(&part["digest"]), &files[&blob(&part["digest"])].1);
            assert_eq!(part["size"], bytes.len());
            assert_eq!(path, Blob::new("", bytes.clone()).path());
        }
    }

    #[test]
    fn both_indexes_name_the_image() {
        let files = unpack(&image().tar);
        assert_eq!(json_of(&files, "oci-layout"), json!({"imageLayoutVersion": "1.0.0"}));
        let annotations = &json_of(&files, "index.json")["manifests"][0]["annotations"];
        assert_eq!(annotations, &json!({"io.containerd.image.name": "gantry.local/gantry:v1", "org.opencontainers.image.ref.name": "v1"}));
        let docker = &json_of(&files, "manifest.json")[0];
        assert_eq!(docker["RepoTags"], json!(["gantry.local/gantry:v1"]));
        assert!(files.contains_key(docker["Config"].as_str().unwrap()) && files.contains_key(docker["Layers"][0].as_str().unwrap()));
    }

    #[test]
    fn the_program_runs_as_nobody_with_its_roots() {
        let files = unpack(&image().tar);
        let docker = json_of(&files, "manifest.json")[0].clone();
        let config = &json_of(&files, docker["Config"].as_str().unwrap())["config"];
        assert_eq!((&config["User"], &config["Entrypoint"]), (&json!("65532:65532"), &json!(["/gantry"])));
        let layer = unpack(&files[docker["Layers"][0].as_str().unwrap()].1);
        let listed: Vec<_> = layer.iter().map(|(path, (mode, _))| (path.as_str(), *mode)).collect();
        let expected = [
            ("etc/", 0o755),
            ("etc/ssl/", 0o755),
            ("etc/ssl/certs/", 0o755),
            ("etc/ssl/certs/ca-certificates.crt", 0o644),
            ("gantry", 0o755),
        ];
        assert_eq!(listed, expected);
    }

    #[test]
    fn names_without_registry_or_tag_are_refused() {
        for name in ["gantry", "gantry:v1", "a/b", "a/b:", "a b/c:v1", "/:"] {
            assert!(name.parse::<Name>().is_err(), "{name}");
        }
        assert_eq!("a.b:5000/c/d:v1".parse::<Name>().unwrap().tag, "v1");
    }
}
