use core::time::Duration;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;

use super::body::Filtered;
use super::connect::Connector;
use super::headers::{Provenance, filter_trailers, rewrite_request, rewrite_response};
use super::progress::{Progress, Side, Timed};
use super::{Body, BoxError, Credentials, Identity, ProxyError, UpstreamNonces};
use crate::config;

/// A service behind the gateway, and the connections to it.
///
/// HTTP/1.1, or HTTP/2 where an https upstream agrees to it by ALPN. An idle connection is used
/// again; a request is sent again only if not one octet of it had been sent.
#[derive(Clone)]
pub(crate) struct Upstream {
    client: Client<Connector, Timed<Filtered<Body>>>,
    scheme: Scheme,
    authority: Authority,
    prefix: String,
    response_timeout: Duration,
}

/// How one request is to be forwarded.
#[derive(Clone, Debug)]
pub(crate) struct Forward<'a> {
    /// Who was admitted.
    pub(crate) identity: &'a Identity,
    /// The client's address, for `X-Forwarded-For`.
    pub(crate) client: IpAddr,
    /// The scheme of the origin that the client addressed, for `X-Forwarded-Proto`.
    pub(crate) scheme: &'a str,
    /// The authority that the client addressed, for `X-Forwarded-Host`.
    pub(crate) host: &'a HeaderValue,
    /// Whether the upstream sees the token and the proof.
    pub(crate) credentials: Credentials,
    /// Whether the client sees the upstream's nonces.
    pub(crate) nonces: UpstreamNonces,
}

impl Upstream {
    /// Makes an upstream. No connection is opened yet.
    ///
    /// # Errors
    ///
    /// If the TLS provider offers no usable protocol version.
    pub(crate) fn new(settings: &config::Upstream) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        match &settings.trust {
            config::Trust::PublicAuthorities => {
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
            config::Trust::Authorities(certificates) => {
                for certificate in certificates {
                    roots.add(certificate.clone())?;
                }
            }
        }
        let connector = Connector::new(roots, settings.connect_timeout)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .build(connector);
        Ok(Self {
            client,
            scheme: settings.scheme.clone(),
            authority: settings.authority.clone(),
            prefix: settings.prefix.clone(),
            response_timeout: settings.response_timeout,
        })
    }

    /// Sends a request and returns the answer as soon as its header section is here; both bodies
    /// are streamed. Dropping the future, or the response's body, cancels the request.
    ///
    /// # Errors
    ///
    /// Everything in [`ProxyError`]. If the upstream breaks off later, or a body stalls, the response's body ends in
    /// an error, and whoever writes it to the client must not make that look like an end.
    pub(crate) async fn forward<B>(
        &self,
        request: Request<B>,
        how: &Forward<'_>,
    ) -> Result<Response<Body>, ProxyError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.target(&parts.uri)?;
        let provenance = Provenance {
            client: how.client,
            scheme: how.scheme,
            host: how.host,
            version: parts.version,
        };
        rewrite_request(
            &mut parts.headers,
            how.credentials,
            how.identity,
            &provenance,
        );
        parts.version = Version::HTTP_11;
        parts.extensions.clear();

        let progress = Progress::new(self.response_timeout);
        let body = Filtered::new(Body::stream(body), filter_trailers);
        let body = Timed::new(body, Side::Request, Arc::clone(&progress));
        let response = tokio::select! {
            biased;
            response = self.client.request(Request::from_parts(parts, body)) => response,
            () = progress.upstream_stalled() => return Err(ProxyError::ResponseTimeout),
        };
        let response = match response {
            Ok(response) => response,
            Err(_) if progress.client_stalled() => return Err(ProxyError::RequestTimeout),
            Err(error) => return Err(ProxyError::from_client(error)),
        };

        // RFC 9110 section 7.8: nobody asked, for `Upgrade` is never sent.
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(ProxyError::UnaskedUpgrade);
        }
        let (mut parts, body) = response.into_parts();
        rewrite_response(&mut parts.headers, how.nonces);
        parts.extensions.clear();
        // The version is that of a hop, not of the message (RFC 9110 section 2.5).
        parts.version = Version::HTTP_11;
        let body = Filtered::new(body, filter_trailers);
        let body = Body::stream(Timed::new(body, Side::Response, progress));
        Ok(Response::from_parts(parts, body))
    }

    /// The same path and query, octet by octet, under the upstream's authority (PROJ-12).
    fn target(&self, uri: &Uri) -> Result<Uri, ProxyError> {
        let raw = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let path = match raw.as_bytes().first() {
            Some(b'/') => "",
            // `http://host?query` has an empty path, which is sent as `/` (RFC 9112 section 3.2.1).
            Some(b'?') | None => "/",
            Some(_) => return Err(ProxyError::Target),
        };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path}{raw}", self.prefix))
            .build()
            .map_err(|_| ProxyError::Target)
    }
}

/// How often an open HTTP/2 connection is asked whether it still lives.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
