//! A server that does what it is told, well or badly: it writes octets, not HTTP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A listener on a port of 127.0.0.1, until dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    scheme: &'static str,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<String, Reply>>,
    requests: Mutex<Vec<String>>,
    gone: Mutex<usize>,
}

/// What is written in answer to a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These octets, then the connection is closed.
    Octets(Vec<u8>),
    /// The first octets, then one of the others at a time with a pause before each.
    Drip(Vec<u8>, Vec<u8>, Duration),
    /// These octets, then nothing, and the connection stays open.
    Hang(Vec<u8>),
}

impl Reply {
    /// Status 200 with this body.
    pub(crate) fn ok(body: &str) -> Self {
        Self::with("200 OK", "", body)
    }

    /// Header lines end with CRLF.
    pub(crate) fn with(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Octets(
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into(),
        )
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::bind(0, None).await
    }

    pub(crate) async fn start_at(port: u16) -> Self {
        Self::bind(port, None).await
    }

    pub(crate) async fn start_tls(config: ServerConfig) -> Self {
        Self::bind(0, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn bind(port: u16, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let state = Arc::new(State::default());
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Self {
            port,
            scheme,
            state,
            task,
        }
    }

    /// From now on this is the answer for this path. Other paths: 404.
    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.state
            .replies
            .lock()
            .unwrap()
            .insert(path.into(), reply);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    /// The requests so far, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// How many dripping or hanging answers the client has hung up on.
    pub(crate) fn gone(&self) -> usize {
        *self.state.gone.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            match tls {
                None => answer(stream, &state).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        answer(stream, &state).await;
                    }
                }
            }
        });
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: &State) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(octet) => head.push(octet),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    state.requests.lock().unwrap().push(head);
    let reply = state.replies.lock().unwrap().get(&path).cloned();
    match reply.unwrap_or_else(|| Reply::with("404 Not Found", "", "")) {
        Reply::Octets(octets) => {
            let _ = stream.write_all(&octets).await;
            let _ = stream.shutdown().await;
            // Unread input would turn the end into a reset and lose the answer.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        Reply::Drip(first, rest, pause) => {
            let _ = stream.write_all(&first).await;
            for octet in rest {
                tokio::time::sleep(pause).await;
                if stream.write_all(&[octet]).await.is_err() {
                    *state.gone.lock().unwrap() += 1;
                    return;
                }
            }
        }
        Reply::Hang(octets) => {
            let _ = stream.write_all(&octets).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
            *state.gone.lock().unwrap() += 1;
        }
    }
}
