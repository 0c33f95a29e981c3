//! Counters, and the numbers that the administration endpoint shows.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keybound::Reason;
use keybound_hyper::{Observer, Outcome, Report};
use keybound_replay::{MemoryStore, Occupancy};
use keybound_sources::{IssuerKeys, Status};

use super::log::Log;
use crate::listener::HeadError;

/// Counts decisions, and hands each on to the log.
pub(super) struct Metrics {
    log: Arc<Log>,
    allowed: AtomicU64,
    verified_only: AtomicU64,
    /// In the order of [`Reason::ALL`].
    refused: Vec<AtomicU64>,
    /// In the order of [`HeadError::ALL`].
    head_refused: [AtomicU64; HeadError::ALL.len()],
}

impl Metrics {
    pub(super) fn new(log: Arc<Log>) -> Self {
        Self {
            log,
            allowed: AtomicU64::new(0),
            verified_only: AtomicU64::new(0),
            refused: Reason::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            head_refused: HeadError::ALL.map(|_| AtomicU64::new(0)),
        }
    }

    /// Where other things than decisions are logged.
    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// A request was refused for its head, before anything was decided.
    pub(super) fn head_refused(&self, error: HeadError) {
        let counters = HeadError::ALL.iter().zip(&self.head_refused);
        for (_, counter) in counters.filter(|(other, _)| **other == error) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.log.head_refused(error);
    }

    /// The text of the metrics endpoint, in the exposition format of Prometheus.
    pub(super) fn text(&self, store: &MemoryStore, issuers: &[(String, IssuerKeys)]) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = self.write_decisions(&mut text);
        let _ = write_store(&mut text, &store.metrics());
        for (issuer, keys) in issuers {
            let _ = write_keys(&mut text, issuer, &keys.status());
        }
        text
    }

    fn write_decisions(&self, text: &mut String) -> std::fmt::Result {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        writeln!(text, "# TYPE keybound_admitted_total counter")?;
        for (outcome, counter) in [
            (Outcome::Allow, &self.allowed),
            (Outcome::VerifyOnly, &self.verified_only),
        ] {
            let (outcome, count) = (outcome.name(), count(counter));
            writeln!(
                text,
                "keybound_admitted_total{{outcome=\"{outcome}\"}} {count}"
            )?;
        }
        writeln!(text, "# TYPE keybound_refused_total counter")?;
        for (reason, counter) in Reason::ALL.iter().zip(&self.refused) {
            let (reason, count) = (reason.code(), count(counter));
            writeln!(
                text,
                "keybound_refused_total{{reason=\"{reason}\"}} {count}"
            )?;
        }
        for (error, counter) in HeadError::ALL.iter().zip(&self.head_refused) {
            let (reason, count) = (error.code(), count(counter));
            writeln!(
                text,
                "keybound_refused_total{{reason=\"{reason}\"}} {count}"
            )?;
        }
        Ok(())
    }
}

impl Observer for Metrics {
    fn decided(&self, report: &Report<'_>) {
        let counter = match (report.outcome, report.reason) {
            (_, Some(reason)) => Reason::ALL
                .iter()
                .position(|other| *other == reason)
                .and_then(|at| self.refused.get(at)),
            (Outcome::VerifyOnly, None) => Some(&self.verified_only),
            (_, None) => Some(&self.allowed),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.log.decided(report);
    }
}

fn write_store(text: &mut String, store: &Occupancy) -> std::fmt::Result {
    let (live, capacity, octets) = (store.live, store.capacity, store.octets);
    for (name, value) in [
        ("keybound_replay_live", live),
        ("keybound_replay_capacity", capacity),
        ("keybound_replay_octets", octets),
        ("keybound_replay_poisoned_shards", store.poisoned_shards),
    ] {
        writeln!(text, "# TYPE {name} gauge\n{name} {value}")?;
    }
    Ok(())
}

fn write_keys(text: &mut String, issuer: &str, status: &Status) -> std::fmt::Result {
    let issuer = issuer.replace('\\', "\\\\").replace('"', "\\\"");
    let age = status.success_age.map_or(f64::NAN, |age| age.as_secs_f64());
    writeln!(
        text,
        "keybound_issuer_keys{{issuer=\"{issuer}\"}} {}",
        status.keys
    )?;
    writeln!(
        text,
        "keybound_issuer_keys_age_seconds{{issuer=\"{issuer}\"}} {age:.0}"
    )?;
    writeln!(
        text,
        "keybound_issuer_fetches_total{{issuer=\"{issuer}\"}} {}",
        status.fetches
    )?;
    writeln!(
        text,
        "keybound_issuer_fetch_failures_total{{issuer=\"{issuer}\"}} {}",
        status.failures
    )
}
