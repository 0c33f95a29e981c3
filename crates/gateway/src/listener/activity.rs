use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::Notify;

use super::socket::Abort;
use crate::proxy::{Body, BoxError};

/// The requests that are under way on one connection.
#[derive(Default)]
pub(super) struct Activity {
    requests: AtomicUsize,
    changed: Notify,
}

impl Activity {
    /// Counts a request until the answer is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
        Busy(Arc::clone(self))
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
    _busy: Busy,
}

impl Watched {
    pub(super) fn new(body: Body, abort: Abort, busy: Busy) -> Self {
        Self {
            body,
            abort,
            _busy: busy,
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Err(_))) = frame {
            self.abort.request();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
