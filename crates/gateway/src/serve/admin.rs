//! The administration endpoint: whether the process lives, and its numbers. It says nothing that a
//! request could be made with, and is bound to an address of its own.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use keybound_replay::MemoryStore;
use keybound_sources::IssuerKeys;

use super::HandlerFuture;
use super::metrics::Metrics;
use crate::config::HttpSettings;
use crate::listener::HeadError;
use crate::proxy::Body;

/// What the endpoint shows.
pub(super) struct Admin {
    pub(super) metrics: Arc<Metrics>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) issuers: Vec<(String, IssuerKeys)>,
}

impl Admin {
    /// Makes the handler of one connection.
    pub(super) fn handler(
        self: &Arc<Self>,
    ) -> impl Fn(Result<Request<Incoming>, HeadError>) -> HandlerFuture
    + Clone
    + Send
    + Sync
    + 'static
    + use<> {
        let admin = Arc::clone(self);
        move |request| {
            let response = match request {
                Ok(request) => admin.answer(&request),
                Err(error) => error.response(),
            };
            Box::pin(async { response })
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let text = match (request.method(), request.uri().path()) {
            (&Method::GET, "/healthz") => "ok\n".to_owned(),
            (&Method::GET, "/metrics") => self.metrics.text(&self.store, &self.issuers),
            (_, "/healthz" | "/metrics") => return empty(StatusCode::METHOD_NOT_ALLOWED),
            _ => return empty(StatusCode::NOT_FOUND),
        };
        let mut response = Response::new(Body::full(text));
        response.headers_mut().insert(CONTENT_TYPE, TEXT);
        response
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Few and small requests from few peers.
pub(super) const fn http_settings() -> HttpSettings {
    HttpSettings {
        max_header_bytes: 16 * 1024,
        header_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(60),
        drain_timeout: Duration::from_secs(1),
        max_connections: 64,
    }
}

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");
