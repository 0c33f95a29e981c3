use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::socket::Abort;
use crate::proxy::{Body, BoxError};

/// The requests that are under way on one connection.
pub(super) struct Activity {
    requests: AtomicUsize,
    changed: Notify,
    // When the client last had room for a frame of an answer.
    taken: Mutex<Instant>,
    // Answers with a frame that waits for such room.
    waiting: AtomicUsize,
    // When octets last left for the client.
    wrote: Mutex<Instant>,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            requests: AtomicUsize::default(),
            changed: Notify::default(),
            taken: Mutex::new(Instant::now()),
            waiting: AtomicUsize::default(),
            wrote: Mutex::new(Instant::now()),
        }
    }
}

impl Activity {
    /// Counts a request until the answer is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
        Busy(Arc::clone(self))
    }

    /// Resolves when answers wait for the client, and it has had no room for any of them for so
    /// long. That the socket takes octets says nothing here: an HTTP/2 client can leave the windows
    /// of its streams shut and still answer pings.
    pub(super) async fn stuck(&self, longest: Duration) {
        loop {
            let taken = read(&self.taken);
            let waiting = self.waiting.load(Ordering::SeqCst) > 0;
            let since = if waiting { taken } else { Instant::now() };
            if waiting && taken.elapsed() >= longest {
                return;
            }
            sleep_until(since + longest).await;
        }
    }

    /// Resolves when no request is under way, and what was answered has not gone on its way to the
    /// client for so long.
    pub(super) async fn quiet(&self, longest: Duration) {
        loop {
            self.idle(longest).await;
            if read(&self.wrote).elapsed() >= longest {
                return;
            }
        }
    }

    /// Notes that octets left for the client.
    pub(super) fn wrote(&self) {
        set_to_now(&self.wrote);
    }

    fn took(&self) {
        set_to_now(&self.taken);
    }

    /// Resolves when no request has been under way for so long. hyper has a deadline for the next
    /// header section of HTTP/1.1, and nothing of the kind for HTTP/2.
    pub(super) async fn idle(&self, longest: Duration) {
        loop {
            let changed = self.changed.notified();
            if self.requests.load(Ordering::SeqCst) > 0 {
                changed.await;
            } else if tokio::time::timeout(longest, changed).await.is_err() {
                return;
            }
        }
    }
}

fn read(time: &Mutex<Instant>) -> Instant {
    *time.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set_to_now(time: &Mutex<Instant>) {
    *time.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
}

/// One request that is under way.
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_one();
    }
}

/// A response's body on its way to the client. If it breaks off, the connection is marked to be
/// reset: a client must not take half an answer for a whole one.
pub(super) struct Watched {
    body: Body,
    abort: Abort,
    busy: Busy,
    turn: Turn,
}

/// Who is to act next, for the next frame of an answer to go out.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Turn {
    Ours,
    Client,
}

impl Watched {
    pub(super) fn new(body: Body, abort: Abort, busy: Busy) -> Self {
        let mut watched = Self {
            body,
            abort,
            busy,
            turn: Turn::Ours,
        };
        watched.busy.0.took();
        // HTTP/2 asks for the first frame only when there is a window for it.
        watched.turn(Turn::Client);
        watched
    }

    fn turn(&mut self, turn: Turn) {
        let activity = &self.busy.0;
        match (self.turn, turn) {
            (Turn::Ours, Turn::Client) => {
                activity.waiting.fetch_add(1, Ordering::SeqCst);
            }
            (Turn::Client, Turn::Ours) => {
                activity.waiting.fetch_sub(1, Ordering::SeqCst);
            }
            (Turn::Ours, Turn::Ours) | (Turn::Client, Turn::Client) => {}
        }
        self.turn = turn;
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.busy.0.took();
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(_))) = frame {
            self.abort.request();
        }
        self.turn(match frame {
            Poll::Ready(Some(Ok(_))) => Turn::Client,
            Poll::Ready(Some(Err(_)) | None) | Poll::Pending => Turn::Ours,
        });
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.turn(Turn::Ours);
    }
}
