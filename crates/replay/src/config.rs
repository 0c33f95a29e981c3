/// How large a [`MemoryStore`](crate::MemoryStore) is, and how it starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MemoryStoreConfig {
    capacity: usize,
    after_restart: AfterRestart,
}

/// What to do with proofs that may have been admitted before this store began to remember.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a proof is refused or it is not; a configuration file names both"
)]
pub enum AfterRestart {
    /// Refuse every proof that is dated at or before the second of the start, by the wall clock as
    /// it was then or as it is now, whichever is later.
    #[default]
    RefuseOlder,
    /// Take them. Whatever was admitted in the last window before a restart can be replayed once
    /// after it: for development and load tests.
    Accept,
}

impl MemoryStoreConfig {
    /// Sets how many entries may be live at once. At 0 every proof is refused.
    #[must_use]
    pub const fn with_capacity(mut self, entries: usize) -> Self {
        self.capacity = entries;
        self
    }

    /// Sets what happens to proofs older than the store.
    #[must_use]
    pub const fn with_after_restart(mut self, after_restart: AfterRestart) -> Self {
        self.after_restart = after_restart;
        self
    }

    /// Entries that may be live at once.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// What happens to proofs older than the store.
    pub const fn after_restart(&self) -> AfterRestart {
        self.after_restart
    }
}

impl Default for MemoryStoreConfig {
    /// [`DEFAULT_CAPACITY`] entries, and nothing older than the store.
    fn default() -> Self {
        Self {
            capacity: DEFAULT_CAPACITY,
            after_restart: AfterRestart::default(),
        }
    }
}

/// Live entries of a default store: 2^20, at most 40 octets each when it is full.
///
/// An entry lives for its window and one second more. That carries 14,768 admitted requests a
/// second with `iat` (60 s old, 10 s ahead: at most 71 s) and 5,793 with nonces (180 s: 181 s).
pub const DEFAULT_CAPACITY: usize = 1 << 20;
