use keybound::replay::{FreshnessSource, ReplayError};

use crate::clock::Now;
use crate::sync::{AtomicU64, Ordering};

/// The seconds about which the store remembers nothing, and which it therefore refuses.
#[derive(Debug)]
pub(crate) struct Horizon {
    /// The start, if older proofs may have been admitted before it.
    start: Option<Now>,
    iat: AtomicU64,
    nonce: AtomicU64,
}

impl Horizon {
    pub(crate) fn new(start: Option<Now>) -> Self {
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
    pub(crate) fn check(
        &self,
        source: FreshnessSource,
        second: u64,
        now: Now,
    ) -> Result<(), ReplayError> {
        if self
            .start
            .is_some_and(|start| second <= last_second_before(start, now))
        {
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

/// The last second in which a proof may have been made before the start: that of the start, by the
/// wall clock as it was then or as it is now, whichever is later.
///
/// A machine may start with a clock that is behind, and set it right afterwards. Then the start was
/// later than it seemed, and the proofs in between are older than this process. How long ago it was
/// is told by the clock that nobody can set.
fn last_second_before(start: Now, now: Now) -> u64 {
    // The wall clock is read in whole seconds, so that its fraction is not known. Whole seconds of
    // the time since the start give the latest second that the start can have been in.
    let elapsed = now.monotonic().saturating_sub(start.monotonic()).as_secs();
    start.second().max(now.second().saturating_sub(elapsed))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use FreshnessSource::{Iat, Nonce};
    use keybound::UnixTime;

    use super::*;

    #[test]
    fn the_second_of_the_start_is_refused_and_the_next_is_not() {
        let horizon = Horizon::new(Some(at(100, 5_000)));
        let rows = [
            // Both clocks in step, to the fraction that a wall clock in whole seconds leaves open.
            (100, 5_000, 100),
            (100, 5_999, 100),
            (110, 15_000, 100),
            (110, 15_999, 100),
            (110, 14_999, 101),
            // Set forward by an hour, at once and later: the start was an hour later.
            (3_700, 5_000, 3_700),
            (3_710, 14_999, 3_701),
            (3_710, 15_000, 3_700),
            (3_710, 15_999, 3_700),
            (3_710, 16_000, 3_699),
            // Set back: the start was not earlier than it is known to be.
            (50, 15_000, 100),
            (0, 1_000_000, 100),
            // A moment before the start is no time after it.
            (110, 0, 110),
        ];
        for (wall, milliseconds, last) in rows {
            for source in [Iat, Nonce] {
                for (second, expected) in [
                    (last - 1, Err(ReplayError::PredatesStart)),
                    (last, Err(ReplayError::PredatesStart)),
                    (last + 1, Ok(())),
                ] {
                    let answer = horizon.check(source, second, at(wall, milliseconds));
                    assert_eq!(answer, expected, "{second} at {wall} s, {milliseconds} ms");
                }
            }
        }
    }

    #[test]
    fn without_a_start_nothing_predates_it() {
        let horizon = Horizon::new(None);
        for now in [at(100, 0), at(3_700, 0), at(0, 0)] {
            assert_eq!(horizon.check(Iat, 0, now), Ok(()));
        }
    }

    #[test]
    fn each_source_has_a_mark_of_its_own_and_it_only_rises() {
        let (horizon, now) = (Horizon::new(None), at(200, 0));
        assert_eq!(horizon.highest_dropped(Iat), None);
        assert_eq!(horizon.check(Iat, 0, now), Ok(()));
        horizon.raise(Iat, 100);
        horizon.raise(Iat, 98);
        assert_eq!(horizon.check(Iat, 99, now), Err(ReplayError::Forgotten));
        assert_eq!(horizon.check(Iat, 100, now), Err(ReplayError::Forgotten));
        assert_eq!(horizon.check(Iat, 101, now), Ok(()));
        assert_eq!(horizon.check(Nonce, 0, now), Ok(()));
        assert_eq!(horizon.highest_dropped(Iat), Some(100));
        assert_eq!(horizon.highest_dropped(Nonce), None);
    }

    fn at(second: u64, milliseconds: u64) -> Now {
        let wall = UnixTime::since_unix_epoch(Duration::from_secs(second));
        Now::new(wall, Duration::from_millis(milliseconds))
    }
}
