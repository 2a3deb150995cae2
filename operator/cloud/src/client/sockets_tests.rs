use super::*;
use crate::SecretFiles;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// A server that answers every request over TLS, to those only whose certificate it knows if it asks for one; its address and its own.
async fn secure_server(clients: Option<&CertifiedKey<KeyPair>>) -> (String, String) {
    let CertifiedKey { cert, signing_key } = certificate();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let mut roots = RootCertStore::empty();
            roots.add(client.cert.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![cert.der().clone()], key).unwrap()));
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                respond(stream, ANSWER).await;
            }
        }
    });
    (format!("https://localhost:{port}"), cert.pem())
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn respond(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    let mut request = [0; 1024];
    if stream.read(&mut request).await.is_ok() {
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
    }
}

fn config(files: SecretFiles<'_>) -> CloudConfig {
    let text = "clouds: {c: {auth: {auth_url: 'http://k', user_id: u, project_id: p, password: x}}}";
    CloudConfig::from_clouds_yaml(text, "c", files).unwrap()
}

fn trusting(trust: Trust) -> CloudConfig {
    CloudConfig { trust, ..config(SecretFiles::default()) }
}

async fn get(config: &CloudConfig, url: &str) -> std::result::Result<u16, NoAnswer> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    Sockets::new(config).unwrap().send(request).await.map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn a_ca_of_one_s_own_is_trusted_and_no_other() {
    let (url, pem) = secure_server(None).await;
    assert_eq!(get(&trusting(Trust::Only(pem)), &url).await, Ok(204));
    assert_eq!(get(&trusting(Trust::Anybody), &url).await, Ok(204));
    let (_, other) = secure_server(None).await;
    for trust in [Trust::BuiltIn, Trust::Only(other)] {
        let none = get(&trusting(trust), &url).await.unwrap_err();
        assert!(matches!(none, NoAnswer::Untrusted(_)), "{none:?}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let client = certificate();
    let (url, ca) = secure_server(Some(&client)).await;
    let (cert, key) = (client.cert.pem(), client.signing_key.serialize_pem());
    let known = SecretFiles { cacert: Some(&ca), cert: Some(&cert), key: Some(&key) };
    assert_eq!(get(&config(known), &url).await, Ok(204));
    let both = format!("{cert}{key}");
    assert_eq!(get(&config(SecretFiles { cert: Some(&both), key: None, ..known }), &url).await, Ok(204));
    let stranger = certificate();
    let (cert, key) = (stranger.cert.pem(), stranger.signing_key.serialize_pem());
    for files in [SecretFiles { cert: Some(&cert), key: Some(&key), ..known }, SecretFiles { cert: None, key: None, ..known }] {
        assert!(get(&config(files), &url).await.is_err());
    }
}

#[tokio::test]
async fn what_was_surely_not_sent_is_told_from_what_may_have_been() {
    let (listener, port) = listen().await;
    let url = format!("http://127.0.0.1:{port}");
    let config = trusting(Trust::BuiltIn);
    // Takes the request, then hangs up.
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
    });
    let broken = get(&config, &url).await.unwrap_err();
    assert!(matches!(broken, NoAnswer::Broken(_)), "{broken:?}");
    server.await.unwrap();
    let closed = get(&config, &url).await.unwrap_err();
    assert!(matches!(closed, NoAnswer::Unreachable(_)), "{closed:?}");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(ANSWER_LIMIT_BYTES + 1_000, b' ');
        respond(stream, &answer).await;
    });
    assert_eq!(get(&trusting(Trust::BuiltIn), &format!("http://127.0.0.1:{port}")).await, Err(NoAnswer::TooLong));
}

#[test]
fn the_roots_are_built_in_and_all_readable() {
    assert_eq!(built_in().count(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    Sockets::new(&trusting(Trust::BuiltIn)).unwrap();
}

#[test]
fn certificates_that_are_none_are_told() {
    const NONE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    for pem in [NONE, "-----BEGIN CERTIFICATE-----", ""] {
        let error = Sockets::new(&trusting(Trust::Only(pem.to_owned()))).err();
        assert!(matches!(error, Some(Error::Config { .. })), "{pem:?}");
    }
    let key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
    let error = Sockets::new(&config(SecretFiles { cert: Some(NONE), key: Some(key), cacert: None })).err().unwrap();
    assert!(matches!(&error, Error::Config { message } if message.contains("under the Secret's key cert")), "{error}");
}
