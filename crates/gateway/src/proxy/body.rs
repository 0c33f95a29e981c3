use core::error::Error;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use pin_project_lite::pin_project;

/// Any error of a body that passes through.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// The body of a response: made here, or streamed from an upstream frame by frame.
pub(crate) struct Body(UnsyncBoxBody<Bytes, BoxError>);

impl Body {
    /// No content.
    pub(crate) fn empty() -> Self {
        Self(Empty::new().map_err(|never| match never {}).boxed_unsync())
    }

    /// A whole body that is known beforehand.
    pub(crate) fn full(content: impl Into<Bytes>) -> Self {
        Self(
            Full::new(content.into())
                .map_err(|never| match never {})
                .boxed_unsync(),
        )
    }

    /// A body that is passed on as it comes. Nothing is buffered: the reader's pace is the
    /// writer's.
    pub(crate) fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(body.map_err(Into::into).boxed_unsync())
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

pin_project! {
    /// A body on its way through: its trailer section is filtered.
    pub(crate) struct Filtered<B> {
        #[pin]
        inner: B,
        filter: fn(&mut HeaderMap),
    }
}

impl<B> Filtered<B>
where
    B: http_body::Body<Data = Bytes>,
{
    /// Applies `filter` to the trailer section, if one comes.
    pub(crate) fn new(inner: B, filter: fn(&mut HeaderMap)) -> Self {
        Self { inner, filter }
    }
}

impl<B> http_body::Body for Filtered<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let mut frame = this.inner.poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            (this.filter)(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
