//! What a certificate signing request asks for, taken apart so strictly that no second reader could see something else in it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_SIG_ED25519, OID_X509_COMMON_NAME, OID_X509_ORGANIZATION_NAME};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

/// Longest request that is looked at, in bytes of PEM; a kubelet's has about 500.
const MAX_PEM_BYTES: usize = 16 * 1024;
/// RSA keys in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Elliptic curve keys in bits: P-256 and P-384.
const EC_BITS: [usize; 2] = [256, 384];
const BEGIN: &str = "-----BEGIN CERTIFICATE REQUEST-----";
const END: &str = "-----END CERTIFICATE REQUEST-----";

/// The subject and the subject alternative names of a request whose holder has proven to own the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// CN, there is exactly one.
    pub common_name: String,
    /// O, there is exactly one.
    pub organization: String,
    /// DNS names.
    pub dns_names: BTreeSet<String>,
    /// IP addresses.
    pub addresses: BTreeSet<IpAddr>,
}

/// Why a request is not one that a kubelet makes; ends a sentence that begins with "the request".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Oddity {
    /// Not one PEM block of one request.
    #[error("is not one PEM block CERTIFICATE REQUEST with one request in it")]
    Form,
    /// The signature is not by the key.
    #[error("is not signed by the key that it carries")]
    Signature,
    /// A key that is too weak, too large or of an unknown kind.
    #[error("carries a key that is neither RSA of 2048 to 4096 bits, nor P-256, P-384 or Ed25519")]
    Key,
    /// Anything but one CN and one O.
    #[error("has a subject that is not exactly one CN and one O")]
    Subject,
    /// Attributes or extensions that a kubelet does not send.
    #[error("asks for extensions other than one list of alternative names")]
    Extensions,
    /// Names that a kubelet does not have.
    #[error("asks for alternative names that are neither DNS names nor IP addresses")]
    Names,
}

/// Takes a request apart; `pem` is `spec.request` of a CertificateSigningRequest.
pub fn parse(pem: &[u8]) -> Result<Asked, Oddity> {
    let der = unwrap_pem(pem).ok_or(Oddity::Form)?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| Oddity::Form)?;
    if !rest.is_empty() {
        return Err(Oddity::Form);
    }
    let info = &request.certification_request_info;
    check_key(&info.subject_pki)?;
    request.verify_signature().map_err(|_| Oddity::Signature)?;
    let mut asked = Asked::default();
    read_subject(&info.subject, &mut asked)?;
    read_extensions(&request, &mut asked)?;
    Ok(asked)
}

fn unwrap_pem(pem: &[u8]) -> Option<Vec<u8>> {
    if pem.len() > MAX_PEM_BYTES {
        return None;
    }
    let text = std::str::from_utf8(pem).ok()?.trim_end();
    let body = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(base64).ok()
}

fn check_key(key: &SubjectPublicKeyInfo<'_>) -> Result<(), Oddity> {
    let fits = match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => RSA_BITS.contains(&rsa.key_size()),
        Ok(PublicKey::EC(point)) => EC_BITS.contains(&point.key_size()),
        Ok(PublicKey::Unknown(_)) => key.algorithm.algorithm == OID_SIG_ED25519,
        _ => false,
    };
    if fits { Ok(()) } else { Err(Oddity::Key) }
}

fn read_subject(subject: &X509Name<'_>, asked: &mut Asked) -> Result<(), Oddity> {
    if subject.iter_attributes().count() != 2 {
        return Err(Oddity::Subject);
    }
    let one = |oid| {
        let mut found = subject.iter_attributes().filter(|a| *a.attr_type() == oid);
        found.next().and_then(|a| text(a.attr_value())).ok_or(Oddity::Subject)
    };
    asked.common_name = one(OID_X509_COMMON_NAME)?;
    asked.organization = one(OID_X509_ORGANIZATION_NAME)?;
    Ok(())
}

/// Only the two string types that every reader takes for the same text.
fn text(value: &Any<'_>) -> Option<String> {
    matches!(value.tag(), Tag::PrintableString | Tag::Utf8String)
        .then(|| std::str::from_utf8(value.data).ok().map(str::to_string))
        .flatten()
}

fn read_extensions(request: &X509CertificationRequest<'_>, asked: &mut Asked) -> Result<(), Oddity> {
    let extensions = match request.certification_request_info.attributes() {
        [] => return Ok(()),
        [one] => match one.parsed_attribute() {
            ParsedCriAttribute::ExtensionRequest(requested) => &requested.extensions,
            _ => return Err(Oddity::Extensions),
        },
        _ => return Err(Oddity::Extensions),
    };
    match extensions.as_slice() {
        [] => Ok(()),
        [one] => match one.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => names.general_names.iter().try_for_each(|name| read_name(name, asked)),
            _ => Err(Oddity::Extensions),
        },
        _ => Err(Oddity::Extensions),
    }
}

fn read_name(name: &GeneralName<'_>, asked: &mut Asked) -> Result<(), Oddity> {
    match name {
        GeneralName::DNSName(name) => {
            asked.dns_names.insert((*name).to_string());
        }
        GeneralName::IPAddress(bytes) => {
            asked.addresses.insert(address(bytes).ok_or(Oddity::Names)?);
        }
        _ => return Err(Oddity::Names),
    }
    Ok(())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let v6 = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    v4.or(v6).ok()
}
