use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use keybound::PeerCertificate;
use tower_layer::Layer;

use crate::decision::Decision;
use crate::guard::Guard;

/// Puts a guard in front of a tower service.
#[derive(Clone, Debug)]
pub struct GuardLayer<T = ()> {
    guard: Guard<T>,
}

impl<T> GuardLayer<T> {
    /// A layer that asks this guard.
    pub const fn new(guard: Guard<T>) -> Self {
        Self { guard }
    }
}

impl<S, T> Layer<S> for GuardLayer<T> {
    type Service = Guarded<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded::new(self.guard.clone(), inner)
    }
}

/// A service behind a guard, for tower and for hyper alike.
///
/// The certificate of the connection is taken from the request's extensions, where the code that
/// accepts connections puts a [`PeerCertificate`]. Without one there is none
/// ([`PeerCertificate::TerminatedElsewhere`]), and certificate-bound tokens are refused.
#[derive(Clone, Debug)]
pub struct Guarded<S, T = ()> {
    guard: Guard<T>,
    inner: S,
}

impl<S, T> Guarded<S, T> {
    /// A service that asks the guard before the inner service sees anything.
    pub const fn new(guard: Guard<T>, inner: S) -> Self {
        Self { guard, inner }
    }
}

impl<S, T, B, R> tower_service::Service<Request<B>> for Guarded<S, T>
where
    S: tower_service::Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    T: Send + Sync + 'static,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The instance that was polled ready is the one to call.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let guard = self.guard.clone();
        Box::pin(guarded(guard, request, move |request| ready.call(request)))
    }
}

impl<S, T, B, R> hyper::service::Service<Request<B>> for Guarded<S, T>
where
    S: hyper::service::Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    T: Send + Sync + 'static,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<Result<Self::Response, Self::Error>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let inner = self.inner.clone();
        let guard = self.guard.clone();
        Box::pin(guarded(guard, request, move |request| inner.call(request)))
    }
}

/// A future on the heap: one allocation a request, and no hand-written state machine.
type BoxFuture<O> = Pin<Box<dyn Future<Output = O> + Send>>;

async fn guarded<T, B, R, E, F>(
    guard: Guard<T>,
    request: Request<B>,
    inner: impl FnOnce(Request<B>) -> F + Send,
) -> Result<Response<R>, E>
where
    F: Future<Output = Result<Response<R>, E>> + Send,
    R: Default,
    T: Send + Sync,
{
    let (mut head, body) = request.into_parts();
    let certificate = head
        .extensions
        .get()
        .copied()
        .unwrap_or(PeerCertificate::TerminatedElsewhere);
    let passed = match guard.check(&head, certificate).await {
        Decision::Refuse(refused) => return Ok(refused.into_response()),
        Decision::Pass(passed) => passed,
    };
    passed.mark(&mut head);
    let mut response = inner(Request::from_parts(head, body)).await?;
    passed.finish(response.headers_mut());
    Ok(response)
}
