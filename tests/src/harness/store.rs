use std::collections::HashSet;
use std::sync::Mutex;

use keybound::replay::{FirstUse, ReplayEntry, ReplayError};

/// A store of admitted proofs that forgets nothing, or always gives one answer.
#[derive(Debug, Default)]
pub struct Store {
    seen: Mutex<HashSet<[u8; 32]>>,
    entries: Mutex<Vec<ReplayEntry>>,
    answer: Option<ReplayError>,
    mistaken: Option<ReplayEntry>,
}

impl Store {
    /// A store that records nothing and always gives this answer.
    pub fn failing(answer: ReplayError) -> Self {
        Self {
            answer: Some(answer),
            ..Self::default()
        }
    }

    /// A store that gives evidence for this entry, whatever it is asked about.
    pub fn mistaken(entry: ReplayEntry) -> Self {
        Self {
            mistaken: Some(entry),
            ..Self::default()
        }
    }

    /// Checks and inserts.
    ///
    /// # Errors
    ///
    /// The entry is there already, or what the store was made to answer.
    pub fn spend(&self, entry: &ReplayEntry) -> Result<FirstUse, ReplayError> {
        self.entries.lock().unwrap().push(entry.clone());
        if let Some(answer) = self.answer {
            return Err(answer);
        }
        if let Some(other) = &self.mistaken {
            return Ok(FirstUse::assertion(other));
        }
        match self.seen.lock().unwrap().insert(*entry.key().as_bytes()) {
            true => Ok(FirstUse::assertion(entry)),
            false => Err(ReplayError::Replayed),
        }
    }

    /// What the store was asked so far, in order.
    pub fn asked(&self) -> Vec<ReplayEntry> {
        self.entries.lock().unwrap().clone()
    }
}
