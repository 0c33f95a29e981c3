//! Two million steps of a check like the pipeline's: the window first, the store last.
//!
//! In one schedule the wall clock is set back and forward, the window is narrowed and widened by
//! reloads, the store runs full, and the process restarts, sometimes with a clock that is behind and
//! set right later. Whatever happens, a proof is admitted at most once. `KEYBOUND_SEED=n cargo test -p keybound-replay --test simulation` replays a run.
#![cfg(not(loom))]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that can't go on says so by a panic"
)]

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use keybound::replay::{FreshnessSource, ReplayError};
use keybound::{NumericDate, Position, UnixTime, Window};
use keybound_replay::{MemoryStore, MemoryStoreConfig, Now, ReplayStore};

use crate::support::entry;

mod support;

#[test]
fn a_proof_is_admitted_at_most_once_ever() {
    let seed = match std::env::var("KEYBOUND_SEED") {
        Ok(text) => text.parse().expect("KEYBOUND_SEED is a number"),
        Err(_) => 0x9449,
    };
    let mut simulation = Simulation::new(seed);
    for step in 0..STEPS {
        simulation.step = step;
        simulation.run_step();
    }
    // The schedule must have held all of it, or it proves nothing.
    let seen = simulation.seen;
    println!("seed {seed}: {seen:?}");
    for (what, times) in [
        ("admitted", seen.admitted),
        ("replayed", seen.replayed),
        ("forgotten", seen.forgotten),
        ("replayed and forgotten", seen.replay_forgotten),
        ("too old when the store was asked", seen.too_old),
        ("predates start", seen.predates_start),
        (
            "replayed after a start with a clock behind",
            seen.replay_behind,
        ),
        ("over quota", seen.over_quota),
        ("full", seen.full),
        ("replay while full or over quota", seen.replay_in_need),
        ("clock set back", seen.set_back),
        ("clock set forward", seen.set_forward),
        ("narrowed", seen.narrowed),
        ("widened", seen.widened),
        ("restarts", seen.restarts),
        ("restarts with a clock behind", seen.restarts_behind),
    ] {
        assert!(times >= 20, "seed {seed}: {what} only {times} times");
    }
}

#[derive(Clone, Copy, Debug)]
struct Proof {
    name: u64,
    owner: u64,
    source: FreshnessSource,
    second: u64,
}

/// When a proof was admitted last.
#[derive(Clone, Copy, Debug)]
struct Admission {
    life: u64,
    /// By the wall clock, in seconds.
    second: u64,
    /// How far the wall clock was ahead of the other, in milliseconds.
    offset: u64,
}

/// How long an owner's proofs of one second must be remembered. All of them are in one shard.
#[derive(Debug)]
struct Retention {
    last: u64,
    deadline: u64,
}

#[derive(Debug, Default)]
struct Seen {
    admitted: u64,
    replayed: u64,
    forgotten: u64,
    replay_forgotten: u64,
    too_old: u64,
    predates_start: u64,
    replay_behind: u64,
    over_quota: u64,
    full: u64,
    replay_in_need: u64,
    set_back: u64,
    set_forward: u64,
    narrowed: u64,
    widened: u64,
    restarts: u64,
    restarts_behind: u64,
}

#[derive(Debug)]
struct Simulation {
    seed: u64,
    step: u64,
    random: u64,
    /// The wall clock in milliseconds, which is the monotonic one plus what was set.
    wall: u64,
    clock: u64,
    window: Window,
    store: MemoryStore,
    /// The start of the store, by both clocks.
    start: (u64, u64),
    /// What the wall clock is behind since the start, in milliseconds, until it is set right.
    behind: u64,
    names: u64,
    /// Every proof that was ever admitted.
    admitted: HashMap<u64, Admission>,
    /// Some of the proofs that a thief has read.
    stolen: Vec<Proof>,
    /// What this store must still know, and up to where it may have forgotten.
    retained: HashMap<FreshnessSource, BTreeMap<(u64, u64), Retention>>,
    mark: HashMap<FreshnessSource, u64>,
    /// The last answer to a new proof was a refusal for want of room.
    in_need: bool,
    seen: Seen,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let (wall, clock) = (1_700_000_000_000, 5_000_000);
        let config = MemoryStoreConfig::default().with_capacity(200);
        Self {
            seed,
            step: 0,
            random: seed,
            wall,
            clock,
            window: Window::new(5, 2),
            store: MemoryStore::new(config, now(wall, clock)),
            start: (wall, clock),
            behind: 0,
            names: 0,
            admitted: HashMap::new(),
            stolen: Vec::new(),
            retained: HashMap::new(),
            mark: HashMap::new(),
            in_need: false,
            seen: Seen::default(),
        }
    }

    fn run_step(&mut self) {
        match self.below(10_000) {
            0..5_000 => self.send_new(),
            5_000..8_500 => self.send_stolen(),
            8_500..9_960 => self.pass_time(),
            9_960..9_980 => self.set_clock(),
            9_980..9_998 => self.reload(),
            _ => self.restart(),
        }
    }

    /// An honest client; its clock is anywhere in the window, and a little outside.
    fn send_new(&mut self) {
        let reach = self.window.past() + self.window.future() + 3;
        let second = (self.second() + self.window.future() + 1).saturating_sub(self.below(reach));
        self.names += 1;
        let proof = Proof {
            name: self.names,
            // One owner in four requests is the same.
            owner: self.below(40).saturating_sub(10),
            source: [FreshnessSource::Iat, FreshnessSource::Nonce]
                .into_iter()
                .nth(usize::from(self.below(4) == 0))
                .expect("two sources"),
            second,
        };
        self.send(proof);
    }

    fn send_stolen(&mut self) {
        let count = u64::try_from(self.stolen.len()).expect("a small number");
        if count > 0 {
            let at = usize::try_from(self.below(count)).expect("a small number");
            self.send(self.stolen[at]);
        }
    }

    /// What the pipeline does: the window, and only then the store. Some requests wait in between.
    fn send(&mut self, proof: Proof) {
        let stamp = NumericDate::from_secs(proof.second);
        let arrival = now(self.wall, self.clock).wall();
        if self.window.position(stamp, arrival) != Position::Inside {
            return;
        }
        let last = self.window.last_acceptable(stamp);
        if self.below(50) == 0 {
            self.pass_time();
        }
        let moment = now(self.wall, self.clock);
        let presented = entry(proof.name, proof.owner, proof.source, proof.second, last);
        let answer = self.store.check_and_insert(&presented, moment).map(drop);
        self.judge(proof, last, answer);
    }

    fn judge(&mut self, proof: Proof, last: u64, answer: Result<(), ReplayError>) {
        self.forget_what_has_passed();
        let context = format!("seed {}, step {}, {proof:?}", self.seed, self.step);
        let before = self.admitted.get(&proof.name).copied();
        let life = before.map(|admission| admission.life);
        let forgettable = self
            .mark
            .get(&proof.source)
            .is_some_and(|mark| proof.second <= *mark);
        let (start, started) = self.start;
        let uptime = (self.clock - started) / 1_000;
        let by_the_clock_now = proof.second + uptime <= self.second();
        let predates = proof.second <= start / 1_000 || by_the_clock_now;
        // What comes of a proof that this store has admitted, whatever the state of the store.
        if life == Some(self.seen.restarts) {
            let known = self.retained.get(&proof.source);
            let known =
                known.is_some_and(|buckets| buckets.contains_key(&(proof.second, proof.owner)));
            // A shard that nobody has asked may know it for longer than it must.
            let refused = [
                Err(ReplayError::Forgotten),
                Err(ReplayError::PredatesStart),
                Err(ReplayError::TooOld),
            ];
            let late = !known && refused.contains(&answer);
            assert!(
                late || answer == Err(ReplayError::Replayed),
                "{answer:?}, {context}"
            );
            self.seen.replay_in_need += u64::from(known && self.in_need);
            self.seen.replay_forgotten += u64::from(late);
        }
        match answer {
            Ok(()) => {
                self.seen.admitted += 1;
                if let Some(before) = before {
                    self.judge_residue(proof, before, &context);
                }
                assert!(!predates, "{context}");
                self.admit(proof, last);
            }
            Err(ReplayError::Replayed) => {
                self.seen.replayed += 1;
                assert_eq!(life, Some(self.seen.restarts), "{context}");
            }
            Err(ReplayError::Forgotten) => {
                self.seen.forgotten += 1;
                assert!(
                    forgettable,
                    "no window had passed by both clocks: {context}"
                );
            }
            Err(ReplayError::TooOld) => {
                self.seen.too_old += 1;
                assert!(self.second() > last, "{context}");
            }
            Err(ReplayError::PredatesStart) => {
                self.seen.predates_start += 1;
                assert!(predates, "{context}");
                let known = life.is_some_and(|life| life < self.seen.restarts);
                self.seen.replay_behind += u64::from(known && proof.second > start / 1_000);
            }
            Err(ReplayError::OwnerQuota { .. }) => self.seen.over_quota += 1,
            Err(ReplayError::Full { .. }) => self.seen.full += 1,
            Err(other) => panic!("{other:?}: {context}"),
        }
        if life.is_none() {
            self.in_need = matches!(
                answer,
                Err(ReplayError::Full { .. } | ReplayError::OwnerQuota { .. })
            );
        }
    }

    /// The documented residue, without which nothing is admitted again: a store that was admitted to
    /// is gone, and the proof was dated into the future then, or the clock has fallen behind what it
    /// was, both at the start and now.
    fn judge_residue(&self, proof: Proof, before: Admission, context: &str) {
        let (start, started) = self.start;
        let behind = |offset| offset < before.offset;
        let fell_behind = behind(start - started) && behind(self.wall - self.clock);
        assert!(
            before.life < self.seen.restarts && (proof.second > before.second || fell_behind),
            "admitted twice: {before:?}, {context}"
        );
    }

    fn admit(&mut self, proof: Proof, last: u64) {
        let admission = Admission {
            life: self.seen.restarts,
            second: self.second(),
            offset: self.wall - self.clock,
        };
        self.admitted.insert(proof.name, admission);
        let deadline = self.clock + (last + 1 - self.second()) * 1_000;
        let buckets = self.retained.entry(proof.source).or_default();
        let key = (proof.second, proof.owner);
        let bucket = buckets.entry(key).or_insert(Retention { last, deadline });
        bucket.last = bucket.last.max(last);
        bucket.deadline = bucket.deadline.max(deadline);
        if self.stolen.len() < STOLEN {
            self.stolen.push(proof);
        } else {
            let at = self.below(u64::try_from(STOLEN).expect("a small number"));
            self.stolen[usize::try_from(at).expect("a small number")] = proof;
        }
    }

    fn forget_what_has_passed(&mut self) {
        let second = self.second();
        for (source, buckets) in &mut self.retained {
            buckets.retain(|(dated, _), bucket| {
                let passed = second > bucket.last && self.clock >= bucket.deadline;
                if passed {
                    let mark = self.mark.entry(*source).or_default();
                    *mark = (*mark).max(*dated);
                }
                !passed
            });
        }
    }

    fn pass_time(&mut self) {
        // A second or two after the start the clock is set right, if it was behind.
        if self.behind > 0 && self.below(4) == 0 {
            self.wall += self.behind;
            self.behind = 0;
        }
        let milliseconds = self.below(700);
        self.wall += milliseconds;
        self.clock += milliseconds;
    }

    /// Somebody sets the wall clock: by a second, by about the window, or by a minute.
    fn set_clock(&mut self) {
        let reach = match self.below(4) {
            0 => 1,
            1 => self.window.past(),
            2 => self.window.past() + self.window.future() + 1,
            _ => self.below(60),
        };
        // It comes back to the truth sooner or later.
        let truth = self.clock + 1_699_995_000_000;
        let back = match self.below(3) {
            0 => true,
            1 => false,
            _ => self.wall > truth,
        };
        if back {
            self.wall -= reach * 1_000;
            self.seen.set_back += 1;
        } else {
            self.wall += reach * 1_000;
            self.seen.set_forward += 1;
        }
    }

    /// A reload with another window. The store lives on.
    fn reload(&mut self) {
        let past = [0, 1, 2, 5, 10, 20];
        let at = usize::try_from(self.below(6)).expect("a small number");
        let window = Window::new(past[at], self.below(4));
        self.seen.narrowed += u64::from(window.past() < self.window.past());
        self.seen.widened += u64::from(window.past() > self.window.past());
        self.window = window;
    }

    /// Another store, of another size, that refuses what is older than itself. The clock of one
    /// machine in two is behind when it starts: by up to two seconds, a minute, or an hour.
    fn restart(&mut self) {
        if self.below(2) == 0 {
            let reach = [2_000, 60_000, 3_600_000];
            let at = usize::try_from(self.below(3)).expect("a small number");
            let behind = 1 + self.below(reach[at]);
            self.wall -= behind;
            self.behind += behind;
            self.seen.restarts_behind += 1;
        }
        let capacity = [0, 1, 20, 100, 400, 1_500];
        let at = usize::try_from(self.below(6)).expect("a small number");
        let config = MemoryStoreConfig::default().with_capacity(capacity[at]);
        self.store = MemoryStore::new(config, now(self.wall, self.clock));
        self.start = (self.wall, self.clock);
        self.retained.clear();
        self.mark.clear();
        self.seen.restarts += 1;
    }

    const fn second(&self) -> u64 {
        self.wall / 1_000
    }

    /// The next number of splitmix64, below a bound.
    const fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = self.random;
        let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) % bound
    }
}

/// Both clocks, in milliseconds.
fn now(wall: u64, clock: u64) -> Now {
    let wall = UnixTime::since_unix_epoch(Duration::from_millis(wall));
    Now::new(wall, Duration::from_millis(clock))
}

const STEPS: u64 = 2_000_000;
const STOLEN: usize = 100;
