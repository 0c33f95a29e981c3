use std::mem::size_of;

/// A hash set of small pages that grows by one page at a time (linear hashing).
///
/// A table that doubles is half empty at its worst, and stops the world to move all that it holds.
/// Here one page is split for every [`PER_PAGE`] items that come, so that each insert costs the same
/// at ten items and at a million, and a page is never larger than it needs to be. A search looks
/// through one page from end to end, which is a few lines of cache, one after the other.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    pages: Vec<Vec<T>>,
    len: usize,
}

impl<T> Pages<T> {
    pub(crate) const fn new() -> Self {
        Self {
            pages: Vec::new(),
            len: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flatten()
    }

    /// Octets allocated.
    pub(crate) fn octets(&self) -> usize {
        let items: usize = self.pages.iter().map(Vec::capacity).sum();
        self.pages.capacity() * size_of::<Vec<T>>() + items * size_of::<T>()
    }

    /// The item that was put in with `hash` and satisfies `is`.
    pub(crate) fn find(&self, hash: u32, is: impl Fn(&T) -> bool) -> Option<&T> {
        let page = self.pages.get(page_of(hash, self.pages.len()))?;
        page.iter().find(|item| is(item))
    }

    /// Adds an item that is not there. `hash_of` gives again the hash that an item was put in with.
    pub(crate) fn insert(&mut self, hash: u32, item: T, hash_of: impl Fn(&T) -> u32) {
        if self.len >= self.pages.len() * PER_PAGE {
            self.split(hash_of);
        }
        let at = page_of(hash, self.pages.len());
        if let Some(page) = self.pages.get_mut(at) {
            if page.len() == page.capacity() {
                page.reserve_exact(GROWTH);
            }
            page.push(item);
            self.len += 1;
        }
    }

    /// Adds a page, and moves to it what belongs there now.
    fn split(&mut self, hash_of: impl Fn(&T) -> u32) {
        let new = self.pages.len();
        let mut page = Vec::new();
        if let Some(old) = parent_of(new).and_then(|parent| self.pages.get_mut(parent)) {
            page.reserve_exact(old.len() / 2 + GROWTH);
            page.extend(old.extract_if(.., |item| page_of(hash_of(item), new + 1) == new));
            old.shrink_to(old.len() + GROWTH);
        }
        if new == self.pages.capacity() {
            self.pages.reserve_exact(new / 8 + 1);
        }
        self.pages.push(page);
    }
}

/// The page of a hash among so many: its lowest bits, one bit fewer where that page is still to come.
fn page_of(hash: u32, pages: usize) -> usize {
    let pages = pages.max(1);
    let full = pages.next_power_of_two();
    let hash = usize::try_from(hash).unwrap_or(usize::MAX);
    let page = hash & (full - 1);
    if page < pages {
        page
    } else {
        page & (full / 2 - 1)
    }
}

/// The page out of which a page is split: all but its highest bit. The first one comes of none.
fn parent_of(page: usize) -> Option<usize> {
    Some(page - (1 << page.checked_ilog2()?))
}

/// Items in a page, on average.
const PER_PAGE: usize = 20;

/// Room that a full page gets.
const GROWTH: usize = 3;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// Few distinct hashes, so that some pages are long and others stay empty.
    fn hash_of(item: &u16) -> u32 {
        u32::from(item % 7) * 5
    }

    #[test]
    fn an_empty_set_holds_nothing_and_no_memory() {
        let set = Pages::<u16>::new();
        assert_eq!(set.find(u32::MAX, |_| true), None);
        assert_eq!((set.len(), set.octets()), (0, 0));
    }

    #[test]
    fn pages_are_split_in_order_and_each_hash_has_one() {
        let parents = [
            (0, None),
            (1, Some(0)),
            (2, Some(0)),
            (3, Some(1)),
            (6, Some(2)),
        ];
        for (page, parent) in parents {
            assert_eq!(parent_of(page), parent);
        }
        let rows = [
            (7, 1, 0),
            (7, 2, 1),
            (7, 3, 1),
            (6, 3, 2),
            (7, 7, 3),
            (7, 8, 7),
        ];
        for (hash, pages, page) in rows {
            assert_eq!(page_of(hash, pages), page, "{hash} of {pages}");
        }
    }

    /// An item of 20 octets never costs more than 25, except in a set of a few.
    #[test]
    fn it_is_never_much_larger_than_what_it_holds() {
        let spread = |item: &[u32; 5]| item[0].wrapping_mul(0x9e37_79b9);
        let mut set = Pages::new();
        for number in 0..20_000 {
            let item = [number; 5];
            set.insert(spread(&item), item, spread);
            let octets = set.octets();
            assert!(octets <= 25 * set.len() + 120, "{octets} for {number}");
        }
        for number in 0..20_000 {
            let item = [number; 5];
            assert_eq!(set.find(spread(&item), |at| *at == item), Some(&item));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(0x5107),
            ..ProptestConfig::default()
        })]

        #[test]
        fn it_agrees_with_a_set(names in prop::collection::vec(0_u16..500, 0..400)) {
            let (mut set, mut model) = (Pages::new(), HashSet::new());
            for name in names {
                let found = set.find(hash_of(&name), |item| *item == name);
                prop_assert_eq!(found, model.get(&name));
                if model.insert(name) {
                    set.insert(hash_of(&name), name, hash_of);
                }
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert_eq!(set.iter().copied().collect::<HashSet<_>>(), model);
        }
    }
}
