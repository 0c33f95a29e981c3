use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Message;
use super::clients::AUTHORITY;
use super::options::{Options, Protocol};
use super::report::Tally;

/// Connections to the gateway that stay open.
pub(super) struct Sender {
    lines: Vec<Arc<tokio::sync::Mutex<Line>>>,
}

/// Carries one request at a time.
enum Line {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Sender {
    pub(super) async fn connect(gateway: SocketAddr, options: &Options) -> Self {
        let mut lines = Vec::new();
        match options.protocol {
            Protocol::Http1 => {
                for _ in 0..options.connections {
                    let stream = connect(gateway).await;
                    let (sender, connection) = http1::handshake(stream).await.unwrap();
                    tokio::spawn(connection);
                    lines.push(Line::Http1(sender));
                }
            }
            Protocol::Http2 => {
                let stream = connect(gateway).await;
                let handshake = http2::handshake(TokioExecutor::new(), stream);
                let (sender, connection) = handshake.await.unwrap();
                tokio::spawn(connection);
                lines.extend((0..options.connections).map(|_| Line::Http2(sender.clone())));
            }
        }
        let lines = lines.into_iter().map(tokio::sync::Mutex::new);
        Self {
            lines: lines.map(Arc::new).collect(),
        }
    }

    /// Sends all requests, each line the next one as soon as it is free.
    pub(super) async fn send(&self, requests: Vec<Message>, tally: &mut Tally) {
        let requests = Arc::new(Mutex::new(requests));
        let begin = Instant::now();
        let mut sending = JoinSet::new();
        for line in &self.lines {
            let (line, requests) = (Arc::clone(line), Arc::clone(&requests));
            sending.spawn(async move {
                let mut line = line.lock().await;
                let mut answers = Vec::new();
                loop {
                    let next = requests.lock().unwrap().pop();
                    let Some(request) = next else {
                        return answers;
                    };
                    answers.push(line.ask(request).await);
                }
            });
        }
        while let Some(answers) = sending.join_next().await {
            for (status, wait) in answers.unwrap() {
                tally.count(status == StatusCode::OK, wait);
            }
        }
        tally.took(begin.elapsed());
    }
}

impl Line {
    /// The status, and the time until the last octet of the answer.
    async fn ask(&mut self, request: Message) -> (StatusCode, Duration) {
        let begin = Instant::now();
        let response: Response<Incoming> = match self {
            Self::Http1(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Self::Http2(sender) => {
                sender.ready().await.unwrap();
                sender.send_request(for_http2(request)).await.unwrap()
            }
        };
        let status = response.status();
        response.into_body().collect().await.unwrap();
        (status, begin.elapsed())
    }
}

async fn connect(gateway: SocketAddr) -> TokioIo<TcpStream> {
    let stream = TcpStream::connect(gateway).await.unwrap();
    stream.set_nodelay(true).unwrap();
    TokioIo::new(stream)
}

/// `:authority` instead of `Host`.
fn for_http2(mut request: Message) -> Message {
    request.headers_mut().remove(http::header::HOST);
    let uri = format!("https://{AUTHORITY}{}", request.uri());
    *request.uri_mut() = uri.parse().unwrap();
    request
}
