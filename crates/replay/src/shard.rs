use std::collections::VecDeque;
use std::mem::size_of;

use keybound::replay::{FreshnessSource, ReplayError};

use crate::bucket::{Bucket, Proof};
use crate::clock::Now;
use crate::horizon::Horizon;
use crate::owners::{OwnerTag, Owners};
use crate::room::{NoRoom, Room, share};
use crate::sync::HashKey;

/// What all shards share: numbers without a lock, and the key of the tables.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) room: Room,
    pub(crate) horizon: Horizon,
    pub(crate) table_key: HashKey,
}

/// Everything about some of the owners, under one lock.
///
/// A proof's name holds its key (PROJ-4), so all copies of a proof, and all entries of an owner,
/// meet in one shard: who was first, and what the owner holds, are decided without a second lock.
#[derive(Debug)]
pub(crate) struct Shard {
    iat: Buckets,
    nonce: Buckets,
    owners: Owners,
}

impl Shard {
    pub(crate) const fn new() -> Self {
        Self {
            iat: Buckets::new(),
            nonce: Buckets::new(),
            owners: Owners::new(),
        }
    }

    /// Records a proof that is not there (DPOP-11.1-2, RFC 9449 section 11.1; PROJ-3).
    pub(crate) fn check_and_insert(
        &mut self,
        proof: &Proof,
        now: Now,
        shared: &Shared,
    ) -> Result<(), ReplayError> {
        self.drop_passed(now, shared);
        // Read early: it is the one memory access that no cache helps with.
        let held = self.owners.held(proof.owner);
        // A replay is called one before anything else: neither a full store nor a spent share may
        // tell an attacker's copy to come back later.
        if self.buckets(proof.source).contain(proof) {
            return Err(ReplayError::Replayed);
        }
        // Its bucket would be dropped at once. The pipeline does not ask for such a proof, unless
        // the clock went on between its check and this one. That is the proof's own fault, and said
        // before the horizon speaks: others of its second may have been dropped just now, and
        // nobody has set a clock.
        if now.second() > proof.last_acceptable {
            return Err(ReplayError::TooOld);
        }
        shared.horizon.check(proof.source, proof.second, now)?;
        self.make_room(proof, held, now, shared)?;
        self.owners.add(proof.owner);
        self.buckets_mut(proof.source)
            .insert(proof, now, &shared.table_key);
        Ok(())
    }

    /// Drops every bucket whose window has passed, the oldest first, so that at or below the
    /// highest dropped second nothing is left behind (PROJ-5: nothing else is ever dropped).
    pub(crate) fn drop_passed(&mut self, now: Now, shared: &Shared) {
        for source in SOURCES {
            while let Some(bucket) = self.buckets_mut(source).pop_passed(now) {
                for owner in bucket.owners() {
                    self.owners.release(owner);
                }
                shared.horizon.raise(source, bucket.second);
                shared.room.release(bucket.len());
            }
        }
    }

    pub(crate) fn buckets_held(&self) -> usize {
        self.iat.0.len() + self.nonce.0.len()
    }

    /// Octets allocated for entries, buckets and owners.
    pub(crate) fn octets(&self) -> usize {
        size_of::<Self>() + self.iat.octets() + self.nonce.octets() + self.owners.octets()
    }

    /// Reserves a place for a new entry of its owner. Nothing after this can fail.
    fn make_room(
        &self,
        proof: &Proof,
        held: usize,
        now: Now,
        shared: &Shared,
    ) -> Result<(), ReplayError> {
        let free = shared.room.free();
        if free > 0 && held >= share(free) {
            return Err(ReplayError::OwnerQuota {
                retry_after: self.owner_retry_after(proof.owner, now),
            });
        }
        let full = || ReplayError::Full {
            retry_after: self.retry_after(now),
        };
        if !self.buckets(proof.source).can_hold(proof.second) {
            return Err(full());
        }
        shared.room.reserve().map_err(|NoRoom| full())
    }

    /// Seconds until this shard's oldest bucket may be dropped.
    fn retry_after(&self, now: Now) -> u64 {
        let oldest = [&self.iat, &self.nonce].map(|buckets| buckets.0.front());
        let remaining = oldest
            .into_iter()
            .flatten()
            .map(|bucket| bucket.remaining(now));
        remaining.min().unwrap_or(1)
    }

    /// Seconds until the owner's oldest bucket may be dropped.
    fn owner_retry_after(&self, owner: OwnerTag, now: Now) -> u64 {
        let oldest = [&self.iat, &self.nonce].map(|buckets| buckets.oldest_of(owner));
        let remaining = oldest
            .into_iter()
            .flatten()
            .map(|bucket| bucket.remaining(now));
        remaining.min().unwrap_or(1)
    }

    const fn buckets(&self, source: FreshnessSource) -> &Buckets {
        match source {
            FreshnessSource::Iat => &self.iat,
            FreshnessSource::Nonce => &self.nonce,
        }
    }

    const fn buckets_mut(&mut self, source: FreshnessSource) -> &mut Buckets {
        match source {
            FreshnessSource::Iat => &mut self.iat,
            FreshnessSource::Nonce => &mut self.nonce,
        }
    }
}

/// The buckets of one source, by rising second.
#[derive(Debug)]
struct Buckets(VecDeque<Bucket>);

impl Buckets {
    const fn new() -> Self {
        Self(VecDeque::new())
    }

    fn contain(&self, proof: &Proof) -> bool {
        self.find(proof.second)
            .ok()
            .and_then(|at| self.0.get(at))
            .is_some_and(|bucket| bucket.contains(proof))
    }

    /// Whether a proof of that second would need a bucket too many.
    fn can_hold(&self, second: u64) -> bool {
        self.0.len() < MAX_BUCKETS || self.find(second).is_ok()
    }

    fn insert(&mut self, proof: &Proof, now: Now, key: &HashKey) {
        let at = self.find(proof.second).unwrap_or_else(|at| {
            self.0.insert(at, Bucket::new(proof.second));
            at
        });
        if let Some(bucket) = self.0.get_mut(at) {
            bucket.insert(proof, now, key);
        }
    }

    fn pop_passed(&mut self, now: Now) -> Option<Bucket> {
        if self.0.front()?.has_passed(now) {
            self.0.pop_front()
        } else {
            None
        }
    }

    /// The oldest bucket with an entry of the owner, or that in which the search was given up: then
    /// the owner's oldest is not older. A refusal must stay cheap under the lock.
    fn oldest_of(&self, owner: OwnerTag) -> Option<&Bucket> {
        let mut walked = 0;
        self.0.iter().find(|bucket| {
            walked += bucket.len();
            walked > MAX_WALKED || bucket.owners().any(|other| other == owner)
        })
    }

    fn octets(&self) -> usize {
        let tables: usize = self.0.iter().map(Bucket::octets).sum();
        self.0.capacity() * size_of::<Bucket>() + tables
    }

    fn find(&self, second: u64) -> Result<usize, usize> {
        // Under load there is a bucket for every second, and each is where its number says.
        let oldest = self.0.front().map_or(0, |bucket| bucket.second);
        let guess = usize::try_from(second.wrapping_sub(oldest)).unwrap_or(usize::MAX);
        if self
            .0
            .get(guess)
            .is_some_and(|bucket| bucket.second == second)
        {
            return Ok(guess);
        }
        self.0.binary_search_by_key(&second, |bucket| bucket.second)
    }
}

pub(crate) const SOURCES: [FreshnessSource; 2] = [FreshnessSource::Iat, FreshnessSource::Nonce];

/// The widest window is 361 seconds, and there may be two of them after the clock was set back.
/// A caller that dates proofs further apart is refused, and can't make buckets without end.
pub(crate) const MAX_BUCKETS: usize = 1_024;

/// Entries that a refusal may walk: a few microseconds' worth.
const MAX_WALKED: usize = 8_192;
