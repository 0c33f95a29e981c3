use std::hash::BuildHasher;
use std::mem::size_of;
use std::time::Duration;

use keybound::replay::{FreshnessSource, ReplayEntry};

use crate::clock::Now;
use crate::owners::OwnerTag;
use crate::pages::Pages;
use crate::sync::HashKey;

/// One proof about to be looked for, with everything that can be computed outside a lock.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) hash: u32,
    pub(crate) owner: OwnerTag,
    pub(crate) source: FreshnessSource,
    pub(crate) second: u64,
    /// At least the proof's own second.
    pub(crate) last_acceptable: u64,
}

impl Proof {
    pub(crate) fn new(entry: &ReplayEntry, owner: OwnerTag, key: &HashKey) -> Self {
        let fingerprint = Fingerprint::of(entry);
        Self {
            fingerprint,
            hash: fingerprint.hash(key),
            owner,
            source: entry.source(),
            second: entry.second(),
            last_acceptable: entry.last_acceptable().max(entry.second()),
        }
    }
}

/// The first 128 bits of a `ReplayKey`, which is a SHA-256 (DPOP-11.1-3, RFC 9449 section 11.1: the
/// size does not depend on the `jti`). Nothing secret is compared here: whoever
/// knows a fingerprint has seen the proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fingerprint([u8; 16]);

impl Fingerprint {
    fn of(entry: &ReplayEntry) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = *entry.key().as_bytes();
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// Where it lies in a table. Keyed, because anyone can search for a `jti` whose SHA-256 begins
    /// as he likes, and a table in which everything collides is slow.
    fn hash(self, key: &HashKey) -> u32 {
        low_half(key.hash_one(u128::from_ne_bytes(self.0)))
    }
}

/// The admitted proofs of one second of one freshness source. Dropped whole.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) second: u64,
    /// The last second at which any of its proofs is acceptable (PROJ-6).
    last_acceptable: u64,
    /// The monotonic time at which that second is over.
    deadline: Duration,
    entries: Pages<Entry>,
}

/// 20 octets.
#[derive(Clone, Copy, Debug)]
struct Entry {
    fingerprint: Fingerprint,
    owner: OwnerTag,
}

impl Bucket {
    pub(crate) const fn new(second: u64) -> Self {
        Self {
            second,
            last_acceptable: second,
            deadline: Duration::ZERO,
            entries: Pages::new(),
        }
    }

    pub(crate) fn contains(&self, proof: &Proof) -> bool {
        self.entries
            .find(proof.hash, |entry| entry.fingerprint == proof.fingerprint)
            .is_some()
    }

    /// Remembers a proof that it does not contain.
    pub(crate) fn insert(&mut self, proof: &Proof, now: Now, key: &HashKey) {
        // Through the whole of the last acceptable second, by both clocks. Counted from the start
        // of the wall clock's present second, so rather too long than too short.
        let seconds = proof
            .last_acceptable
            .saturating_sub(now.second())
            .saturating_add(1);
        let deadline = now.monotonic().saturating_add(Duration::from_secs(seconds));
        // A bucket may hold proofs that were admitted under different windows: the longest counts.
        self.last_acceptable = self.last_acceptable.max(proof.last_acceptable);
        self.deadline = self.deadline.max(deadline);
        let entry = Entry {
            fingerprint: proof.fingerprint,
            owner: proof.owner,
        };
        self.entries
            .insert(proof.hash, entry, |entry| entry.fingerprint.hash(key));
    }

    /// Whether both clocks say that no proof in here can be acceptable any more (PROJ-7).
    pub(crate) fn has_passed(&self, now: Now) -> bool {
        now.second() > self.last_acceptable && now.monotonic() >= self.deadline
    }

    /// Seconds until [`has_passed`](Self::has_passed), at least 1.
    pub(crate) fn remaining(&self, now: Now) -> u64 {
        let wall = self
            .last_acceptable
            .saturating_add(1)
            .saturating_sub(now.second());
        let monotonic = self.deadline.saturating_sub(now.monotonic());
        let monotonic = monotonic
            .as_secs()
            .saturating_add(u64::from(monotonic.subsec_nanos() > 0));
        wall.max(monotonic).max(1)
    }

    /// The owner of each entry.
    pub(crate) fn owners(&self) -> impl Iterator<Item = OwnerTag> {
        self.entries.iter().map(|entry| entry.owner)
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Octets allocated beside the bucket itself.
    pub(crate) fn octets(&self) -> usize {
        self.entries.octets()
    }
}

/// The low half of a hash.
pub(crate) fn low_half(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

const _: () = assert!(size_of::<Entry>() == 20);
