//! Acceptance and retention come from one window: every second around every boundary.
//!
//! A store that forgets one second too early admits the same proof twice in the last second of its
//! window (PROJ-6).
#![cfg(not(loom))]

use std::time::Duration;

use keybound::replay::{FreshnessSource, ReplayError};
use keybound::{NumericDate, Position, UnixTime, Window};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};

use crate::support::entry;

mod support;

/// The date of the proof.
const T: u64 = 1_700_000_000;

// rules: PROJ-6 (both)
#[test]
fn proj_6_each_second_of_each_window_admits_once() {
    for past in [0, 1, 2, 3, 4, 5, 60, 300] {
        for future in [0, 10, 60] {
            let window = Window::new(past, future);
            for arrival in T - future - 2..=T + past + 2 {
                // Once with both clocks in step, and once with a monotonic clock that always says
                // "passed", so that nothing but the wall clock's rule is left to be wrong.
                for rate in [1, 1_000] {
                    replay_every_second(window, arrival, rate);
                }
            }
        }
    }
}

/// Sends the proof first at `arrival`, and again in every second until well after its window.
fn replay_every_second(window: Window, arrival: u64, rate: u64) {
    let at = |second| at(second, rate);
    let stamp = NumericDate::from_secs(T);
    let last = window.last_acceptable(stamp);
    let config = MemoryStoreConfig::default()
        .with_capacity(10)
        .with_after_restart(AfterRestart::Accept);
    let store = MemoryStore::new(config, at(arrival));
    let proof = entry(1, 1, FreshnessSource::Iat, T, last);
    let mut admitted = 0;
    for second in arrival..=last + 3 {
        let wall = at(second).wall();
        let expected = match window.position(stamp, wall) {
            Position::TooFarAhead => continue,
            Position::Inside if admitted == 0 => Ok(()),
            Position::Inside => Err(ReplayError::Replayed),
            // The pipeline would not ask. The store would not admit.
            Position::TooOld => Err(ReplayError::Forgotten),
        };
        let answer = store.check_and_insert(&proof, at(second)).map(drop);
        assert_eq!(answer, expected, "{window:?}, {arrival}, {second}");
        admitted += u64::from(answer.is_ok());
        // Retained exactly as long as accepted: not a second less, and not a second more.
        let live = usize::from(admitted == 1 && second <= last);
        assert_eq!(
            store.metrics().live,
            live,
            "{window:?}, {arrival}, {second}"
        );
    }
    assert_eq!(admitted, u64::from(arrival <= last));
}

/// Both clocks; the monotonic one in the middle of a second, and so many times faster.
fn at(second: u64, rate: u64) -> Now {
    let wall = UnixTime::since_unix_epoch(Duration::from_secs(second));
    Now::new(
        wall,
        Duration::from_millis((second + 1_000 - T) * 1_000 * rate + 500),
    )
}
