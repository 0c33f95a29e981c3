//! The listener by itself, and what peers do to it.

use core::future::{Ready, ready};

use http::{Request, Response};
use hyper::body::Incoming;

use super::Peer;
use crate::proxy::Body;

mod http2;
mod limits;
mod lives;
mod tls;

/// Answers each request with its target.
fn echo(_peer: &Peer) -> impl Fn(Request<Incoming>) -> Ready<Response<Body>> + Clone + use<> {
    |request: Request<Incoming>| ready(Response::new(Body::full(request.uri().to_string())))
}
