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
