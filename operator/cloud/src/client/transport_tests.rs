use super::super::answer::no_answer;
use super::super::call::ZONES;
use super::*;
use crate::Error;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// A server that answers every request over TLS; its address and its certificate as PEM text.
async fn secure_server() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 1024];
            if stream.read(&mut request).await.is_ok() {
                let _ = stream.write_all(ANSWER).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (address, cert.pem())
}

async fn get(trust: &Trust, url: &str) -> std::result::Result<u16, Error> {
    let transport = Transport::new(trust).unwrap();
    match transport.client(&ZONES).get(url).send().await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(no_answer(&ZONES, &error).error),
    }
}

#[tokio::test]
async fn a_ca_of_one_s_own_is_trusted_and_no_other() {
    let (url, pem) = secure_server().await;
    assert_eq!(get(&Trust::Only(pem), &url).await, Ok(204));
    assert_eq!(get(&Trust::Anybody, &url).await, Ok(204));
    let (_, other) = secure_server().await;
    for trust in [Trust::BuiltIn, Trust::Only(other)] {
        let error = get(&trust, &url).await.unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        assert!(error.message().contains("put the CA's PEM text under the Secret's key cacert"), "{error}");
    }
}

#[test]
fn the_roots_are_built_in_and_all_readable() {
    assert_eq!(built_in().count(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    Transport::new(&Trust::BuiltIn).unwrap();
}

#[test]
fn a_ca_that_is_none_is_told() {
    for pem in ["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----", ""] {
        let error = Transport::new(&Trust::Only(pem.to_owned())).err();
        assert!(matches!(error, Some(Error::Config { .. })), "{pem:?}");
    }
}
