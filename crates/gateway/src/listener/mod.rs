//! Sockets, TLS and HTTP towards clients.
//!
//! A [`Listener`] accepts connections, within a limit and in spite of errors, and hands each
//! well-formed request to a handler. Whatever a peer does to one connection stays with that
//! connection.

use core::future::Future;
use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::config;
use crate::proxy::Body;

pub(crate) use connection::Peer;
pub(crate) use head::{HeadError, check_head};
pub(crate) use tls::ServerTls;

mod activity;
mod client_certificate;
mod connection;
mod head;
mod socket;
mod tls;

#[cfg(test)]
mod tests;

/// A bound socket that serves HTTP/1.1 and HTTP/2.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Option<ServerTls>,
    settings: config::HttpSettings,
}

impl Listener {
    /// Binds the address. With `tls`, the protocol is chosen by ALPN; without, HTTP/2 is spoken to
    /// a client that begins with its preface (prior knowledge).
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    pub(crate) async fn bind(
        address: SocketAddr,
        tls: Option<ServerTls>,
        settings: config::HttpSettings,
    ) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            tls,
            settings,
        })
    }

    /// The address that was bound, with the port that the system chose if none was asked for.
    ///
    /// # Errors
    ///
    /// If the socket has no address.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `shutdown` resolves, then stops accepting, lets the requests under way finish,
    /// and after the drain time cuts off those that have not.
    ///
    /// `connected` is called once a connection, after the handshake; the handler that it makes is
    /// called for each request: if its head is not well-formed, with the error, which is to be
    /// answered with [`HeadError::response`].
    pub(crate) async fn serve<C, H, F>(self, connected: C, shutdown: impl Future<Output = ()>)
    where
        C: Fn(&Peer) -> H + Clone + Send + Sync + 'static,
        H: Fn(Result<Request<Incoming>, HeadError>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let mut shutdown = core::pin::pin!(shutdown);
        let free = Arc::new(Semaphore::new(self.settings.max_connections));
        let (drain, draining) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut backoff = FIRST_BACKOFF;

        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accept(&self.socket, &free) => accepted,
            };
            // Those that have ended are forgotten here, so that the set stays within the limit.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, address, permit)) => {
                    backoff = FIRST_BACKOFF;
                    let tls = self.tls.clone();
                    let settings = self.settings.clone();
                    let connected = connected.clone();
                    let draining = draining.clone();
                    connections.spawn(async move {
                        let _permit = permit;
                        connection::serve(stream, address, tls, &settings, connected, draining)
                            .await;
                    });
                }
                // The peer was gone before it was accepted: its trouble, not ours.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                // Out of descriptors or memory. To try again at once would only burn time.
                Err(_) => {
                    tokio::select! {
                        () = &mut shutdown => break,
                        () = tokio::time::sleep(backoff) => {}
                    }
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                }
            }
        }

        drop(self.socket);
        drop(drain);
        let finish = async { while connections.join_next().await.is_some() {} };
        let _finished = tokio::time::timeout(self.settings.drain_timeout, finish).await;
        connections.shutdown().await;
    }
}

/// Takes a place first and a connection second: beyond the limit, connections wait in the kernel.
async fn accept(
    socket: &TcpListener,
    free: &Arc<Semaphore>,
) -> io::Result<(
    tokio::net::TcpStream,
    SocketAddr,
    tokio::sync::OwnedSemaphorePermit,
)> {
    let permit = Arc::clone(free)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, address) = socket.accept().await?;
    Ok((stream, address, permit))
}

const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
