//! TLS, and what the handler learns of it.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{ClientCertificates, Tls};
use crate::listener::tls::{ClientAuth, server_config};
use crate::listener::{Peer, Transport};
use crate::proxy::Body;
use crate::test_support::{PATIENCE, Server, settings, status, until};

fn identity(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    (cert.der().clone(), key)
}

/// Answers with what it was told about the connection.
async fn server(auth: ClientAuth) -> (Server, CertificateDer<'static>) {
    let (certificate, key) = identity("api.example.com");
    let settings_of_tls = Tls {
        certificates: vec![certificate.clone()],
        key,
        client_certificates: ClientCertificates::Off,
    };
    let tls = server_config(&settings_of_tls, auth).unwrap();
    assert_eq!(tls.max_early_data_size, 0);
    let server = Server::start(settings(), Some(tls), |peer: &Peer| {
        let told = match &peer.transport {
            Transport::Plain => "plain".to_owned(),
            Transport::Tls {
                server_name,
                client_certificate,
            } => {
                let length = client_certificate.as_ref().map(|one| one.len());
                format!("{server_name:?} {length:?}")
            }
        };
        move |request: Request<Incoming>| {
            let told = format!("{:?} {told};", request.version());
            async move { Response::new(Body::full(told)) }
        }
    })
    .await;
    (server, certificate)
}

async fn connect(
    server: &Server,
    trusted: &CertificateDer<'static>,
    client: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    protocols: &[&str],
) -> TlsStream<TcpStream> {
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
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("api.example.com").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

#[tokio::test]
async fn without_alpn_it_is_http_1_1() {
    let (server, certificate) = server(ClientAuth::Off).await;
    let mut stream = connect(&server, &certificate, None, &[]).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let answer = until(&mut stream, ";").await;
    assert_eq!(status(&answer), "200");
    assert!(
        answer.ends_with("HTTP/1.1 Some(\"api.example.com\") None;"),
        "{answer}"
    );
}

#[tokio::test]
async fn h2_is_chosen_by_alpn() {
    let (server, certificate) = server(ClientAuth::Off).await;
    for (offered, chosen) in [
        (&["http/1.1", "h2"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = connect(&server, &certificate, None, offered).await;
        let (_, session) = stream.get_ref();
        assert_eq!(session.alpn_protocol(), chosen.map(str::as_bytes));
    }
    let stream = connect(&server, &certificate, None, &["h2"]).await;
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut client, connection) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://api.example.com/")
        .body(Body::empty())
        .unwrap();
    let answer = client.send_request(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(answer.into_body())
        .await
        .unwrap();
    assert_eq!(body.to_bytes(), "HTTP/2.0 Some(\"api.example.com\") None;");
}

#[tokio::test]
async fn the_clients_certificate_is_handed_over_and_only_if_it_has_one() {
    let (client_certificate, key) = identity("client");
    let length = client_certificate.len();
    let mut roots = RootCertStore::empty();
    roots.add(client_certificate.clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .unwrap();
    let (server, certificate) = server(ClientAuth::By(verifier)).await;
    for (client, told) in [
        (Some((client_certificate, key)), format!("Some({length});")),
        (None, "None;".to_owned()),
    ] {
        let mut stream = connect(&server, &certificate, client, &[]).await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let answer = until(&mut stream, ";").await;
        assert!(answer.ends_with(&told), "{answer}");
    }
}

#[tokio::test]
async fn plain_text_on_a_tls_port_ends_the_connection_and_no_other() {
    let (server, certificate) = server(ClientAuth::Off).await;
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
    let mut stream = connect(&server, &certificate, None, &[]).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(status(&until(&mut stream, ";").await), "200");
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
