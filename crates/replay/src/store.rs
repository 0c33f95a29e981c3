use std::fmt;
use std::hash::BuildHasher;

use keybound::replay::{FirstUse, ReplayEntry, ReplayError};

use crate::bucket::{Proof, low_half};
use crate::clock::Now;
use crate::config::{AfterRestart, MemoryStoreConfig};
use crate::horizon::Horizon;
use crate::metrics::{Counters, Occupancy};
use crate::owners::OwnerTag;
use crate::room::Room;
use crate::shard::{Shard, Shared};
use crate::sync::{AtomicU64, HashKey, Mutex, MutexGuard, Ordering};

/// A store of admitted proofs, asked once for each request, last of all checks (PROJ-3).
///
/// # What each mistake costs
///
/// A store that says [`FirstUse`] of a proof that was admitted before lets a thief in: whoever has
/// read one request can send it again. Nothing behind the store will notice. So a store in doubt,
/// because it was restarted, because its clock was set back, because it is full or out of reach,
/// must answer an error.
///
/// A store that answers an error for a proof that is new costs an honest client one round trip, or,
/// under [`ReplayError::Full`], service for some seconds. It is allowed: a store that always
/// answers [`ReplayError::Unavailable`] is a correct one, and of no use.
///
/// There is one verb. A pair of `contains` and `insert` would let two copies of a proof, sent at
/// the same moment, both be told "not there".
pub trait ReplayStore: fmt::Debug + Send + Sync {
    /// Records the entry, if it is not there, in one atomic step.
    ///
    /// Of any number of calls with one proof, concurrent or not, at most one returns [`FirstUse`]
    /// for as long as the store lives.
    fn check_and_insert(&self, entry: &ReplayEntry, now: Now) -> Result<FirstUse, ReplayError>;
}

/// The store of one process. See the [crate's documentation](crate) for what it promises.
pub struct MemoryStore {
    shards: Box<[Mutex<Shard>]>,
    shared: Shared,
    owner_key: HashKey,
    counters: Counters,
    /// The monotonic second, plus 1, in which all shards were last swept.
    swept: AtomicU64,
}

impl MemoryStore {
    /// An empty store that remembers from now on.
    pub fn new(config: MemoryStoreConfig, now: Now) -> Self {
        let start = match config.after_restart() {
            AfterRestart::RefuseOlder => Some(now),
            AfterRestart::Accept => None,
        };
        Self {
            shards: (0..shards_for(config.capacity()))
                .map(|_| Mutex::new(Shard::new()))
                .collect(),
            shared: Shared {
                room: Room::new(config.capacity()),
                horizon: Horizon::new(start),
                table_key: HashKey::default(),
            },
            owner_key: HashKey::default(),
            counters: Counters::default(),
            swept: AtomicU64::new(0),
        }
    }

    /// What the store holds and what it refused. Takes each shard's lock in turn, for as long as it
    /// takes to walk its buckets: meant for a scrape every few seconds.
    pub fn metrics(&self) -> Occupancy {
        let mut occupancy = Occupancy::new(&self.shared, self.counters.read());
        for shard in &self.shards {
            match lock(shard) {
                Ok(shard) => occupancy.add(shard.buckets_held(), shard.octets()),
                Err(_) => occupancy.add_poisoned(),
            }
        }
        occupancy
    }

    fn attempt(&self, shard: usize, proof: &Proof, now: Now) -> Result<(), ReplayError> {
        let shard = self.shards.get(shard).ok_or(ReplayError::Unavailable)?;
        lock(shard)?.check_and_insert(proof, now, &self.shared)
    }

    /// Whether this call is the first of its second to want all shards swept.
    ///
    /// A shard that nobody asks keeps what has passed, and counts it as live. That matters only to
    /// somebody who would be refused for it, and only once a second, for nothing passes in between.
    fn claims_sweep(&self, now: Now) -> bool {
        let second = now.monotonic().as_secs().saturating_add(1);
        self.swept.fetch_max(second, Ordering::Relaxed) < second
    }

    fn sweep(&self, now: Now) {
        // A poisoned shard keeps its places: it may hold live entries.
        for mut shard in self.shards.iter().flat_map(lock) {
            shard.drop_passed(now, &self.shared);
        }
    }
}

impl ReplayStore for MemoryStore {
    fn check_and_insert(&self, entry: &ReplayEntry, now: Now) -> Result<FirstUse, ReplayError> {
        // All hashing is done before the lock is taken.
        let owner_hash = self.owner_key.hash_one(entry.owner());
        let owner = OwnerTag::new(low_half(owner_hash));
        let shard = shard_of(owner_hash, self.shards.len());
        let proof = Proof::new(entry, owner, &self.shared.table_key);

        let mut answer = self.attempt(shard, &proof, now);
        if let Err(ReplayError::Full { .. } | ReplayError::OwnerQuota { .. }) = answer
            && self.claims_sweep(now)
        {
            self.sweep(now);
            answer = self.attempt(shard, &proof, now);
        }
        match answer {
            Ok(()) => Ok(FirstUse::assertion(entry)),
            Err(error) => {
                self.counters.count(error);
                Err(error)
            }
        }
    }
}

/// Neither a million entries nor the keys of the tables belong in a log.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("live", &self.shared.room.live())
            .field("capacity", &self.shared.room.capacity())
            .finish_non_exhaustive()
    }
}

/// A panic under the lock may have left a table half written. Its owners get 503 until a restart:
/// what such a shard remembers can't be believed, and to forget it would admit replays.
fn lock(shard: &Mutex<Shard>) -> Result<MutexGuard<'_, Shard>, ReplayError> {
    shard.lock().map_err(|_| ReplayError::Unavailable)
}

/// The high half of the owner's hash chooses the shard, the low half is the tag.
fn shard_of(owner_hash: u64, shards: usize) -> usize {
    let shards = u64::try_from(shards).unwrap_or(1);
    usize::try_from(((owner_hash >> u32::BITS) * shards) >> u32::BITS).unwrap_or(0)
}

/// Enough shards that two threads rarely meet and that no table of one shard is large; so few that
/// a bucket has more to it than its own overhead. A tiny store has one, and is exact.
fn shards_for(capacity: usize) -> usize {
    if capacity < TINY {
        1
    } else {
        (capacity / ENTRIES_PER_SHARD).clamp(MIN_SHARDS, MAX_SHARDS)
    }
}

// The model checker can't fill a thousand places before each run: it gets two shards at once.
const TINY: usize = if cfg!(loom) { 2 } else { 1_024 };
const MIN_SHARDS: usize = if cfg!(loom) { 2 } else { 8 };
const ENTRIES_PER_SHARD: usize = 32_768;
const MAX_SHARDS: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keybound::UnixTime;
    use keybound::replay::FreshnessSource::Iat;

    use super::*;
    use crate::support;

    #[test]
    fn the_number_of_shards_follows_the_capacity() {
        let rows = [
            (0, 1),
            (1_023, 1),
            (1_024, 8),
            (8 * 32_768, 8),
            (9 * 32_768, 9),
            (1 << 20, 32),
            (1_024 * 32_768, 1_024),
            (usize::MAX, 1_024),
        ];
        for (capacity, shards) in rows {
            assert_eq!(shards_for(capacity), shards, "capacity {capacity}");
        }
    }

    #[test]
    fn the_hash_of_an_owner_always_names_a_shard() {
        let half = 1 << 63;
        let rows = [(0, 8, 0), (u64::MAX, 8, 7), (half, 8, 4), (half - 1, 8, 3)];
        for (hash, shards, expected) in rows {
            assert_eq!(shard_of(hash, shards), expected);
        }
        assert_eq!(shard_of(u64::MAX, 1), 0);
    }

    /// PROJ-3: a fault of the store is an error of its own, and never an admission.
    #[test]
    fn a_poisoned_shard_is_unavailable_and_keeps_its_places() {
        let now = Now::new(
            UnixTime::since_unix_epoch(Duration::from_secs(1_000)),
            Duration::ZERO,
        );
        let late = Now::new(
            UnixTime::since_unix_epoch(Duration::from_secs(2_000)),
            Duration::from_secs(1_000),
        );
        let config = MemoryStoreConfig::default()
            .with_capacity(2)
            .with_after_restart(AfterRestart::Accept);
        let store = MemoryStore::new(config, now);
        let proof = support::entry(1, 1, Iat, 1_000, 1_060);
        assert!(store.check_and_insert(&proof, now).is_ok());
        std::thread::scope(|scope| {
            let held = scope.spawn(|| {
                let _guard = store.shards[0].lock();
                panic!("a defect, made on purpose");
            });
            assert!(held.join().is_err());
        });
        let other = support::entry(2, 2, Iat, 2_000, 2_060);
        for (entry, now) in [(&proof, now), (&other, now), (&other, late)] {
            assert_eq!(
                store.check_and_insert(entry, now),
                Err(ReplayError::Unavailable)
            );
        }
        let occupancy = store.metrics();
        assert_eq!((occupancy.live, occupancy.poisoned_shards), (1, 1));
        assert_eq!(occupancy.refused.unavailable, 3);
    }

    #[test]
    fn sweeps_are_claimed_once_a_monotonic_second() {
        let wall = UnixTime::since_unix_epoch(Duration::from_secs(1_000));
        let store = MemoryStore::new(MemoryStoreConfig::default(), Now::new(wall, Duration::ZERO));
        let rows = [
            (0, true),
            (999, false),
            (1_000, true),
            (0, false),
            (2_000, true),
        ];
        for (milliseconds, claimed) in rows {
            let now = Now::new(wall, Duration::from_millis(milliseconds));
            assert_eq!(store.claims_sweep(now), claimed, "at {milliseconds} ms");
        }
    }
}
