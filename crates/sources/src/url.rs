use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// A URL that may be fetched from: absolute, https (or http where [`PlainHttp`] says so), without
/// user information and fragment. That it was checked is what this type says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceUrl(Uri);

impl SourceUrl {
    /// Reads a URL (OA21-1.5-1, OAuth 2.1 section 1.5).
    ///
    /// # Errors
    ///
    /// Everything in [`UrlError`] except [`UrlError::Query`].
    pub fn parse(text: &str, plain_http: PlainHttp) -> Result<Self, UrlError> {
        // `Uri` drops a fragment without a word.
        if !text.is_ascii() || text.contains('#') {
            return Err(UrlError::Malformed);
        }
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UrlError::Malformed);
        };
        check_authority(authority)?;
        match plain_http {
            _ if *scheme == Scheme::HTTPS => Ok(Self(uri)),
            PlainHttp::DangerAllowOnLoopback
                if *scheme == Scheme::HTTP && is_loopback(authority.host()) =>
            {
                Ok(Self(uri))
            }
            _ => Err(UrlError::Insecure),
        }
    }

    /// The URL.
    pub const fn uri(&self) -> &Uri {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What to do with URLs whose scheme is http.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PlainHttp {
    /// Refuse them (OA21-1.5-1, OAuth 2.1 section 1.5).
    #[default]
    Refuse,
    /// Take them if the host is a loopback address or `localhost`. Whoever can open that port on
    /// this host can then hand out keys: for development.
    DangerAllowOnLoopback,
}

/// Exactly a host and perhaps a port: no user information, no empty host, no port out of range.
fn check_authority(authority: &Authority) -> Result<(), UrlError> {
    if authority.as_str().contains('@') {
        return Err(UrlError::UserInfo);
    }
    let host = authority.host();
    if host.is_empty() {
        return Err(UrlError::Malformed);
    }
    let port = match authority.as_str().strip_prefix(host) {
        Some("") => return Ok(()),
        Some(rest) => rest.strip_prefix(':').and_then(|port| port.parse().ok()),
        None => None,
    };
    match port {
        None | Some(0_u16) => Err(UrlError::Malformed),
        Some(_) => Ok(()),
    }
}

/// `localhost` is a loopback address to every resolver (RFC 6761 section 6.3); other names are not
/// looked up.
fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Why a URL is not fetched from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UrlError {
    /// Not an absolute URL in ASCII with a host, or it has a fragment.
    Malformed,
    /// It holds a user name or password, which would end up in logs.
    UserInfo,
    /// An issuer identifier with a query (RFC 8414 section 2).
    Query,
    /// Not https (OA21-1.5-1).
    Insecure,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not an absolute URL of ASCII characters without a fragment",
            Self::UserInfo => "the URL holds a user name or password: remove it",
            Self::Query => "an issuer identifier has no query: remove it",
            Self::Insecure => "the URL is not https: keys fetched in the clear can be replaced",
        })
    }
}

impl Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa21_1_5_1_https_is_accepted_under_both_policies() {
        let rows = [
            "https://as.example.com",
            "https://as.example.com/jwks?tenant=a",
            "https://as.example.com:1/",
            "https://as.example.com:65535/",
            "https://[::1]:8443/jwks",
            "HTTPS://AS.example.com/",
        ];
        for text in rows {
            for policy in [PlainHttp::Refuse, PlainHttp::DangerAllowOnLoopback] {
                assert!(SourceUrl::parse(text, policy).is_ok(), "{text} {policy:?}");
            }
        }
    }

    #[test]
    fn oa21_1_5_1_http_is_accepted_on_loopback_under_the_dangerous_policy_only() {
        let rows = [
            ("http://127.0.0.1/jwks", Ok(())),
            ("http://127.255.255.254:8080/jwks", Ok(())),
            ("http://[::1]:8080/jwks", Ok(())),
            ("http://LOCALHOST/jwks", Ok(())),
            ("http://128.0.0.1/jwks", Err(UrlError::Insecure)),
            ("http://0.0.0.0/jwks", Err(UrlError::Insecure)),
            ("http://127.1/jwks", Err(UrlError::Insecure)),
            ("http://[::ffff:127.0.0.1]/jwks", Err(UrlError::Insecure)),
            ("http://[::2]/jwks", Err(UrlError::Insecure)),
            ("http://localhost.example.com/jwks", Err(UrlError::Insecure)),
            ("http://127.0.0.1.example.com/jwks", Err(UrlError::Insecure)),
            ("http://as.example.com/jwks", Err(UrlError::Insecure)),
            ("ftp://127.0.0.1/jwks", Err(UrlError::Insecure)),
        ];
        for (text, expected) in rows {
            let danger = SourceUrl::parse(text, PlainHttp::DangerAllowOnLoopback);
            assert_eq!(danger.map(|_| ()), expected, "{text}");
            let strict = SourceUrl::parse(text, PlainHttp::Refuse);
            assert_eq!(strict, Err(UrlError::Insecure), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_url_is_refused() {
        let rows = [
            ("", UrlError::Malformed),
            ("/jwks", UrlError::Malformed),
            ("as.example.com", UrlError::Malformed),
            ("https:", UrlError::Malformed),
            ("https://", UrlError::Malformed),
            ("https:///jwks", UrlError::Malformed),
            ("https://:443/jwks", UrlError::Malformed),
            ("https://as.example.com:/jwks", UrlError::Malformed),
            ("https://as.example.com:0/jwks", UrlError::Malformed),
            ("https://as.example.com:65536/jwks", UrlError::Malformed),
            ("https://as.example.com/jwks#a", UrlError::Malformed),
            ("https://as.example.com/a b", UrlError::Malformed),
            ("https://as.example.com/\u{e9}", UrlError::Malformed),
            (" https://as.example.com/", UrlError::Malformed),
            ("https://user@as.example.com/", UrlError::UserInfo),
            ("https://user:secret@as.example.com/", UrlError::UserInfo),
        ];
        for (text, expected) in rows {
            for policy in [PlainHttp::Refuse, PlainHttp::DangerAllowOnLoopback] {
                assert_eq!(SourceUrl::parse(text, policy), Err(expected), "{text}");
            }
        }
    }
}
