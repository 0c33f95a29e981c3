//! What a resource server must fetch: the keys of its issuers.
//!
//! [`IssuerKeys`] holds the JWK Set of one issuer and keeps it fresh from a [`KeySource`]: a file, a
//! URL, or the issuer's metadata. The hot path takes no lock and does not wait. A token with an
//! unknown `kid` makes the set be fetched again, at most once in a stated gap, and never holds up
//! tokens whose `kid` is known. While the source is down, slow, huge or lying, the last good set is
//! used for a stated time, and after it [`KeysUnavailable`] asks for a 503.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use keybound::crypto::CryptoProvider;
//! use keybound_sources::{
//!     Discovery, HttpClient, HttpSettings, IssuerKeys, KeySource, PlainHttp, Settings, WellKnown,
//! };
//!
//! # async fn example(provider: Arc<dyn CryptoProvider>) -> Result<(), Box<dyn std::error::Error>> {
//! let client = HttpClient::new(&HttpSettings::default())?;
//! let discovery = Discovery::new(
//!     "https://as.example.com",
//!     WellKnown::OAuthAuthorizationServer,
//!     PlainHttp::Refuse,
//! )?;
//! let source = KeySource::metadata(discovery, client);
//! let keys = IssuerKeys::start(source, Settings::default(), provider).await?;
//! if let Some(error) = keys.status().last_error {
//!     eprintln!("no keys yet, tokens of this issuer get 503: {error}");
//! }
//!
//! // For each token, with the `kid` of its header:
//! let set = keys.for_kid(Some("2026-01")).await?;
//! # Ok(())
//! # }
//! ```

pub use crate::error::{FetchError, KeysUnavailable, MetadataError, TlsError};
pub use crate::http::{Answer, HttpClient, HttpSettings, HttpSettingsError, Roots};
pub use crate::issuer_keys::IssuerKeys;
pub use crate::metadata::{Discovery, WellKnown};
pub use crate::settings::{Settings, SettingsError};
pub use crate::source::KeySource;
pub use crate::status::Status;
pub use crate::url::{PlainHttp, SourceUrl, UrlError};

mod error;
mod file;
mod http;
mod issuer_keys;
mod metadata;
mod refresh;
mod settings;
mod source;
mod status;
mod url;
