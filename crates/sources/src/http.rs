//! One HTTP request, with every bound that a hostile or broken server calls for.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderMap, HeaderValue, USER_AGENT,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::client::Resumption;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

use crate::error::{FetchError, TlsError};
use crate::url::SourceUrl;

/// An HTTP/1.1 client for small documents. Cheap to clone.
///
/// No redirect is followed, no proxy is taken from the environment, no cookie is kept, nothing
/// compressed is accepted, and each request has a connection and a certificate check of its own.
#[derive(Clone)]
pub struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    total: Duration,
}

impl HttpClient {
    /// Makes a client. The TLS provider is rustls' ring one, as a value: none is installed for the
    /// process.
    ///
    /// # Errors
    ///
    /// Everything in [`HttpSettingsError`].
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSettingsError> {
        if settings.total.is_zero() || settings.connect.is_zero() {
            return Err(HttpSettingsError::NoTime);
        }
        let roots = settings.roots.store()?;
        let mut tls =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|_| HttpSettingsError::NoProtocolVersion)?
                .with_root_certificates(roots)
                .with_no_client_auth();
        // A resumed session would skip the certificate check.
        tls.resumption = Resumption::disabled();

        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect));
        // Which URLs may be http is decided where a `SourceUrl` is made.
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .http1_max_buf_size(HEADER_OCTETS)
            .http1_max_headers(HEADER_FIELDS)
            .build(connector);
        Ok(Self {
            client,
            total: settings.total,
        })
    }

    /// Gets a document of at most `limit` octets.
    ///
    /// # Errors
    ///
    /// Everything in [`FetchError`] up to [`FetchError::Encoding`].
    pub async fn get(
        &self,
        url: &SourceUrl,
        accept: HeaderValue,
        limit: usize,
    ) -> Result<Answer, FetchError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = url.uri().clone();
        request.headers_mut().insert(ACCEPT, accept);
        self.send(request, limit).await
    }

    async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Answer, FetchError> {
        let headers = request.headers_mut();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let exchange =
            async {
                let response = self.client.request(request).await.map_err(|error| {
                    match error.is_connect() {
                        true => classify(&error, Phase::Connect),
                        false => classify(&error, Phase::Exchange),
                    }
                })?;
                receive(response, limit).await
            };
        // Dropping the exchange closes its connection.
        tokio::time::timeout(self.total, exchange)
            .await
            .unwrap_or(Err(FetchError::Timeout))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// A whole answer with status 200.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The body.
    pub body: Bytes,
    /// `Cache-Control: max-age` (RFC 9111 section 5.2.2.1); zero if `no-store` or `no-cache` stands
    /// there.
    pub max_age: Option<Duration>,
}

/// Times and roots of an [`HttpClient`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpSettings {
    /// For a whole request, from name resolution to the last octet: 5 seconds.
    pub total: Duration,
    /// For the TCP connection: 2 seconds.
    pub connect: Duration,
    /// Whose certificates count.
    pub roots: Roots,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(5),
            connect: Duration::from_secs(2),
            roots: Roots::Public,
        }
    }
}

/// The certificate authorities that may vouch for a server (INTRO-4-1, RFC 7662 section 4).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Mozilla's list, as of the build.
    #[default]
    Public,
    /// The same and these.
    PublicAnd(Vec<CertificateDer<'static>>),
    /// These alone.
    Only(Vec<CertificateDer<'static>>),
}

impl Roots {
    fn store(&self) -> Result<RootCertStore, HttpSettingsError> {
        let (public, own): (_, &[CertificateDer<'static>]) = match self {
            Self::Public => (webpki_roots::TLS_SERVER_ROOTS, &[]),
            Self::PublicAnd(own) => (webpki_roots::TLS_SERVER_ROOTS, own),
            Self::Only(own) => (&[][..], own),
        };
        let mut store = RootCertStore {
            roots: public.to_vec(),
        };
        for (index, certificate) in own.iter().enumerate() {
            store
                .add(certificate.clone())
                .map_err(|_| HttpSettingsError::BadRoot { index })?;
        }
        match store.is_empty() {
            true => Err(HttpSettingsError::NoRoots),
            false => Ok(store),
        }
    }
}

/// Why [`HttpSettings`] are refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum HttpSettingsError {
    /// A time is zero: no request could succeed.
    NoTime,
    /// No root at all: no server could be trusted.
    NoRoots,
    /// An own root is not a certificate that can be a trust anchor.
    BadRoot {
        /// Its place in the list.
        index: usize,
    },
    /// The TLS provider has neither TLS 1.2 nor 1.3.
    NoProtocolVersion,
}

impl fmt::Display for HttpSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTime => f.write_str("the times allowed must be more than zero"),
            Self::NoRoots => f.write_str("no CA certificate is configured: name at least one"),
            Self::BadRoot { index } => {
                write!(f, "CA certificate number {index} (from 0) is not usable")
            }
            Self::NoProtocolVersion => f.write_str("the TLS provider has no usable version of TLS"),
        }
    }
}

impl Error for HttpSettingsError {}

async fn receive(response: Response<Incoming>, limit: usize) -> Result<Answer, FetchError> {
    match response.status() {
        StatusCode::OK => {}
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => return Err(FetchError::Redirect),
        status => return Err(FetchError::Status(status.as_u16())),
    }
    let (parts, mut incoming) = response.into_parts();
    if parts.headers.contains_key(CONTENT_ENCODING) {
        return Err(FetchError::Encoding);
    }
    let too_large = FetchError::TooLarge { limit };
    // A `Content-Length` beyond the limit is refused before a single octet is read.
    if usize::try_from(incoming.size_hint().lower()).map_or(true, |announced| announced > limit) {
        return Err(too_large);
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| classify(&error, Phase::Exchange))?;
        if let Some(data) = frame.data_ref() {
            if data.len() > limit.saturating_sub(body.len()) {
                return Err(too_large);
            }
            body.extend_from_slice(data);
        }
    }
    Ok(Answer {
        body: body.into(),
        max_age: max_age(&parts.headers),
    })
}

/// The shortest time that any `Cache-Control` directive names.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|directive| {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim(), value.trim()),
                None => (directive.trim(), ""),
            };
            match name.to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => Some(Duration::ZERO),
                "max-age" => value.parse().map(Duration::from_secs).ok(),
                _ => None,
            }
        })
        .min()
}

/// The layers below wrap each other's errors; the innermost tells most.
fn classify(error: &(dyn Error + 'static), phase: Phase) -> FetchError {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return FetchError::Tls(tls_error(error));
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && error.is_parse_too_large()
        {
            return FetchError::TooLarge {
                limit: HEADER_OCTETS,
            };
        }
        next = match error.downcast_ref::<io::Error>() {
            Some(error) if error.kind() == io::ErrorKind::TimedOut => return FetchError::Timeout,
            // `source` of an io::Error skips the error that it wraps.
            Some(error) => match error.get_ref() {
                Some(inner) => Some(inner),
                None => None,
            },
            None => error.source(),
        };
    }
    match phase {
        Phase::Connect => FetchError::Connect,
        Phase::Exchange => FetchError::BrokenAnswer,
    }
}

fn tls_error(error: &rustls::Error) -> TlsError {
    let rustls::Error::InvalidCertificate(error) = error else {
        return TlsError::Handshake;
    };
    match error {
        CertificateError::UnknownIssuer => TlsError::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsError::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsError::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsError::WrongName
        }
        _ => TlsError::BadCertificate,
    }
}

/// Where an error came up, for those that do not tell it themselves.
#[derive(Clone, Copy)]
enum Phase {
    Connect,
    Exchange,
}

/// Status line and header fields. hyper looks after each read, and a read is no longer than this: up to
/// twice as much can get through.
const HEADER_OCTETS: usize = 32 * 1024;
const HEADER_FIELDS: usize = 100;

const AGENT: &str = concat!("keybound/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_control_is_read_as_rfc_9111_writes_it() {
        let seconds = |count| Some(Duration::from_secs(count));
        let rows: &[(&[&str], Option<Duration>)] = &[
            (&[], None),
            (&["public"], None),
            (&["max-age=0"], seconds(0)),
            (&["max-age=300"], seconds(300)),
            (&["public, Max-Age=300, must-revalidate"], seconds(300)),
            (&["max-age=300,max-age=60"], seconds(60)),
            (&["max-age=300", "max-age=60"], seconds(60)),
            (&["max-age=300, no-cache"], seconds(0)),
            (&["no-store"], seconds(0)),
            (&["max-age=18446744073709551615"], seconds(u64::MAX)),
            (&["max-age=18446744073709551616"], None),
            (&["max-age=-1"], None),
            (&["max-age"], None),
            (&["max-age=x"], None),
            (&["s-maxage=300"], None),
        ];
        for (values, expected) in rows {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
            }
            assert_eq!(max_age(&headers), *expected, "{values:?}");
        }
    }

    #[test]
    fn settings_under_which_nothing_could_succeed_are_refused() {
        let refused = |change: fn(&mut HttpSettings)| {
            let mut settings = HttpSettings::default();
            change(&mut settings);
            HttpClient::new(&settings).map(|_| ())
        };
        let no_time = Err(HttpSettingsError::NoTime);
        assert_eq!(refused(|s| s.total = Duration::ZERO), no_time);
        assert_eq!(refused(|s| s.connect = Duration::ZERO), no_time);
        assert_eq!(
            refused(|s| s.roots = Roots::Only(Vec::new())),
            Err(HttpSettingsError::NoRoots)
        );
        assert_eq!(
            refused(|s| s.roots = Roots::PublicAnd(vec![vec![0x30, 0].into()])),
            Err(HttpSettingsError::BadRoot { index: 0 })
        );
        assert_eq!(refused(|s| s.roots = Roots::PublicAnd(Vec::new())), Ok(()));
    }
}
