use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keybound::KeySet;
use keybound::crypto::CryptoProvider;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::FetchError;
use crate::issuer_keys::Shared;
use crate::settings::Settings;
use crate::source::{Cadence, Load, Loaded};

/// The task behind an [`IssuerKeys`](crate::IssuerKeys): fetch, wait, fetch.
pub(crate) struct Refresher<L> {
    loader: L,
    shared: Arc<Shared>,
    finish: watch::Sender<()>,
    provider: Arc<dyn CryptoProvider>,
    /// The set in use, and what it was read from.
    in_use: Option<(Bytes, Arc<KeySet>)>,
    jitter: Jitter,
}

impl<L: Load> Refresher<L> {
    pub(crate) fn new(
        loader: L,
        shared: Arc<Shared>,
        finish: watch::Sender<()>,
        provider: Arc<dyn CryptoProvider>,
    ) -> Self {
        Self {
            loader,
            shared,
            finish,
            provider,
            in_use: None,
            jitter: Jitter::default(),
        }
    }

    pub(crate) async fn run(mut self) {
        loop {
            let delay = self.fetch().await;
            self.shared.sleep(Instant::now() + delay).await;
        }
    }

    /// One fetch. Returns the time until the next.
    async fn fetch(&mut self) -> Duration {
        let began = Instant::now();
        self.shared.begin(began);
        let outcome = self.loader.load().await;
        let max_age = outcome.as_ref().ok().and_then(|loaded| loaded.max_age);
        match outcome.and_then(|loaded| self.accept(loaded)) {
            Ok(set) => self.shared.succeed(set, began, &self.finish),
            Err(error) => self.shared.fail(error, Instant::now(), &self.finish),
        }
        let settings = &self.shared.settings;
        let delay = match (self.loader.cadence(), self.shared.consecutive_failures()) {
            (Cadence::Poll, _) => settings.poll,
            (Cadence::Refresh, 0) => refresh_delay(settings, max_age),
            (Cadence::Refresh, failures) => retry_delay(settings, failures),
        };
        self.jitter.shorten(delay)
    }

    /// Reads the document, unless it is the one that is in use: a generation is spent only on other
    /// octets.
    fn accept(&mut self, loaded: Loaded) -> Result<Arc<KeySet>, FetchError> {
        let generation = match &self.in_use {
            Some((document, set)) if *document == loaded.document => return Ok(Arc::clone(set)),
            Some((_, set)) => set.generation().saturating_add(1),
            None => 1,
        };
        let set = KeySet::parse(
            &loaded.document,
            generation,
            &self.shared.settings.limits,
            &*self.provider,
        )
        .map_err(FetchError::BadDocument)?;
        let set = Arc::new(set);
        self.in_use = Some((loaded.document, Arc::clone(&set)));
        Ok(set)
    }
}

fn refresh_delay(settings: &Settings, max_age: Option<Duration>) -> Duration {
    max_age
        .unwrap_or(settings.refresh)
        .clamp(settings.refresh_min, settings.refresh_max)
}

fn retry_delay(settings: &Settings, failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
    settings
        .retry_min
        .saturating_mul(factor)
        .min(settings.retry_max)
}

/// Spreads the fetches of many gateways. Not a secret.
#[derive(Default)]
struct Jitter {
    state: RandomState,
    count: u64,
}

impl Jitter {
    /// The delay, less up to a tenth.
    fn shorten(&mut self, delay: Duration) -> Duration {
        self.count = self.count.wrapping_add(1);
        let thousandths = u32::try_from(self.state.hash_one(self.count) % 1_000).unwrap_or(0);
        delay.saturating_sub(delay / 10_000 * thousandths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_counts_within_its_bounds() {
        let settings = Settings::DEFAULT;
        let rows = [
            (None, 300),
            (Some(0), 60),
            (Some(59), 60),
            (Some(60), 60),
            (Some(61), 61),
            (Some(3_599), 3_599),
            (Some(3_600), 3_600),
            (Some(3_601), 3_600),
            (Some(u64::MAX), 3_600),
        ];
        for (max_age, expected) in rows {
            assert_eq!(
                refresh_delay(&settings, max_age.map(Duration::from_secs)),
                Duration::from_secs(expected),
                "{max_age:?}"
            );
        }
    }

    #[test]
    fn failures_back_off_to_a_bound() {
        let settings = Settings::DEFAULT;
        let rows = [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (u32::MAX, 60)];
        for (failures, expected) in rows {
            assert_eq!(
                retry_delay(&settings, failures),
                Duration::from_secs(expected),
                "{failures}"
            );
        }
    }

    #[test]
    fn jitter_shortens_by_less_than_a_tenth_and_not_always_by_the_same() {
        let delay = Duration::from_secs(100);
        let mut jitter = Jitter::default();
        let delays: Vec<Duration> = (0..1_000).map(|_| jitter.shorten(delay)).collect();
        assert!(delays.iter().all(|d| *d <= delay));
        assert!(delays.iter().all(|d| *d > Duration::from_secs(90)));
        assert!(delays.iter().any(|d| *d < Duration::from_secs(93)));
        assert!(delays.iter().any(|d| *d > Duration::from_secs(97)));
        assert_eq!(jitter.shorten(Duration::ZERO), Duration::ZERO);
    }
}
