//! Load on the gateway's binary: the same upstream behind an open route and behind a bound one.
//!
//! The routes take turns in slices of a quarter of a second, so that all see the same machine. What a
//! slice sends is signed before its clock starts, with several keys: one key may have a tenth of what
//! the store has room for. Clients and upstream share one thread.

pub use self::options::{Options, Output, Protocol};
pub use self::report::{Lane, Report};

mod clients;
mod gateway;
mod options;
mod report;
mod sender;
mod upstream;

use std::time::Duration;

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use keybound::Algorithm;
use tokio::runtime;

use self::clients::Clients;
use self::gateway::Gateway;
use self::report::Tally;
use self::sender::Sender;
use self::upstream::Upstream;

/// Starts an upstream and a gateway, drives it, and stops both.
///
/// # Panics
///
/// If they do not start, or a connection breaks.
pub fn run(options: &Options) -> Report {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(drive(options))
}

async fn drive(options: &Options) -> Report {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(upstream.address());
    let sender = Sender::connect(gateway.address(), options).await;
    let mut lanes: Vec<Running> = LANES
        .iter()
        .map(|(name, algorithm)| Running {
            clients: Clients::new(*algorithm),
            tally: Tally::new(name),
            // Of the first slice, which opens connections and fills caches and does not count.
            next: options.connections * WARM_UP,
        })
        .collect();
    for lane in &mut lanes {
        let warm = lane.slice(&sender).await;
        lane.plan(&warm, options);
        lane.tally = Tally::new(lane.tally.name()).with_errors_of(&warm);
    }
    let measured = |lanes: &[Running]| -> Duration {
        let times = lanes.iter().map(|lane| lane.tally.time());
        times.sum()
    };
    while measured(&lanes) < options.time {
        for lane in &mut lanes {
            let slice = lane.slice(&sender).await;
            lane.plan(&slice, options);
            lane.tally.add(slice);
        }
    }
    Report::new(options, lanes.into_iter().map(|lane| lane.tally.finish()))
}

struct Running {
    clients: Clients,
    tally: Tally,
    /// Requests of the next slice.
    next: usize,
}

impl Running {
    async fn slice(&self, sender: &Sender) -> Tally {
        let requests: Vec<Message> = self.clients.requests(self.next);
        let mut slice = Tally::new(self.tally.name());
        sender.send(requests, &mut slice).await;
        slice
    }

    /// As many as fit into a slice at the pace of the last one.
    fn plan(&mut self, last: &Tally, options: &Options) {
        let fit = last.pace() * options.slice().as_secs_f64();
        let fit = usize::try_from(fit as u64).unwrap_or(usize::MAX);
        self.next = fit.clamp(options.connections, MOST);
    }
}

type Message = Request<Empty<Bytes>>;

/// The first is what the others are compared with.
const LANES: [(&str, Option<Algorithm>); 3] = [
    ("open", None),
    ("bound, Ed25519", Some(Algorithm::EdDsa)),
    ("bound, ES256", Some(Algorithm::Es256)),
];

/// Requests of each connection before the clock starts.
const WARM_UP: usize = 16;

/// Requests of a slice.
const MOST: usize = 50_000;
