//! Each rule of the store at its boundary: one below, at, one above.
#![cfg(not(loom))]

use std::time::Duration;

use FreshnessSource::{Iat, Nonce};
use keybound::UnixTime;
use keybound::replay::{FirstUse, FreshnessSource, ReplayEntry, ReplayError};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};

use crate::support::entry;

mod support;

/// The wall clock at which each test starts. Its monotonic clock starts at 0.
const T: u64 = 1_700_000_000;

#[test]
fn dpop_11_1_2_a_proof_is_admitted_once() {
    let store = store(10);
    let proof = entry(1, 1, Iat, T, T + 60);
    let first = store.check_and_insert(&proof, at(0));
    assert_eq!(first, Ok(FirstUse::assertion(&proof)));
    for second in [0, 1, 59, 60] {
        assert_eq!(ask(&store, &proof, at(second)), Err(ReplayError::Replayed));
    }
}

// rules: PROJ-4 (positive)
#[test]
fn proj_4_the_name_the_second_and_the_source_tell_proofs_apart() {
    let store = store(1_000);
    let others = [
        entry(1, 1, Iat, T, T + 60),
        entry(2, 1, Iat, T, T + 60),
        entry(1, 2, Iat, T, T + 60),
        entry(1, 1, Iat, T + 1, T + 61),
        entry(1, 1, Nonce, T, T + 60),
    ];
    for proof in &others {
        assert_eq!(ask(&store, proof, at(0)), Ok(()));
    }
    for proof in &others {
        assert_eq!(ask(&store, proof, at(0)), Err(ReplayError::Replayed));
    }
}

// rules: PROJ-6 (both)
#[test]
fn proj_6_a_bucket_lives_through_the_whole_last_acceptable_second() {
    // Accepted ten seconds early: the entry outlives the proof, not its arrival (PROJ-6).
    for (second, live) in [(59, 1), (70, 1), (71, 0), (72, 0)] {
        let store = store(10);
        let proof = entry(1, 1, Iat, T + 10, T + 70);
        assert_eq!(ask(&store, &proof, at(0)), Ok(()));
        touch(&store, at(second));
        assert_eq!(store.metrics().live, live, "after {second} s");
    }
}

// rules: PROJ-6 (both)
#[test]
fn proj_6_the_longest_window_of_a_bucket_counts() {
    let store = store(100);
    assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
    assert_eq!(ask(&store, &entry(2, 1, Iat, T, T + 300), at(0)), Ok(()));
    assert_eq!(ask(&store, &entry(3, 1, Iat, T, T + 10), at(0)), Ok(()));
    // A younger bucket waits for the older one: below the mark nothing may be left.
    assert_eq!(ask(&store, &entry(4, 1, Iat, T + 1, T + 61), at(0)), Ok(()));
    touch(&store, at(300));
    assert_eq!(store.metrics().live, 4);
    touch(&store, at(301));
    assert_eq!(store.metrics().live, 0);
    assert_eq!(store.metrics().dropped_iat, Some(T + 1));
}

#[test]
fn proj_5_full_means_refused_and_nothing_is_evicted() {
    for capacity in [0, 1, 2, 3] {
        let store = store(capacity);
        for owner in 0..4 {
            let proof = entry(1, owner, Iat, T + owner, T + owner + 60);
            let expected = if owner < capacity {
                Ok(())
            } else {
                Err(ReplayError::Full {
                    retry_after: if capacity == 0 { 1 } else { 60 },
                })
            };
            assert_eq!(ask(&store, &proof, at(1)), expected, "capacity {capacity}");
        }
        for owner in 0..capacity {
            let proof = entry(1, owner, Iat, T + owner, T + owner + 60);
            assert_eq!(ask(&store, &proof, at(1)), Err(ReplayError::Replayed));
        }
    }
}

#[test]
fn a_full_store_takes_again_when_its_oldest_bucket_has_passed() {
    let store = store(1);
    assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
    let other = entry(2, 2, Iat, T + 30, T + 90);
    for (second, retry_after) in [(30, 31), (59, 2), (60, 1)] {
        let full = Err(ReplayError::Full { retry_after });
        assert_eq!(ask(&store, &other, at(second)), full);
    }
    assert_eq!(ask(&store, &other, at(61)), Ok(()));
    // The wall clock alone does not make room, and is not believed about when there will be some.
    let ahead = apart(1_000, 61_500);
    let fresh = entry(3, 3, Iat, T + 1_000, T + 1_060);
    let full = Err(ReplayError::Full { retry_after: 30 });
    assert_eq!(ask(&store, &fresh, ahead), full);
}

#[test]
fn an_owner_holds_at_most_a_tenth_of_what_is_free() {
    // Alone in 110 places: the tenth entry is put in with 101 free, an eleventh would have 100 free
    // and a share of 10.
    let store = store(110);
    for name in 0..10 {
        assert_eq!(ask(&store, &entry(name, 1, Iat, T, T + 60), at(0)), Ok(()));
    }
    let eleventh = entry(10, 1, Iat, T + 5, T + 65);
    let quota = |retry_after| Err(ReplayError::OwnerQuota { retry_after });
    assert_eq!(ask(&store, &eleventh, at(0)), quota(61));
    assert_eq!(ask(&store, &eleventh, at(60)), quota(1));
    // Another key is served, and a known proof is still called a replay.
    assert_eq!(ask(&store, &entry(0, 2, Iat, T, T + 60), at(0)), Ok(()));
    let known = entry(0, 1, Iat, T, T + 60);
    assert_eq!(ask(&store, &known, at(60)), Err(ReplayError::Replayed));
    assert_eq!(ask(&store, &eleventh, at(61)), Ok(()));
}

#[test]
fn an_owner_is_told_when_its_own_oldest_entry_goes() {
    let store = store(30);
    assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
    for name in 0..2 {
        let proof = entry(name, 2, Nonce, T + 20, T + 200);
        assert_eq!(ask(&store, &proof, at(20)), Ok(()));
    }
    let third = entry(3, 2, Iat, T + 20, T + 80);
    let quota = Err(ReplayError::OwnerQuota { retry_after: 181 });
    assert_eq!(ask(&store, &third, at(20)), quota);
}

#[test]
fn one_key_cannot_take_the_store_from_others() {
    let store = store(1_000);
    let mut attackers = 0;
    // Each of 20 keys takes all that it gets.
    for owner in 0..20 {
        attackers += (0..1_000)
            .map(|name| ask(&store, &entry(name, owner, Iat, T, T + 60), at(0)))
            .take_while(|answer| *answer == Ok(()))
            .count();
    }
    assert!(attackers < 1_000 * 9 / 10, "{attackers}");
    assert_eq!(ask(&store, &entry(1, 99, Iat, T, T + 60), at(0)), Ok(()));
}

/// What has passed in other shards must not be held against a proof of this one.
#[test]
fn a_refusal_is_never_owed_to_what_has_passed() {
    for owner in 0..64 {
        let store = store(2_048);
        let mut name = 0;
        while store.metrics().live < 2_048 {
            name += 1;
            assert_eq!(ask(&store, &entry(1, name, Iat, T, T + 60), at(0)), Ok(()));
        }
        let late = |name| entry(name, owner, Iat, T + 61, T + 121);
        let full = Err(ReplayError::Full { retry_after: 1 });
        assert_eq!(ask(&store, &entry(1, 9_999, Iat, T, T + 60), at(60)), full);
        assert_eq!(ask(&store, &late(10_000), at(61)), Ok(()));
        for name in 0..100 {
            assert_eq!(ask(&store, &late(name), at(61)), Ok(()));
        }
        assert_eq!(store.metrics().live, 101);
    }
}

#[test]
fn seconds_cannot_make_buckets_without_end() {
    let store = store(1_023);
    for (owners, source) in [(0, Iat), (1_000, Nonce)] {
        for second in 0..1_022 / 2 {
            let owner = owners + second;
            let proof = entry(0, owner, source, T + second, T + second);
            assert_eq!(ask(&store, &proof, at(0)), Ok(()));
        }
    }
    assert_eq!(store.metrics().buckets, 1_022);

    // Shards of a larger store hold 1024 buckets of each source: 8 shards, 8192 buckets at most.
    let store = self::store(100_000);
    let mut refused = 0;
    for second in 0..20_000 {
        match ask(
            &store,
            &entry(0, second, Iat, T + second, T + second),
            at(0),
        ) {
            Ok(()) => {}
            Err(ReplayError::Full { .. }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    let occupancy = store.metrics();
    assert_eq!((occupancy.buckets, occupancy.live), (8_192, 8_192));
    assert_eq!((refused, occupancy.refused.full), (11_808, 11_808));
}

#[test]
fn times_at_the_end_of_the_scale_are_no_way_in() {
    let store = store(100);
    let end = entry(1, 1, Iat, u64::MAX, u64::MAX);
    let now = Now::new(wall(u64::MAX), Duration::MAX);
    assert_eq!(ask(&store, &end, at(0)), Ok(()));
    assert_eq!(ask(&store, &end, now), Err(ReplayError::Replayed));
    // An entry whose last second comes before its own is kept through its own.
    let nonsense = entry(2, 2, Nonce, T + 9, 0);
    assert_eq!(ask(&store, &nonsense, at(9)), Ok(()));
    assert_eq!(ask(&store, &nonsense, at(9)), Err(ReplayError::Replayed));
    assert_eq!(ask(&store, &nonsense, at(10)), Err(ReplayError::TooOld));
}

#[test]
fn refusals_are_counted_by_kind() {
    let config = MemoryStoreConfig::default().with_capacity(2);
    let store = MemoryStore::new(config, at(0));
    let rows = [
        (entry(1, 1, Iat, T + 1, T + 61), Ok(())),
        (entry(1, 1, Iat, T + 1, T + 61), Err(ReplayError::Replayed)),
        (entry(2, 2, Iat, T, T + 60), Err(ReplayError::PredatesStart)),
        (
            entry(2, 1, Iat, T + 2, T + 62),
            Err(ReplayError::OwnerQuota { retry_after: 60 }),
        ),
        (entry(2, 2, Iat, T + 2, T + 62), Ok(())),
        (
            entry(3, 3, Iat, T + 3, T + 63),
            Err(ReplayError::Full { retry_after: 60 }),
        ),
    ];
    for (proof, expected) in rows {
        assert_eq!(ask(&store, &proof, at(2)), expected);
    }
    let late = entry(3, 3, Iat, T + 1, T + 61);
    assert_eq!(ask(&store, &late, at(62)), Err(ReplayError::TooOld));
    let widened = entry(3, 3, Iat, T + 1, T + 62);
    assert_eq!(ask(&store, &widened, at(62)), Err(ReplayError::Forgotten));

    let occupancy = store.metrics();
    let refused = occupancy.refused;
    assert_eq!((refused.replayed, refused.predates_start), (1, 1));
    assert_eq!((refused.too_old, refused.forgotten), (1, 1));
    assert_eq!(refused.unavailable, 0);
    assert_eq!((refused.owner_quota, refused.full), (1, 1));
    assert_eq!((occupancy.live, occupancy.capacity), (1, 2));
    assert_eq!((occupancy.buckets, occupancy.poisoned_shards), (1, 0));
    assert_eq!(occupancy.dropped_iat, Some(T + 1));
    assert_eq!(occupancy.octets_per_entry(), Some(occupancy.octets));
}

#[test]
fn a_store_prints_how_full_it_is_and_no_more() {
    let store = store(5);
    assert_eq!(ask(&store, &entry(1, 1, Iat, T, T + 60), at(0)), Ok(()));
    let printed = format!("{store:?}");
    assert_eq!(printed, "MemoryStore { live: 1, capacity: 5, .. }");
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
