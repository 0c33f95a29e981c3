use serde::Deserialize;

use crate::error::{FetchError, MetadataError};
use crate::url::{PlainHttp, SourceUrl, UrlError};

/// An issuer whose metadata says where its keys are (ATJWT-4-9, RFC 9068 section 4).
#[derive(Clone, Debug)]
pub struct Discovery {
    issuer: String,
    location: SourceUrl,
    plain_http: PlainHttp,
}

impl Discovery {
    /// `issuer` is the identifier as it stands in the `iss` of tokens, to the octet.
    ///
    /// # Errors
    ///
    /// Everything in [`UrlError`].
    pub fn new(
        issuer: &str,
        well_known: WellKnown,
        plain_http: PlainHttp,
    ) -> Result<Self, UrlError> {
        let identifier = SourceUrl::parse(issuer, plain_http)?;
        if identifier.uri().query().is_some() {
            return Err(UrlError::Query);
        }
        let location = SourceUrl::parse(&well_known.locate(&identifier), plain_http)?;
        Ok(Self {
            issuer: issuer.into(),
            location,
            plain_http,
        })
    }

    /// Where the metadata is.
    pub const fn location(&self) -> &SourceUrl {
        &self.location
    }

    /// Reads the metadata: where the keys are.
    pub(crate) fn jwks_uri(&self, document: &[u8]) -> Result<SourceUrl, FetchError> {
        let metadata: Metadata = serde_json::from_slice(document)
            .map_err(|_| FetchError::BadMetadata(MetadataError::Malformed))?;
        let Some(found) = metadata.issuer else {
            return Err(FetchError::BadMetadata(MetadataError::NoIssuer));
        };
        // ATJWT-4-9; RFC 8414 section 3.3: identical, or else anybody's keys could be put here.
        if found != self.issuer {
            return Err(FetchError::IssuerMismatch {
                configured: self.issuer.clone(),
                found: found.chars().take(SHOWN_CHARACTERS).collect(),
            });
        }
        let Some(jwks_uri) = metadata.jwks_uri else {
            return Err(FetchError::BadMetadata(MetadataError::NoJwksUri));
        };
        // OA21-1.5-1: metadata that came over TLS never leads to keys in the clear.
        let plain_http = match self.location.is_https() {
            true => PlainHttp::Refuse,
            false => self.plain_http,
        };
        SourceUrl::parse(&jwks_uri, plain_http).map_err(|error| match error {
            UrlError::Insecure => FetchError::InsecureUrl,
            error => FetchError::BadMetadata(MetadataError::JwksUri(error)),
        })
    }
}

/// Which document of the issuer to read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WellKnown {
    /// `/.well-known/oauth-authorization-server`, put between host and path
    /// (RFC 8414 section 3.1).
    OAuthAuthorizationServer,
    /// `/.well-known/openid-configuration`, put after the path
    /// (OpenID Connect Discovery 1.0 section 4).
    OpenIdConfiguration,
}

impl WellKnown {
    /// Both documents say that a slash at the end of the issuer is removed first.
    fn locate(self, issuer: &SourceUrl) -> String {
        let uri = issuer.uri();
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let path = uri.path();
        let path = path.strip_suffix('/').unwrap_or(path);
        match self {
            Self::OAuthAuthorizationServer => {
                format!("{scheme}://{authority}/.well-known/oauth-authorization-server{path}")
            }
            Self::OpenIdConfiguration => {
                format!("{scheme}://{authority}{path}/.well-known/openid-configuration")
            }
        }
    }
}

/// What is read of the metadata. A duplicate of either member is an error; the others are ignored.
#[derive(Deserialize)]
struct Metadata {
    issuer: Option<String>,
    jwks_uri: Option<String>,
}

/// Metadata documents have a few KiB.
pub(crate) const METADATA_OCTETS: usize = 64 * 1024;

/// How much of an unexpected issuer an error repeats.
const SHOWN_CHARACTERS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_documents_are_where_the_rfcs_say() {
        let rows = [
            (
                "https://as.example.com",
                "https://as.example.com/.well-known/oauth-authorization-server",
                "https://as.example.com/.well-known/openid-configuration",
            ),
            (
                "https://as.example.com/",
                "https://as.example.com/.well-known/oauth-authorization-server",
                "https://as.example.com/.well-known/openid-configuration",
            ),
            (
                "https://as.example.com:8443/realms/a",
                "https://as.example.com:8443/.well-known/oauth-authorization-server/realms/a",
                "https://as.example.com:8443/realms/a/.well-known/openid-configuration",
            ),
            (
                "https://as.example.com/realms/a/",
                "https://as.example.com/.well-known/oauth-authorization-server/realms/a",
                "https://as.example.com/realms/a/.well-known/openid-configuration",
            ),
        ];
        for (issuer, oauth, openid) in rows {
            for (well_known, expected) in [
                (WellKnown::OAuthAuthorizationServer, oauth),
                (WellKnown::OpenIdConfiguration, openid),
            ] {
                let discovery = Discovery::new(issuer, well_known, PlainHttp::Refuse).unwrap();
                assert_eq!(discovery.location().to_string(), expected);
            }
        }
    }

    #[test]
    fn an_issuer_identifier_is_an_https_url_without_query_and_fragment() {
        let rows = [
            ("http://as.example.com", UrlError::Insecure),
            ("http://127.0.0.1", UrlError::Insecure),
            ("https://as.example.com?tenant=a", UrlError::Query),
            ("https://as.example.com/?", UrlError::Query),
            ("https://as.example.com/#a", UrlError::Malformed),
            ("as.example.com", UrlError::Malformed),
            ("https://u@as.example.com", UrlError::UserInfo),
        ];
        for (issuer, expected) in rows {
            for well_known in [
                WellKnown::OAuthAuthorizationServer,
                WellKnown::OpenIdConfiguration,
            ] {
                let refused = Discovery::new(issuer, well_known, PlainHttp::Refuse);
                assert_eq!(refused.map(|_| ()), Err(expected), "{issuer}");
            }
        }
    }

    // rules: ATJWT-4-9 (both)
    #[test]
    fn atjwt_4_9_the_issuer_is_compared_octet_by_octet() {
        let rows = [
            "https://as.example.com/",
            "https://AS.example.com",
            "https://as.example.com:443",
            "http://as.example.com",
            "https://as.example.com.evil.example",
            " https://as.example.com",
            "",
        ];
        for found in rows {
            let document = format!(r#"{{"issuer":"{found}","jwks_uri":"https://a.example/"}}"#);
            assert_eq!(
                read(&document),
                Err(FetchError::IssuerMismatch {
                    configured: ISSUER.into(),
                    found: found.into(),
                })
            );
        }
        let long = "\u{e9}".repeat(1_000);
        assert_eq!(
            read(&format!(r#"{{"issuer":"{long}"}}"#)),
            Err(FetchError::IssuerMismatch {
                configured: ISSUER.into(),
                found: "\u{e9}".repeat(256),
            })
        );
    }

    #[test]
    fn bad_metadata_is_refused() {
        let bad = |error| Err(FetchError::BadMetadata(error));
        let issuer = format!(r#""issuer":"{ISSUER}""#);
        let rows = [
            (String::new(), bad(MetadataError::Malformed)),
            ("[]".into(), bad(MetadataError::Malformed)),
            ("<html>".into(), bad(MetadataError::Malformed)),
            (format!("{{{issuer}}} x"), bad(MetadataError::Malformed)),
            (
                format!("{{{issuer},{issuer}}}"),
                bad(MetadataError::Malformed),
            ),
            (
                format!(r#"{{{issuer},"jwks_uri":1}}"#),
                bad(MetadataError::Malformed),
            ),
            (
                format!(r#"{{{issuer},"jwks_uri":"https://a/","jwks_uri":"https://b/"}}"#),
                bad(MetadataError::Malformed),
            ),
            ("{}".into(), bad(MetadataError::NoIssuer)),
            (r#"{"issuer":null}"#.into(), bad(MetadataError::NoIssuer)),
            (format!("{{{issuer}}}"), bad(MetadataError::NoJwksUri)),
            (
                format!(r#"{{{issuer},"jwks_uri":"/jwks"}}"#),
                bad(MetadataError::JwksUri(UrlError::Malformed)),
            ),
            (
                format!(r#"{{{issuer},"jwks_uri":"https://u:p@a.example/"}}"#),
                bad(MetadataError::JwksUri(UrlError::UserInfo)),
            ),
            (
                format!(r#"{{{issuer},"jwks_uri":"http://a.example/"}}"#),
                Err(FetchError::InsecureUrl),
            ),
            (
                format!(r#"{{{issuer},"jwks_uri":"file:///etc/passwd"}}"#),
                bad(MetadataError::JwksUri(UrlError::Malformed)),
            ),
        ];
        for (document, expected) in rows {
            assert_eq!(read(&document), expected, "{document}");
        }
    }

    #[test]
    fn oa21_1_5_1_an_https_issuer_never_leads_to_http_even_under_the_dangerous_policy() {
        let document = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"http://127.0.0.1/jwks"}}"#);
        let discovery = Discovery::new(
            ISSUER,
            WellKnown::OAuthAuthorizationServer,
            PlainHttp::DangerAllowOnLoopback,
        );
        assert_eq!(
            discovery.unwrap().jwks_uri(document.as_bytes()),
            Err(FetchError::InsecureUrl)
        );
    }

    fn read(document: &str) -> Result<SourceUrl, FetchError> {
        Discovery::new(
            ISSUER,
            WellKnown::OAuthAuthorizationServer,
            PlainHttp::Refuse,
        )
        .unwrap()
        .jwks_uri(document.as_bytes())
    }

    const ISSUER: &str = "https://as.example.com";
}
