//! The cluster's certificates: one authority, the API server's, and a client certificate for each program.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};

/// The names that pods and guests use for the API server; its addresses are given to [`Pki::create`].
const SERVER_NAMES: [&str; 5] =
    ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"];

/// Who a client certificate makes its bearer.
pub struct Identity {
    /// User name: the certificate's common name.
    pub user: &'static str,
    /// Group, if any: the certificate's organisation.
    pub group: Option<&'static str>,
}

/// A certificate and its key, as PEM.
pub struct KeyedCertificate {
    /// The certificate.
    pub certificate_pem: String,
    /// The PKCS #8 key.
    pub key_pem: String,
}

/// The authority of one control plane, with the folder that its files are in.
pub struct Pki {
    dir: PathBuf,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    /// Makes the authority, the API server's certificate for `addresses`, its client certificate for kubelets, and the
    /// key that service account tokens are signed with; writes `ca`, `apiserver`, `kubelet-client` (.crt, .key), `sa` (.pub, .key).
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn create(dir: &Path, addresses: &[IpAddr]) -> Result<Pki> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let authority = CertifiedIssuer::self_signed(authority_params(), KeyPair::generate()?)?;
        let pki = Pki { dir: dir.to_owned(), authority };
        let authority_key = pki.authority.key().serialize_pem();
        pki.write("ca", &KeyedCertificate { certificate_pem: pki.authority_pem(), key_pem: authority_key })?;
        pki.write("apiserver", &pki.issue(server_params(addresses)?)?)?;
        // kubeadm's bootstrap-token phase gives this user the kubelets' API, so that logs and exec work.
        let kubelet_client = Identity { user: "kube-apiserver-kubelet-client", group: None };
        pki.write("kubelet-client", &pki.client(&kubelet_client)?)?;
        // The API server reads no public key out of a PKCS #8 private key, so both are written.
        let tokens = KeyPair::generate()?;
        write_private(&pki.path("sa.pub"), &tokens.public_key_pem())?;
        write_private(&pki.path("sa.key"), &tokens.serialize_pem())?;
        Ok(pki)
    }

    /// The path of one of the files that [`Pki::create`] wrote.
    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    /// The authority's certificate.
    pub fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// Issues a client certificate.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn client(&self, identity: &Identity) -> Result<KeyedCertificate> {
        let mut params = base_params(identity.user);
        if let Some(group) = identity.group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params)
    }

    fn issue(&self, params: CertificateParams) -> Result<KeyedCertificate> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.authority)?;
        Ok(KeyedCertificate { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    fn write(&self, name: &str, pair: &KeyedCertificate) -> Result<()> {
        let certificate = self.path(&format!("{name}.crt"));
        fs::write(&certificate, &pair.certificate_pem).with_context(|| format!("cannot write {}", certificate.display()))?;
        write_private(&self.path(&format!("{name}.key")), &pair.key_pem)
    }
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    let file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Valid for long before and after now, so that a guest's clock may be wrong.
fn base_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2120, 1, 1);
    params
}

fn authority_params() -> CertificateParams {
    let mut params = base_params("kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn server_params(addresses: &[IpAddr]) -> Result<CertificateParams> {
    let mut params = base_params("kube-apiserver");
    for name in SERVER_NAMES {
        params.subject_alt_names.push(SanType::DnsName(name.try_into()?));
    }
    params.subject_alt_names.extend(addresses.iter().map(|address| SanType::IpAddress(*address)));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_readable_by_their_owner_only() {
        let dir = std::env::temp_dir().join(format!("gantry-pki-{}", uuid::Uuid::new_v4()));
        let pki = Pki::create(&dir, &["127.0.0.1".parse().unwrap()]).unwrap();
        let modes: Vec<u32> = ["ca.key", "apiserver.key", "kubelet-client.key", "sa.key"]
            .map(|file| fs::metadata(pki.path(file)).unwrap().permissions().mode() & 0o777)
            .to_vec();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(modes, [0o600; 4]);
    }
}
