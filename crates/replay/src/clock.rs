use std::time::{Duration, Instant, SystemTime};

use keybound::UnixTime;

/// One moment, read from two clocks.
///
/// Freshness is a matter of the wall clock, which an operator or NTP may set. That a window has
/// passed is believed only if a clock that nobody can set says so too (PROJ-7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    wall: UnixTime,
    monotonic: Duration,
}

impl Now {
    /// A moment: the wall clock's time, and the time since any fixed point by a clock that never
    /// goes back. The fixed point must be the same for every moment that one store is shown.
    pub const fn new(wall: UnixTime, monotonic: Duration) -> Self {
        Self { wall, monotonic }
    }

    /// The wall clock's time.
    pub const fn wall(&self) -> UnixTime {
        self.wall
    }

    /// The time since the fixed point.
    pub const fn monotonic(&self) -> Duration {
        self.monotonic
    }

    pub(crate) const fn second(&self) -> u64 {
        self.wall.as_secs()
    }
}

/// Reads both clocks of the operating system: the edge at which time enters.
///
/// Copies share one fixed point. Use one clock, or copies of it, for all calls to one store.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts now.
    pub fn system() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Reads both clocks.
    ///
    /// A wall clock before 1970 reads as 1970: every proof is then too far ahead, and is refused.
    pub fn now(&self) -> Now {
        // The wall clock first: should the thread be held up in between, the monotonic time is the
        // later of the two, and what is remembered is remembered for longer.
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Now::new(
            UnixTime::since_unix_epoch(wall),
            Instant::now().saturating_duration_since(self.origin),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_reads_both() {
        let clock = Clock::system();
        let (first, second) = (clock.now(), clock.now());
        assert!(first.wall().as_secs() > 1_600_000_000);
        assert!(second.monotonic() >= first.monotonic());
        assert!(second.monotonic() < Duration::from_secs(60));
    }
}
