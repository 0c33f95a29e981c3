use std::sync::atomic::{AtomicUsize, Ordering};

use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, PublicKey};
use keybound_crypto::IssuerAlgorithms;

/// Counts what it is asked, and answers as [`IssuerAlgorithms`] does.
#[derive(Debug, Default)]
pub struct Counting {
    sha256: AtomicUsize,
    hmac: AtomicUsize,
    check_key: AtomicUsize,
    verify: AtomicUsize,
}

/// How often a provider was asked.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Calls {
    /// Hashes.
    pub sha256: usize,
    /// MACs.
    pub hmac: usize,
    /// Checks of a key.
    pub check_key: usize,
    /// Checks of a signature.
    pub verify: usize,
}

impl Counting {
    /// The calls since the last question.
    pub fn take(&self) -> Calls {
        let take = |counter: &AtomicUsize| counter.swap(0, Ordering::SeqCst);
        Calls {
            sha256: take(&self.sha256),
            hmac: take(&self.hmac),
            check_key: take(&self.check_key),
            verify: take(&self.verify),
        }
    }
}

impl CryptoProvider for Counting {
    fn algorithms(&self) -> &[Algorithm] {
        IssuerAlgorithms.algorithms()
    }

    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.sha256.fetch_add(1, Ordering::SeqCst);
        IssuerAlgorithms.sha256(parts)
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        self.hmac.fetch_add(1, Ordering::SeqCst);
        IssuerAlgorithms.hmac_sha256(key, parts)
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey> {
        self.check_key.fetch_add(1, Ordering::SeqCst);
        IssuerAlgorithms.check_key(key)
    }

    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.verify.fetch_add(1, Ordering::SeqCst);
        IssuerAlgorithms.verify(algorithm, key, message, signature)
    }
}

/// Gives the same answer to every signature, whatever it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fixed {
    /// No signature verifies.
    NothingHolds,
    /// Every signature verifies. What is refused all the same was refused for something else.
    EverythingHolds,
}

impl CryptoProvider for Fixed {
    fn algorithms(&self) -> &[Algorithm] {
        IssuerAlgorithms.algorithms()
    }

    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32] {
        IssuerAlgorithms.sha256(parts)
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        IssuerAlgorithms.hmac_sha256(key, parts)
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey> {
        IssuerAlgorithms.check_key(key)
    }

    fn verify(
        &self,
        _: Algorithm,
        _: &PublicKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<(), InvalidSignature> {
        match self {
            Self::NothingHolds => Err(InvalidSignature),
            Self::EverythingHolds => Ok(()),
        }
    }
}
