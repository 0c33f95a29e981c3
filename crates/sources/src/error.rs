//! Why keys could not be fetched, for the operator. Nothing here repeats a body.

use std::error::Error;
use std::fmt;
use std::io;

use keybound::KeySetError;

use crate::url::UrlError;

/// Why one fetch failed. The last good answer stays in use.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FetchError {
    /// No connection: the name did not resolve, or nobody accepted.
    Connect,
    /// The TLS handshake failed, or the server's certificate is not good (INTRO-4-1).
    Tls(TlsError),
    /// Not done within the time allowed, whichever part was slow.
    Timeout,
    /// Not HTTP/1.1, or cut short.
    BrokenAnswer,
    /// Another status than 200.
    Status(u16),
    /// A redirect. None is followed.
    Redirect,
    /// More octets than allowed, in the body, the header section or the file.
    TooLarge {
        /// What is allowed, in octets.
        limit: usize,
    },
    /// The answer has a `Content-Encoding`, though `identity` was asked for.
    Encoding,
    /// Not a usable JWK Set.
    BadDocument(KeySetError),
    /// Not usable metadata of an authorization server (RFC 8414 section 3.2).
    BadMetadata(MetadataError),
    /// The metadata is of another issuer than the configured one (ATJWT-4-9, RFC 9068 section 4;
    /// RFC 8414 section 3.3). Compared octet by octet.
    IssuerMismatch {
        /// As configured.
        configured: String,
        /// As the metadata has it, cut after 256 characters.
        found: String,
    },
    /// The metadata names a `jwks_uri` that is not https (OA21-1.5-1).
    InsecureUrl,
    /// The file could not be read. What is not a regular file is
    /// [`InvalidInput`](io::ErrorKind::InvalidInput).
    File(io::ErrorKind),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str(
                "no connection: check the host name, the port, and that this host may reach it",
            ),
            Self::Tls(error) => write!(f, "TLS failed: {error}"),
            Self::Timeout => f.write_str(
                "no whole answer in time: check the server's load, or raise the time allowed",
            ),
            Self::BrokenAnswer => {
                f.write_str("the answer is not whole HTTP/1.1: check what listens at this URL")
            }
            Self::Status(status) => {
                write!(f, "the answer has status {status}, not 200: check the URL")
            }
            Self::Redirect => {
                f.write_str("the answer is a redirect: configure the URL that it leads to")
            }
            Self::TooLarge { limit } => write!(
                f,
                "more than {limit} octets: check that this is the right document, or raise the limit"
            ),
            Self::Encoding => f.write_str(
                "the answer is compressed: make the server honour \"Accept-Encoding: identity\"",
            ),
            Self::BadDocument(error) => write!(f, "{error}: check what the issuer publishes"),
            Self::BadMetadata(error) => write!(f, "bad metadata: {error}"),
            Self::IssuerMismatch { configured, found } => write!(
                f,
                "the metadata is of issuer {found:?}, configured is {configured:?}: they must be the \
                 same to the octet, the last slash too"
            ),
            Self::InsecureUrl => {
                f.write_str("the metadata's jwks_uri is not https: correct it at the issuer")
            }
            Self::File(kind) => write!(f, "cannot read the file: {kind}: check path and rights"),
        }
    }
}

impl Error for FetchError {}

/// Why TLS failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate leads to none of the configured roots.
    UnknownIssuer,
    /// The certificate has expired, by this host's clock.
    Expired,
    /// The certificate is not yet valid, by this host's clock.
    NotYetValid,
    /// The certificate is for other names.
    WrongName,
    /// The certificate is bad in another way.
    BadCertificate,
    /// The peers found no common ground, or the other side does not speak TLS.
    Handshake,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownIssuer => {
                "the certificate leads to no known root: configure the CA that issued it"
            }
            Self::Expired => "the certificate has expired: renew it, or set this host's clock",
            Self::NotYetValid => "the certificate is not yet valid: set this host's clock",
            Self::WrongName => "the certificate is for another name: correct the host in the URL",
            Self::BadCertificate => "the certificate is not acceptable: have it issued anew",
            Self::Handshake => "the handshake failed: check that the port speaks TLS 1.2 or 1.3",
        })
    }
}

impl Error for TlsError {}

/// Why metadata of an authorization server is refused (RFC 8414 section 2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetadataError {
    /// Not one JSON object, or a member that is read here has the wrong type or occurs twice.
    Malformed,
    /// `issuer` is missing.
    NoIssuer,
    /// `jwks_uri` is missing.
    NoJwksUri,
    /// `jwks_uri` is not a URL to fetch from.
    JwksUri(UrlError),
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not metadata of an authorization server in JSON"),
            Self::NoIssuer => f.write_str("issuer is missing"),
            Self::NoJwksUri => f.write_str("jwks_uri is missing: configure the JWKS URL itself"),
            Self::JwksUri(error) => write!(f, "jwks_uri: {error}"),
        }
    }
}

impl Error for MetadataError {}

/// There are no keys to verify a token with: 503, and never a verdict on the token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeysUnavailable {
    /// Not one fetch has succeeded so far.
    NeverFetched,
    /// The last success is longer ago than [`Settings::max_stale`](crate::Settings::max_stale).
    TooStale,
}

impl fmt::Display for KeysUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverFetched => {
                "the issuer's keys were never fetched: see the last error in the status"
            }
            Self::TooStale => {
                "the issuer's keys were not confirmed for too long: see the last error in the status"
            }
        })
    }
}

impl Error for KeysUnavailable {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_it_is() {
        let rows: &[(FetchError, &str)] = &[
            (FetchError::Connect, "no connection"),
            (FetchError::Tls(TlsError::UnknownIssuer), "configure the CA"),
            (FetchError::Tls(TlsError::Expired), "has expired"),
            (FetchError::Tls(TlsError::NotYetValid), "not yet valid"),
            (FetchError::Tls(TlsError::WrongName), "another name"),
            (FetchError::Tls(TlsError::BadCertificate), "issued anew"),
            (FetchError::Tls(TlsError::Handshake), "handshake"),
            (FetchError::Timeout, "in time"),
            (FetchError::BrokenAnswer, "HTTP/1.1"),
            (FetchError::Status(404), "status 404"),
            (FetchError::Redirect, "leads to"),
            (FetchError::TooLarge { limit: 7 }, "more than 7 octets"),
            (FetchError::Encoding, "identity"),
            (
                FetchError::BadDocument(KeySetError::NoUsableKey),
                "no key that could verify",
            ),
            (
                FetchError::BadMetadata(MetadataError::Malformed),
                "not metadata",
            ),
            (FetchError::BadMetadata(MetadataError::NoIssuer), "issuer"),
            (
                FetchError::BadMetadata(MetadataError::NoJwksUri),
                "jwks_uri is missing",
            ),
            (
                FetchError::BadMetadata(MetadataError::JwksUri(UrlError::UserInfo)),
                "jwks_uri: the URL holds a user name",
            ),
            (
                FetchError::IssuerMismatch {
                    configured: "https://a".into(),
                    found: "https://a/\n".into(),
                },
                r#"issuer "https://a/\n", configured is "https://a""#,
            ),
            (FetchError::InsecureUrl, "not https"),
            (FetchError::File(io::ErrorKind::NotFound), "path and rights"),
        ];
        for (error, part) in rows {
            let text = error.to_string();
            assert!(text.contains(part), "{text}");
            assert!(!text.contains('\n'), "{text}");
        }
    }
}
