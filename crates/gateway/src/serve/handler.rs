use std::net::IpAddr;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use keybound::{Admitted, PeerCertificate, Spending, VerifiedOnly};
use keybound_hyper::{Decision, Guard, Passed, Refused};

use super::metrics::Metrics;
use crate::listener::HeadError;
use crate::proxy::{Body, Credentials, Forward, Identity, Upstream, UpstreamNonces};

/// What the gateway keeps with a route: where its requests go, and how.
pub(crate) struct Target {
    /// Where they go.
    pub(crate) upstream: Upstream,
    /// The upstream's name, for logs.
    pub(crate) name: String,
    /// Whether the upstream sees token and proof.
    pub(crate) credentials: Credentials,
}

/// Judges a request, and sends it on if it passes. One that does not never gets near the upstream.
pub(crate) async fn handle(
    guard: Guard<Target>,
    metrics: Arc<Metrics>,
    client: IpAddr,
    certificate: PeerCertificate,
    request: Result<Request<Incoming>, HeadError>,
) -> Response<Body> {
    let request = match request {
        Ok(request) => request,
        Err(error) => {
            metrics.head_refused(error);
            return error.response();
        }
    };
    let (mut head, body) = request.into_parts();
    let passed = match guard.check(&head, certificate).await {
        Decision::Refuse(refused) => return refusal(refused),
        Decision::Pass(passed) => passed,
    };
    passed.mark(&mut head);
    let mut response = match forward(&passed, client, Request::from_parts(head, body)).await {
        Ok(response) => response,
        Err(error) => {
            metrics
                .log()
                .upstream_failed(&passed.route().data().name, &error);
            error.response()
        }
    };
    passed.finish(response.headers_mut());
    response
}

async fn forward(
    passed: &Passed<Target>,
    client: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, crate::proxy::ProxyError> {
    let target = passed.route().data();
    let (scheme, authority) = passed
        .target()
        .origin()
        .split_once("://")
        .unwrap_or_default();
    // An authority in normal form is visible ASCII; were it not, the field would be empty.
    let host = HeaderValue::from_str(authority).unwrap_or(HeaderValue::from_static(""));
    let how = Forward {
        identity: &identity(passed),
        client,
        scheme,
        host: &host,
        credentials: target.credentials,
        nonces: match passed.route().policy().spending() {
            Spending::Spend => UpstreamNonces::Strip,
            Spending::VerifyOnly => UpstreamNonces::Pass,
        },
    };
    target.upstream.forward(request, &how).await
}

/// What was proven about the client, and nothing where nothing was (DPOP-4-2, RFC 9449 section 4:
/// the token says who it is, and only if the token holds).
fn identity(passed: &Passed<Target>) -> Identity {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let of_admitted = |admitted: &Admitted| Identity {
        subject: text(admitted.subject()),
        client_id: text(admitted.client_id()),
        issuer: text(admitted.issuer()),
        scope: admitted.scope().to_owned(),
        jkt: admitted.jkt().map(ToString::to_string).unwrap_or_default(),
        x5t_s256: admitted
            .x5t_s256()
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    let of_verified = |verified: &VerifiedOnly| Identity {
        subject: text(verified.subject()),
        client_id: text(verified.client_id()),
        issuer: text(verified.issuer()),
        scope: verified.scope().to_owned(),
        jkt: verified.jkt().map(ToString::to_string).unwrap_or_default(),
        x5t_s256: verified
            .x5t_s256()
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    passed
        .admitted()
        .map(of_admitted)
        .or_else(|| passed.verified_only().map(of_verified))
        .unwrap_or_default()
}

/// The answer to a request that does not pass. The body repeats the error code of the challenge, for
/// people who look at bodies, and says no more.
fn refusal(refused: Refused) -> Response<Body> {
    let error = refused.answer().error();
    let (mut head, ()) = refused.into_response().into_parts();
    let body = match error {
        None => Body::empty(),
        Some(error) => {
            head.headers.insert(CONTENT_TYPE, JSON);
            Body::full(format!("{{\"error\":\"{error}\"}}\n"))
        }
    };
    Response::from_parts(head, body)
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
