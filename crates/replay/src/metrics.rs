use std::sync::atomic::{AtomicU64, Ordering};

use keybound::replay::{FreshnessSource, ReplayError};

use crate::shard::Shared;

/// What a store holds, and what it refused since it began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Occupancy {
    /// Entries in the store.
    pub live: usize,
    /// Entries that it may hold.
    pub capacity: usize,
    /// Buckets over all shards. There is one for each second, source and shard in use.
    pub buckets: usize,
    /// Octets allocated for entries, buckets, owners and shards.
    pub octets: usize,
    /// Shards that answer [`ReplayError::Unavailable`] for ever. Anything but 0 is a defect.
    pub poisoned_shards: usize,
    /// The highest second dropped of proofs dated by `iat`.
    pub dropped_iat: Option<u64>,
    /// The highest second dropped of proofs dated by a nonce.
    pub dropped_nonce: Option<u64>,
    /// Refusals by kind.
    pub refused: Refused,
}

/// How often a store refused, by kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Refused {
    /// [`ReplayError::Replayed`].
    pub replayed: u64,
    /// [`ReplayError::TooOld`]. Rises when requests wait for long between the check of their date
    /// and the store; no reason for an alarm.
    pub too_old: u64,
    /// [`ReplayError::PredatesStart`].
    pub predates_start: u64,
    /// [`ReplayError::Forgotten`]. Rises when a clock was set back or a window widened: worth an
    /// alarm.
    pub forgotten: u64,
    /// [`ReplayError::OwnerQuota`].
    pub owner_quota: u64,
    /// [`ReplayError::Full`].
    pub full: u64,
    /// [`ReplayError::Unavailable`].
    pub unavailable: u64,
}

impl Occupancy {
    pub(crate) fn new(shared: &Shared, refused: Refused) -> Self {
        Self {
            live: shared.room.live(),
            capacity: shared.room.capacity(),
            buckets: 0,
            octets: 0,
            poisoned_shards: 0,
            dropped_iat: shared.horizon.highest_dropped(FreshnessSource::Iat),
            dropped_nonce: shared.horizon.highest_dropped(FreshnessSource::Nonce),
            refused,
        }
    }

    /// Octets that each live entry costs, everything counted, rounded up. `None` in an empty store.
    pub const fn octets_per_entry(&self) -> Option<usize> {
        match self.live {
            0 => None,
            live => Some(self.octets.div_ceil(live)),
        }
    }

    pub(crate) const fn add(&mut self, buckets: usize, octets: usize) {
        self.buckets += buckets;
        self.octets += octets;
    }

    pub(crate) const fn add_poisoned(&mut self) {
        self.poisoned_shards += 1;
    }
}

/// Counts refusals. Nothing is decided by these numbers, so they stay out of the model checker.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    replayed: AtomicU64,
    too_old: AtomicU64,
    predates_start: AtomicU64,
    forgotten: AtomicU64,
    owner_quota: AtomicU64,
    full: AtomicU64,
    unavailable: AtomicU64,
}

impl Counters {
    pub(crate) fn count(&self, error: ReplayError) {
        let counter = match error {
            ReplayError::Replayed => &self.replayed,
            ReplayError::TooOld => &self.too_old,
            ReplayError::PredatesStart => &self.predates_start,
            ReplayError::Forgotten => &self.forgotten,
            ReplayError::OwnerQuota { .. } => &self.owner_quota,
            ReplayError::Full { .. } => &self.full,
            // `ReplayError` may grow; what this store cannot say is not counted apart.
            _ => &self.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Refused {
        Refused {
            replayed: self.replayed.load(Ordering::Relaxed),
            too_old: self.too_old.load(Ordering::Relaxed),
            predates_start: self.predates_start.load(Ordering::Relaxed),
            forgotten: self.forgotten.load(Ordering::Relaxed),
            owner_quota: self.owner_quota.load(Ordering::Relaxed),
            full: self.full.load(Ordering::Relaxed),
            unavailable: self.unavailable.load(Ordering::Relaxed),
        }
    }
}
