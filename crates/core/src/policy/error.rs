use alloc::string::String;
use core::fmt;

use super::issuer::MAX_LEEWAY;
use super::proof::{MAX_FUTURE, MAX_PAST};
use crate::algorithm::Algorithm;
use crate::time::Window;

/// A policy that cannot be kept. The operator's mistake, never a peer's.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not a scope-token of RFC 6750 section 3.
    Scope(String),
    /// A realm with characters that a challenge cannot hold.
    Realm(String),
    /// Scopes or nonces on a route that reads no credentials.
    OpenDemands,
    /// Nonces required where proofs are not spent.
    NonceUnspent,
    /// An issuer without an audience.
    NoAudience(String),
    /// Two issuers of one name.
    RepeatedIssuer(String),
    /// More than one issuer of opaque tokens: an unknown token would be shown to all of them.
    SecondOpaqueIssuer(String),
    /// An empty list of algorithms.
    NoAlgorithm,
    /// An algorithm for proofs that the crypto provider does not implement.
    UnsupportedAlgorithm(Algorithm),
    /// A `typ` of JWTs that are no access tokens.
    LegacyType(String),
    /// Leeway beyond 120 seconds.
    Leeway(u64),
    /// A window beyond 300 seconds back or 60 seconds ahead.
    Window(Window),
    /// A nonce lifetime of zero or beyond 300 seconds.
    NonceLifetime(u64),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => write!(
                f,
                "scope {scope:?} is not one word of visible ASCII without quote and backslash"
            ),
            Self::Realm(realm) => write!(f, "realm {realm:?} is empty or not visible ASCII"),
            Self::OpenDemands => f.write_str(
                "an open route reads no credentials, so it can demand neither scopes nor nonces",
            ),
            Self::NonceUnspent => f.write_str(
                "a nonce cannot be required where proofs are only verified; \
                 the service behind issues the nonces there",
            ),
            Self::NoAudience(issuer) => write!(
                f,
                "issuer {issuer:?} has no audience; name the identifiers that its tokens for this \
                 API have in aud"
            ),
            Self::RepeatedIssuer(issuer) => write!(f, "issuer {issuer:?} is configured twice"),
            Self::SecondOpaqueIssuer(issuer) => write!(
                f,
                "issuer {issuer:?} is the second one with opaque tokens; only one can be asked"
            ),
            Self::NoAlgorithm => f.write_str("the list of algorithms is empty"),
            Self::UnsupportedAlgorithm(algorithm) => write!(
                f,
                "the crypto provider has no {algorithm}; remove it or build with a provider that has"
            ),
            Self::LegacyType(typ) => {
                write!(
                    f,
                    "{typ:?} is the type of another kind of JWT than access tokens"
                )
            }
            Self::Leeway(seconds) => {
                write!(f, "a leeway of {seconds} s is more than {MAX_LEEWAY} s")
            }
            Self::Window(window) => write!(
                f,
                "a window of {} s back and {} s ahead is more than {MAX_PAST} s and {MAX_FUTURE} s",
                window.past(),
                window.future()
            ),
            Self::NonceLifetime(seconds) => {
                write!(
                    f,
                    "a nonce lifetime of {seconds} s is not between 1 s and {MAX_PAST} s"
                )
            }
        }
    }
}

impl core::error::Error for PolicyError {}
