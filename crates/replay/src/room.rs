use crate::sync::{AtomicUsize, Ordering};

/// How many entries there may be, and how many there are: one number for all shards.
#[derive(Debug)]
pub(crate) struct Room {
    capacity: usize,
    live: AtomicUsize,
}

impl Room {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            live: AtomicUsize::new(0),
        }
    }

    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Entries that can still be taken.
    pub(crate) fn free(&self) -> usize {
        self.capacity.saturating_sub(self.live())
    }

    /// Takes a place, before the entry is written: the bound holds at every moment, whoever else
    /// is writing in another shard. `Relaxed`, since only the number itself is agreed on here.
    pub(crate) fn reserve(&self) -> Result<(), NoRoom> {
        self.live
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |live| {
                (live < self.capacity).then_some(live + 1)
            })
            .map(|_| ())
            .map_err(|_| NoRoom)
    }

    /// Gives places back, after their entries are gone.
    pub(crate) fn release(&self, places: usize) {
        self.live.fetch_sub(places, Ordering::Relaxed);
    }
}

/// Every place is taken.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct NoRoom;

/// How many entries one owner may hold while so many are free: a tenth, and at least one.
///
/// The share shrinks as the store fills, so that an owner alone gets an eleventh of the capacity,
/// and each further one gets a part of what is left: no single key can take all, nor can a few.
pub(crate) fn share(free: usize) -> usize {
    (free / SHARE_OF_FREE).max(1)
}

const SHARE_OF_FREE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT_CAPACITY;

    #[test]
    fn a_share_is_a_tenth_of_what_is_free_and_at_least_one() {
        let rows = [
            (0, 1),
            (1, 1),
            (19, 1),
            (20, 2),
            (21, 2),
            (99, 9),
            (100, 10),
            (usize::MAX, usize::MAX / 10),
        ];
        for (free, expected) in rows {
            assert_eq!(share(free), expected, "{free} free");
        }
    }

    /// What a client with many keys needs: the figure in the crate's documentation.
    #[test]
    fn a_client_with_136_keys_fills_a_default_store() {
        let (mut free, mut keys) = (DEFAULT_CAPACITY, 0);
        while free > 0 {
            let mut held = 0;
            while free > 0 && held < share(free) {
                (held, free) = (held + 1, free - 1);
            }
            keys += 1;
        }
        assert_eq!(keys, 136);
    }

    #[test]
    fn the_capacity_is_a_hard_bound() {
        let room = Room::new(2);
        assert_eq!((room.reserve(), room.free()), (Ok(()), 1));
        assert_eq!((room.reserve(), room.free()), (Ok(()), 0));
        assert_eq!((room.reserve(), room.live()), (Err(NoRoom), 2));
        room.release(2);
        assert_eq!((room.free(), room.live()), (2, 0));
    }
}
