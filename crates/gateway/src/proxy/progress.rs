//! How long the two sides of an exchange may keep each other waiting.

use core::error::Error;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::BoxError;

/// One exchange: when something last moved, and who is to act next for the request to move on.
pub(super) struct Progress {
    longest: Duration,
    state: Mutex<State>,
}

struct State {
    moved: Instant,
    turn: Turn,
}

/// Who is to act next for the request to move on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Turn {
    /// It is to send the next frame of the request.
    Client,
    /// It did not, and it is too late.
    ClientFailed,
    /// It is to read what it was sent, or to answer.
    Upstream,
}

impl Progress {
    /// Begins an exchange in which no pause may be longer than this.
    pub(super) fn new(longest: Duration) -> Arc<Self> {
        Arc::new(Self {
            longest,
            state: Mutex::new(State {
                moved: Instant::now(),
                turn: Turn::Upstream,
            }),
        })
    }

    /// Resolves when the upstream has neither read nor answered for too long. A long upload, or one
    /// that the client is slow with, is not its fault.
    pub(super) async fn upstream_stalled(&self) {
        loop {
            let now = Instant::now();
            let until = match *self.state() {
                State {
                    moved,
                    turn: Turn::Upstream,
                } => moved + self.longest,
                State { .. } => now + self.longest,
            };
            if until <= now {
                return;
            }
            sleep_until(until).await;
        }
    }

    /// Whether the request broke off because the client sent no more of it.
    pub(super) fn client_stalled(&self) -> bool {
        self.state().turn == Turn::ClientFailed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moved(&self, side: Side) {
        let mut state = self.state();
        state.moved = Instant::now();
        if side == Side::Request && state.turn == Turn::Client {
            state.turn = Turn::Upstream;
        }
    }
}

/// Which body of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Request,
    Response,
}

/// A body that ends in an error when its sender pauses for too long. While the other body of the
/// exchange moves on, this one may pause.
pub(super) struct Timed<B> {
    inner: B,
    side: Side,
    progress: Arc<Progress>,
    // Runs while a frame is waited for. How slowly frames are asked for is not the sender's fault.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<B> Timed<B> {
    pub(super) fn new(inner: B, side: Side, progress: Arc<Progress>) -> Self {
        Self {
            inner,
            side,
            progress,
            pause: None,
        }
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<Stalled> {
        let longest = self.progress.longest;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(longest)));
        if self.side == Side::Request {
            self.progress.state().turn = Turn::Client;
        }
        loop {
            ready!(pause.as_mut().poll(cx));
            let mut state = self.progress.state();
            let until = state.moved + longest;
            if until <= Instant::now() {
                if self.side == Side::Request {
                    state.turn = Turn::ClientFailed;
                }
                return Poll::Ready(Stalled);
            }
            pause.as_mut().reset(until);
        }
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.pause = None;
                self.progress.moved(self.side);
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.poll_pause(cx).map(|stalled| Some(Err(stalled.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> Drop for Timed<B> {
    fn drop(&mut self) {
        // From here on the upstream has all that it will get.
        self.progress.moved(self.side);
    }
}

/// Why a body ended early.
#[derive(Debug)]
struct Stalled;

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body did not go on for too long")
    }
}

impl Error for Stalled {}
