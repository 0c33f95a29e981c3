//! Time: two clocks, the wall clock set back and forward, requests that come late, and restarts.
#![cfg(not(loom))]

use std::time::Duration;

use FreshnessSource::{Iat, Nonce};
use keybound::UnixTime;
use keybound::replay::{FreshnessSource, ReplayEntry, ReplayError};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};

use crate::support::entry;

mod support;

/// The wall clock at which each test starts. Its monotonic clock starts at 0.
const T: u64 = 1_700_000_000;

// rules: PROJ-7 (both)
#[test]
fn proj_7_both_clocks_must_say_that_a_window_has_passed() {
    // The deadline is 61 s after the start of the wall's second at which the proof came.
    let rows = [
        (60, 61_000, 1),
        (61, 60_999, 1),
        (61, 61_000, 0),
        (10_000, 60_999, 1),
        (60, 10_000_000, 1),
    ];
    for (wall, milliseconds, live) in rows {
        let store = store(10);
        assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
        touch(&store, apart(wall, milliseconds));
        assert_eq!(store.metrics().live, live, "{wall} s, {milliseconds} ms");
    }
}

// rules: PROJ-7 (negative)
#[test]
fn proj_7_no_clock_set_back_revives_a_dropped_second() {
    for source in [Iat, Nonce] {
        let store = store(10);
        let proof = entry(1, 1, source, T, T + 60);
        assert_eq!(ask(&store, &proof, at(0)), Ok(()));
        touch(&store, at(61));
        assert_eq!(store.metrics().live, 0);
        // The wall clock is at the start again; the monotonic clock is not.
        let back = apart(0, 62_000);
        assert_eq!(ask(&store, &proof, back), Err(ReplayError::Forgotten));
        let rows = [
            (T - 1, Err(ReplayError::Forgotten)),
            (T, Err(ReplayError::Forgotten)),
            (T + 1, Ok(())),
        ];
        for (second, expected) in rows {
            let fresh = entry(2, 2, source, second, second + 60);
            assert_eq!(ask(&store, &fresh, back), expected);
        }
        let marks = (store.metrics().dropped_iat, store.metrics().dropped_nonce);
        match source {
            Iat => assert_eq!(marks, (Some(T), None)),
            Nonce => assert_eq!(marks, (None, Some(T))),
        }
    }
}

// rules: PROJ-7 (negative)
#[test]
fn proj_7_a_widened_window_revives_nothing() {
    let store = store(10);
    assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
    touch(&store, at(61));
    let widened = entry(1, 1, Iat, T, T + 300);
    assert_eq!(ask(&store, &widened, at(61)), Err(ReplayError::Forgotten));
    // And before the bucket was dropped the proof is simply known.
    let store = self::store(10);
    assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
    assert_eq!(ask(&store, &widened, at(60)), Err(ReplayError::Replayed));
}

/// A clock that is ahead for longer than a window, and in that time admits proofs of its own dates and
/// drops them, has moved the mark there: what comes after is refused until the year is over. The
/// documented way out is a restart.
// rules: PROJ-7 (negative)
#[test]
fn proj_7_a_clock_that_was_a_year_ahead_refuses_until_it_has_caught_up_or_a_restart() {
    const YEAR: u64 = 31_536_000;
    for source in [Iat, Nonce] {
        let proof = |second| entry(second, second, source, T + second, T + second + 60);
        let forgotten = Err(ReplayError::Forgotten);
        let store = store(10);
        assert_eq!(ask(&store, &proof(YEAR), apart(YEAR, 0)), Ok(()));
        // Set back before the window is over: nothing is dropped, and nothing is refused for it.
        assert_eq!(ask(&store, &proof(1), apart(1, 1_000)), Ok(()));
        touch(&store, apart(YEAR + 62, 62_000));
        assert_eq!(store.metrics().live, 0);
        assert_eq!(ask(&store, &proof(63), at(63)), forgotten);
        assert_eq!(ask(&store, &proof(YEAR), at(YEAR)), forgotten);
        assert_eq!(ask(&store, &proof(YEAR + 1), at(YEAR + 1)), Ok(()));

        let restarted = MemoryStore::new(MemoryStoreConfig::default(), at(62));
        assert_eq!(ask(&restarted, &proof(63), at(63)), Ok(()));

        // Ahead for less than a window: only the place is taken for as long.
        let store = self::store(10);
        assert_eq!(ask(&store, &proof(YEAR), apart(YEAR, 0)), Ok(()));
        assert_eq!(ask(&store, &proof(1_000), at(1_000)), Ok(()));
        touch(&store, at(1_061));
        assert_eq!(store.metrics().live, 1);
        touch(&store, at(YEAR + 61));
        assert_eq!(store.metrics().live, 0);
    }
}

#[test]
fn a_proof_that_came_too_late_is_not_recorded() {
    let rows = [
        (59, Ok(())),
        (60, Ok(())),
        (61, Err(ReplayError::TooOld)),
        (62, Err(ReplayError::TooOld)),
    ];
    for (second, expected) in rows {
        for source in [Iat, Nonce] {
            let store = store(10);
            let proof = entry(1, 1, source, T, T + 60);
            let answer = ask(&store, &proof, at(second));
            assert_eq!(answer, expected, "after {second} s");
            assert_eq!(store.metrics().live, usize::from(expected.is_ok()));
        }
    }
}

/// Nobody has set a clock, and so nothing says so: neither of a proof that is new, nor of a replay,
/// nor after others of the same second were dropped, nor in a store that began later.
#[test]
fn a_proof_that_came_too_late_is_too_old_whatever_was_dropped() {
    let too_old = Err(ReplayError::TooOld);
    for source in [Iat, Nonce] {
        let store = store(10);
        let known = entry(1, 1, source, T, T + 60);
        assert_eq!(ask(&store, &known, at(60)), Ok(()));
        assert_eq!(ask(&store, &known, at(61)), too_old);
        assert_eq!(
            ask(&store, &entry(2, 2, source, T, T + 60), at(61)),
            too_old
        );
        let occupancy = store.metrics();
        assert_eq!((occupancy.live, occupancy.refused.too_old), (0, 2));
        assert_eq!(occupancy.refused.forgotten, 0);

        let later = MemoryStore::new(MemoryStoreConfig::default(), at(1));
        assert_eq!(ask(&later, &known, at(61)), too_old);
        let predates = Err(ReplayError::PredatesStart);
        assert_eq!(ask(&later, &known, at(60)), predates);
    }
}

#[test]
fn after_a_restart_what_may_have_been_admitted_is_refused() {
    for source in [Iat, Nonce] {
        let strict = MemoryStore::new(MemoryStoreConfig::default(), at(0));
        let lax = store(10);
        let rows = [
            (T - 1, Err(ReplayError::PredatesStart)),
            (T, Err(ReplayError::PredatesStart)),
            (T + 1, Ok(())),
        ];
        for (second, expected) in rows {
            let proof = entry(second, second, source, second, second + 60);
            assert_eq!(ask(&strict, &proof, at(0)), expected);
            assert_eq!(ask(&lax, &proof, at(0)), Ok(()));
        }
        // For ever, should the clock be set back.
        let old = entry(1, 1, source, T, T + 60);
        let back = apart(0, 1_000_000);
        assert_eq!(ask(&strict, &old, back), Err(ReplayError::PredatesStart));
    }
}

/// A proof of `T` is admitted, 20 seconds later the machine starts anew with its clock an hour
/// behind, and then the clock is set right.
// rules: PROJ-7 (negative)
#[test]
fn proj_7_a_start_with_a_clock_that_is_behind_readmits_nothing() {
    const HOUR: u64 = 3_600;
    let start = Now::new(wall(T + 20 - HOUR), Duration::ZERO);
    let accepting = MemoryStoreConfig::default().with_after_restart(AfterRestart::Accept);
    for source in [Iat, Nonce] {
        let proof = |second| entry(second, second, source, second, second + 60);
        let predates = Err(ReplayError::PredatesStart);
        // The start was between 19.001 and 20.999 seconds after `T`, for all that can be known.
        let rows = [
            (20, 0, T + 20),
            (30, 9_999, T + 21),
            (30, 10_000, T + 20),
            (30, 10_999, T + 20),
            (60, 40_000, T + 20),
        ];
        for (second, milliseconds, last) in rows {
            let now = apart(second, milliseconds);
            let store = MemoryStore::new(MemoryStoreConfig::default(), start);
            let lax = MemoryStore::new(accepting, start);
            let expected = [
                (T, predates),
                (last - 1, predates),
                (last, predates),
                (last + 1, Ok(())),
            ];
            for (dated, expected) in expected {
                assert_eq!(ask(&store, &proof(dated), now), expected, "{dated} {now:?}");
                assert_eq!(ask(&lax, &proof(dated), now), Ok(()));
            }
        }
    }
}

/// Later in the life of a process a step forward refuses what is older by the new clock than the
/// process, and so nothing any more when the process is older than the window.
// rules: PROJ-7 (both)
#[test]
fn proj_7_a_clock_set_forward_later_refuses_what_is_older_than_the_process() {
    let predates = Err(ReplayError::PredatesStart);
    // The wall clock is set forward by 5 seconds: a proof of the time until then is dated before
    // `T + 5`.
    let rows = [
        (8, 3_000, 3, predates),
        (8, 3_000, 5, predates),
        (8, 3_000, 6, Ok(())),
        (64, 59_000, 4, predates),
        (64, 59_000, 5, predates),
        (64, 59_000, 6, Ok(())),
        (65, 60_000, 5, predates),
        (66, 61_000, 6, Ok(())),
    ];
    for (second, milliseconds, dated, expected) in rows {
        let store = MemoryStore::new(MemoryStoreConfig::default(), at(0));
        let known = entry(1, 1, Iat, T + 10, T + 70);
        assert_eq!(ask(&store, &known, at(0)), Ok(()));
        let now = apart(second, milliseconds);
        let proof = entry(2, 2, Iat, T + dated, T + dated + 60);
        assert_eq!(ask(&store, &proof, now), expected, "{dated} at {now:?}");
        // What is known is a replay, whatever the clock says of the start.
        assert_eq!(ask(&store, &known, now), Err(ReplayError::Replayed));
    }
}

/// Admits or not; the evidence itself is looked at in one test.
fn ask(store: &MemoryStore, proof: &ReplayEntry, now: Now) -> Result<(), ReplayError> {
    store.check_and_insert(proof, now).map(drop)
}

/// Makes the store look at its clocks, with a proof that it refuses.
fn touch(store: &MemoryStore, now: Now) {
    let never = entry(0, 0, Iat, 0, 0);
    let refused = ask(store, &never, now);
    assert_eq!(refused, Err(ReplayError::TooOld));
}

fn store(capacity: impl TryInto<usize>) -> MemoryStore {
    let config = MemoryStoreConfig::default()
        .with_capacity(capacity.try_into().unwrap_or_default())
        .with_after_restart(AfterRestart::Accept);
    MemoryStore::new(config, at(0))
}

/// Both clocks, so many seconds after the start.
fn at(second: u64) -> Now {
    apart(second, second * 1_000)
}

/// The clocks apart: the wall clock in seconds, the monotonic one in milliseconds after the start.
fn apart(second: u64, milliseconds: u64) -> Now {
    Now::new(wall(T + second), Duration::from_millis(milliseconds))
}

fn wall(second: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(second))
}
