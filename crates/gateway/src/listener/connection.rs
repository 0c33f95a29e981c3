use core::convert::Infallible;
use core::future::Future;
use core::pin::pin;
use core::time::Duration;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use keybound::crypto::CryptoProvider;
use keybound::{CertificateThumbprint, PeerCertificate};
use rustls::ServerConnection;
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::activity::{Activity, Watched};
use super::head::{HeadError, check_head};
use super::socket::{Abort, Begun, Socket, read_preface};
use super::tls::{Asks, ServerTls};
use crate::config::HttpSettings;
use crate::proxy::Body;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Peer {
    /// Its address, as the socket has it.
    pub(crate) address: SocketAddr,
    certificate: Certificate,
}

/// What came of the client's certificate in the handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Certificate {
    NoHandshake,
    NotRequested,
    NotPresented,
    Presented(CertificateDer<'static>),
}

impl Peer {
    /// The certificate that the client has proven to hold the key of, hashed; or why there is
    /// none. Call it once a connection (MTLS-3.1-2, RFC 8705 section 3.1).
    pub(crate) fn certificate(&self, provider: &dyn CryptoProvider) -> PeerCertificate {
        match &self.certificate {
            Certificate::NoHandshake => PeerCertificate::TerminatedElsewhere,
            Certificate::NotRequested => PeerCertificate::NotRequested,
            Certificate::NotPresented => PeerCertificate::NotPresented,
            Certificate::Presented(leaf) => {
                PeerCertificate::Presented(CertificateThumbprint::of(leaf, provider))
            }
        }
    }
}

impl Certificate {
    fn of(session: &ServerConnection, asks: Asks) -> Self {
        let chain = session.peer_certificates().unwrap_or_default();
        match (asks, chain.first()) {
            (Asks::ForNoCertificate, _) => Self::NotRequested,
            (Asks::ForCertificate, None) => Self::NotPresented,
            (Asks::ForCertificate, Some(leaf)) => Self::Presented(leaf.clone().into_owned()),
        }
    }
}

#[derive(Clone, Copy)]
enum Protocol {
    Http1,
    Http2,
}

/// Serves one connection to its end. Nothing is returned: what goes wrong here is the peer's loss,
/// and was answered on the connection if it could be.
pub(super) async fn serve<C, H, F>(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<ServerTls>,
    settings: &HttpSettings,
    connected: C,
    mut draining: watch::Receiver<()>,
) where
    C: Fn(&Peer) -> H,
    H: Fn(Result<Request<Incoming>, HeadError>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Without this, small frames wait for the peer's acknowledgement; if it fails they do.
    let _latency = stream.set_nodelay(true);
    let abort = Abort::default();
    let activity = Arc::new(Activity::default());
    let socket = Socket::new(
        stream,
        abort.clone(),
        Arc::clone(&activity),
        settings.idle_timeout,
    );
    // One deadline for what comes before the first request line. hyper's own begins later.
    let begin = async {
        match tls {
            Some(tls) => {
                let stream = tls.acceptor.accept(socket).await.ok()?;
                Some(Either::Tls(Box::new(stream), tls.asks))
            }
            None => Some(Either::Plain(read_preface(socket).await.ok()?)),
        }
    };
    let begun = tokio::select! {
        begun = timeout(settings.header_timeout, begin) => begun,
        _drained = draining.changed() => return,
    };
    match begun {
        Ok(Some(Either::Tls(stream, asks))) => {
            let (_, session) = stream.get_ref();
            let protocol = match session.alpn_protocol() {
                Some(b"h2") => Protocol::Http2,
                _ => Protocol::Http1,
            };
            let certificate = Certificate::of(session, asks);
            let handler = connected(&Peer {
                address,
                certificate,
            });
            serve_http(
                *stream, protocol, settings, handler, abort, activity, draining,
            )
            .await;
        }
        Ok(Some(Either::Plain((stream, preface)))) => {
            let protocol = match preface {
                Begun::WithHttp2Preface => Protocol::Http2,
                Begun::Otherwise => Protocol::Http1,
            };
            let certificate = Certificate::NoHandshake;
            let handler = connected(&Peer {
                address,
                certificate,
            });
            serve_http(
                stream, protocol, settings, handler, abort, activity, draining,
            )
            .await;
        }
        Ok(None) | Err(_) => {}
    }
}

enum Either<P> {
    Plain(P),
    Tls(Box<TlsStream<Socket>>, Asks),
}

async fn serve_http<S, H, F>(
    stream: S,
    protocol: Protocol,
    settings: &HttpSettings,
    handler: H,
    abort: Abort,
    activity: Arc<Activity>,
    draining: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Result<Request<Incoming>, HeadError>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let max_header_bytes = settings.max_header_bytes;
    let service = service_fn({
        let (activity, abort) = (Arc::clone(&activity), abort.clone());
        move |request: Request<Incoming>| {
            let busy = activity.begin();
            let abort = abort.clone();
            let handler = handler.clone();
            async move {
                let checked = check_head(&request, max_header_bytes);
                let response = handler(checked.map(|()| request)).await;
                Ok::<_, Infallible>(response.map(|body| Watched::new(body, abort, busy)))
            }
        }
    });
    let io = TokioIo::new(stream);
    let longest = settings.idle_timeout;
    match protocol {
        Protocol::Http1 => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(settings.header_timeout)
                .max_header_size(settings.max_header_bytes)
                .max_buf_size(settings.max_header_bytes.max(BUFFER))
                .serve_connection(io, service);
            drive(connection, draining, &activity, longest, &abort).await;
        }
        Protocol::Http2 => {
            // Above the limit that the head is checked for, so that most get an answer with a date.
            let hard = settings.max_header_bytes.saturating_add(BUFFER);
            let hard = u32::try_from(hard).unwrap_or(u32::MAX);
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(hard)
                .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
                .keep_alive_interval(settings.idle_timeout)
                .serve_connection(io, service);
            drive(connection, draining, &activity, longest, &abort).await;
        }
    }
}

/// Runs a connection until it ends, is idle for too long, or the listener drains; in the last two
/// cases the requests under way are finished first. A peer that takes nothing of its answers, or
/// does not go when it is asked to, is cut off.
async fn drive<C: GracefulConnection>(
    connection: C,
    mut draining: watch::Receiver<()>,
    activity: &Activity,
    longest: Duration,
    abort: &Abort,
) {
    let mut connection = pin!(connection);
    tokio::select! {
        _ended = connection.as_mut() => return,
        // An error says that the sender is gone, which is the signal.
        _drained = draining.changed() => {}
        () = activity.idle(longest) => {}
        () = activity.stuck(longest) => return abort.request(),
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ended = connection => {}
        () = activity.quiet(longest) => abort.request(),
        () = activity.stuck(longest) => abort.request(),
    }
}

/// Octets that one HTTP/1.1 connection may hold for reading, and as many for writing.
const BUFFER: usize = 64 * 1024;

/// Requests that one HTTP/2 connection may have under way.
const MAX_CONCURRENT_STREAMS: u32 = 128;
