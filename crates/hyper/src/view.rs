use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use keybound::{FieldLines, PeerCertificate, RequestView, TargetUri};

use crate::decision::DPOP;

/// What the rules look at in a request. Nothing is judged here, and nothing but the header section is
/// read: trailers are no headers (HTTP-5.3-2, RFC 9110 section 5.3).
pub fn view<'r>(
    head: &'r Parts,
    target: &'r TargetUri,
    certificate: PeerCertificate,
) -> RequestView<'r> {
    RequestView {
        method: head.method.as_str(),
        target,
        query: head.uri.query(),
        authorization: lines(&head.headers, &AUTHORIZATION),
        dpop: lines(&head.headers, &DPOP),
        certificate,
    }
}

fn lines<'h>(headers: &'h HeaderMap, name: &HeaderName) -> FieldLines<'h> {
    FieldLines::collect(headers.get_all(name).iter().map(HeaderValue::as_bytes))
}
