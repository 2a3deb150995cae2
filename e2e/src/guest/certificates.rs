//! Asks the API server for a node's certificates with CertificateSigningRequests, as a kubelet does.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, pin_mut};
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestSpec};
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

use super::retry;

/// Longest wait for approval and issue (kubeadm's default `timeouts.tlsBootstrap`).
const ISSUE_WAIT_MAX: Duration = Duration::from_secs(300);

/// Signer of kubelets' client certificates.
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client-kubelet";

/// Signer of kubelets' serving certificates.
const SERVING_SIGNER: &str = "kubernetes.io/kubelet-serving";

/// A certificate and its key, both PEM.
pub struct Issued {
    /// Certificate chain.
    pub certificate_pem: String,
    /// Private key.
    pub key_pem: String,
}

/// Requests the node's client certificate with the bootstrap token and waits for it.
///
/// # Errors
/// A request that was refused, denied, failed, or not issued within five minutes.
pub async fn request_client(bootstrap: Client, node_name: &str) -> Result<Issued> {
    let key = KeyPair::generate().context("no key could be generated")?;
    let name = format!("node-csr-{}", uuid::Uuid::new_v4().simple());
    let request = signing_request(&name, CLIENT_SIGNER, "client auth", subject(node_name), &key)?;
    let requests: Api<CertificateSigningRequest> = Api::all(bootstrap);
    let parameters = PostParams::default();
    retry::until_done("ask for the client certificate", || requests.create(&parameters, &request)).await?;
    let certificate = tokio::time::timeout(ISSUE_WAIT_MAX, issued(requests, &name)).await;
    let certificate = certificate
        .with_context(|| format!("CertificateSigningRequest {name} was not approved and issued within {} s", ISSUE_WAIT_MAX.as_secs()))??;
    let certificate_pem = String::from_utf8(certificate).context("the issued certificate is not PEM")?;
    Ok(Issued { certificate_pem, key_pem: key.serialize_pem() })
}

/// Requests the node's serving certificate as the node, without waiting: a kubelet works before it has one.
///
/// # Errors
/// A request that was refused.
pub async fn request_serving(node: Client, node_name: &str, address: IpAddr) -> Result<()> {
    let key = KeyPair::generate().context("no key could be generated")?;
    let mut params = subject(node_name);
    let dns_name = node_name.try_into().context("the node's name is not a DNS name")?;
    params.subject_alt_names = vec![SanType::DnsName(dns_name), SanType::IpAddress(address)];
    let name = format!("csr-{}", uuid::Uuid::new_v4().simple());
    let request = signing_request(&name, SERVING_SIGNER, "server auth", params, &key)?;
    let requests: Api<CertificateSigningRequest> = Api::all(node);
    let parameters = PostParams::default();
    retry::until_done("ask for the serving certificate", || requests.create(&parameters, &request)).await?;
    Ok(())
}

fn subject(node_name: &str) -> CertificateParams {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "system:nodes");
    name.push(DnType::CommonName, format!("system:node:{node_name}"));
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params
}

/// A kubelet with an ECDSA key asks for "digital signature" and its one extended usage, no more.
fn signing_request(name: &str, signer: &str, usage: &str, params: CertificateParams, key: &KeyPair) -> Result<CertificateSigningRequest> {
    let pem = params.serialize_request(key).and_then(|request| request.pem());
    let pem = pem.context("the certificate request could not be signed")?;
    Ok(CertificateSigningRequest {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        spec: CertificateSigningRequestSpec {
            request: ByteString(pem.into_bytes()),
            signer_name: signer.to_owned(),
            usages: Some(vec!["digital signature".to_owned(), usage.to_owned()]),
            ..CertificateSigningRequestSpec::default()
        },
        status: None,
    })
}

/// Watches one request until it is issued, denied, failed or gone.
async fn issued(requests: Api<CertificateSigningRequest>, name: &str) -> Result<Vec<u8>> {
    let states = watch_object(requests, name);
    pin_mut!(states);
    let mut was_seen = false;
    while let Some(state) = states.next().await {
        // The watcher reconnects by itself, so an error is only a delay; the caller's timeout ends it.
        let Ok(state) = state else {
            tokio::time::sleep(retry::PAUSE).await;
            continue;
        };
        let Some(request) = state else {
            ensure!(!was_seen, "CertificateSigningRequest {name} was deleted before it was issued");
            continue;
        };
        was_seen = true;
        if let Some(certificate) = verdict(&request)? {
            return Ok(certificate);
        }
    }
    bail!("the watch of CertificateSigningRequest {name} ended")
}

fn verdict(request: &CertificateSigningRequest) -> Result<Option<Vec<u8>>> {
    let Some(status) = &request.status else {
        return Ok(None);
    };
    for condition in status.conditions.iter().flatten() {
        if condition.type_ == "Denied" || condition.type_ == "Failed" {
            let message = condition.message.as_deref().unwrap_or_default();
            bail!("the certificate request was {}: {message}", condition.type_.to_lowercase());
        }
    }
    Ok(status.certificate.as_ref().map(|certificate| certificate.0.clone()).filter(|bytes| !bytes.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_status(status: serde_json::Value) -> CertificateSigningRequest {
        serde_json::from_value(serde_json::json!({ "spec": { "request": "", "signerName": "" }, "status": status })).unwrap()
    }

    #[test]
    fn an_approved_request_without_a_certificate_is_waited_for() {
        let approved = serde_json::json!({ "conditions": [{ "type": "Approved", "status": "True" }] });
        assert_eq!(verdict(&with_status(approved)).unwrap(), None);
    }

    #[test]
    fn a_denied_request_ends_the_join_with_the_reason() {
        let denied = serde_json::json!({ "conditions": [{ "type": "Denied", "status": "True", "message": "no such host" }] });
        assert!(verdict(&with_status(denied)).unwrap_err().to_string().contains("denied: no such host"));
    }

    #[test]
    fn a_kubelet_asks_for_two_usages() {
        let key = KeyPair::generate().unwrap();
        let request = signing_request("n", CLIENT_SIGNER, "client auth", subject("web-1"), &key).unwrap();
        assert_eq!(request.spec.usages.unwrap(), ["digital signature", "client auth"]);
        assert!(request.spec.request.0.starts_with(b"-----BEGIN CERTIFICATE REQUEST-----"));
    }
}
