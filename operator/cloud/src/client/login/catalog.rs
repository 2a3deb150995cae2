//! Where the services are: the catalog that comes with a token, searched by type, region and interface.

use crate::Result;
use crate::client::call::Service;
use crate::config::{CloudConfig, wrong};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use url::Url;

/// The catalog as Keystone writes it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Catalog(Vec<Entry<Offer>>);

/// An odd entry of a service that is not asked for must not spoil the rest.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry<T> {
    Known(T),
    Odd(IgnoredAny),
}

impl<T> Entry<T> {
    fn known(&self) -> Option<&T> {
        match self {
            Self::Known(entry) => Some(entry),
            Self::Odd(_) => None,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Offer {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    endpoints: Vec<Entry<Endpoint>>,
}

#[derive(Debug, Deserialize)]
struct Endpoint {
    #[serde(default)]
    interface: String,
    #[serde(default)]
    region_id: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    url: String,
}

impl Endpoint {
    fn region(&self) -> &str {
        self.region_id.as_deref().or(self.region.as_deref()).unwrap_or_default()
    }
}

/// The addresses to use, each ending in its version, without a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub region: String,
    pub compute: Url,
    pub network: Url,
    pub image: Url,
    /// Or why there is none: only some pools need it.
    pub volume: std::result::Result<Url, String>,
}

/// Types under which a service is listed, the usual one first.
fn types(service: Service) -> &'static [&'static str] {
    match service {
        Service::Identity => &["identity"],
        Service::Compute => &["compute", "computev21"],
        Service::Network => &["network"],
        Service::Image => &["image"],
        Service::Volume => &["volumev3", "block-storage", "block-store"],
    }
}

/// Finds the services; only the block storage may be missing.
///
/// # Errors
/// [`crate::Error::Config`] that says what the catalog has instead.
pub(crate) fn endpoints(config: &CloudConfig, catalog: &Catalog, project_id: &str) -> Result<Endpoints> {
    let region = region(config, catalog)?;
    let find = |service, said: &Option<Url>| match said {
        Some(url) => Ok(url.clone()),
        None => catalog.find(config, service, &region),
    };
    Ok(Endpoints {
        compute: compute(find(Service::Compute, &config.overrides.compute)?),
        network: versioned(find(Service::Network, &config.overrides.network)?, "v2.0"),
        image: versioned(find(Service::Image, &config.overrides.image)?, "v2"),
        volume: find(Service::Volume, &config.overrides.volume)
            .map(|url| volume(url, project_id))
            .map_err(|error| error.message().to_owned()),
        region: region.clone(),
    })
}

fn region(config: &CloudConfig, catalog: &Catalog) -> Result<String> {
    if let Some(region) = &config.region {
        return Ok(region.clone());
    }
    let interface = config.interface.word();
    let regions: BTreeSet<&str> = catalog.offered(Service::Compute, interface).map(Endpoint::region).collect();
    match regions.iter().next() {
        Some(region) if regions.len() == 1 => Ok((*region).to_owned()),
        Some(_) => Err(wrong(format!("the catalog has several regions, {regions:?}; add region_name to clouds.yaml"))),
        None if config.overrides.compute.is_some() => {
            Err(wrong("the catalog has no compute service to tell the region by; add region_name to clouds.yaml"))
        }
        None => Err(wrong(format!("the catalog has no compute service with the interface {interface}; check interface in clouds.yaml"))),
    }
}

impl Catalog {
    fn offered<'a>(&'a self, service: Service, interface: &'a str) -> impl Iterator<Item = &'a Endpoint> {
        types(service)
            .iter()
            .flat_map(|kind| self.0.iter().filter_map(Entry::known).filter(move |offer| offer.kind == *kind))
            .flat_map(|offer| offer.endpoints.iter().filter_map(Entry::known))
            .filter(move |endpoint| endpoint.interface.trim_end_matches("URL") == interface)
    }

    fn find(&self, config: &CloudConfig, service: Service, region: &str) -> Result<Url> {
        let (interface, word) = (config.interface.word(), service.word());
        let Some(endpoint) = self.offered(service, interface).find(|endpoint| endpoint.region() == region) else {
            let regions: BTreeSet<&str> = self.offered(service, interface).map(Endpoint::region).collect();
            return Err(wrong(format!(
                "the catalog has no {word} service with the interface {interface} in region {region:?}, only in {regions:?}; check region_name and interface in clouds.yaml, or set {word}_endpoint_override"
            )));
        };
        match Url::parse(&endpoint.url) {
            Ok(url) if url.has_host() => Ok(url),
            _ => Err(wrong(format!("the catalog's address of the {word} service is none; set {word}_endpoint_override in clouds.yaml"))),
        }
    }
}

/// Nova's address may lack its version, or have the project's id behind it.
fn compute(url: Url) -> Url {
    let has_version = url.path().split('/').any(|part| part == "v2.1" || part == "v2");
    if has_version { trimmed(url) } else { versioned(url, "v2.1") }
}

/// Cinder's address must have the project's id behind its version: older ones know no other.
fn volume(url: Url, project_id: &str) -> Url {
    let mut url = trimmed(url);
    let path = url.path().trim_end_matches('/').to_owned();
    let path = match path.split('/').any(|part| part == "v3") {
        false => format!("{path}/v3/{project_id}"),
        true if path.ends_with("/v3") => format!("{path}/{project_id}"),
        true => path,
    };
    url.set_path(&path);
    url
}

/// The address with this version at its end.
fn versioned(url: Url, version: &str) -> Url {
    let mut url = trimmed(url);
    let path = url.path().trim_end_matches('/').to_owned();
    let path = if path.rsplit('/').next() == Some(version) { path } else { format!("{path}/{version}") };
    url.set_path(&path);
    url
}

fn trimmed(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

impl Endpoints {
    /// Where Nova tells its versions: its address without the project's id.
    pub fn compute_root(&self) -> Url {
        let mut url = self.compute.clone();
        let mut parts: Vec<&str> = self.compute.path().split('/').collect();
        if let Some(version) = parts.iter().rposition(|part| matches!(*part, "v2.1" | "v2")) {
            parts.truncate(version + 1);
        }
        url.set_path(&format!("{}/", parts.join("/")));
        url
    }
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
