use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;

use crate::error::FetchError;
use crate::file::WatchedFile;
use crate::http::HttpClient;
use crate::metadata::{Discovery, METADATA_OCTETS};
use crate::settings::Settings;
use crate::url::SourceUrl;

/// Where an issuer's keys come from: configured, and never named by a token
/// (BCP-3.10-2, rfc8725bis section 3.10: no `jku`, no `x5u`).
#[derive(Clone, Debug)]
pub struct KeySource(Kind);

#[derive(Clone, Debug)]
enum Kind {
    File(PathBuf),
    Jwks(SourceUrl, HttpClient),
    Metadata(Discovery, HttpClient),
}

impl KeySource {
    /// A JWK Set in a file, which is looked at every [`Settings::poll`]. Replace it by a rename.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// A JWK Set at a URL.
    pub const fn jwks(url: SourceUrl, client: HttpClient) -> Self {
        Self(Kind::Jwks(url, client))
    }

    /// A JWK Set at the URL that the issuer's metadata names. The metadata is read again before each
    /// fetch; each of the two requests has the client's whole time.
    pub const fn metadata(discovery: Discovery, client: HttpClient) -> Self {
        Self(Kind::Metadata(discovery, client))
    }

    pub(crate) fn loader(self, settings: &Settings) -> Loader {
        let limit = settings.limits.key_set;
        match self.0 {
            Kind::File(path) => Loader::File(WatchedFile::new(path, limit)),
            Kind::Jwks(url, client) => Loader::Jwks { url, client, limit },
            Kind::Metadata(discovery, client) => Loader::Metadata {
                discovery,
                client,
                limit,
            },
        }
    }
}

/// Gets a document, again and again.
pub(crate) trait Load: Send + 'static {
    /// When to ask again.
    fn cadence(&self) -> Cadence;

    fn load(&mut self) -> impl Future<Output = Result<Loaded, FetchError>> + Send;
}

/// A JWK Set, not yet parsed.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) document: Bytes,
    pub(crate) max_age: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cadence {
    /// Asking costs next to nothing: always after the same time.
    Poll,
    /// By the answer's age, and ever more seldom after failures.
    Refresh,
}

#[derive(Debug)]
pub(crate) enum Loader {
    File(WatchedFile),
    Jwks {
        url: SourceUrl,
        client: HttpClient,
        limit: usize,
    },
    Metadata {
        discovery: Discovery,
        client: HttpClient,
        limit: usize,
    },
}

impl Load for Loader {
    fn cadence(&self) -> Cadence {
        match self {
            Self::File(_) => Cadence::Poll,
            Self::Jwks { .. } | Self::Metadata { .. } => Cadence::Refresh,
        }
    }

    async fn load(&mut self) -> Result<Loaded, FetchError> {
        match self {
            Self::File(file) => Ok(Loaded {
                document: file.read().await?,
                max_age: None,
            }),
            Self::Jwks { url, client, limit } => jwks(url, client, *limit).await,
            Self::Metadata {
                discovery,
                client,
                limit,
            } => {
                let metadata = client
                    .get(discovery.location(), JSON, METADATA_OCTETS)
                    .await?;
                let url = discovery.jwks_uri(&metadata.body)?;
                jwks(&url, client, *limit).await
            }
        }
    }
}

async fn jwks(url: &SourceUrl, client: &HttpClient, limit: usize) -> Result<Loaded, FetchError> {
    let answer = client.get(url, JWK_SET, limit).await?;
    Ok(Loaded {
        document: answer.body,
        max_age: answer.max_age,
    })
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// RFC 7517 section 8.5.2, and what most issuers say instead. The answer's type is not checked: its
/// contents are.
const JWK_SET: HeaderValue =
    HeaderValue::from_static("application/jwk-set+json, application/json;q=0.9");
