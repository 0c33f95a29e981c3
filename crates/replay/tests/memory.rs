//! What an entry costs, however the seconds fill.
#![cfg(not(loom))]

use std::time::Duration;

use keybound::UnixTime;
use keybound::replay::FreshnessSource;
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};

use crate::support::entry;

mod support;

const T: u64 = 1_700_000_000;
/// A quarter of a million in 8 shards: each shard is as full as one of 32 with a million.
const ENTRIES: u64 = 250_000;
const CAPACITY: usize = 1 << 18;

/// Each entry has an owner of its own, which is the dearest case.
#[test]
fn an_entry_costs_at_most_forty_octets() {
    let even = |window: u64| move |name: u64| name * window / ENTRIES;
    octets_at_most(40, "70 s", even(70));
    octets_at_most(40, "190 s", even(190));
    octets_at_most(40, "all in one second", |_| 0);
    octets_at_most(40, "half in one second, the rest over 190 s", |name| {
        if name % 2 == 0 { 0 } else { name % 190 }
    });
    octets_at_most(40, "each second twice the one before", |name| {
        u64::from((ENTRIES - name).ilog2())
    });
}

fn octets_at_most(most: usize, shape: &str, second: impl Fn(u64) -> u64) {
    let config = MemoryStoreConfig::default()
        .with_capacity(CAPACITY)
        .with_after_restart(AfterRestart::Accept);
    let wall = UnixTime::since_unix_epoch(Duration::from_secs(T));
    let now = Now::new(wall, Duration::ZERO);
    let store = MemoryStore::new(config, now);
    let mut next = 0;
    for name in 0..ENTRIES {
        let second = T + second(name);
        let proof = entry(name, name, FreshnessSource::Iat, second, T + 190);
        let answer = store.check_and_insert(&proof, now).map(drop);
        assert_eq!(answer, Ok(()), "{shape}");
        // At the sizes in between as well: a table is at its worst when it has just grown.
        if name > ENTRIES * 9 / 10 && name >= next {
            next = name + 5_000;
            let octets = store.metrics().octets_per_entry();
            assert!(
                octets.is_some_and(|octets| octets <= most),
                "{shape}: {octets:?}"
            );
        }
    }
    let occupancy = store.metrics();
    println!(
        "{shape}: {:?} octets, {} buckets",
        occupancy.octets_per_entry(),
        occupancy.buckets
    );
}
