//! Upstreams behind TLS.

use http::uri::Scheme;
use http::{Request, Response};
use hyper::body::Incoming;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{self, ClientCertificates, Tls, Trust};
use crate::listener::{Peer, ServerTls};
use crate::proxy::Body;
use crate::test_support::{Server, exchange, settings, status, upstream_at};

const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close\r\n\r\n";

fn identity(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    (cert.der().clone(), key)
}

/// An upstream for `name` that answers with the version and the authority that it was asked with.
async fn upstream_named(name: &str) -> (Server, config::Upstream) {
    let (certificate, key) = identity(name);
    let tls = ServerTls::new(&Tls {
        certificates: vec![certificate.clone()],
        key,
        client_certificates: ClientCertificates::Off,
    });
    let server = Server::start(settings(), Some(tls.unwrap()), |_: &Peer| {
        |request: Request<Incoming>| async move {
            let te = request.headers().get("te").cloned();
            let told = format!("{:?} {} {te:?}", request.version(), request.uri());
            Response::new(Body::full(told))
        }
    })
    .await;
    let mut upstream = upstream_at(server.address);
    upstream.scheme = Scheme::HTTPS;
    let authority = format!("localhost:{}", server.address.port());
    upstream.authority = authority.parse().unwrap();
    upstream.trust = Trust::Authorities(vec![certificate]);
    (server, upstream)
}

#[tokio::test]
async fn an_https_upstream_is_spoken_to_in_http_2() {
    let (_server, upstream) = upstream_named("localhost").await;
    let authority = upstream.authority.clone();
    let gateway = Server::gateway(upstream).await;
    let answer = exchange(gateway.address, GET).await;
    let told = format!("HTTP/2.0 https://{authority}/a Some(\"trailers\")");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&told), "{answer}");
}

#[tokio::test]
async fn an_upstream_that_nobody_vouches_for_is_502_sbcp_4_13_2() {
    let (_server, mut unknown) = upstream_named("localhost").await;
    unknown.trust = Trust::Authorities(vec![identity("localhost").0]);
    let (_other, misnamed) = upstream_named("other.example").await;
    let (_third, mut public) = upstream_named("localhost").await;
    public.trust = Trust::PublicAuthorities;
    for upstream in [unknown, misnamed, public] {
        let gateway = Server::gateway(upstream).await;
        let answer = exchange(gateway.address, GET).await;
        assert_eq!(status(&answer), "502", "{answer}");
        assert!(answer.contains("code: upstream_connect\r\n"), "{answer}");
    }
}
