//! Certificate signing requests as the approver needs them.

use jiff::Timestamp;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;

/// A request of a kubelet that nobody has decided yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Csr {
    /// Name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// Signer.
    pub signer: String,
    /// Who asks.
    pub username: String,
    /// In which groups.
    pub groups: Vec<String>,
    /// For what.
    pub usages: Vec<String>,
    /// PEM.
    pub request: Vec<u8>,
}

/// Signer of certificates that kubelets show to the API server.
pub const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// Signer of certificates that kubelets show to their clients.
pub const SERVING_SIGNER: &str = "kubernetes.io/kubelet-serving";

impl Csr {
    /// `None` for other signers and for requests that are decided.
    pub fn read(csr: CertificateSigningRequest) -> Option<Self> {
        let decided = csr.status.as_ref().is_some_and(|s| s.certificate.is_some() || s.conditions.iter().flatten().next().is_some());
        let kubelet = matches!(csr.spec.signer_name.as_str(), CLIENT_SIGNER | SERVING_SIGNER);
        (kubelet && !decided).then(|| Self {
            name: csr.metadata.name.unwrap_or_default(),
            created: csr.metadata.creation_timestamp.map(|time| time.0).unwrap_or_default(),
            signer: csr.spec.signer_name,
            username: csr.spec.username.unwrap_or_default(),
            groups: csr.spec.groups.unwrap_or_default(),
            usages: csr.spec.usages.unwrap_or_default(),
            request: csr.spec.request.0,
        })
    }
}
