use alloc::string::String;
use core::fmt;

use crate::htu::{Parts, Scheme, UriError, normalize};
use crate::uri_path::push_path;

/// The origin that clients address, as configured: scheme, authority and perhaps a path prefix.
///
/// It stands for what the server cannot see: the scheme in front of a TLS terminator, the public name
/// behind a proxy, the prefix that a proxy has taken off. It never comes from a `Host` header alone.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin {
    scheme: Scheme,
    /// `scheme://host[:port][/prefix]` in normal form, without a slash at the end.
    text: String,
}

impl Origin {
    /// Reads `https://api.example.com`, `https://api.example.com:8443` or
    /// `https://api.example.com/prefix`.
    ///
    /// A prefix is put in front of the path that arrives. A lone `/` is no prefix.
    ///
    /// # Errors
    ///
    /// Those of [`normalize`], and [`UriError::NotAnOrigin`].
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let parts = Parts::split(text)?;
        if !parts.tail.is_empty() {
            return Err(UriError::NotAnOrigin);
        }
        let mut normal = String::with_capacity(text.len());
        parts.push_origin(&mut normal);
        if !matches!(parts.path, "" | "/") {
            parts.push_path(&mut normal)?;
            if normal.ends_with('/') {
                return Err(UriError::NotAnOrigin);
            }
        }
        Ok(Self {
            scheme: parts.scheme,
            text: normal,
        })
    }

    /// `http` or `https`.
    pub const fn scheme(&self) -> &'static str {
        self.scheme.as_str()
    }

    /// Whether clients send tokens in the clear to this origin.
    pub const fn is_plain_http(&self) -> bool {
        matches!(self.scheme, Scheme::Http)
    }

    /// The normal form, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The target URI of a request in normal form, without query (DPOP-4.3-9, RFC 9449 section 4.3).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct TargetUri(String);

impl TargetUri {
    /// Puts the origin in front of the path as it arrived: undecoded, up to the first `?` (PROJ-12).
    ///
    /// The path is normalised before the prefix is put in front of it, so its dot segments cannot
    /// climb out of the prefix and make the URI of a neighbour on the same host.
    ///
    /// # Errors
    ///
    /// Those of [`normalize_path`](crate::htu::normalize_path).
    pub fn new(origin: &Origin, raw_path: &str) -> Result<Self, UriError> {
        let length = origin.text.len().saturating_add(raw_path.len());
        let mut text = String::with_capacity(length);
        text.push_str(&origin.text);
        push_path(raw_path, &mut text)?;
        Ok(Self(text))
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme and authority, without any prefix: what a nonce is made for.
    pub fn origin(&self) -> &str {
        let after_scheme = self.0.find("://").map_or(0, |at| at.saturating_add(3));
        let authority = self.0.get(after_scheme..).unwrap_or_default();
        let length = authority.find('/').unwrap_or(authority.len());
        let end = after_scheme.saturating_add(length);
        self.0.get(..end).unwrap_or_default()
    }

    /// Whether the claim `htu` names this URI: both sides in normal form, compared octet by octet
    /// (DPOP-4.3-9 and -13).
    ///
    /// # Errors
    ///
    /// The claim has no normal form.
    pub fn matches_htu(&self, htu: &str) -> Result<bool, UriError> {
        Ok(normalize(htu)? == self.0)
    }
}

impl fmt::Display for TargetUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let rows: &[(&str, Result<&str, UriError>)] = &[
            ("https://api.example.com", Ok("https://api.example.com")),
            ("HTTPS://API.Example.com:443", Ok("https://api.example.com")),
            ("https://api.example.com/", Ok("https://api.example.com")),
            (
                "https://api.example.com:8443/",
                Ok("https://api.example.com:8443"),
            ),
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080")),
            ("https://[::1]:8443", Ok("https://[::1]:8443")),
            ("https://h/%7Esvc/v1", Ok("https://h/~svc/v1")),
            ("https://h/a/../svc", Ok("https://h/svc")),
            ("https://h/svc/", Err(UriError::NotAnOrigin)),
            ("https://h//", Err(UriError::NotAnOrigin)),
            ("https://h/svc/.", Err(UriError::NotAnOrigin)),
            ("https://h/svc/..", Err(UriError::NotAnOrigin)),
            ("https://h?", Err(UriError::NotAnOrigin)),
            ("https://h/svc?x", Err(UriError::NotAnOrigin)),
            ("https://h#", Err(UriError::NotAnOrigin)),
            ("api.example.com", Err(UriError::NotAbsolute)),
            ("https://u@h", Err(UriError::Userinfo)),
            ("https://h/s vc", Err(UriError::IllegalOctet)),
            ("https://*.example.com:x", Err(UriError::Port)),
            ("ws://h", Err(UriError::Scheme)),
        ];
        for (text, expected) in rows {
            let origin = Origin::parse(text);
            assert_eq!(
                origin.as_ref().map(Origin::as_str),
                expected.as_ref().copied(),
                "{text}"
            );
        }
    }

    #[test]
    fn plain_http_is_told_from_https() {
        let origin = Origin::parse("HTTP://h:443").unwrap();
        assert_eq!((origin.scheme(), origin.is_plain_http()), ("http", true));
        let origin = Origin::parse("https://h:80").unwrap();
        assert_eq!((origin.scheme(), origin.is_plain_http()), ("https", false));
    }

    // rules: DPOP-4.3-9 (both)
    #[test]
    fn the_target_uri_is_origin_prefix_and_raw_path() {
        let rows: &[(&str, &str, Result<&str, UriError>)] = &[
            ("https://h", "/", Ok("https://h/")),
            ("https://h/", "/a", Ok("https://h/a")),
            ("https://h", "/a/", Ok("https://h/a/")),
            ("https://h", "//a", Ok("https://h//a")),
            ("https://h", "/%7ea%2fb", Ok("https://h/~a%2Fb")),
            ("https://h/svc", "/", Ok("https://h/svc/")),
            ("https://h/svc", "/a/../b", Ok("https://h/svc/b")),
            // A neighbour on the same host is not to be named.
            ("https://h/svc", "/../other", Ok("https://h/svc/other")),
            ("https://h/svc", "/%2e%2e/%2e%2e", Ok("https://h/svc/")),
            // asterisk-form, authority-form, absolute-form: none of them is a path
            ("https://h", "*", Err(UriError::NotAPath)),
            ("https://h", "h:443", Err(UriError::NotAPath)),
            ("https://h", "https://h/a", Err(UriError::NotAPath)),
            ("https://h", "", Err(UriError::NotAPath)),
            // the query is no part of the path
            ("https://h", "/a?x", Err(UriError::IllegalOctet)),
            ("https://h", "/a#x", Err(UriError::IllegalOctet)),
            ("https://h", "/a%2", Err(UriError::Escape)),
            ("https://h", "/é", Err(UriError::NonAscii)),
        ];
        for (origin, path, expected) in rows {
            let target = TargetUri::new(&Origin::parse(origin).unwrap(), path);
            let text = target.as_ref().map(TargetUri::as_str);
            assert_eq!(text, expected.as_ref().copied(), "{origin} {path}");
        }
    }

    // rules: DPOP-4.3-9 (both), DPOP-4.3-13 (both)
    #[test]
    fn the_claim_is_compared_in_normal_form() {
        let origin = Origin::parse("https://rs.example/v1").unwrap();
        let target = TargetUri::new(&origin, "/%7ea").unwrap();
        let rows: &[(&str, Result<bool, UriError>)] = &[
            ("https://rs.example/v1/~a", Ok(true)),
            ("HTTPS://RS.Example:443/v1/%7Ea?x=1#f", Ok(true)),
            ("http://rs.example/v1/~a", Ok(false)),
            ("https://rs.example:8443/v1/~a", Ok(false)),
            ("https://rs.example./v1/~a", Ok(false)),
            ("https://rs.example/v1/~A", Ok(false)),
            ("https://rs.example/v1/~a/", Ok(false)),
            ("https://rs.example/v1//~a", Ok(false)),
            ("https://rs.example/~a", Ok(false)),
            ("https://evil.example/v1/~a", Ok(false)),
            ("/v1/~a", Err(UriError::NotAbsolute)),
            (
                "https://rs.example@evil.example/v1/~a",
                Err(UriError::Userinfo),
            ),
            ("", Err(UriError::NotAbsolute)),
        ];
        for (htu, expected) in rows {
            assert_eq!(target.matches_htu(htu), *expected, "{htu}");
        }
    }
}
