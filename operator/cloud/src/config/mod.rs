//! How to reach a cloud: what a `clouds.yaml` entry says, parsed and checked once.

mod auth;
mod clouds_yaml;
mod entry;
mod secret;

pub(crate) use auth::{ApplicationCredential, Credential, Domain, Project, User};
pub use secret::Secret;

use crate::{Error, Result};
use url::Url;

/// One entry of `clouds.yaml`, ready to use. Secrets in it show themselves nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudConfig {
    /// Keystone's address, ending in `/v3`.
    pub(crate) auth_url: Url,
    pub(crate) credential: Credential,
    /// Unset: the catalog must have a single region.
    pub(crate) region: Option<String>,
    pub(crate) interface: Interface,
    pub(crate) overrides: Overrides,
    pub(crate) trust: Trust,
}

/// Addresses that replace the catalog's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub compute: Option<Url>,
    pub network: Option<Url>,
    pub image: Option<Url>,
}

/// Which of a service's addresses to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    Public,
    Internal,
    Admin,
}

impl Interface {
    /// The catalog's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Mozilla's roots, as built in.
    BuiltIn,
    /// These PEM certificates and no others.
    Only(String),
    /// Anybody: `verify: false` was asked for.
    Anybody,
}

impl CloudConfig {
    /// Reads the entry `entry` of a `clouds.yaml`. `cacert` is PEM text, the Secret's key of that name.
    ///
    /// # Errors
    /// [`Error::Config`] with a sentence that names the key that is missing or wrong, and never a value.
    pub fn from_clouds_yaml(text: &str, entry: &str, cacert: Option<&str>) -> Result<Self> {
        clouds_yaml::parse(text, entry, cacert)
    }

    /// The region that was asked for, if any.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

/// An [`Error::Config`] with this sentence.
pub(crate) fn wrong(message: impl Into<String>) -> Error {
    Error::Config { message: message.into() }
}

#[cfg(test)]
mod tests;
