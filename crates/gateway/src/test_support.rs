//! Real sockets for tests: a gateway that admits everything, upstreams made of a closure, and
//! clients that speak octets.

use core::future::Future;
use core::time::Duration;
use std::io;
use std::net::SocketAddr;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::{self, HttpSettings, Trust};
use crate::listener::{HeadError, Listener, Peer, ServerTls};
use crate::proxy::{Body, Credentials, Forward, Identity, ProxyError, Upstream, UpstreamNonces};

/// Longer than anything here takes, so that a test fails and does not hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs until it is stopped or dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// A listener with a handler of the test's own.
    pub(crate) async fn start<C, H, F>(
        settings: HttpSettings,
        tls: Option<ServerTls>,
        connected: C,
    ) -> Self
    where
        C: Fn(&Peer) -> H + Clone + Send + Sync + 'static,
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), tls, settings)
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _signal = stopped.await;
            };
            let connected = move |peer: &Peer| {
                let handler = connected(peer);
                move |request: Result<_, HeadError>| {
                    let answer = request.map(&handler);
                    async {
                        match answer {
                            Ok(answer) => answer.await,
                            Err(error) => error.response(),
                        }
                    }
                }
            };
            listener.serve(connected, shutdown).await;
        });
        Self {
            address,
            stop,
            task,
        }
    }

    /// A gateway that admits everything as `alice` and forwards it.
    pub(crate) async fn gateway(upstream: config::Upstream) -> Self {
        Self::gateway_with(upstream, Credentials::Strip, UpstreamNonces::Strip).await
    }

    pub(crate) async fn gateway_with(
        upstream: config::Upstream,
        credentials: Credentials,
        nonces: UpstreamNonces,
    ) -> Self {
        let upstream = Upstream::new(&upstream).unwrap();
        Self::start(settings(), None, move |peer| {
            let upstream = upstream.clone();
            let client = peer.address.ip();
            move |request: Request<Incoming>| {
                let upstream = upstream.clone();
                async move {
                    let host = request.headers().get(HOST).cloned();
                    let identity = Identity {
                        subject: "alice".into(),
                        ..Identity::default()
                    };
                    let how = Forward {
                        identity: &identity,
                        client,
                        scheme: "https",
                        host: &host.unwrap_or(HeaderValue::from_static("none")),
                        credentials,
                        nonces,
                    };
                    let answer = upstream.forward(request, &how).await;
                    answer.unwrap_or_else(|error| with_code(&error))
                }
            }
        })
        .await
    }

    /// Sends the signal to stop, and waits until the last connection is closed.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        within(self.task).await.unwrap();
    }
}

fn with_code(error: &ProxyError) -> Response<Body> {
    let mut response = error.response();
    let code = HeaderValue::from_static(error.code());
    response.headers_mut().insert("code", code);
    response
}

/// Settings with short times.
pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        max_header_bytes: 65_536,
        header_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        drain_timeout: Duration::from_secs(5),
        max_connections: 100,
    }
}

/// A plain upstream at an address.
pub(crate) fn upstream_at(address: SocketAddr) -> config::Upstream {
    config::Upstream {
        name: "test".into(),
        scheme: Scheme::HTTP,
        authority: address.to_string().parse::<Authority>().unwrap(),
        prefix: String::new(),
        trust: Trust::PublicAuthorities,
        connect_timeout: Duration::from_secs(5),
        response_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
    }
}

/// An upstream that runs a closure on each connection.
pub(crate) async fn upstream<S, F>(serve: S) -> config::Upstream
where
    S: Fn(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    upstream_at(address)
}

/// An upstream that reads one request head, reports it, and gives one answer.
pub(crate) async fn canned(answer: &'static str) -> (config::Upstream, mpsc::Receiver<String>) {
    let (heads, received) = mpsc::channel(16);
    let upstream = upstream(move |mut stream| {
        let heads = heads.clone();
        async move {
            let head = head(&mut stream).await;
            heads.send(head).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    (upstream, received)
}

/// Reads up to the empty line that ends a head, and not an octet more.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    until(stream, "\r\n\r\n").await
}

/// Reads up to a mark, or to the end.
pub(crate) async fn until(stream: &mut (impl AsyncRead + Unpin), mark: &str) -> String {
    let mut text = String::new();
    let reading = async {
        while !text.ends_with(mark) {
            match stream.read_u8().await {
                Ok(octet) => text.push(char::from(octet)),
                Err(_) => break,
            }
        }
    };
    within(reading).await;
    text
}

/// Connects and sends.
pub(crate) async fn send(address: SocketAddr, octets: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(octets.as_bytes()).await.unwrap();
    stream
}

/// Reads to the end of a connection: what came, and how it ended.
pub(crate) async fn rest(stream: &mut TcpStream) -> (String, io::Result<()>) {
    let mut octets = Vec::new();
    let end = within(stream.read_to_end(&mut octets)).await;
    (String::from_utf8(octets).unwrap(), end.map(|_| ()))
}

/// Connects, sends, and reads to the end.
pub(crate) async fn exchange(address: SocketAddr, octets: &str) -> String {
    let mut stream = send(address, octets).await;
    rest(&mut stream).await.0
}

/// The status in the first line of an answer.
pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

/// The field lines of a head, without the first line.
pub(crate) fn lines(head: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = head
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    lines
}

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}
