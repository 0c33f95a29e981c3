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
const FIRST_IN_DOUBT: u64 = T + 1;

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

/// The machine starts within the second `T`, with a clock that is behind and is set right afterwards:
/// no second in which a proof may have been admitted before the start is admitted after it.
// rules: PROJ-7 (both)
#[test]
fn proj_7_each_second_before_each_start_is_refused() {
    for fraction in [0, 1, 500, 999] {
        for behind in [0, 1, 999, 1_000, 59_999, 60_000, 61_000, 3_600_000] {
            let started = T * 1_000 + fraction;
            let start = moment(started - behind, 0);
            for elapsed in [0, 1, 499, 500, 999, 1_000, 1_001, 9_500, 58_000, 62_000] {
                let now = moment(started + elapsed, elapsed);
                for dated in T - 60..=T + 2 {
                    replay_after_start(start, now, dated);
                }
            }
        }
    }
}

fn replay_after_start(start: Now, now: Now, dated: u64) {
    let (window, stamp) = (Window::new(60, 10), NumericDate::from_secs(dated));
    if window.position(stamp, now.wall()) != Position::Inside {
        return;
    }
    let store = MemoryStore::new(MemoryStoreConfig::default().with_capacity(10), start);
    let proof = entry(
        1,
        1,
        FreshnessSource::Iat,
        dated,
        window.last_acceptable(stamp),
    );
    let answer = store.check_and_insert(&proof, now).map(drop);
    let context = format!("{dated}, {start:?}, {now:?}");
    match dated {
        ..=T => assert_eq!(answer, Err(ReplayError::PredatesStart), "{context}"),
        // Clocks in whole seconds leave one second open, and doubt refuses.
        FIRST_IN_DOUBT => assert!(
            [Ok(()), Err(ReplayError::PredatesStart)].contains(&answer),
            "{answer:?}, {context}"
        ),
        _ => assert_eq!(answer, Ok(()), "{context}"),
    }
}

/// Both clocks, in milliseconds.
fn moment(wall: u64, clock: u64) -> Now {
    let wall = UnixTime::since_unix_epoch(Duration::from_millis(wall));
    Now::new(wall, Duration::from_millis(clock))
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
            Position::TooOld => Err(ReplayError::TooOld),
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
