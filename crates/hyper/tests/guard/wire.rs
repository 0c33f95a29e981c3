//! Sockets: a server, a client, and the service behind the guard.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{HeaderMap, HeaderName, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use keybound::{Admitted, VerifiedOnly};
use keybound_hyper::Guarded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::message::{Request, Response};

pub(crate) const BOTH: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// What the inner service got to see.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) admitted: Option<Admitted>,
    pub(crate) verified_only: Option<VerifiedOnly>,
}

/// Answers 200 with a `DPoP-Nonce` of its own, and with the `Cache-Control` that the request asks
/// for in `x-cache`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inner {
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Inner {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl<B> hyper::service::Service<http::Request<B>> for Inner
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: std::fmt::Debug,
{
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<B>) -> Self::Future {
        let seen = Arc::clone(&self.seen);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let trailers = body.collect().await.unwrap().trailers().cloned();
            // Over HTTP/2 nobody takes the body off an answer to HEAD.
            let body = match head.method == http::Method::HEAD {
                true => Bytes::new(),
                false => Bytes::from_static(b"inner"),
            };
            let mut response = http::Response::new(Full::new(body));
            let headers = response.headers_mut();
            headers.insert("dpop-nonce", HeaderValue::from_static(NONCE_OF_INNER));
            if let Some(value) = head.headers.get("x-cache") {
                headers.insert("cache-control", value.clone());
            }
            seen.lock().unwrap().push(Seen {
                path: head.uri.path().to_owned(),
                headers: head.headers,
                trailers,
                admitted: head.extensions.get().cloned(),
                verified_only: head.extensions.get().cloned(),
            });
            Ok(response)
        })
    }
}

pub(crate) const NONCE_OF_INNER: &str = "nonce-of-the-inner-service";

/// Serves HTTP/1.1 and HTTP/2 until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, guarded: Guarded<Inner>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let guarded = guarded.clone();
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            // A client that hangs up is no fault of the server.
            let _ = server.serve_connection(TokioIo::new(stream), guarded).await;
        });
    }
}

/// Sends a request over a connection of its own.
pub(crate) async fn send(server: &str, version: Version, request: &Request) -> Response {
    Connection::open(server, version).await.send(request).await
}

type Body = BoxBody<Bytes, Infallible>;

pub(crate) enum Connection {
    Http1(String, http1::SendRequest<Body>),
    Http2(String, http2::SendRequest<Body>),
}

impl Connection {
    pub(crate) async fn open(server: &str, version: Version) -> Self {
        let stream = TokioIo::new(TcpStream::connect(server).await.unwrap());
        let server = server.to_owned();
        if version == Version::HTTP_11 {
            let (sender, connection) = http1::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            return Self::Http1(server, sender);
        }
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self::Http2(server, sender)
    }

    pub(crate) async fn send(&mut self, request: &Request) -> Response {
        let response = match self {
            Self::Http1(server, sender) => {
                let authority = request.authority.unwrap_or(server);
                let mut message = message(request, &request.path);
                let host = HeaderValue::from_str(authority).unwrap();
                message.headers_mut().insert(HOST, host);
                sender.ready().await.unwrap();
                sender.send_request(message).await.unwrap()
            }
            Self::Http2(server, sender) => {
                let authority = request.authority.unwrap_or(server);
                let uri = format!("http://{authority}{}", request.path);
                let sent = sender.send_request(message(request, &uri));
                sent.await.unwrap()
            }
        };
        read(response).await
    }
}

async fn read(response: http::Response<Incoming>) -> Response {
    let (head, body) = response.into_parts();
    body.collect().await.unwrap();
    Response {
        status: head.status.as_u16(),
        headers: head.headers,
    }
}

fn message(request: &Request, uri: &str) -> http::Request<Body> {
    let mut message = http::Request::builder().method(request.method).uri(uri);
    for (name, value) in &request.headers {
        message = message.header(*name, value);
    }
    if request.trailers.is_empty() {
        return message.body(Empty::new().boxed()).unwrap();
    }
    let mut trailers = HeaderMap::new();
    for (name, value) in &request.trailers {
        let value = HeaderValue::from_str(value).unwrap();
        trailers.append(HeaderName::from_static(name), value);
        message = message.header("trailer", *name);
    }
    let trailers = std::future::ready(Some(Ok(trailers)));
    // Mapped frames have no known size, and HTTP/1.1 has trailers only without Content-Length.
    let body = Full::new(Bytes::from_static(b"body")).map_frame(|frame| frame);
    message.body(body.with_trailers(trailers).boxed()).unwrap()
}

/// Sends octets as they are, and returns the status.
pub(crate) async fn send_raw(server: &str, octets: &str) -> u16 {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(octets.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap();
    status.parse().unwrap()
}
