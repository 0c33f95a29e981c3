use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::task::JoinHandle;

use super::LOOPBACK;
use super::failure::Failure;
use crate::config::HttpSettings;
use crate::listener::{HeadError, Listener, Peer};
use crate::proxy::Body;

/// A port on loopback that is ours, before anything is served on it.
pub(super) struct Reserved {
    listener: Listener,
    port: u16,
}

impl Reserved {
    /// Binds a port, or a free one for 0.
    pub(super) async fn bind(what: &'static str, port: u16) -> Result<Self, Failure> {
        let failed = |error| Failure::Bind { what, port, error };
        let listener = Listener::bind((LOOPBACK, port).into(), None, SETTINGS)
            .await
            .map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{LOOPBACK}:{}", self.port)
    }

    pub(super) fn serve<H, F>(self, handler: H) -> Server
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let connected = move |_: &Peer| {
            let handler = handler.clone();
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
        Server(tokio::spawn(
            self.listener.serve(connected, core::future::pending()),
        ))
    }
}

/// A server that ends when it is dropped.
pub(super) struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

const SETTINGS: HttpSettings = HttpSettings {
    max_header_bytes: 65_536,
    header_timeout: Duration::from_secs(10),
    idle_timeout: Duration::from_secs(60),
    drain_timeout: Duration::ZERO,
    max_connections: 100,
};
