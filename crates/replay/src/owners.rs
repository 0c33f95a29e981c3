use std::mem::size_of;
use std::num::NonZeroU32;

/// Whose entry it is: 32 bits of a keyed hash of the key's thumbprint.
///
/// Keyed, so that nobody can make a key whose tag is another's, and use up the other's share.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OwnerTag(NonZeroU32);

impl OwnerTag {
    pub(crate) const fn new(hash: u32) -> Self {
        match NonZeroU32::new(hash) {
            Some(tag) => Self(tag),
            None => Self(NonZeroU32::MIN),
        }
    }
}

/// How many live entries each owner has. An owner without any takes no room.
///
/// An open-addressed table, so that a count is one line of cache away, however many owners there
/// are. It is between two thirds and four fifths full as it grows: fuller, and searches are long;
/// one that doubles would be more than half empty at its worst.
#[derive(Debug)]
pub(crate) struct Owners {
    slots: Vec<Option<Count>>,
    owners: usize,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    owner: OwnerTag,
    held: NonZeroU32,
}

impl Owners {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            owners: 0,
        }
    }

    pub(crate) fn held(&self, owner: OwnerTag) -> usize {
        let count = self.slot_of(owner).and_then(|at| self.at(at));
        let held = count.map_or(0, |count| count.held.get());
        usize::try_from(held).unwrap_or(usize::MAX)
    }

    pub(crate) fn add(&mut self, owner: OwnerTag) {
        if self.owners >= self.slots.len() / 5 * 4 {
            self.resize(self.owners + 1);
        }
        let Some(at) = self.slot_of(owner) else {
            return;
        };
        let held = match self.at(at) {
            Some(count) => count.held.saturating_add(1),
            None => {
                self.owners += 1;
                NonZeroU32::MIN
            }
        };
        self.set(at, Some(Count { owner, held }));
    }

    pub(crate) fn release(&mut self, owner: OwnerTag) {
        let Some(at) = self.slot_of(owner) else {
            return;
        };
        let Some(count) = self.at(at) else { return };
        if let Some(held) = NonZeroU32::new(count.held.get() - 1) {
            self.set(at, Some(Count { owner, held }));
            return;
        }
        self.vacate(at);
        self.owners -= 1;
        if self.slots.len() > SHRINK_ABOVE && self.owners < self.slots.len() / 4 {
            self.resize(self.owners);
        }
    }

    /// Octets allocated.
    pub(crate) fn octets(&self) -> usize {
        self.slots.capacity() * size_of::<Option<Count>>()
    }

    /// The slot that the owner has, or the vacant one that it would get. There is always a vacant
    /// one, unless the table has no slots at all.
    fn slot_of(&self, owner: OwnerTag) -> Option<usize> {
        let home = self.home(owner);
        let (before, from) = self.slots.split_at(home);
        let ends = |slot: &Option<Count>| slot.is_none_or(|count| count.owner == owner);
        let ahead = from.iter().position(ends).map(|at| home + at);
        ahead.or_else(|| before.iter().position(ends))
    }

    /// Empties a slot. What follows it moves up, so that no search ends too early.
    fn vacate(&mut self, mut hole: usize) {
        let slots = self.slots.len();
        let mut at = hole;
        loop {
            at = if at + 1 == slots { 0 } else { at + 1 };
            let Some(count) = self.at(at) else { break };
            // It may move up, unless that put it before its home.
            let home = self.home(count.owner);
            if distance(home, at, slots) >= distance(hole, at, slots) {
                self.set(hole, Some(count));
                hole = at;
            }
        }
        self.set(hole, None);
    }

    fn resize(&mut self, owners: usize) {
        // Two thirds full, and never quite full.
        let slots = owners + owners / 2 + 8;
        let old = std::mem::replace(&mut self.slots, vec![None; slots]);
        for count in old.into_iter().flatten() {
            if let Some(vacant) = self.slot_of(count.owner) {
                self.set(vacant, Some(count));
            }
        }
    }

    fn at(&self, at: usize) -> Option<Count> {
        self.slots.get(at).copied().flatten()
    }

    fn set(&mut self, at: usize, count: Option<Count>) {
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = count;
        }
    }

    /// Where the search for an owner starts. Below the number of slots, or 0 if there is none.
    fn home(&self, owner: OwnerTag) -> usize {
        let slots = u64::try_from(self.slots.len()).unwrap_or(u64::MAX);
        let home = u64::from(owner.0.get()).saturating_mul(slots) >> u32::BITS;
        usize::try_from(home).unwrap_or(0)
    }
}

/// From one slot forward to another, around the end.
const fn distance(from: usize, to: usize, slots: usize) -> usize {
    if to >= from {
        to - from
    } else {
        to + slots - from
    }
}

/// A table of so few slots is not worth giving back.
const SHRINK_ABOVE: usize = 64;

const _: () = assert!(size_of::<Option<Count>>() == 8);

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn an_owner_is_counted_and_then_forgotten() {
        let (a, b) = (OwnerTag::new(0), OwnerTag::new(2));
        let mut owners = Owners::new();
        assert_eq!((owners.held(a), owners.octets()), (0, 0));
        owners.release(a);
        owners.add(a);
        owners.add(a);
        owners.add(b);
        assert_eq!((owners.held(a), owners.held(b)), (2, 1));
        owners.release(a);
        owners.release(b);
        owners.release(b);
        assert_eq!((owners.held(a), owners.held(b)), (1, 0));
        assert_eq!(owners.owners, 1);
    }

    #[test]
    fn the_table_is_never_emptier_than_two_thirds_nor_fuller_than_four_fifths() {
        let tag = |number: u32| OwnerTag::new(number.wrapping_mul(0x9e37_79b9));
        let mut owners = Owners::new();
        for number in 0..50_000 {
            owners.add(tag(number));
            assert!(owners.owners <= owners.slots.len() / 5 * 4);
            assert!(owners.slots.len() <= owners.owners + owners.owners / 2 + 8);
        }
        for number in 0..50_000 {
            assert_eq!(owners.held(tag(number)), 1);
            owners.release(tag(number));
            assert!(owners.slots.len() <= SHRINK_ABOVE.max(owners.owners * 4 + 8));
        }
        assert_eq!(owners.owners, 0);
    }

    /// Counts must not grow with the owners that came and went.
    #[test]
    fn passing_owners_leave_no_memory_behind() {
        let mut owners = Owners::new();
        for tag in 0..100_000 {
            owners.add(OwnerTag::new(tag));
            owners.release(OwnerTag::new(tag));
        }
        assert_eq!((owners.owners, owners.octets()), (0, 72));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(0x5107),
            ..ProptestConfig::default()
        })]

        /// Few homes, so that searches collide and run around the end.
        #[test]
        fn it_agrees_with_a_map(steps in prop::collection::vec((any::<bool>(), 0_u32..40), 0..300)) {
            let tag = |number: u32| OwnerTag::new((number % 3) << 30 | 0x3fff_ff00 | number);
            let (mut owners, mut model) = (Owners::new(), HashMap::new());
            for (add, number) in steps {
                let held = model.entry(number).or_insert(0_usize);
                if add {
                    owners.add(tag(number));
                    *held += 1;
                } else {
                    owners.release(tag(number));
                    *held = held.saturating_sub(1);
                }
                for other in 0..40 {
                    let expected = model.get(&other).copied().unwrap_or(0);
                    prop_assert_eq!(owners.held(tag(other)), expected);
                }
                prop_assert_eq!(owners.owners, model.values().filter(|held| **held > 0).count());
            }
        }
    }
}
