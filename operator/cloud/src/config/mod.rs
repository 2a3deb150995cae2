//! How to reach a cloud: what a `clouds.yaml` entry says, parsed and checked once.

mod auth;
mod clouds_yaml;
mod entry;
mod secret;
mod tls;

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
    /// The client's own certificate and its private key, as PEM text.
    pub(crate) client_certificate: Option<Secret>,
}

/// PEM texts that stand beside `clouds.yaml` in its Secret, under these keys.
#[derive(Clone, Copy, Default)]
pub struct SecretFiles<'a> {
    /// Certificates of the authorities that are believed, instead of the built-in ones.
    pub cacert: Option<&'a str>,
    /// The client's own certificate.
    pub cert: Option<&'a str>,
    /// Its private key, without a passphrase.
    pub key: Option<&'a str>,
}

/// Addresses that replace the catalog's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    pub compute: Option<Url>,
    pub network: Option<Url>,
    pub image: Option<Url>,
    pub volume: Option<Url>,
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
    /// Reads the entry `entry` of a `clouds.yaml`; nothing is read from files or the environment.
    ///
    /// # Errors
    /// [`Error::Config`] with a sentence that names the key that is missing or wrong, and never a value.
    pub fn from_clouds_yaml(text: &str, entry: &str, files: SecretFiles<'_>) -> Result<Self> {
        clouds_yaml::parse(text, entry, files)
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
