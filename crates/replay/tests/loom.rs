//! Every interleaving of a few threads: `RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo
//! test -p keybound-replay --test loom --release`. Under loom two places are enough for two shards.
#![cfg(loom)]
#![expect(
    clippy::expect_used,
    reason = "a test that can't go on says so by a panic"
)]

use std::time::Duration;

use keybound::UnixTime;
use keybound::replay::{FreshnessSource, ReplayEntry, ReplayError};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};
use loom::sync::Arc;
use loom::thread;

use crate::support::entry;

mod support;

const T: u64 = 1_700_000_000;

type Answer = Result<(), ReplayError>;

const FULL: Answer = Err(ReplayError::Full { retry_after: 61 });
/// The shard that refuses holds nothing, and knows no better.
const FULL_ELSEWHERE: Answer = Err(ReplayError::Full { retry_after: 1 });

/// DPOP-11.1-2, RFC 9449 section 11.1: of any number of copies one is the first.
#[test]
fn one_proof_in_three_threads_is_admitted_once() {
    loom::model(|| {
        let answers = race(store(2), [proof(1), proof(1), proof(1)].map(|p| (p, at(0))));
        let admitted = answers.iter().filter(|answer| answer.is_ok()).count();
        let replayed = answers
            .iter()
            .filter(|answer| **answer == Err(ReplayError::Replayed))
            .count();
        assert_eq!((admitted, replayed), (1, 2));
    });
}

#[test]
fn one_place_is_given_to_one_of_two_proofs() {
    loom::model(|| {
        let store = store(1);
        let answers = race(store.clone(), [proof(1), proof(2)].map(|p| (p, at(0))));
        assert!(
            answers == [Ok(()), FULL] || answers == [FULL, Ok(())],
            "{answers:?}"
        );
        assert_eq!(store.metrics().live, 1);
    });
}

/// The capacity is one for all shards, and each pair of owners is in two shards or in one.
#[test]
fn the_last_place_is_given_once_though_two_locks_are_held() {
    for (first, second) in [(1, 2), (1, 3), (1, 4), (2, 5)] {
        loom::model(move || {
            let store = store(2);
            assert_eq!(ask(&store, &proof(9), at(0)), Ok(()));
            let answers = race(
                store.clone(),
                [proof(first), proof(second)].map(|p| (p, at(0))),
            );
            let admitted = answers.iter().filter(|answer| answer.is_ok()).count();
            let full = answers
                .iter()
                .filter(|answer| **answer == FULL || **answer == FULL_ELSEWHERE)
                .count();
            assert_eq!((admitted, full), (1, 1), "{answers:?}");
            assert_eq!(store.metrics().live, 2);
        });
    }
}

/// A replay whose `now` was read before its window closed meets a request after it, which drops the
/// bucket. Whoever comes first, it is not admitted again.
#[test]
fn proj_7_a_replay_racing_with_the_drop_of_its_bucket_is_refused() {
    loom::model(|| {
        let store = store(2);
        assert_eq!(ask(&store, &proof(1), at(0)), Ok(()));
        let later = entry(7, 1, FreshnessSource::Iat, T + 61, T + 121);
        let [replay, fresh] = race(store, [(proof(1), at(60)), (later, at(61))]);
        assert!(
            replay == Err(ReplayError::Replayed) || replay == Err(ReplayError::Forgotten),
            "{replay:?}"
        );
        assert_eq!(fresh, Ok(()));
    });
}

/// Two refused requests sweep all shards at once.
#[test]
fn places_are_given_back_once() {
    loom::model(|| {
        let store = store(2);
        assert_eq!(ask(&store, &proof(1), at(0)), Ok(()));
        assert_eq!(ask(&store, &proof(2), at(0)), Ok(()));
        let late = |owner| entry(7, owner, FreshnessSource::Iat, T + 61, T + 121);
        let answers = race(store.clone(), [(late(3), at(61)), (late(4), at(61))]);
        assert!(answers.contains(&Ok(())), "{answers:?}");
        // Whatever came of the race, there are two places now, not more and not fewer.
        let free = 2 - store.metrics().live;
        for owner in 10..10 + free {
            let owner = u64::try_from(owner).expect("a small number");
            assert_eq!(ask(&store, &late(owner), at(62)), Ok(()));
        }
        let refused = ask(&store, &late(20), at(62));
        assert!(
            matches!(refused, Err(ReplayError::Full { .. })),
            "{refused:?}"
        );
    });
}

fn race<const N: usize>(store: Arc<MemoryStore>, calls: [(ReplayEntry, Now); N]) -> [Answer; N] {
    let threads = calls.map(|(proof, now)| {
        let store = Arc::clone(&store);
        thread::spawn(move || ask(&store, &proof, now))
    });
    threads.map(|thread| thread.join().expect("no panic"))
}

fn ask(store: &MemoryStore, proof: &ReplayEntry, now: Now) -> Answer {
    store.check_and_insert(proof, now).map(drop)
}

/// The one proof of an owner.
fn proof(owner: u64) -> ReplayEntry {
    entry(1, owner, FreshnessSource::Iat, T, T + 60)
}

fn store(capacity: usize) -> Arc<MemoryStore> {
    let config = MemoryStoreConfig::default()
        .with_capacity(capacity)
        .with_after_restart(AfterRestart::Accept);
    Arc::new(MemoryStore::new(config, at(0)))
}

fn at(second: u64) -> Now {
    let wall = UnixTime::since_unix_epoch(Duration::from_secs(T + second));
    Now::new(wall, Duration::from_secs(second))
}
