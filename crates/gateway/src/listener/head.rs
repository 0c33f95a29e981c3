use core::error::Error;
use core::fmt;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};

use crate::proxy::Body;

/// Why a request goes no further than its head. None of these depends on a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum HeadError {
    /// No `Host`, more than one, or one that is no authority (HTTP-9112-3.2-1, RFC 9112
    /// section 3.2).
    Host,
    /// `Host` and `:authority` differ (HTTP-9113-8.3.1-1, RFC 9113 section 8.3.1).
    AuthorityMismatch,
    /// The request target is neither a path nor an http(s) URI (RFC 9112 section 3.2).
    Target,
    /// `CONNECT` or `TRACE`, which would go around a reverse proxy or echo credentials.
    Method,
    /// An upgrade that is not known here, `h2c` first of all: what follows it would go unchecked
    /// (WS-6, RFC 9110 section 7.8).
    Upgrade,
    /// A WebSocket, which is known and not supported yet.
    WebSocket,
    /// A header list above the limit (CC-3.2-1, RFC 9440 section 3.2; RFC 6585 section 5).
    TooLarge,
    /// Two framings at once, the raw material of request smuggling (RFC 9112 section 6.1).
    Framing,
}

impl HeadError {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Host,
        Self::AuthorityMismatch,
        Self::Target,
        Self::Method,
        Self::Upgrade,
        Self::WebSocket,
        Self::TooLarge,
        Self::Framing,
    ];

    /// The status that tells the client.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::AuthorityMismatch | Self::Target | Self::Upgrade | Self::Framing => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Method | Self::WebSocket => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// A stable word for logs and metrics.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Host => "head_host_malformed",
            Self::AuthorityMismatch => "head_authority_mismatch",
            Self::Target => "head_target_form",
            Self::Method => "head_method",
            Self::Upgrade => "head_upgrade",
            Self::WebSocket => "head_websocket",
            Self::TooLarge => "head_too_large",
            Self::Framing => "head_framing",
        }
    }

    /// The whole answer.
    pub(crate) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "the request needs exactly one valid Host",
            Self::AuthorityMismatch => "Host and :authority differ",
            Self::Target => "the request target is not supported",
            Self::Method => "the method is not supported",
            Self::Upgrade => "the upgrade is not supported",
            Self::WebSocket => "WebSocket is not supported",
            Self::TooLarge => "the header section is too large",
            Self::Framing => "both Transfer-Encoding and Content-Length",
        })
    }
}

impl Error for HeadError {}

/// Checks what must hold of any request before someone looks at what it asks for. hyper has checked
/// the grammar.
///
/// # Errors
///
/// Everything in [`HeadError`].
pub(crate) fn check_head<B>(
    request: &Request<B>,
    max_header_bytes: usize,
) -> Result<(), HeadError> {
    check_size(request, max_header_bytes)?;
    check_method(request.method())?;
    check_target(request)?;
    check_host(request)?;
    check_framing(request.headers())?;
    check_upgrade(request)
}

/// The size of an HTTP/2 header list (RFC 9113 section 6.5.2). The parser of HTTP/1.1 has counted
/// for itself; that of HTTP/2 has a limit a little above this one, and its answer has no `Date`.
fn check_size<B>(request: &Request<B>, max_header_bytes: usize) -> Result<(), HeadError> {
    if request.version() != Version::HTTP_2 {
        return Ok(());
    }
    let uri = request.uri();
    let path = uri.path_and_query().map(PathAndQuery::as_str);
    let pseudo = [
        (":method", Some(request.method().as_str())),
        (":scheme", uri.scheme_str()),
        (":authority", uri.authority().map(Authority::as_str)),
        (":path", path),
    ];
    let pseudo = pseudo
        .iter()
        .filter_map(|(name, value)| value.map(|value| (name.len(), value.len())));
    let fields = request.headers().iter();
    let size = fields
        .map(|(name, value)| (name.as_str().len(), value.len()))
        .chain(pseudo)
        .map(|(name, value)| name.saturating_add(value).saturating_add(FIELD_OVERHEAD))
        .fold(0, usize::saturating_add);
    if size > max_header_bytes {
        return Err(HeadError::TooLarge);
    }
    Ok(())
}

fn check_method(method: &Method) -> Result<(), HeadError> {
    // WS-3: no tunnel is made, with or without `:protocol`.
    if method == Method::CONNECT || method == Method::TRACE {
        return Err(HeadError::Method);
    }
    Ok(())
}

/// `*` names no resource that a route could protect (HTTP-9.3.7-1, RFC 9110 section 9.3.7).
fn check_target<B>(request: &Request<B>) -> Result<(), HeadError> {
    let uri = request.uri();
    let scheme = uri.scheme();
    if !uri.path().starts_with('/')
        || scheme.is_some_and(|scheme| *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS)
    {
        return Err(HeadError::Target);
    }
    Ok(())
}

fn check_host<B>(request: &Request<B>) -> Result<(), HeadError> {
    let mut lines = request.headers().get_all(HOST).iter();
    let host = lines.next();
    if lines.next().is_some() {
        return Err(HeadError::Host);
    }
    let in_target = request.uri().authority();
    match (host, in_target) {
        (None, None) if request.version() == Version::HTTP_10 => return Ok(()),
        (None, None) => return Err(HeadError::Host),
        // RFC 9112 section 3.2: HTTP/1.1 needs the line even where the target has the authority.
        (None, Some(_)) if request.version() == Version::HTTP_11 => return Err(HeadError::Host),
        _ => {}
    }
    let host = match host {
        Some(value) => Some(authority(value.as_bytes())?),
        None => None,
    };
    if let Some(in_target) = in_target {
        let in_target = authority(in_target.as_str().as_bytes())?;
        if request.version() == Version::HTTP_2 && host.is_some_and(|host| host != in_target) {
            return Err(HeadError::AuthorityMismatch);
        }
    }
    Ok(())
}

/// An authority without userinfo (HTTP-4.2.4-1, RFC 9110 section 4.2.4).
fn authority(octets: &[u8]) -> Result<Authority, HeadError> {
    match Authority::try_from(octets) {
        Ok(authority) if !octets.contains(&b'@') && !authority.host().is_empty() => Ok(authority),
        _ => Err(HeadError::Host),
    }
}

/// hyper frames by `Transfer-Encoding`, drops a `Content-Length` beside it and closes the
/// connection after the answer. Should both arrive here all the same, nobody guesses.
fn check_framing(headers: &HeaderMap) -> Result<(), HeadError> {
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(HeadError::Framing);
    }
    Ok(())
}

fn check_upgrade<B>(request: &Request<B>) -> Result<(), HeadError> {
    // RFC 9110 section 7.8: ignored in HTTP/1.0, malformed in HTTP/2, where it never gets here.
    if request.version() != Version::HTTP_11 {
        return Ok(());
    }
    let mut answer = Ok(());
    for value in request.headers().get_all(UPGRADE) {
        for protocol in value.as_bytes().split(|octet| *octet == b',') {
            if !protocol.trim_ascii().eq_ignore_ascii_case(b"websocket") {
                return Err(HeadError::Upgrade);
            }
            answer = Err(HeadError::WebSocket);
        }
    }
    answer
}

const FIELD_OVERHEAD: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        version: Version,
        method: &str,
        target: &str,
        lines: &[(&str, &str)],
    ) -> Result<(), HeadError> {
        let mut request = Request::builder()
            .version(version)
            .method(method)
            .uri(target);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        check_head(&request.body(()).unwrap(), 8192)
    }

    #[test]
    fn host_is_there_once_and_is_an_authority() {
        let host = ("host", "api.example.com");
        for (version, target, lines, expected) in [
            (Version::HTTP_11, "/", &[host][..], Ok(())),
            (Version::HTTP_11, "/", &[("host", "[::1]:8080")], Ok(())),
            (Version::HTTP_11, "http://x.example/", &[host], Ok(())),
            (Version::HTTP_10, "/", &[], Ok(())),
            (Version::HTTP_2, "https://api.example.com/", &[], Ok(())),
            (Version::HTTP_2, "https://API.example.com/", &[host], Ok(())),
            (Version::HTTP_11, "/", &[], Err(HeadError::Host)),
            (
                Version::HTTP_11,
                "http://x.example/",
                &[],
                Err(HeadError::Host),
            ),
            (Version::HTTP_11, "/", &[host, host], Err(HeadError::Host)),
            (Version::HTTP_10, "/", &[host, host], Err(HeadError::Host)),
            (
                Version::HTTP_2,
                "https://api.example.com/",
                &[host, host],
                Err(HeadError::Host),
            ),
            (Version::HTTP_2, "/", &[], Err(HeadError::Host)),
            (Version::HTTP_11, "/", &[("host", "")], Err(HeadError::Host)),
            (
                Version::HTTP_11,
                "/",
                &[("host", ":80")],
                Err(HeadError::Host),
            ),
            (
                Version::HTTP_11,
                "/",
                &[("host", "a b")],
                Err(HeadError::Host),
            ),
            (
                Version::HTTP_11,
                "/",
                &[("host", "a, b")],
                Err(HeadError::Host),
            ),
            (
                Version::HTTP_11,
                "/",
                &[("host", "a/b")],
                Err(HeadError::Host),
            ),
            (
                Version::HTTP_11,
                "/",
                &[("host", "u@api.example.com")],
                Err(HeadError::Host),
            ),
            (
                Version::HTTP_11,
                "http://u@x.example/",
                &[host],
                Err(HeadError::Host),
            ),
            (
                Version::HTTP_2,
                "https://x.example/",
                &[host],
                Err(HeadError::AuthorityMismatch),
            ),
        ] {
            assert_eq!(
                check(version, "GET", target, lines),
                expected,
                "{target} {lines:?}"
            );
        }
    }

    #[test]
    fn only_a_path_or_an_http_uri_is_a_target() {
        for (method, target, expected) in [
            ("GET", "/a%2Fb?c", Ok(())),
            ("OPTIONS", "/", Ok(())),
            ("QUERY", "/", Ok(())),
            ("OPTIONS", "*", Err(HeadError::Target)),
            ("GET", "ftp://api.example.com/", Err(HeadError::Target)),
            ("CONNECT", "api.example.com:443", Err(HeadError::Method)),
            ("CONNECT", "/", Err(HeadError::Method)),
            ("TRACE", "/", Err(HeadError::Method)),
        ] {
            let lines = [("host", "api.example.com")];
            assert_eq!(
                check(Version::HTTP_11, method, target, &lines),
                expected,
                "{target}"
            );
        }
    }

    #[test]
    fn no_upgrade_and_no_double_framing_gets_past_ws_6() {
        for (version, name, value, expected) in [
            (Version::HTTP_11, "upgrade", "h2c", Err(HeadError::Upgrade)),
            (
                Version::HTTP_11,
                "upgrade",
                "TLS/1.0",
                Err(HeadError::Upgrade),
            ),
            (
                Version::HTTP_11,
                "upgrade",
                "websocket, h2c",
                Err(HeadError::Upgrade),
            ),
            (Version::HTTP_11, "upgrade", "", Err(HeadError::Upgrade)),
            (
                Version::HTTP_11,
                "upgrade",
                "WebSocket",
                Err(HeadError::WebSocket),
            ),
            (Version::HTTP_10, "upgrade", "h2c", Ok(())),
            (
                Version::HTTP_11,
                "transfer-encoding",
                "chunked",
                Err(HeadError::Framing),
            ),
        ] {
            let lines = [("host", "a"), ("content-length", "0"), (name, value)];
            assert_eq!(
                check(version, "GET", "/", &lines),
                expected,
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn each_error_has_its_code_and_its_status() {
        let told = HeadError::ALL.map(|error| (error.code(), error.status().as_u16()));
        assert_eq!(
            told,
            [
                ("head_host_malformed", 400),
                ("head_authority_mismatch", 400),
                ("head_target_form", 400),
                ("head_method", 501),
                ("head_upgrade", 400),
                ("head_websocket", 501),
                ("head_too_large", 431),
                ("head_framing", 400),
            ]
        );
    }
}
