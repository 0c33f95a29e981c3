use std::collections::HashMap;
use std::error::Error;
use std::fmt;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Version};
use keybound::{Origin, Reason};

/// What arrives as the authority of a request, and what clients sign for it.
///
/// The map is configuration and nothing else: `Host` is routing data that whoever sends the request
/// chooses (HTTP-7.1-1 and HTTP-7.2-1, RFC 9110 sections 7.1 and 7.2). Forwarding headers are not
/// read.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    origins: HashMap<Box<str>, Origin>,
}

impl Authorities {
    /// A map without an entry: every request is answered 421.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves an authority such as `api.internal:8080`, for which clients sign `origin`. Case does
    /// not matter. An authority without a port is also known by the default port of its origin. One
    /// that is there already is replaced.
    ///
    /// # Errors
    ///
    /// The origin is plain http: DPoP is no replacement for TLS (DPOP-2-1, RFC 9449 section 2). A
    /// listener without TLS behind a terminator is no such case: clients sign `https` there.
    pub fn with(self, authority: &str, origin: Origin) -> Result<Self, PlainHttpOrigin> {
        match origin.is_plain_http() {
            true => Err(PlainHttpOrigin(())),
            false => Ok(self.danger_with_any_scheme(authority, origin)),
        }
    }

    /// As [`with`](Self::with), for an origin that clients send tokens to in the clear. For
    /// development on loopback.
    #[must_use]
    pub fn danger_with_any_scheme(mut self, authority: &str, origin: Origin) -> Self {
        self.origins
            .insert(authority.to_ascii_lowercase().into(), origin);
        self
    }

    /// Finds the origin of a request.
    ///
    /// # Errors
    ///
    /// [`Reason::HostMalformed`], [`Reason::AuthorityMismatch`] or [`Reason::AuthorityUnknown`].
    pub(crate) fn origin_of(&self, head: &Parts) -> Result<&Origin, Reason> {
        let host = host(&head.headers)?;
        // HTTP-9112-3.2.2-1, RFC 9112 section 3.2.2: an absolute target wins over Host.
        // HTTP-9113-8.3.1-1, RFC 9113 section 8.3.1: so does :authority, which Host must not
        // contradict.
        let authority = match (head.uri.authority().map(http::uri::Authority::as_str), host) {
            (Some(authority), Some(host)) if head.version >= Version::HTTP_2 => {
                match self.same(authority, host) {
                    true => authority,
                    false => return Err(Reason::AuthorityMismatch),
                }
            }
            // HTTP-9112-3.2-1, RFC 9112 section 3.2: an absolute target does not stand in for it.
            (_, None) if head.version == Version::HTTP_11 => return Err(Reason::HostMalformed),
            (Some(authority), _) => authority,
            (None, Some(host)) => host,
            (None, None) => return Err(Reason::HostMalformed),
        };
        check_shape(authority)?;
        self.find(authority).ok_or(Reason::AuthorityUnknown)
    }

    fn find(&self, authority: &str) -> Option<&Origin> {
        // What clients send is in lower case already.
        if let Some(origin) = self.origins.get(authority) {
            return Some(origin);
        }
        let authority = authority.to_ascii_lowercase();
        self.origins
            .get(authority.as_str())
            .or_else(|| self.find_without_default_port(&authority))
    }

    /// RFC 9110 section 4.2.3: the default port may be written or left out.
    fn find_without_default_port(&self, authority: &str) -> Option<&Origin> {
        let (host, plain_http) = match authority.strip_suffix(":443") {
            Some(host) => (host, false),
            None => (authority.strip_suffix(":80")?, true),
        };
        let origin = self.origins.get(host)?;
        (origin.is_plain_http() == plain_http).then_some(origin)
    }

    /// Whether two authorities are the same after scheme-based normalisation.
    fn same(&self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other)
            || matches!((self.find(one), self.find(other)), (Some(a), Some(b)) if a == b)
    }
}

/// An origin that clients would send tokens to in the clear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PlainHttpOrigin(());

impl fmt::Display for PlainHttpOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the origin is plain http, where tokens travel in the clear; name the https origin \
             that clients use, even if TLS ends in front of this service",
        )
    }
}

impl Error for PlainHttpOrigin {}

/// HTTP-9112-3.2-1, RFC 9112 section 3.2: one `Host` at most, of printable ASCII.
fn host(headers: &HeaderMap) -> Result<Option<&str>, Reason> {
    let mut lines = headers.get_all(HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(line), None) => match line.to_str() {
            Ok(host) => Ok(Some(host)),
            Err(_) => Err(Reason::HostMalformed),
        },
        (Some(_), Some(_)) => Err(Reason::HostMalformed),
    }
}

/// No user information, list, path or space: an authority that is none is malformed and not
/// merely unknown (HTTP-4.2.4-1, RFC 9110 section 4.2.4).
fn check_shape(authority: &str) -> Result<(), Reason> {
    let allowed =
        |octet: u8| octet.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+;=".contains(&octet);
    match !authority.is_empty() && authority.bytes().all(allowed) {
        true => Ok(()),
        false => Err(Reason::HostMalformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn authorities() -> Authorities {
        let origin = |text| Origin::parse(text).unwrap();
        Authorities::new()
            .with("api.example.com", origin("https://api.example.com"))
            .and_then(|map| map.with("api.internal:8080", origin("https://api.example.com")))
            .and_then(|map| map.with("other.example.com", origin("https://other.example.com/v1")))
            .unwrap()
            .danger_with_any_scheme("[::1]", origin("http://[::1]"))
    }

    fn outcome(uri: &str, version: Version, hosts: &[&str]) -> Result<String, Reason> {
        let mut request = Request::builder().uri(uri).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let authorities = authorities();
        authorities
            .origin_of(&head)
            .map(|origin| origin.as_str().to_owned())
    }

    #[test]
    fn dpop_2_1_refuses_a_plain_http_origin_unless_danger_is_spelled() {
        let origin = Origin::parse("http://api.example.com").unwrap();
        let refused = Authorities::new().with("api.example.com", origin).err();
        assert_eq!(refused, Some(PlainHttpOrigin(())));
    }

    #[test]
    fn what_is_named_last_holds_with_and_without_the_default_port() {
        let origin = |text| Origin::parse(text).unwrap();
        let authorities = Authorities::new()
            .danger_with_any_scheme("A.example", origin("https://one.example"))
            .danger_with_any_scheme("a.example", origin("https://two.example"))
            .danger_with_any_scheme("b.example:443", origin("https://three.example"));
        for (authority, expected) in [
            ("a.example", Some("https://two.example")),
            ("a.example:443", Some("https://two.example")),
            ("A.EXAMPLE:443", Some("https://two.example")),
            ("a.example:80", None),
            ("b.example:443", Some("https://three.example")),
            ("b.example", None),
        ] {
            assert_eq!(
                authorities.find(authority).map(Origin::as_str),
                expected,
                "{authority}"
            );
        }
    }

    #[test]
    fn http_7_1_1_accepts_configured_authorities() {
        for host in [
            "api.example.com",
            "API.Example.com",
            "api.example.com:443",
            "api.internal:8080",
        ] {
            let expected = Ok("https://api.example.com".to_owned());
            assert_eq!(outcome("/a", Version::HTTP_11, &[host]), expected, "{host}");
        }
        assert_eq!(
            outcome("/", Version::HTTP_11, &["[::1]:80"]),
            Ok("http://[::1]".into())
        );
    }

    #[test]
    fn http_7_2_1_refuses_authorities_that_are_not_configured() {
        for host in [
            "evil.example.com",
            "api.example.com.",
            "api.example.com:80",
            "api.example.com:8443",
            "api.internal",
            "[::1]:443",
        ] {
            let expected = Err(Reason::AuthorityUnknown);
            assert_eq!(outcome("/a", Version::HTTP_11, &[host]), expected, "{host}");
        }
    }

    #[test]
    fn http_9112_3_2_1_refuses_no_host_two_hosts_and_hosts_that_are_none() {
        let rows: &[&[&str]] = &[
            &[],
            &["api.example.com", "api.example.com"],
            &[""],
            &["user@api.example.com"],
            &["api.example.com,other.example.com"],
            &["api.example.com/"],
            &["api example.com"],
        ];
        for hosts in rows {
            let expected = Err(Reason::HostMalformed);
            assert_eq!(
                outcome("/a", Version::HTTP_11, hosts),
                expected,
                "{hosts:?}"
            );
        }
    }

    #[test]
    fn http_9112_3_2_2_1_accepts_an_absolute_target_over_host() {
        let absolute = "https://other.example.com/a";
        let expected = Ok("https://other.example.com/v1".to_owned());
        assert_eq!(
            outcome(absolute, Version::HTTP_11, &["api.example.com"]),
            expected
        );
    }

    #[test]
    fn http_9112_3_2_1_refuses_an_absolute_target_without_host() {
        let absolute = "https://other.example.com/a";
        assert_eq!(
            outcome(absolute, Version::HTTP_11, &[]),
            Err(Reason::HostMalformed)
        );
        // HTTP/1.0 had no Host.
        let expected = Ok("https://other.example.com/v1".to_owned());
        assert_eq!(outcome(absolute, Version::HTTP_10, &[]), expected);
    }

    #[test]
    fn http_9113_8_3_1_1_refuses_a_host_that_contradicts_the_authority() {
        let authority = "https://api.example.com/a";
        for (hosts, expected) in [
            (&[][..], Ok("https://api.example.com".to_owned())),
            (
                &["api.example.com:443"],
                Ok("https://api.example.com".to_owned()),
            ),
            (&["other.example.com"], Err(Reason::AuthorityMismatch)),
            (&["evil.example.com"], Err(Reason::AuthorityMismatch)),
        ] {
            assert_eq!(
                outcome(authority, Version::HTTP_2, hosts),
                expected,
                "{hosts:?}"
            );
        }
    }
}
