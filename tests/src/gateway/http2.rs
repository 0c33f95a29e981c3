//! A client of HTTP/2, with prior knowledge or by ALPN.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::time::timeout;

use super::{Answer, PATIENCE, Request, Tls};

/// Sends a request to a plain listener that is known to speak HTTP/2. `Host` becomes `:authority`;
/// a second `Host` stays a line.
///
/// # Panics
///
/// If no answer comes.
pub fn send(address: SocketAddr, request: &Request) -> Answer {
    block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        over(stream, request).await
    })
}

/// Sends a request over TLS. The server has to choose `h2`.
///
/// # Panics
///
/// If it does not, or no answer comes.
pub fn send_over_tls(address: SocketAddr, tls: &Tls, request: &Request) -> Answer {
    block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        let stream = tls.connect_async(stream, &[b"h2"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        over(stream, request).await
    })
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let within = async { timeout(PATIENCE, future).await.unwrap() };
    runtime.unwrap().block_on(within)
}

async fn over<S>(stream: S, request: &Request) -> Answer
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let executor = TokioExecutor::new();
    let handshake = http2::handshake(executor, TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(message(request)).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    Answer {
        status: head.status.as_u16(),
        lines: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        whole: body.is_ok(),
        body: body
            .map(|body| body.to_bytes().to_vec())
            .unwrap_or_default(),
    }
}

fn message(request: &Request) -> http::Request<Full<Bytes>> {
    let uri = format!("https://{}{}", request.value("Host"), request.target);
    let mut message = http::Request::builder()
        .method(request.method.as_str())
        .uri(uri);
    let mut hosts = 0;
    for (name, value) in &request.lines {
        if name.eq_ignore_ascii_case("Host") {
            hosts += 1;
        }
        if !name.eq_ignore_ascii_case("Host") || hosts > 1 {
            message = message.header(name, value.as_slice());
        }
    }
    message.body(Full::from(request.body.clone())).unwrap()
}
