use std::error::Error;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use keybound::{NonceKey, NonceKeys, UnixTime};

/// The nonce keys of this process, replaced as they age.
///
/// Two generations are valid at a time, so that a nonce outlives the change of the key that it was
/// made with.
#[derive(Debug)]
pub struct NonceRing {
    current: ArcSwap<Generation>,
}

#[derive(Debug)]
struct Generation {
    keys: NonceKeys,
    since: u64,
}

impl NonceRing {
    /// A ring with a fresh key.
    ///
    /// # Errors
    ///
    /// The operating system has no randomness to give.
    pub fn generate(now: UnixTime) -> Result<Self, RandomnessError> {
        let keys = NonceKeys::new(NonceKey::new(0, random()?));
        Ok(Self {
            current: ArcSwap::from_pointee(Generation {
                keys,
                since: now.as_secs(),
            }),
        })
    }

    /// The keys to use now. The first call after an hour puts a new key in front; if there is no
    /// randomness for one, the old keys go on.
    pub(crate) fn keys(&self, now: UnixTime) -> NonceKeysRef {
        let current = self.current.load_full();
        // A clock that was set back makes this zero, which only delays the change.
        if now.as_secs().saturating_sub(current.since) < ROTATE_AFTER {
            return NonceKeysRef(current);
        }
        let Ok(key) = random() else {
            return NonceKeysRef(current);
        };
        let next = NonceKey::new(current.keys.current_id().wrapping_add(1), key);
        let keys = current.keys.rotated(next);
        let next = Arc::new(Generation {
            keys,
            since: now.as_secs(),
        });
        // Of several that come at once, one changes the key and the others take the one it made.
        self.current.compare_and_swap(&current, next);
        NonceKeysRef(self.current.load_full())
    }
}

/// One generation, held for the time of a request.
pub(crate) struct NonceKeysRef(Arc<Generation>);

impl NonceKeysRef {
    pub(crate) fn keys(&self) -> &NonceKeys {
        &self.0.keys
    }
}

/// The operating system has no randomness to give, so that nonces could be guessed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RandomnessError(());

impl fmt::Display for RandomnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gives no randomness")
    }
}

impl Error for RandomnessError {}

/// DPOP-8-1, RFC 9449 section 8: 256 bits nobody can guess.
fn random() -> Result<[u8; 32], RandomnessError> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|_| RandomnessError(()))?;
    Ok(octets)
}

/// Seconds. Far more than the longest life of a nonce (300), so that no live nonce loses its key.
const ROTATE_AFTER: u64 = 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(second: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(second))
    }

    #[test]
    fn the_key_changes_after_an_hour_and_not_before() {
        let ring = NonceRing::generate(at(1_000)).unwrap();
        for (second, id) in [
            (1_000, 0),
            (4_599, 0),
            (4_600, 1),
            (4_601, 1),
            (8_200, 2),
            (0, 2),
        ] {
            assert_eq!(ring.keys(at(second)).keys().current_id(), id, "{second}");
        }
    }
}
