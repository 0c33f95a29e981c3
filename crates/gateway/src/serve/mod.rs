//! `keybound serve`: a checked configuration becomes listeners, a guard and upstreams.

use core::fmt;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use keybound_hyper::{Authorities, Guard, NonceRing, RandomnessError};
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{self, Config};
use crate::listener::{Listener, Peer, ServerTls};
use crate::proxy::Body;

pub(crate) use handler::Target;
use log::{Log, Writer};
pub(crate) use site::{SiteFailure, provider};

mod handler;
mod log;
mod site;

/// A gateway whose sockets are bound and whose issuers were asked for their keys once.
pub(crate) struct Gateway {
    listeners: Vec<(Listener, Guard<Target>)>,
    log: Arc<Log>,
    writer: Writer,
}

impl Gateway {
    /// Does everything that can fail at the start. That an issuer's keys cannot be had yet is no
    /// failure: its tokens are answered 503 until they can, and the log says so.
    ///
    /// # Errors
    ///
    /// Everything in [`StartError`].
    pub(crate) async fn start(config: Config) -> Result<Self, StartError> {
        let (log, writer) = Log::start(config.log.requests, config.log.output);
        let log = Arc::new(log);
        let clock = Clock::system();
        let now = clock.now();
        let store = MemoryStore::new(store_config(config.replay), now);
        let nonces = NonceRing::generate(now.wall()).map_err(StartError::Randomness)?;
        let listeners = config.listeners;
        let site = site::build(
            site::Parts {
                issuers: config.issuers,
                upstreams: config.upstreams,
                routes: config.routes,
                proof: config.proof,
                limits: config.limits,
            },
            &log,
        )
        .await
        .map_err(StartError::Site)?;
        let observer: Arc<Log> = Arc::clone(&log);
        let guard = Guard::builder(site, Arc::new(store), clock, nonces)
            .observer(observer)
            .build(Authorities::new());
        let mut bound = Vec::new();
        for listener in listeners {
            bound.push(bind(listener, &guard).await?);
        }
        Ok(Self {
            listeners: bound,
            log,
            writer,
        })
    }

    /// The addresses that were bound, in the order of the configuration.
    ///
    /// # Errors
    ///
    /// If a socket has no address.
    pub(crate) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners
            .iter()
            .map(|(listener, _)| listener.local_addr())
            .collect()
    }

    /// Serves until `shutdown` resolves, and then finishes what is under way.
    pub(crate) async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self {
            listeners,
            log,
            writer,
        } = self;
        let (stop, stopped) = watch::channel(());
        let mut serving = JoinSet::new();
        for (listener, guard) in listeners {
            let log = Arc::clone(&log);
            let mut stopped = stopped.clone();
            let connected = move |peer: &Peer| connection(&guard, &log, peer);
            serving.spawn(async move {
                let stopped = async move {
                    // An error means that the other half is gone, which is a stop as well.
                    let _ = stopped.changed().await;
                };
                listener.serve(connected, stopped).await;
            });
        }
        shutdown.await;
        log.event(
            "stopping",
            "no new connections; requests under way are finished",
        );
        drop(stop);
        while serving.join_next().await.is_some() {}
        log.event("stopped", "all connections are closed");
        drop(log);
        writer.finish();
    }
}

/// Makes the handler of one connection, which knows who is at the other end.
fn connection(
    guard: &Guard<Target>,
    log: &Arc<Log>,
    peer: &Peer,
) -> impl Fn(Request<Incoming>) -> HandlerFuture + Clone + Send + Sync + 'static + use<> {
    let (guard, log) = (guard.clone(), Arc::clone(log));
    let client = peer.address.ip();
    let certificate = peer.certificate(&*provider());
    move |request| {
        Box::pin(handler::handle(
            guard.clone(),
            Arc::clone(&log),
            client,
            certificate,
            request,
        ))
    }
}

type HandlerFuture = core::pin::Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

async fn bind(
    settings: config::Listener,
    guard: &Guard<Target>,
) -> Result<(Listener, Guard<Target>), StartError> {
    let tls = match &settings.tls {
        None => None,
        Some(tls) => Some(ServerTls::new(tls).map_err(StartError::Tls)?),
    };
    let mut authorities = Authorities::new();
    for (authority, origin) in settings.authorities {
        // The configuration has demanded the dangerous setting for plain http already.
        authorities = authorities.danger_with_any_scheme(&authority, origin);
    }
    let address = settings.address;
    let listener = Listener::bind(address, tls, settings.http)
        .await
        .map_err(|error| StartError::Bind(address, error))?;
    Ok((listener, guard.with_authorities(authorities)))
}

fn store_config(replay: config::Replay) -> MemoryStoreConfig {
    MemoryStoreConfig::default()
        .with_capacity(replay.capacity)
        .with_after_restart(match replay.after_restart {
            config::AfterRestart::RefuseOlder => AfterRestart::RefuseOlder,
            config::AfterRestart::Accept => AfterRestart::Accept,
        })
}

/// Why a gateway did not start.
#[derive(Debug)]
pub(crate) enum StartError {
    /// An address cannot be bound.
    Bind(SocketAddr, io::Error),
    /// A listener's certificate and key are of no use.
    Tls(rustls::Error),
    /// The system has no randomness for nonce keys.
    Randomness(RandomnessError),
    /// Policies, keys or upstreams.
    Site(SiteFailure),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::Tls(error) => write!(f, "certificate and key of a listener: {error}"),
            Self::Randomness(error) => error.fmt(f),
            Self::Site(error) => error.fmt(f),
        }
    }
}

impl Error for StartError {}
