use std::error::Error;
use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Uri, Version};

/// The head of a captured request, as it stood on the wire or as a tool prints it: request line,
/// header fields, and perhaps an empty line and a body, which is not looked at.
pub(crate) struct Capture(Parts);

impl Capture {
    /// Reads a text. Lines may end with LF alone, and with white space.
    ///
    /// # Errors
    ///
    /// Everything in [`CaptureError`].
    pub(crate) fn parse(text: &str) -> Result<Self, CaptureError> {
        let mut lines = text.lines();
        let mut request = request_line(lines.next().unwrap_or_default())?;
        for (index, line) in lines.enumerate() {
            if line.trim().is_empty() {
                break;
            }
            let malformed = || CaptureError::Field { line: index + 2 };
            let (name, value) = line.split_once(':').ok_or_else(malformed)?;
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed())?;
            let value = HeaderValue::from_str(value.trim()).map_err(|_| malformed())?;
            request.headers_mut().append(name, value);
        }
        Ok(Self(request.into_parts().0))
    }

    pub(crate) const fn head(&self) -> &Parts {
        &self.0
    }
}

fn request_line(line: &str) -> Result<Request<()>, CaptureError> {
    let mut words = line.split_ascii_whitespace();
    let (method, target, version) = (words.next(), words.next(), words.next());
    let mut request = Request::new(());
    *request.method_mut() = method
        .and_then(|method| Method::from_bytes(method.as_bytes()).ok())
        .ok_or(CaptureError::RequestLine)?;
    *request.uri_mut() = target
        .and_then(|target| target.parse::<Uri>().ok())
        .ok_or(CaptureError::RequestLine)?;
    *request.version_mut() = match version {
        Some("HTTP/1.0") => Version::HTTP_10,
        Some("HTTP/2" | "HTTP/2.0") => Version::HTTP_2,
        Some("HTTP/1.1") | None => Version::HTTP_11,
        Some(_) => return Err(CaptureError::RequestLine),
    };
    match words.next() {
        None => Ok(request),
        Some(_) => Err(CaptureError::RequestLine),
    }
}

/// Why a text is no request. Nothing of it is repeated, since it holds credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CaptureError {
    /// The first line is not a method, a target and perhaps a version.
    RequestLine,
    /// A line is not a header field.
    Field {
        /// Counted from 1.
        line: usize,
    },
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestLine => f.write_str(
                "line 1 is not a request line: a method, a target and perhaps a version, such as \
                 `GET /orders HTTP/1.1`",
            ),
            Self::Field { line } => {
                write!(
                    f,
                    "line {line} is not a header field such as `Host: api.example.com`"
                )
            }
        }
    }
}

impl Error for CaptureError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_as_tools_print_it_is_read() {
        let text = "GET /a?x=1 HTTP/1.1\r\nHost: api.example.com\r\nDPoP:  a.b.c \r\nDPoP: d\r\n\r\nbody: x";
        let capture = Capture::parse(text).unwrap();
        let head = capture.head();
        assert_eq!(head.method, Method::GET);
        assert_eq!(head.uri, "/a?x=1");
        let values: Vec<_> = head.headers.get_all("dpop").iter().collect();
        assert_eq!(values, ["a.b.c", "d"]);
        assert!(!head.headers.contains_key("body"));
    }

    #[test]
    fn what_is_no_request_is_refused_by_line() {
        let rows = [
            ("", CaptureError::RequestLine),
            ("GET", CaptureError::RequestLine),
            ("GET /a HTTP/3", CaptureError::RequestLine),
            ("GET /a HTTP/1.1 x", CaptureError::RequestLine),
            ("G@T /a", CaptureError::RequestLine),
            ("GET /a\nHost", CaptureError::Field { line: 2 }),
            ("GET /a\nHost: a\nb c: d", CaptureError::Field { line: 3 }),
            ("GET /a\nHost: a\u{7f}", CaptureError::Field { line: 2 }),
        ];
        for (text, expected) in rows {
            assert_eq!(Capture::parse(text).err(), Some(expected), "{text:?}");
        }
    }
}
