use core::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::proxy::BoxError;

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Sends a request on a connection of its own: a client without a memory, like each call of curl.
///
/// The URI is absolute, http, and names its host as an address.
pub(super) async fn send(request: Request<String>) -> Result<Answer, NoAnswer> {
    tokio::time::timeout(PATIENCE, exchange(request))
        .await
        .map_err(|_| NoAnswer::TooSlow)?
}

async fn exchange(request: Request<String>) -> Result<Answer, NoAnswer> {
    let (mut head, body) = request.into_parts();
    let uri = head.uri.into_parts();
    let (Some(authority), Some(path)) = (uri.authority, uri.path_and_query) else {
        return Err(NoAnswer::NoAddress);
    };
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| NoAnswer::NoAddress)?;
    head.uri = Uri::from(path);
    head.headers.insert(HOST, host);

    let stream = TcpStream::connect(authority.as_str())
        .await
        .map_err(NoAnswer::Connect)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its errors also reach the request, which is where they are told.
    let connection = tokio::spawn(connection);
    let response = sender.send_request(Request::from_parts(head, body)).await?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(NoAnswer::Body)?;
    connection.abort();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.to_bytes(),
    })
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    NoAddress,
    Connect(io::Error),
    Http(hyper::Error),
    Body(BoxError),
    TooSlow,
}

impl From<hyper::Error> for NoAnswer {
    fn from(error: hyper::Error) -> Self {
        Self::Http(error)
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("the URL names no address"),
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Http(error) => write!(f, "no answer: {error}"),
            Self::Body(error) => write!(f, "the answer breaks off: {error}"),
            Self::TooSlow => f.write_str("no answer in time"),
        }
    }
}

/// For a request and its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Octets of an answer: what is asked here answers in less than one KiB.
const MAX_BODY: usize = 64 * 1024;
