//! `htu`: the one normal form of an http(s) URI, for the claim and for the request alike
//! (DPOP-4.3-9 and -13, RFC 9449 section 4.3). `docs/htu.md` is the specification with examples.
//!
//! This is RFC 3986 section 6.2.2 and RFC 9110 section 4.2.3, and never a WHATWG URL parser. Such a
//! parser repairs: it drops userinfo and tabs, turns backslashes into slashes and guesses IPv4
//! addresses. A signed claim that needs repair is refused (PROJ-18).

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::net::Ipv6Addr;
use core::str::FromStr;

pub use crate::uri_path::normalize_path;
use crate::uri_path::{is_sub_delim, is_unreserved, normal_length, push_path};

/// The normal form of an absolute http(s) URI, without query and fragment (HTTP-4.2.3-1, RFC 9110
/// section 4.2.3). It is also what a client signs as `htu` (DPOP-4.2-8, RFC 9449 section 4.2).
///
/// Two URIs name the same target exactly if their normal forms are equal octet by octet. Text that is
/// normal already is borrowed; the function is idempotent and linear in the length.
///
/// Query and fragment are cut off unread: RFC 9449 has them ignored, so what they hold cannot matter
/// (DPOP-4.3-9).
///
/// # Errors
///
/// Whatever is not an absolute `http` or `https` URI of RFC 3986 with a host, and userinfo: see
/// [`UriError`].
pub fn normalize(uri: &str) -> Result<Cow<'_, str>, UriError> {
    let parts = Parts::split(uri)?;
    if parts.is_normal && normal_length(parts.path)? == parts.path.len() {
        // What follows the path is the query and the fragment.
        let end = uri.len().saturating_sub(parts.tail.len());
        return Ok(Cow::Borrowed(uri.get(..end).unwrap_or_default()));
    }
    let mut text = String::with_capacity(uri.len().saturating_add(1));
    parts.push_origin(&mut text);
    parts.push_path(&mut text)?;
    Ok(Cow::Owned(text))
}

/// Why text has no normal form. The first fault counts, read from the left.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum UriError {
    /// Not `scheme://...`: a relative reference, or a scheme without `//` (DPOP-4.3-9).
    NotAbsolute,
    /// A scheme, but neither `http` nor `https` (DPOP-4.3-9).
    Scheme,
    /// An `@` in the authority (HTTP-4.2.4-1, RFC 9110 section 4.2.4).
    Userinfo,
    /// No host (HTTP-4.2.2-1, RFC 9110 section 4.2.2).
    EmptyHost,
    /// An octet no host name may hold, a percent-encoding in the host, or no IPv6 address between the
    /// brackets (URI-3.2.2-1, RFC 3986 section 3.2.2).
    Host,
    /// Not a decimal number of at most 65535 after the colon (RFC 3986 section 3.2.3).
    Port,
    /// A path that does not begin with `/`.
    NotAPath,
    /// An octet above 127 in host or path: the sender must encode it (URI-3.2.2-1).
    NonAscii,
    /// An octet that no path may hold unencoded: controls, space and any of ``"#<>?[\]^`{|}``
    /// (RFC 3986 section 3.3).
    IllegalOctet,
    /// A `%` without two hexadecimal digits after it (RFC 3986 section 2.1).
    Escape,
    /// A configured origin with a query, a fragment, or a slash at the end of its prefix.
    NotAnOrigin,
}

impl UriError {
    /// A stable name, as in logs and in `tests/vectors/htu.json`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAbsolute => "not_absolute",
            Self::Scheme => "scheme",
            Self::Userinfo => "userinfo",
            Self::EmptyHost => "empty_host",
            Self::Host => "host",
            Self::Port => "port",
            Self::NotAPath => "not_a_path",
            Self::NonAscii => "non_ascii",
            Self::IllegalOctet => "illegal_octet",
            Self::Escape => "escape",
            Self::NotAnOrigin => "not_an_origin",
        }
    }
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "not an absolute URI",
            Self::Scheme => "the scheme is neither http nor https",
            Self::Userinfo => "the authority holds userinfo",
            Self::EmptyHost => "the host is empty",
            Self::Host => "the host is no plain name and no IP address",
            Self::Port => "the port is not a number from 0 to 65535",
            Self::NotAPath => "the path does not begin with a slash",
            Self::NonAscii => "an octet is outside ASCII",
            Self::IllegalOctet => "the path holds an octet that must be percent-encoded",
            Self::Escape => "a percent sign is not followed by two hexadecimal digits",
            Self::NotAnOrigin => {
                "an origin has no query, no fragment and no slash at the end of its prefix"
            }
        })
    }
}

impl core::error::Error for UriError {}

/// A URI split into its components before anything is decoded (URI-7.3-1, RFC 3986 section 7.3).
pub(crate) struct Parts<'u> {
    pub(crate) scheme: Scheme,
    host: &'u str,
    /// Digits without leading zeros; empty if there is no port or it is the scheme's own.
    port: &'u str,
    /// Empty or beginning with `/`; not checked further.
    pub(crate) path: &'u str,
    /// Query and fragment with their delimiters.
    pub(crate) tail: &'u str,
    /// Scheme and authority are written as the normal form has them.
    is_normal: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl<'u> Parts<'u> {
    pub(crate) fn split(uri: &'u str) -> Result<Self, UriError> {
        let (scheme_text, rest) = uri.split_once("://").ok_or(UriError::NotAbsolute)?;
        let scheme = Scheme::parse(scheme_text)?;
        let (authority, rest) = split_before(rest, &['/', '?', '#']);
        let (path, tail) = split_before(rest, &['?', '#']);

        // HTTP-4.2.4-1, RFC 9110 section 4.2.4: what stands before an `@` is there to mislead.
        if authority.contains('@') {
            return Err(UriError::Userinfo);
        }
        let (host, port_text) = split_authority(authority)?;
        check_host(host)?;
        let port = normal_port(port_text, scheme)?;
        Ok(Self {
            scheme,
            host,
            port,
            path,
            tail,
            is_normal: scheme_text == scheme.as_str()
                && !host.bytes().any(|octet| octet.is_ascii_uppercase())
                && port_text.unwrap_or_default() == port
                && (port_text.is_some() != port.is_empty())
                && !path.is_empty(),
        })
    }

    /// Appends `scheme://host[:port]`.
    pub(crate) fn push_origin(&self, text: &mut String) {
        text.push_str(self.scheme.as_str());
        text.push_str("://");
        // URI-6.2.2.1-1, RFC 3986 section 6.2.2.1: scheme and host have no case.
        text.extend(self.host.chars().map(|c| c.to_ascii_lowercase()));
        if !self.port.is_empty() {
            text.push(':');
            text.push_str(self.port);
        }
    }

    /// Appends the normal form of the path.
    pub(crate) fn push_path(&self, text: &mut String) -> Result<(), UriError> {
        match self.path {
            // URI-6.2.3-1, RFC 9110 section 4.2.3: the empty path is `/`.
            "" => {
                text.push('/');
                Ok(())
            }
            path => push_path(path, text),
        }
    }
}

impl Scheme {
    fn parse(text: &str) -> Result<Self, UriError> {
        if text.eq_ignore_ascii_case("https") {
            Ok(Self::Https)
        } else if text.eq_ignore_ascii_case("http") {
            Ok(Self::Http)
        } else if text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            Err(UriError::Scheme)
        } else {
            // A relative reference with `://` further on.
            Err(UriError::NotAbsolute)
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    const fn default_port(self) -> &'static str {
        match self {
            Self::Http => "80",
            Self::Https => "443",
        }
    }
}

/// Splits before the first of `delimiters`.
fn split_before<'t>(text: &'t str, delimiters: &[char]) -> (&'t str, &'t str) {
    let end = text.find(delimiters).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Splits into the host, an IPv6 address with its brackets, and what follows a colon.
fn split_authority(authority: &str) -> Result<(&str, Option<&str>), UriError> {
    if !authority.starts_with('[') {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    }
    let end = authority.find(']').ok_or(UriError::Host)?.saturating_add(1);
    match authority.split_at_checked(end) {
        Some((host, "")) => Ok((host, None)),
        Some((host, rest)) => match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None => Err(UriError::Host),
        },
        None => Err(UriError::Host),
    }
}

/// URI-3.2.2-1, RFC 3986 section 3.2.2, without its percent-encodings: those stand for names outside
/// ASCII, which a client writes as A-labels. Decoding `ex%61mple.com` would let a proof pass that no
/// resolver is sure to read the same way; A-6.
fn check_host(host: &str) -> Result<(), UriError> {
    if host.is_empty() {
        return Err(UriError::EmptyHost);
    }
    if let Some(address) = host.strip_prefix('[') {
        // No zone and no future version, neither of which has a place in an http URI.
        let address = address.strip_suffix(']').ok_or(UriError::Host)?;
        return Ipv6Addr::from_str(address)
            .map(|_| ())
            .map_err(|_| UriError::Host);
    }
    match host
        .bytes()
        .find(|octet| !is_unreserved(*octet) && !is_sub_delim(*octet))
    {
        None => Ok(()),
        Some(octet) if octet.is_ascii() => Err(UriError::Host),
        Some(_) => Err(UriError::NonAscii),
    }
}

/// The digits without leading zeros, nothing for an absent, empty or default port
/// (URI-6.2.3-1, RFC 9110 section 4.2.3; A-2: ports are numbers).
fn normal_port(text: Option<&str>, scheme: Scheme) -> Result<&str, UriError> {
    let text = text.unwrap_or_default();
    if !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(UriError::Port);
    }
    let digits = match text.trim_start_matches('0') {
        "" if !text.is_empty() => "0",
        digits => digits,
    };
    if digits.is_empty() || digits == scheme.default_port() {
        return Ok("");
    }
    u16::from_str(digits)
        .map(|_| digits)
        .map_err(|_| UriError::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[(&str, Result<&str, UriError>)]) {
        for (uri, expected) in rows {
            let normal = normalize(uri);
            assert_eq!(
                normal.as_deref().map_err(|error| *error),
                *expected,
                "{uri:?}"
            );
        }
    }

    // rules: URI-6.2.2.1-1 (both)
    #[test]
    fn scheme_and_host_have_no_case_and_a_path_has() {
        check(&[
            ("HTTPS://Rs.EXAMPLE/A", Ok("https://rs.example/A")),
            ("https://rs.example/a", Ok("https://rs.example/a")),
            ("https://[2001:DB8::A]/", Ok("https://[2001:db8::a]/")),
            ("https://h/%c3%a9", Ok("https://h/%C3%A9")),
        ]);
    }

    // rules: URI-6.2.2.2-1 (both), URI-2.4-1 (both)
    #[test]
    fn only_what_needs_no_escape_is_decoded_and_only_once() {
        check(&[
            ("https://h/%7Ea%41", Ok("https://h/~aA")),
            ("https://h/a%2fb", Ok("https://h/a%2Fb")),
            ("https://h/a%2Bb", Ok("https://h/a%2Bb")),
            ("https://h/%2541", Ok("https://h/%2541")),
            ("https://h/%25%34%31", Ok("https://h/%2541")),
            ("https://h/%252e%252e/a", Ok("https://h/%252e%252e/a")),
        ]);
    }

    // rules: URI-6.2.2.3-1 (both)
    #[test]
    fn dot_segments_go_after_decoding_and_empty_segments_stay() {
        check(&[
            ("https://h/a/./b/../c", Ok("https://h/a/c")),
            ("https://h/%2e%2E/x/%2e", Ok("https://h/x/")),
            ("https://h/a//b", Ok("https://h/a//b")),
            ("https://h/a//../b", Ok("https://h/a/b")),
            ("https://h/..%2Fa/...", Ok("https://h/..%2Fa/...")),
        ]);
    }

    // rules: URI-6.2.3-1 (both), HTTP-4.2.3-1 (positive)
    #[test]
    fn the_own_port_goes_and_an_empty_path_is_a_slash() {
        check(&[
            ("https://h:443", Ok("https://h/")),
            ("https://h:?q", Ok("https://h/")),
            ("http://h:00080/a", Ok("http://h/a")),
            ("http://h:443/a", Ok("http://h:443/a")),
            ("https://h:0/", Ok("https://h:0/")),
            ("https://h:65534/", Ok("https://h:65534/")),
            ("https://h:65535/", Ok("https://h:65535/")),
            ("https://h:65536/", Err(UriError::Port)),
            ("https://h:+1/", Err(UriError::Port)),
            ("https://h/a/", Ok("https://h/a/")),
        ]);
    }

    // rules: URI-7.3-1 (negative)
    #[test]
    fn an_encoded_delimiter_delimits_nothing() {
        check(&[
            ("https://h/a%3Fb%23c%40d", Ok("https://h/a%3Fb%23c%40d")),
            ("https://rs.example%2F@evil/", Err(UriError::Userinfo)),
            ("https://rs.example%2F.evil/", Err(UriError::Host)),
            ("https://rs.example%3A443/", Err(UriError::Host)),
        ]);
    }

    // rules: HTTP-4.2.4-1 (both), HTTP-4.2.2-1 (negative), URI-3.2.2-1 (both)
    #[test]
    fn a_host_is_plain_ascii_and_alone() {
        check(&[
            ("https://h/@a", Ok("https://h/@a")),
            ("https://rs@evil/", Err(UriError::Userinfo)),
            ("https:///a", Err(UriError::EmptyHost)),
            ("https://:443/a", Err(UriError::EmptyHost)),
            ("http://h/a", Ok("http://h/a")),
            (
                "https://xn--bcher-kva.example/",
                Ok("https://xn--bcher-kva.example/"),
            ),
            ("https://bücher.example/", Err(UriError::NonAscii)),
            ("https://b%C3%BCcher.example/", Err(UriError::Host)),
        ]);
    }

    // rules: PROJ-18 (both)
    #[test]
    fn nothing_is_repaired() {
        check(&[
            ("https://127.1/a", Ok("https://127.1/a")),
            ("https://h\\a", Err(UriError::Host)),
            ("https:h/a", Err(UriError::NotAbsolute)),
            ("https:/h/a", Err(UriError::NotAbsolute)),
            ("\thttps://h/a", Err(UriError::NotAbsolute)),
            ("https://ex%61mple.com/", Err(UriError::Host)),
            ("https://h/a\t", Err(UriError::IllegalOctet)),
            ("https://h/a|b", Err(UriError::IllegalOctet)),
            ("https://h/é", Err(UriError::NonAscii)),
            ("https://h/a%zz", Err(UriError::Escape)),
            ("wss://h/a", Err(UriError::Scheme)),
        ]);
    }

    #[test]
    fn what_is_normal_is_borrowed_even_before_a_query() {
        let normal = normalize("https://h:8443/%C3%A9/~a?q=%zz#f");
        assert!(matches!(
            normal,
            Ok(Cow::Borrowed("https://h:8443/%C3%A9/~a"))
        ));
        assert!(matches!(
            normalize_path("/a//b;c"),
            Ok(Cow::Borrowed("/a//b;c"))
        ));
    }
}
