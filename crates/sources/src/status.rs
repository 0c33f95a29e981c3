use std::time::Duration;

use keybound::JwkError;

use crate::error::FetchError;

/// What an operator wants to know of an issuer's keys, at one moment. Counters are since the start.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// How long ago the set was last confirmed by its source. `None`: never.
    pub success_age: Option<Duration>,
    /// The last failure, kept after a recovery.
    pub last_error: Option<FetchError>,
    /// How long ago that was.
    pub error_age: Option<Duration>,
    /// Failures since the last success: zero if all is well.
    pub consecutive_failures: u32,
    /// Fetches begun, of every cause. One from metadata is two HTTP requests.
    pub fetches: u64,
    /// Fetches that failed.
    pub failures: u64,
    /// Fetches that an unknown `kid` caused.
    pub refetches: u64,
    /// Requests with an unknown `kid` that were answered without a fetch of their own: too soon after
    /// the last, or too many waiting.
    pub declined: u64,
    /// The generation of the set in use.
    pub generation: Option<u64>,
    /// The usable keys in the set in use.
    pub keys: usize,
    /// Its keys that were skipped: place, and why (JWK-5-1, RFC 7517 section 5).
    pub skipped: Vec<(usize, JwkError)>,
}
