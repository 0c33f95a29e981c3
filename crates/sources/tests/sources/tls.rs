use std::sync::Arc;

use ::http::HeaderValue;
use keybound_sources::{
    FetchError, HttpClient, HttpSettings, PlainHttp, Roots, SourceUrl, TlsError,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::server::{Reply, Server};
use crate::{TOTAL, url};

// rules: INTRO-4-1 (both)
#[tokio::test]
async fn intro_4_1_the_servers_certificate_decides() {
    let trusted = authority("trusted");
    let (other, namesake) = (authority("other"), authority("trusted"));
    let fault = |fault| Err(FetchError::Tls(fault));
    let rows: &[(&str, &Authority, Change, Outcome)] = &[
        ("good", &trusted, |_| {}, Ok(())),
        ("wrong CA", &other, |_| {}, fault(TlsError::UnknownIssuer)),
        (
            "a CA of the same name",
            &namesake,
            |_| {},
            fault(TlsError::BadCertificate),
        ),
        (
            "expired",
            &trusted,
            |p| p.not_after = date_time_ymd(2020, 1, 1),
            fault(TlsError::Expired),
        ),
        (
            "not yet valid",
            &trusted,
            |p| p.not_before = date_time_ymd(4000, 1, 1),
            fault(TlsError::NotYetValid),
        ),
        (
            "other host",
            &trusted,
            |p| *p = CertificateParams::new(["as.example.com".to_owned()]).unwrap(),
            fault(TlsError::WrongName),
        ),
        (
            "client certificate",
            &trusted,
            |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            fault(TlsError::BadCertificate),
        ),
    ];
    for (name, issuer, change, expected) in rows {
        let server = Server::start_tls(config(issuer, *change)).await;
        server.reply("/", Reply::ok("{}"));
        let client = trusting(&trusted);
        assert_eq!(get(&client, &server.url("/")).await, *expected, "{name}");
        // Nothing was asked of a server that could not prove who it is.
        assert_eq!(server.requests().len(), usize::from(expected.is_ok()));
    }
}

#[tokio::test]
async fn the_public_roots_do_not_vouch_for_a_private_ca_and_its_own_root_does() {
    let authority = authority("trusted");
    let server = Server::start_tls(config(&authority, |_| {})).await;
    server.reply("/", Reply::ok("{}"));
    let public = HttpClient::new(&HttpSettings::default()).unwrap();
    assert_eq!(
        get(&public, &server.url("/")).await,
        Err(FetchError::Tls(TlsError::UnknownIssuer))
    );
    let mut settings = HttpSettings::default();
    settings.roots = Roots::PublicAnd(vec![authority.der().clone()]);
    let both = HttpClient::new(&settings).unwrap();
    assert_eq!(get(&both, &server.url("/")).await, Ok(()));
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_refused() {
    let server = Server::start().await;
    server.reply("/", Reply::ok("{}"));
    let https = server.url("/").replace("http:", "https:");
    let client = trusting(&authority("trusted"));
    // The other side waits for the end of a request that never ends.
    assert_eq!(get(&client, &https).await, Err(FetchError::Timeout));

    // One that answers at once.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await.unwrap();
        tokio::time::sleep(TOTAL).await;
    });
    assert_eq!(
        get(&client, &format!("https://127.0.0.1:{port}/")).await,
        Err(FetchError::Tls(TlsError::Handshake))
    );
}

#[tokio::test]
async fn the_process_gets_no_default_provider() {
    let _ = trusting(&authority("trusted"));
    let installed = CryptoProvider::get_default();
    assert!(installed.is_none());
}

#[tokio::test]
async fn https_urls_are_taken_under_the_strict_policy() {
    let authority = authority("trusted");
    let server = Server::start_tls(config(&authority, |_| {})).await;
    server.reply("/", Reply::ok("{}"));
    let strict = SourceUrl::parse(&server.url("/"), PlainHttp::Refuse).unwrap();
    let answer = trusting(&authority).get(&strict, JSON, 2).await.unwrap();
    assert_eq!(&*answer.body, b"{}");
}

type Outcome = Result<(), FetchError>;
type Change = fn(&mut CertificateParams);
type Authority = CertifiedIssuer<'static, KeyPair>;

async fn get(client: &HttpClient, text: &str) -> Outcome {
    client.get(&url(text), JSON, 100).await.map(|_| ())
}

fn trusting(authority: &Authority) -> HttpClient {
    let mut settings = HttpSettings::default();
    settings.total = TOTAL;
    settings.roots = Roots::Only(vec![authority.der().clone()]);
    HttpClient::new(&settings).unwrap()
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server whose certificate is for 127.0.0.1, but for the change.
fn config(authority: &Authority, change: Change) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    change(&mut params);
    let certificate: CertificateDer<'static> =
        params.signed_by(&key, authority).unwrap().der().clone();
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap()
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
