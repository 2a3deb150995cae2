//! From the text of a `clouds.yaml` to a [`CloudConfig`], or to a sentence that names the wrong key.

use super::auth::credential;
use super::entry::{Entry, File, Text};
use super::tls::{client_certificate, trust};
use super::{CloudConfig, Interface, Overrides, SecretFiles, wrong};
use crate::Result;
use url::Url;

/// Most bytes of a `clouds.yaml`: the size limit of a Kubernetes Secret.
const TEXT_LIMIT_BYTES: usize = 1 << 20;

pub(super) fn parse(text: &str, name: &str, files: SecretFiles<'_>) -> Result<CloudConfig> {
    let entry = find(text, name)?;
    let at = format!("clouds.yaml, entry {name:?}");
    if entry.profile.text().or(entry.cloud.text()).is_some() {
        return Err(wrong(format!(
            "{at} names a vendor's profile (key profile or cloud), and none is built in; write out what it stands for, auth_url above all, and drop the key"
        )));
    }
    let Some(auth) = &entry.auth else {
        return Err(wrong(format!("{at} lacks auth; add it with auth_url and the credential")));
    };
    let Some(auth_url) = auth.auth_url.text() else {
        return Err(wrong(format!("{at}: auth lacks auth_url; add Keystone's address")));
    };
    Ok(CloudConfig {
        auth_url: keystone(auth_url, &at)?,
        credential: credential(&entry, auth, &at)?,
        region: entry.region_name.text().map(str::to_owned),
        interface: interface(&entry, &at)?,
        overrides: overrides(&entry, &at)?,
        trust: trust(&entry, files.cacert, &at)?,
        client_certificate: client_certificate(&entry, files, &at)?,
    })
}

fn find(text: &str, name: &str) -> Result<Entry> {
    if text.len() > TEXT_LIMIT_BYTES {
        return Err(wrong(format!("clouds.yaml is larger than {TEXT_LIMIT_BYTES} bytes; keep only the entry in use")));
    }
    let file: File = serde_saphyr::from_str(text).map_err(|error| {
        // The parser's own text quotes the file, and so its secrets: only the place is told.
        let place = error.location().map(|place| format!(" near line {}", place.line()));
        wrong(format!(
            "clouds.yaml cannot be read{}; check that it is YAML with a map `clouds` of entries whose keys hold text",
            place.unwrap_or_default()
        ))
    })?;
    let mut clouds = file.clouds.ok_or_else(|| wrong("clouds.yaml lacks the key clouds; add it with one entry"))?;
    match clouds.remove(name) {
        Some(entry) => Ok(entry.unwrap_or_default()),
        None => {
            let names: Vec<&str> = clouds.keys().map(String::as_str).collect();
            Err(wrong(format!("clouds.yaml has no entry {name:?}, only {names:?}; name one of these")))
        }
    }
}

/// Keystone's address with its version, whether or not it was written.
fn keystone(text: &str, at: &str) -> Result<Url> {
    let mut url = address(text, "auth_url", at)?;
    let path = url.path().trim_end_matches('/').to_owned();
    if path.ends_with("/v2.0") {
        return Err(wrong(format!("{at}: auth_url is Keystone's version 2; write the one that ends in /v3")));
    }
    let path = if path.ends_with("/v3") { path } else { path + "/v3" };
    url.set_path(&path);
    Ok(url)
}

/// An http address without user, query or fragment.
fn address(text: &str, key: &str, at: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|_| wrong(format!("{at}: {key} is no address; write https://host:port/path")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong(format!("{at}: {key} must start with https:// or http:// and a host")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(format!("{at}: {key} holds a user or password; credentials belong under auth")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(format!("{at}: {key} must end with the path, without ? and #")));
    }
    Ok(url)
}

fn interface(entry: &Entry, at: &str) -> Result<Interface> {
    let word = entry.interface.text().or(entry.endpoint_type.text()).unwrap_or("public");
    match word.trim_end_matches("URL") {
        "public" => Ok(Interface::Public),
        "internal" => Ok(Interface::Internal),
        "admin" => Ok(Interface::Admin),
        _ => Err(wrong(format!("{at}: interface must be public, internal or admin"))),
    }
}

fn overrides(entry: &Entry, at: &str) -> Result<Overrides> {
    let one = |text: &Option<String>, key: &str| text.text().map(|text| address(text, key, at)).transpose();
    let volumes = [&entry.volume_endpoint_override, &entry.volumev3_endpoint_override, &entry.block_storage_endpoint_override];
    let volume = volumes.into_iter().find(|text| text.text().is_some()).unwrap_or(&None);
    Ok(Overrides {
        compute: one(&entry.compute_endpoint_override, "compute_endpoint_override")?,
        network: one(&entry.network_endpoint_override, "network_endpoint_override")?,
        image: one(&entry.image_endpoint_override, "image_endpoint_override")?,
        volume: one(volume, "volume_endpoint_override")?,
    })
}
