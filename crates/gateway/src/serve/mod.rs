//! `keybound serve`: a checked configuration becomes listeners, a guard and upstreams.

use core::fmt;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use keybound::Origin;
use keybound_hyper::{Authorities, Guard, NonceRing, RandomnessError, Site};
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{self, Config};
use crate::listener::{HeadError, Listener, Peer, ServerTls};
use crate::proxy::Body;

use admin::Admin;
use handler::Target;
use log::{Log, Writer};
use metrics::Metrics;
pub(crate) use site::{SiteFailure, check, provider};

mod admin;
mod handler;
mod log;
mod metrics;
mod site;

/// Policies, keys and authorities of a configuration, for judging without serving.
///
/// # Errors
///
/// Everything in [`SiteFailure`].
pub(crate) async fn judge(config: Config) -> Result<(Site<Target>, Authorities), SiteFailure> {
    let (site, _issuers) = site::build(&config).await?;
    let listeners = config.listeners.into_iter();
    let authorities = listeners.flat_map(|listener| listener.authorities);
    Ok((site, known(authorities)))
}

/// A gateway whose sockets are bound and whose issuers were asked for their keys once.
pub(crate) struct Gateway {
    listeners: Vec<(Listener, Guard<Target>)>,
    admin: Option<(Listener, Arc<Admin>)>,
    metrics: Arc<Metrics>,
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
        let store = Arc::new(MemoryStore::new(store_config(config.replay), now));
        let nonces = NonceRing::generate(now.wall()).map_err(StartError::Randomness)?;
        let (site, issuers) = site::build(&config).await.map_err(StartError::Site)?;
        for (issuer, keys) in &issuers {
            site::report_keys(issuer, keys, &log);
        }
        let metrics = Arc::new(Metrics::new(Arc::clone(&log)));
        let record: Arc<MemoryStore> = Arc::clone(&store);
        let observer: Arc<Metrics> = Arc::clone(&metrics);
        let guard = Guard::builder(site, record, clock, nonces)
            .observer(observer)
            .build(Authorities::new());
        let admin = Admin {
            metrics: Arc::clone(&metrics),
            store,
            issuers,
        };
        let admin = bind_admin(config.admin, admin).await?;
        let mut listeners = Vec::new();
        for listener in config.listeners {
            listeners.push(bind(listener, &guard).await?);
        }
        Ok(Self {
            listeners,
            admin,
            metrics,
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
            admin,
            metrics,
            log,
            writer,
        } = self;
        let (stop, stopped) = watch::channel(());
        let stopped = move || {
            let mut stopped = stopped.clone();
            async move {
                // An error means that the other half is gone, which is a stop as well.
                let _ = stopped.changed().await;
            }
        };
        let mut serving = JoinSet::new();
        for (listener, guard) in listeners {
            let metrics = Arc::clone(&metrics);
            let connected = move |peer: &Peer| connection(&guard, &metrics, peer);
            serving.spawn(listener.serve(connected, stopped()));
        }
        if let Some((listener, admin)) = admin {
            serving.spawn(listener.serve(move |_: &Peer| admin.handler(), stopped()));
        }
        shutdown.await;
        log.event(
            "stopping",
            "no new connections; requests under way are finished",
        );
        drop(stop);
        while serving.join_next().await.is_some() {}
        log.event("stopped", "all connections are closed");
        drop(metrics);
        drop(log);
        writer.finish();
    }
}

/// Makes the handler of one connection, which knows who is at the other end.
fn connection(
    guard: &Guard<Target>,
    metrics: &Arc<Metrics>,
    peer: &Peer,
) -> impl Fn(Result<Request<Incoming>, HeadError>) -> HandlerFuture + Clone + Send + Sync + 'static + use<>
{
    let (guard, metrics) = (guard.clone(), Arc::clone(metrics));
    let client = peer.address.ip();
    let certificate = peer.certificate(&*provider());
    move |request| {
        Box::pin(handler::handle(
            guard.clone(),
            Arc::clone(&metrics),
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
    let listener = listen(settings.address, tls, settings.http).await?;
    Ok((
        listener,
        guard.with_authorities(known(settings.authorities)),
    ))
}

async fn bind_admin(
    settings: Option<config::Admin>,
    admin: Admin,
) -> Result<Option<(Listener, Arc<Admin>)>, StartError> {
    match settings {
        None => Ok(None),
        Some(settings) => {
            let listener = listen(settings.address, None, admin::http_settings()).await?;
            Ok(Some((listener, Arc::new(admin))))
        }
    }
}

async fn listen(
    address: SocketAddr,
    tls: Option<ServerTls>,
    http: config::HttpSettings,
) -> Result<Listener, StartError> {
    Listener::bind(address, tls, http)
        .await
        .map_err(|error| StartError::Bind(address, error))
}

/// The configuration has demanded the dangerous setting for plain http already.
fn known(authorities: impl IntoIterator<Item = (String, Origin)>) -> Authorities {
    authorities
        .into_iter()
        .fold(Authorities::new(), |known, (authority, origin)| {
            known.danger_with_any_scheme(&authority, origin)
        })
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
