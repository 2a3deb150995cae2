//! Whose certificates are believed, and which one is shown: PEM text of the Secret, or inside `clouds.yaml`, never a path.

use super::entry::{Entry, Text};
use super::{Secret, SecretFiles, Trust, wrong};
use crate::{Error, Result};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// Whose certificates are believed.
pub(super) fn trust(entry: &Entry, cacert: Option<&str>, at: &str) -> Result<Trust> {
    let insecure = flag(&entry.insecure, "insecure", at)?.unwrap_or(false);
    let verify = flag(&entry.verify, "verify", at)?.unwrap_or(true);
    if insecure || !verify {
        return Ok(Trust::Anybody);
    }
    match (cacert, entry.cacert.text()) {
        (Some(pem), _) if pem.contains(CERTIFICATE) => Ok(Trust::Only(pem.to_owned())),
        (Some(_), _) => {
            Err(wrong("the Secret's key cacert holds no PEM certificate; put the text from -----BEGIN CERTIFICATE----- on there"))
        }
        (None, Some(pem)) if pem.contains(CERTIFICATE) => Ok(Trust::Only(pem.to_owned())),
        (None, Some(_)) => Err(path("cacert", at)),
        (None, None) => Ok(Trust::BuiltIn),
    }
}

/// The client's certificate with its private key, in one text; the key may stand in either.
pub(super) fn client_certificate(entry: &Entry, files: SecretFiles<'_>, at: &str) -> Result<Option<Secret>> {
    let cert = pem(files.cert, &entry.cert, "cert", at)?;
    let key = pem(files.key, &entry.key, "key", at)?;
    let text = match (cert, key) {
        (None, None) => return Ok(None),
        (None, Some(_)) => {
            return Err(wrong(format!("{at}: there is a client key but no certificate; add it under the Secret's key cert")));
        }
        (Some(cert), None) => cert.to_owned(),
        (Some(cert), Some(key)) => format!("{}\n{key}", cert.trim_end()),
    };
    if !text.contains(CERTIFICATE) {
        return Err(wrong(format!("{at}: cert holds no PEM certificate; put the text from -----BEGIN CERTIFICATE----- on there")));
    }
    if !text.contains(PRIVATE_KEY) || text.contains("ENCRYPTED") {
        return Err(wrong(format!(
            "{at}: the client certificate lacks a private key that can be read; put its PEM text, without a passphrase, under the Secret's key key"
        )));
    }
    Ok(Some(Secret::new(text)))
}

/// The Secret's own key wins over what `clouds.yaml` says, which must be the text itself.
fn pem<'a>(file: Option<&'a str>, written: &'a Option<Secret>, key: &str, at: &str) -> Result<Option<&'a str>> {
    let written = written.as_ref().map(Secret::reveal).filter(|text| !text.trim().is_empty());
    match (file, written) {
        (Some(text), _) => Ok(Some(text)),
        (None, Some(text)) if text.contains("-----BEGIN ") => Ok(Some(text)),
        (None, Some(_)) => Err(path(key, at)),
        (None, None) => Ok(None),
    }
}

fn path(key: &str, at: &str) -> Error {
    wrong(format!("{at}: {key} is a path, which means nothing here; put its PEM text under the Secret's key {key} and drop the path"))
}

/// A yes or no as YAML 1.1 and Python write it.
fn flag(text: &Option<String>, key: &str, at: &str) -> Result<Option<bool>> {
    match text.text().map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("true" | "yes" | "on" | "1") => Ok(Some(true)),
        Some("false" | "no" | "off" | "0") => Ok(Some(false)),
        Some(_) => Err(wrong(format!("{at}: {key} must be true or false"))),
    }
}
