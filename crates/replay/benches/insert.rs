//! What one insert costs, as the store grows: nanoseconds, octets, and the longest waits.
//!
//! `cargo bench -p keybound-replay --bench insert`. The ratios of one run mean something on any
//! machine; the numbers themselves only on the one that they were taken on.
#![expect(
    clippy::expect_used,
    reason = "a measurement of refusals would be none"
)]

use std::time::{Duration, Instant};

use keybound::UnixTime;
use keybound::replay::{FreshnessSource, ReplayEntry};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};

use crate::support::entry;

#[path = "../tests/support/mod.rs"]
mod support;

fn main() {
    let clock = clock_cost();
    println!("reading the clock costs {clock} ns, which is taken off every mean");
    println!("means leave out waits beyond 200 us: on a busy machine those are the scheduler's");
    println!();
    println!("a steady stream, an owner for each entry; 'resident' counts for the first row only");
    println!("     live  window  ns/insert  p50   p99  p99.9      max  octets/entry  resident");
    for window in [71, 181] {
        for live in [1_000_000, 100_000, 10_000] {
            steady(live, window, clock);
        }
    }
    println!();
    println!("filling one million places, uneven");
    println!("  shape                      ns/insert  p99.9      max  octets/entry");
    uneven("all in one second", clock, |name| (T + 30, name));
    uneven("half in one second", clock, |name| {
        let second = if name % 2 == 0 { T } else { T + name / 2 % 71 };
        (second, name)
    });
    uneven("seconds at random", clock, |name| {
        (T + mix(name) % 71, name)
    });
    uneven("a thousand owners", clock, |name| {
        (T + name / 14_085, name % 1_000)
    });
    println!();
    println!("one owner, one second, until its share is spent");
    one_owner(clock);
    println!();
    println!("one million inserts over 71 s by threads");
    for threads in [1, 2] {
        concurrent(threads);
    }
}

/// Fills a store over one window, then goes on for two more: one entry comes for each that goes.
fn steady(live: u64, window: u64, clock: u128) {
    let resident = resident_octets();
    let store = store(live * 2);
    let arrival = |name: u64| T + name * window / live;
    let mut waits = Vec::new();
    for name in 0..live * 3 {
        let second = arrival(name);
        let proof = entry(
            name,
            name,
            FreshnessSource::Iat,
            second,
            second + window - 1,
        );
        let wait = timed(&store, &proof, at(second));
        if name >= live {
            waits.push(wait);
        }
    }
    let occupancy = store.metrics();
    let resident = resident_octets().saturating_sub(resident);
    let own = u64::try_from(waits.len() * size_of::<Duration>()).unwrap_or(0);
    let resident = resident.saturating_sub(own);
    let held = u64::try_from(occupancy.live).unwrap_or(1);
    let times = Times::of(waits, clock);
    println!(
        "{held:9}  {window:5}s  {:9}  {:3}  {:4}  {:5}  {:7}  {:12}  {:8}",
        times.mean,
        times.p50,
        times.p99,
        times.p999,
        times.max,
        occupancy.octets_per_entry().unwrap_or(0),
        resident / held,
    );
}

fn uneven(shape: &str, clock: u128, place: impl Fn(u64) -> (u64, u64)) {
    let store = store(MILLION * 3 / 2);
    let mut waits = Vec::new();
    for name in 0..MILLION {
        let (second, owner) = place(name);
        let proof = entry(name, owner, FreshnessSource::Iat, second, T + 71);
        waits.push(timed(&store, &proof, at(T)));
    }
    let times = Times::of(waits, clock);
    println!(
        "  {shape:25}  {:9}  {:5}  {:7}  {:12}",
        times.mean,
        times.p999,
        times.max,
        store.metrics().octets_per_entry().unwrap_or(0),
    );
    let late = entry(0, 0, FreshnessSource::Iat, T + 72, T + 72);
    let begin = Instant::now();
    let later = Now::new(at(T + 72).wall(), Duration::from_secs(72));
    store.check_and_insert(&late, later).expect("room");
    println!("    one shard dropped in {:?}", begin.elapsed());
}

fn one_owner(clock: u128) {
    let store = store(MILLION);
    let mut waits = Vec::new();
    for name in 0..MILLION / 11 {
        let proof = entry(name, 1, FreshnessSource::Iat, T, T + 71);
        waits.push(timed(&store, &proof, at(T)));
    }
    let times = Times::of(waits, clock);
    println!(
        "  {} ns/insert, p99.9 {}, max {}",
        times.mean, times.p999, times.max
    );
    let begin = Instant::now();
    let proof = entry(MILLION, 1, FreshnessSource::Iat, T, T + 71);
    for _ in 0..1_000 {
        store.check_and_insert(&proof, at(T)).expect_err("quota");
    }
    println!("  {:?} for each refusal", begin.elapsed() / 1_000);
    let begin = Instant::now();
    let late = entry(MILLION, 1, FreshnessSource::Iat, T + 72, T + 72);
    store.check_and_insert(&late, at(T + 72)).expect("room");
    println!("  its bucket dropped in {:?}", begin.elapsed());
}

fn concurrent(threads: u64) {
    let store = store(MILLION * 2);
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let store = &store;
            scope.spawn(move || {
                for name in 0..MILLION / threads {
                    let second = T + name * threads * 71 / MILLION;
                    let name = name * threads + thread;
                    let proof = entry(name, name, FreshnessSource::Iat, second, second + 70);
                    store.check_and_insert(&proof, at(second)).expect("room");
                }
            });
        }
    });
    let nanoseconds = begin.elapsed().as_nanos() / u128::from(MILLION);
    println!("  {threads} threads: {nanoseconds} ns/insert of wall time, proofs made included");
}

fn timed(store: &MemoryStore, proof: &ReplayEntry, now: Now) -> Duration {
    let begin = Instant::now();
    store.check_and_insert(proof, now).expect("room");
    begin.elapsed()
}

struct Times {
    mean: u128,
    p50: u128,
    p99: u128,
    p999: u128,
    max: u128,
}

impl Times {
    fn of(mut waits: Vec<Duration>, clock: u128) -> Self {
        let calm = waits.iter().filter(|wait| **wait < SCHEDULER);
        let count = u128::try_from(calm.clone().count()).unwrap_or(1).max(1);
        let mean = calm.map(Duration::as_nanos).sum::<u128>() / count;
        let mean = mean.saturating_sub(clock);
        waits.sort_unstable();
        let at = |thousandth| {
            let wait = waits.get((waits.len() - 1) * thousandth / 1_000);
            wait.map_or(0, Duration::as_nanos)
        };
        Self {
            mean,
            p50: at(500),
            p99: at(990),
            p999: at(999),
            max: at(1_000),
        }
    }
}

fn store(capacity: u64) -> MemoryStore {
    let config = MemoryStoreConfig::default()
        .with_capacity(usize::try_from(capacity).unwrap_or(usize::MAX))
        .with_after_restart(AfterRestart::Accept);
    MemoryStore::new(config, at(T))
}

fn at(second: u64) -> Now {
    let wall = UnixTime::since_unix_epoch(Duration::from_secs(second));
    Now::new(wall, Duration::from_secs(second - T))
}

/// Mean nanoseconds of a measurement of nothing.
fn clock_cost() -> u128 {
    let waits = (0..100_000).map(|_| Instant::now().elapsed());
    let calm = waits.filter(|wait| *wait < SCHEDULER);
    calm.map(|wait| wait.as_nanos()).sum::<u128>() / 100_000
}

/// Resident memory of this process, or 0 where there is no `/proc`.
fn resident_octets() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0)
        * 1_024
}

/// The mixing step of splitmix64.
const fn mix(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number ^ number >> 27
}

const T: u64 = 1_700_000_000;
const MILLION: u64 = 1_000_000;

/// No insert of a steady stream takes that long by itself.
const SCHEDULER: Duration = Duration::from_micros(200);
