use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::options::{Options, Protocol};

/// What was counted on one route.
pub(super) struct Tally {
    name: &'static str,
    waits: Vec<Duration>,
    errors: usize,
    time: Duration,
}

impl Tally {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            waits: Vec::new(),
            errors: 0,
            time: Duration::ZERO,
        }
    }

    /// Keeps the errors of a slice that does not count otherwise.
    pub(super) const fn with_errors_of(mut self, slice: &Self) -> Self {
        self.errors = slice.errors;
        self
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn time(&self) -> Duration {
        self.time
    }

    pub(super) fn count(&mut self, good: bool, wait: Duration) {
        self.waits.push(wait);
        self.errors += usize::from(!good);
    }

    pub(super) fn took(&mut self, time: Duration) {
        self.time += time;
    }

    pub(super) fn add(&mut self, slice: Self) {
        self.waits.extend(slice.waits);
        self.errors += slice.errors;
        self.time += slice.time;
    }

    /// Requests a second.
    pub(super) fn pace(&self) -> f64 {
        self.waits.len() as f64 / self.time.as_secs_f64()
    }

    pub(super) fn finish(mut self) -> Lane {
        self.waits.sort_unstable();
        let at = |thousandth: usize| {
            let last = self.waits.len().saturating_sub(1);
            let wait = self.waits.get(last * thousandth / 1_000);
            wait.map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
        };
        Lane {
            route: self.name,
            requests: self.waits.len(),
            errors: self.errors,
            per_second: self.pace(),
            p50_ms: at(500),
            p90_ms: at(900),
            p99_ms: at(990),
            p999_ms: at(999),
            max_ms: at(1_000),
            ratio: 1.0,
        }
    }
}

/// What was measured on one route.
#[derive(Clone, Debug, Serialize)]
pub struct Lane {
    /// Its name.
    pub route: &'static str,
    /// Requests.
    pub requests: usize,
    /// Answers other than 200, the warm-up included.
    pub errors: usize,
    /// Requests a second.
    pub per_second: f64,
    /// Milliseconds within which half of the answers came.
    pub p50_ms: f64,
    /// 90 of 100.
    pub p90_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
    /// 999 of 1,000.
    pub p999_ms: f64,
    /// All.
    pub max_ms: f64,
    /// Requests a second, compared with the first route.
    pub ratio: f64,
}

/// What was measured, route by route.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    connections: usize,
    protocol: &'static str,
    /// The first is what the others are compared with.
    pub lanes: Vec<Lane>,
}

impl Report {
    pub(super) fn new(options: &Options, lanes: impl Iterator<Item = Lane>) -> Self {
        let mut lanes: Vec<Lane> = lanes.collect();
        let first = lanes.first().map_or(f64::NAN, |lane| lane.per_second);
        for lane in &mut lanes {
            lane.ratio = lane.per_second / first;
        }
        Self {
            connections: options.connections,
            protocol: match options.protocol {
                Protocol::Http1 => "HTTP/1.1",
                Protocol::Http2 => "HTTP/2",
            },
            lanes,
        }
    }

    /// Answers other than 200.
    pub fn errors(&self) -> usize {
        self.lanes.iter().map(|lane| lane.errors).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            connections,
            protocol,
            lanes,
        } = self;
        writeln!(
            f,
            "{protocol}, {connections} requests at a time, milliseconds"
        )?;
        writeln!(
            f,
            "{:<16}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}",
            "route", "requests", "req/s", "ratio", "p50", "p90", "p99", "p99.9", "max", "errors"
        )?;
        for lane in lanes {
            writeln!(
                f,
                "{:<16}{:>10}{:>8.0}{:>8.3}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8.2}{:>8}",
                lane.route,
                lane.requests,
                lane.per_second,
                lane.ratio,
                lane.p50_ms,
                lane.p90_ms,
                lane.p99_ms,
                lane.p999_ms,
                lane.max_ms,
                lane.errors,
            )?;
        }
        Ok(())
    }
}
