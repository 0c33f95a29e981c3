//! What a store of admitted proofs is asked, and what it may answer.
//!
//! The store itself lives elsewhere (`keybound-replay`). It has one atomic verb, check and insert;
//! there is no verb that would let two requests both see "not there yet"
//! (DPOP-11.1-2, RFC 9449 section 11.1; PROJ-3).

use core::fmt;

use subtle::ConstantTimeEq;

use crate::proof::Freshness;
use crate::thumbprint::Jkt;

/// The name under which one proof is remembered: SHA-256 over a label, `jkt` and `jti` (PROJ-4).
///
/// The key takes part, so that no client can burn another's `jti`; the signature does not, so that
/// a malleated signature makes no new name (JWA-3.4-3).
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct ReplayKey([u8; 32]);

impl ReplayKey {
    pub(crate) const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The 32 octets of the digest. A store may keep 128 bits or more of it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "ReplayKey({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}

/// Which of a proof's times decides about its freshness, and so about how long it is remembered.
///
/// It is a property of the signed proof: whoever replays it cannot change it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a store keeps a high-water mark for each"
)]
pub enum FreshnessSource {
    /// The `iat` claim.
    Iat,
    /// The time inside the server's own nonce.
    Nonce,
}

/// One proof, about to be admitted: what the store must remember, and for how long.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReplayEntry {
    key: ReplayKey,
    owner: Jkt,
    source: FreshnessSource,
    second: u64,
    last_acceptable: u64,
}

impl ReplayEntry {
    pub(crate) const fn new(key: ReplayKey, owner: Jkt, freshness: Freshness) -> Self {
        let Freshness {
            source,
            second,
            last_acceptable,
        } = freshness;
        Self {
            key,
            owner,
            source,
            second,
            last_acceptable,
        }
    }

    /// Describes an admitted proof by hand, for the tests, models and benchmarks of a store, which
    /// are other crates than this one. The pipeline makes its own; nothing that takes an entry made
    /// here can admit a request.
    ///
    /// Hidden, because no program needs it, and because it lets a caller state a second and a last
    /// second that do not come from one [`Window`](crate::Window). Not covered by semantic
    /// versioning.
    #[doc(hidden)]
    pub const fn for_model(
        key: [u8; 32],
        owner: Jkt,
        source: FreshnessSource,
        second: u64,
        last_acceptable: u64,
    ) -> Self {
        Self {
            key: ReplayKey::new(key),
            owner,
            source,
            second,
            last_acceptable,
        }
    }

    /// The proof's name.
    pub const fn key(&self) -> &ReplayKey {
        &self.key
    }

    /// Whose proof it is: the thumbprint of its key. Quotas are counted by owner.
    pub const fn owner(&self) -> &Jkt {
        &self.owner
    }

    /// Which of the proof's times [`second`](Self::second) is.
    pub const fn source(&self) -> FreshnessSource {
        self.source
    }

    /// The second (Unix time) of the proof's freshness source: the bucket it belongs to.
    pub const fn second(&self) -> u64 {
        self.second
    }

    /// The last second (Unix time) at which the freshness check still accepts this proof. It must be
    /// remembered through the whole of that second: both bounds come from
    /// [`Window`](crate::Window), so they cannot drift apart (PROJ-6).
    pub const fn last_acceptable(&self) -> u64 {
        self.last_acceptable
    }
}

/// Evidence from a store: this proof was not there, and is there now.
///
/// It is not `Clone`, it carries the proof's name, and the pipeline compares that name: evidence for
/// one proof cannot admit another.
#[derive(Debug, Eq, PartialEq)]
pub struct FirstUse {
    key: ReplayKey,
}

impl FirstUse {
    /// States, as a store, that the entry was absent and has been recorded in one atomic step.
    ///
    /// `grep -rn 'FirstUse::assertion('` finds everyone who claims this.
    pub const fn assertion(entry: &ReplayEntry) -> Self {
        Self { key: *entry.key() }
    }

    pub(crate) fn is_for(&self, key: &ReplayKey) -> bool {
        bool::from(self.key.as_bytes().ct_eq(key.as_bytes()))
    }
}

/// Why a store did not record a proof. None of these ever lets the request pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReplayError {
    /// The proof is there already: a replay (DPOP-11.1-2).
    Replayed,
    /// The proof's last acceptable second is over by the wall clock. It was not when the proof was
    /// examined: the clock went on since then (DPOP-4.3-11, RFC 9449 section 4.3; PROJ-6).
    TooOld,
    /// The proof is dated at or before the second at which this store began to remember, so that it
    /// may have been admitted before a restart.
    PredatesStart,
    /// The proof's second was dropped already, and is acceptable again only because the wall clock
    /// was set back or a window was widened. Refused until the clock has caught up (PROJ-7).
    Forgotten,
    /// The owner holds its share of what the store can take. Try again after so many seconds.
    OwnerQuota {
        /// Seconds until the owner's oldest entry may be dropped.
        retry_after: u64,
    },
    /// The store is full of live entries, none of which may be evicted (PROJ-5). Try again after so
    /// many seconds.
    Full {
        /// Seconds until the oldest entry may be dropped.
        retry_after: u64,
    },
    /// The store did not answer (PROJ-3).
    Unavailable,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("the proof was used before"),
            Self::TooOld => f.write_str("the proof became too old while it was examined"),
            Self::PredatesStart => f.write_str("the proof is older than this store"),
            Self::Forgotten => f.write_str("the proof's second was dropped from the store already"),
            Self::OwnerQuota { retry_after } => {
                write!(
                    f,
                    "the key's share of the store is used up; retry after {retry_after} s"
                )
            }
            Self::Full { retry_after } => {
                write!(
                    f,
                    "the store is full of live entries; retry after {retry_after} s"
                )
            }
            Self::Unavailable => f.write_str("the store did not answer"),
        }
    }
}

impl core::error::Error for ReplayError {}
