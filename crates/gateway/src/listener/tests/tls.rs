//! TLS, and what the handler learns of it.

use std::sync::Arc;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound::{CertificateThumbprint, PeerCertificate};
use keybound_crypto::RustCrypto;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, HandshakeKind, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{ClientCertificates, Tls};
use crate::listener::{Peer, ServerTls};
use crate::proxy::Body;
use crate::test_support::{PATIENCE, Server, head, settings, status, until, within};

fn identity(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    (cert.der().clone(), key)
}

/// A server that answers with what it was told about the connection.
async fn server(client_certificates: ClientCertificates) -> (Server, CertificateDer<'static>) {
    let (certificate, key) = identity("api.example.com");
    let tls = ServerTls::new(&Tls {
        certificates: vec![certificate.clone()],
        key,
        client_certificates,
    })
    .unwrap();
    let server = Server::start(settings(), Some(tls), |peer: &Peer| {
        let certificate = peer.certificate(&RustCrypto);
        move |request: Request<Incoming>| {
            let told = format!("{:?} {certificate:?};", request.version());
            async move { Response::new(Body::full(told)) }
        }
    })
    .await;
    (server, certificate)
}

/// What the server says of a client with a certificate.
fn presented(certificate: &CertificateDer<'_>) -> String {
    let thumbprint = CertificateThumbprint::of(certificate, &RustCrypto);
    format!("HTTP/1.1 {:?};", PeerCertificate::Presented(thumbprint))
}

fn client_config(
    trusted: &CertificateDer<'static>,
    client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    protocols: &[&str],
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Exactly(trusted.clone())));
    let mut config = match client {
        Some((certificate, key)) => builder
            .with_client_auth_cert(vec![certificate], key)
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols
        .iter()
        .map(|one| one.as_bytes().to_vec())
        .collect();
    Arc::new(config)
}

async fn connect(server: &Server, config: Arc<ClientConfig>) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("api.example.com").unwrap();
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .unwrap()
}

/// Sends one request of HTTP/1.1 and reads the body of the answer.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(request).await.unwrap();
    assert_eq!(status(&head(stream).await), "200");
    until(stream, ";").await
}

#[tokio::test]
async fn h2_is_chosen_by_alpn_and_http_1_1_without() {
    let (server, certificate) = server(ClientCertificates::Off).await;
    for (offered, chosen) in [
        (&["http/1.1", "h2"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = connect(&server, client_config(&certificate, None, offered)).await;
        let (_, session) = stream.get_ref();
        assert_eq!(session.alpn_protocol(), chosen.map(str::as_bytes));
    }
    let mut stream = connect(&server, client_config(&certificate, None, &[])).await;
    assert_eq!(ask(&mut stream).await, "HTTP/1.1 NotRequested;");

    let stream = connect(&server, client_config(&certificate, None, &["h2"])).await;
    let (io, executor) = (TokioIo::new(stream), TokioExecutor::new());
    let (mut client, connection) = http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://api.example.com/")
        .body(Body::empty())
        .unwrap();
    let answer = client.send_request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "HTTP/2.0 NotRequested;");
}

#[tokio::test]
async fn any_certificate_is_handed_over_whoever_signed_it() {
    let (server, certificate) = server(ClientCertificates::Any).await;
    let mut stream = connect(&server, client_config(&certificate, None, &[])).await;
    assert_eq!(ask(&mut stream).await, "HTTP/1.1 NotPresented;");
    for name in ["one", "other"] {
        let own = identity(name);
        let told = presented(&own.0);
        let mut stream = connect(&server, client_config(&certificate, Some(own), &[])).await;
        assert_eq!(ask(&mut stream).await, told);
    }
}

/// CC-3.3-1, RFC 9440 section 3.3: resumption must not lose the certificate, nor swap it.
#[tokio::test]
async fn a_resumed_session_still_has_its_certificate() {
    let (server, certificate) = server(ClientCertificates::Any).await;
    let own = identity("client");
    let told = presented(&own.0);
    let config = client_config(&certificate, Some(own), &[]);
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let mut stream = connect(&server, Arc::clone(&config)).await;
        assert_eq!(ask(&mut stream).await, told);
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind));
    }
}

#[tokio::test]
async fn with_authorities_a_certificate_is_vouched_for_or_refused() {
    let known = identity("client");
    let authorities = ClientCertificates::From(vec![known.0.clone()]);
    let (server, certificate) = server(authorities).await;
    let mut stream = connect(&server, client_config(&certificate, None, &[])).await;
    assert_eq!(ask(&mut stream).await, "HTTP/1.1 NotPresented;");
    let told = presented(&known.0);
    let mut stream = connect(&server, client_config(&certificate, Some(known), &[])).await;
    assert_eq!(ask(&mut stream).await, told);

    let config = client_config(&certificate, Some(identity("stranger")), &[]);
    let mut stream = connect(&server, config).await;
    // In TLS 1.3 the client hears of it with its first read.
    let _sent = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let refused = within(stream.read_u8()).await.unwrap_err();
    assert!(
        refused.to_string().starts_with("received fatal alert"),
        "{refused}"
    );
}

#[test]
fn a_key_of_another_certificate_is_an_error() {
    let (certificate, _) = identity("api.example.com");
    let (_, key) = identity("api.example.com");
    let error = ServerTls::new(&Tls {
        certificates: vec![certificate],
        key,
        client_certificates: ClientCertificates::Off,
    });
    let expected = rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch);
    assert_eq!(error.err(), Some(expected));
}

#[tokio::test]
async fn plain_text_on_a_tls_port_ends_the_connection_and_no_other() {
    let (server, certificate) = server(ClientCertificates::Off).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut octets = Vec::new();
    let end = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut octets))
        .await
        .unwrap();
    assert!(end.is_err() || !octets.starts_with(b"HTTP"), "{octets:?}");
    let mut stream = connect(&server, client_config(&certificate, None, &[])).await;
    assert_eq!(ask(&mut stream).await, "HTTP/1.1 NotRequested;");
}

/// Trusts one certificate and no chain.
#[derive(Debug)]
struct Exactly(CertificateDer<'static>);

impl ServerCertVerifier for Exactly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if end_entity.as_ref() != self.0.as_ref() {
            return Err(rustls::Error::General("another certificate".into()));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}
