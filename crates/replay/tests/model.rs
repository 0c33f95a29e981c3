//! The store against a plain map, with a wall clock that goes forward and back.
#![cfg(not(loom))]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use keybound::UnixTime;
use keybound::replay::{FreshnessSource, ReplayError};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::entry;

mod support;

const T: u64 = 1_700_000_000;

/// What a proof says of itself, which is also its name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Proof {
    name: u64,
    owner: u64,
    source: FreshnessSource,
    second: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Presents a proof under a window of so many seconds.
    Present(Proof, u64),
    /// Milliseconds go by on the monotonic clock; the wall clock is set, in seconds after `T`.
    Clock(u64, u64),
}

/// The same rules, said with maps and without any thought of cost.
#[derive(Debug)]
struct Model {
    capacity: usize,
    /// By the wall clock, and in milliseconds by the other.
    start: Option<(u64, u64)>,
    buckets: HashMap<FreshnessSource, BTreeMap<u64, Bucket>>,
    mark: HashMap<FreshnessSource, u64>,
}

#[derive(Debug, Default)]
struct Bucket {
    proofs: HashSet<Proof>,
    last: u64,
    deadline: u64,
}

impl Model {
    fn ask(&mut self, proof: Proof, past: u64, wall: u64, clock: u64) -> Result<(), ReplayError> {
        self.drop_passed(wall, clock);
        if self.live().any(|(other, _)| other == proof) {
            return Err(ReplayError::Replayed);
        }
        let last = proof.second + past;
        if wall > last {
            return Err(ReplayError::TooOld);
        }
        // A proof is refused that is as old as the process, by the wall clock then or now.
        if let Some((start, started)) = self.start {
            let uptime = (clock - started) / 1_000;
            if proof.second <= start || proof.second + uptime <= wall {
                return Err(ReplayError::PredatesStart);
            }
        }
        let marked = self.mark.get(&proof.source);
        if marked.is_some_and(|mark| proof.second <= *mark) {
            return Err(ReplayError::Forgotten);
        }
        let wait = |(_, bucket): (Proof, &Bucket)| {
            let clock = bucket.deadline.saturating_sub(clock).div_ceil(1_000);
            (bucket.last + 1).saturating_sub(wall).max(clock).max(1)
        };
        let free = self.capacity - self.live().count();
        if free == 0 {
            // Of each source only the oldest bucket can be the next to go.
            let first = self.buckets.values().filter_map(|map| map.values().next());
            let wait = first.map(|bucket| wait((proof, bucket))).min();
            return Err(ReplayError::Full {
                retry_after: wait.unwrap_or(1),
            });
        }
        let own = || self.live().filter(|(other, _)| other.owner == proof.owner);
        if own().count() >= (free / 10).max(1) {
            let oldest = [FreshnessSource::Iat, FreshnessSource::Nonce].map(|source| {
                let own = own().filter(|(other, _)| other.source == source);
                own.min_by_key(|(other, _)| other.second).map(wait)
            });
            return Err(ReplayError::OwnerQuota {
                retry_after: oldest.into_iter().flatten().min().unwrap_or(1),
            });
        }
        let buckets = self.buckets.entry(proof.source).or_default();
        let bucket = buckets.entry(proof.second).or_default();
        bucket.last = bucket.last.max(last);
        bucket.deadline = bucket.deadline.max(clock + (last + 1 - wall) * 1_000);
        bucket.proofs.insert(proof);
        Ok(())
    }

    fn drop_passed(&mut self, wall: u64, clock: u64) {
        for (source, buckets) in &mut self.buckets {
            while let Some(oldest) = buckets.first_entry() {
                if wall <= oldest.get().last || clock < oldest.get().deadline {
                    break;
                }
                let mark = self.mark.entry(*source).or_default();
                *mark = (*mark).max(*oldest.key());
                oldest.remove();
            }
        }
    }

    fn live(&self) -> impl Iterator<Item = (Proof, &Bucket)> {
        let buckets = self.buckets.values().flat_map(BTreeMap::values);
        buckets.flat_map(|bucket| bucket.proofs.iter().map(move |proof| (*proof, bucket)))
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let source = prop_oneof![Just(FreshnessSource::Iat), Just(FreshnessSource::Nonce)];
    let proof =
        (0..4_u64, 0..5_u64, source, 0..24_u64).prop_map(|(name, owner, source, second)| Proof {
            name,
            owner,
            source,
            second: T + second,
        });
    let step = prop_oneof![
        6 => (proof, 0..9_u64).prop_map(|(proof, past)| Step::Present(proof, past)),
        1 => (0..4_000_u64, 0..30_u64).prop_map(|(clock, wall)| Step::Clock(clock, wall)),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x9449),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_store_gives_the_answers_of_the_model(
        capacity in 0..60_usize,
        start in prop::option::of(0..9_u64),
        started in 0..3_000_u64,
        steps in steps(),
    ) {
        let after_restart = match start {
            Some(_) => AfterRestart::RefuseOlder,
            None => AfterRestart::Accept,
        };
        let config = MemoryStoreConfig::default()
            .with_capacity(capacity)
            .with_after_restart(after_restart);
        let (mut wall, mut clock) = (T + start.unwrap_or(0), started);
        let start = start.map(|start| (T + start, started));
        let store = MemoryStore::new(config, now(wall, clock));
        let mut model = Model {
            capacity,
            start,
            buckets: HashMap::new(),
            mark: HashMap::new(),
        };
        let mut admitted = HashSet::new();
        for step in steps {
            let (proof, past) = match step {
                Step::Present(proof, past) => (proof, past),
                Step::Clock(milliseconds, second) => {
                    clock += milliseconds;
                    wall = T + second;
                    continue;
                }
            };
            let Proof { name, owner, source, second } = proof;
            // The second is part of what is signed, and so of the name.
            let name = name << 32 | (second - T);
            let presented = entry(name, owner, source, second, second + past);
            let answer = store.check_and_insert(&presented, now(wall, clock)).map(drop);
            let expected = model.ask(proof, past, wall, clock);
            prop_assert_eq!(answer, expected, "{:?} at {} s, {} ms", proof, wall - T, clock);
            if answer.is_ok() {
                prop_assert!(admitted.insert(proof), "twice: {:?}", proof);
            }
        }
        let occupancy = store.metrics();
        prop_assert_eq!(occupancy.live, model.live().count());
        prop_assert_eq!(occupancy.dropped_iat, model.mark.get(&FreshnessSource::Iat).copied());
        prop_assert_eq!(occupancy.dropped_nonce, model.mark.get(&FreshnessSource::Nonce).copied());
    }
}

fn now(wall: u64, milliseconds: u64) -> Now {
    let wall = UnixTime::since_unix_epoch(Duration::from_secs(wall));
    Now::new(wall, Duration::from_millis(milliseconds))
}
