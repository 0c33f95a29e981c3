use keybound::replay::{FreshnessSource, ReplayError};

use crate::sync::{AtomicU64, Ordering};

/// The seconds about which the store remembers nothing, and which it therefore refuses.
#[derive(Debug)]
pub(crate) struct Horizon {
    /// The second of the start, if older proofs may have been admitted before it.
    start: Option<u64>,
    iat: AtomicU64,
    nonce: AtomicU64,
}

impl Horizon {
    pub(crate) fn new(start: Option<u64>) -> Self {
        Self {
            start,
            iat: AtomicU64::new(0),
            nonce: AtomicU64::new(0),
        }
    }

    /// Refuses a proof that may have been admitted once and be forgotten now.
    ///
    /// To be asked under the lock of the proof's shard: [`raise`](Self::raise) for a bucket of that
    /// shard happens under the same lock, so `Relaxed` is enough.
    pub(crate) fn check(&self, source: FreshnessSource, second: u64) -> Result<(), ReplayError> {
        if self.start.is_some_and(|start| second <= start) {
            return Err(ReplayError::PredatesStart);
        }
        if second < self.first_remembered(source).load(Ordering::Relaxed) {
            return Err(ReplayError::Forgotten);
        }
        Ok(())
    }

    /// Notes that a bucket was dropped (PROJ-7). For ever: neither a clock set back, nor a window
    /// widened by a reload, brings a dropped proof back.
    pub(crate) fn raise(&self, source: FreshnessSource, second: u64) {
        self.first_remembered(source)
            .fetch_max(second.saturating_add(1), Ordering::Relaxed);
    }

    /// The highest second of a source that was dropped.
    pub(crate) fn highest_dropped(&self, source: FreshnessSource) -> Option<u64> {
        self.first_remembered(source)
            .load(Ordering::Relaxed)
            .checked_sub(1)
    }

    const fn first_remembered(&self, source: FreshnessSource) -> &AtomicU64 {
        match source {
            FreshnessSource::Iat => &self.iat,
            FreshnessSource::Nonce => &self.nonce,
        }
    }
}

#[cfg(test)]
mod tests {
    use FreshnessSource::{Iat, Nonce};

    use super::*;

    #[test]
    fn the_second_of_the_start_is_refused_and_the_next_is_not() {
        let horizon = Horizon::new(Some(100));
        for source in [Iat, Nonce] {
            assert_eq!(horizon.check(source, 99), Err(ReplayError::PredatesStart));
            assert_eq!(horizon.check(source, 100), Err(ReplayError::PredatesStart));
            assert_eq!(horizon.check(source, 101), Ok(()));
        }
    }

    #[test]
    fn each_source_has_a_mark_of_its_own_and_it_only_rises() {
        let horizon = Horizon::new(None);
        assert_eq!(horizon.highest_dropped(Iat), None);
        assert_eq!(horizon.check(Iat, 0), Ok(()));
        horizon.raise(Iat, 100);
        horizon.raise(Iat, 98);
        assert_eq!(horizon.check(Iat, 99), Err(ReplayError::Forgotten));
        assert_eq!(horizon.check(Iat, 100), Err(ReplayError::Forgotten));
        assert_eq!(horizon.check(Iat, 101), Ok(()));
        assert_eq!(horizon.check(Nonce, 0), Ok(()));
        assert_eq!(horizon.highest_dropped(Iat), Some(100));
        assert_eq!(horizon.highest_dropped(Nonce), None);
    }
}
