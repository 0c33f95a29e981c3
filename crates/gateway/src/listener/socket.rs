use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::activity::Activity;

/// A wish that a connection end in a reset. Shared by the connection and its responses.
#[derive(Clone, Default)]
pub(super) struct Abort(Arc<AtomicBool>);

impl Abort {
    pub(super) fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A TCP connection that ends in a reset if that was asked for. HTTP/1.0 has no other way to say
/// that a body is incomplete: there the end of the connection is the end of the body.
///
/// HTTP/2 resets one stream instead of the connection, so it may go on long after an answer was cut
/// short; its end is then a reset for everyone, which costs nothing once the streams are gone.
///
/// A write that the peer lets make no progress for too long fails: a peer that never reads must not
/// hold its place among the connections for ever.
pub(super) struct Socket {
    stream: TcpStream,
    abort: Abort,
    activity: Arc<Activity>,
    longest_block: Duration,
    // Runs while a write is blocked.
    blocked: Option<Pin<Box<Sleep>>>,
    // Octets that were read to see which protocol is spoken, and are still to be read.
    begun: Vec<u8>,
}

impl Socket {
    pub(super) fn new(
        stream: TcpStream,
        abort: Abort,
        activity: Arc<Activity>,
        longest_block: Duration,
    ) -> Self {
        Self {
            stream,
            abort,
            activity,
            longest_block,
            blocked: None,
            begun: Vec::new(),
        }
    }

    /// Passes on what came of a write, unless writes have been blocked for too long.
    fn bounded(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.blocked = None;
            self.activity.wrote();
            return written;
        }
        let longest = self.longest_block;
        let blocked = self.blocked.get_or_insert_with(|| Box::pin(sleep(longest)));
        ready!(blocked.as_mut().poll(cx));
        // What the kernel still holds for this peer goes with the connection.
        self.abort.request();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.abort.0.load(Ordering::SeqCst) {
            // If it cannot be set the connection ends in the ordinary way, which chunked and
            // length-delimited bodies and TLS show to be incomplete as well.
            let _linger = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.begun.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let take = self.begun.len().min(buffer.remaining());
        let rest = self.begun.split_off(take);
        buffer.put_slice(&self.begun);
        self.begun = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, octets);
        self.bounded(written, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.bounded(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// How a plain connection begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Begun {
    /// With the preface of HTTP/2: the client knows (RFC 9113 section 3.3).
    WithHttp2Preface,
    /// With anything else, which is left to the parser of HTTP/1.1.
    Otherwise,
}

/// Reads just as much as tells the protocols apart, and keeps it for the parser.
pub(super) async fn read_preface(mut socket: Socket) -> io::Result<(Socket, Begun)> {
    let mut begun = Vec::with_capacity(PREFACE.len());
    while begun.len() < PREFACE.len() && PREFACE.starts_with(&begun) {
        let missing = PREFACE.len().saturating_sub(begun.len());
        let limit = u64::try_from(missing).unwrap_or(u64::MAX);
        if (&mut socket).take(limit).read_buf(&mut begun).await? == 0 {
            break;
        }
    }
    let how = if begun == PREFACE {
        Begun::WithHttp2Preface
    } else {
        Begun::Otherwise
    };
    socket.begun = begun;
    Ok((socket, how))
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
