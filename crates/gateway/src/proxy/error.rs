use core::error::Error;
use core::fmt;

use http::{Response, StatusCode};
use hyper_util::client::legacy;

use super::Body;

/// Why an upstream gave no answer that could be passed on.
///
/// None of these but those that begin with `Request` is the client's fault, and none says anything
/// about a token.
#[derive(Debug)]
pub(crate) enum ProxyError {
    /// No connection: name not found, refused, unreachable, or TLS failed.
    Connect(legacy::Error),
    /// No connection within the upstream's `connect_timeout`.
    ConnectTimeout,
    /// The upstream read no more of the request, or was sent all of it and gave no header section,
    /// within `response_timeout`.
    ResponseTimeout,
    /// The client sent no more of the request within `response_timeout`.
    RequestTimeout,
    /// The request's body is not what its framing says: the client's doing, not the upstream's.
    RequestBroken,
    /// The connection broke, or what came was not HTTP.
    Broken(legacy::Error),
    /// The upstream switched protocols, which nobody had asked for (RFC 9110 section 7.8).
    UnaskedUpgrade,
    /// The request target and the upstream's prefix make no URI.
    Target,
}

impl ProxyError {
    /// 502 where the upstream failed, 504 where it was too slow, 408 where the client was (RFC 9110
    /// sections 15.6.3, 15.6.5, 15.5.9).
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Connect(_) | Self::Broken(_) | Self::UnaskedUpgrade => StatusCode::BAD_GATEWAY,
            Self::ConnectTimeout | Self::ResponseTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::RequestBroken => StatusCode::BAD_REQUEST,
            Self::Target => StatusCode::BAD_REQUEST,
        }
    }

    /// A stable word for logs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Connect(_) => "upstream_connect",
            Self::ConnectTimeout => "upstream_connect_timeout",
            Self::ResponseTimeout => "upstream_response_timeout",
            Self::RequestTimeout => "request_timeout",
            Self::RequestBroken => "request_body_broken",
            Self::Broken(_) => "upstream_broken",
            Self::UnaskedUpgrade => "upstream_unasked_upgrade",
            Self::Target => "upstream_target",
        }
    }

    /// What the client gets. It does not learn where the upstream is or what is wrong with it.
    pub(crate) fn response(&self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response
    }

    pub(super) fn from_client(error: legacy::Error) -> Self {
        let is_connect = error.is_connect();
        let mut source = error.source();
        while let Some(cause) = source {
            if cause.is::<ConnectTimedOut>() {
                return Self::ConnectTimeout;
            }
            // hyper's word for a body that it was given and that failed.
            if cause.downcast_ref().is_some_and(hyper::Error::is_user) {
                return Self::RequestBroken;
            }
            source = cause.source();
        }
        match is_connect {
            true => Self::Connect(error),
            false => Self::Broken(error),
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect(_) => "no connection to the upstream",
            Self::ConnectTimeout => "the upstream took too long to connect",
            Self::ResponseTimeout => "the upstream took too long to answer",
            Self::RequestTimeout => "the client took too long to send the request",
            Self::RequestBroken => "the client's request body is malformed or was cut short",
            Self::Broken(_) => "the connection to the upstream broke",
            Self::UnaskedUpgrade => "the upstream switched protocols unasked",
            Self::Target => "the request target cannot be sent to the upstream",
        })
    }
}

impl Error for ProxyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Connect(error) | Self::Broken(error) => Some(error),
            Self::ConnectTimeout
            | Self::ResponseTimeout
            | Self::RequestTimeout
            | Self::RequestBroken
            | Self::UnaskedUpgrade
            | Self::Target => None,
        }
    }
}

/// What the connector reports when its time is up; found again among the sources of an error.
#[derive(Debug)]
pub(super) struct ConnectTimedOut;

impl fmt::Display for ConnectTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connecting took too long")
    }
}

impl Error for ConnectTimedOut {}
