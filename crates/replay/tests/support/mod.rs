//! Proofs for the tests of the store, without any cryptography.

use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::replay::{FreshnessSource, ReplayEntry};
use keybound::{Algorithm, Jkt, PublicKey};

/// The proof called `name` of the owner with that number.
///
/// As in life, the name of the proof depends on its owner, so two owners may use one `name`.
pub(crate) fn entry(
    name: u64,
    owner: u64,
    source: FreshnessSource,
    second: u64,
    last_acceptable: u64,
) -> ReplayEntry {
    let mut key = [0; 32];
    let halves = name.to_be_bytes().into_iter().chain(owner.to_be_bytes());
    for (octet, value) in key.iter_mut().zip(halves) {
        *octet = value;
    }
    let owner = Jkt::of(&PublicKey::ed25519([0; 32]), &Thumbprint(owner));
    ReplayEntry::for_model(key, owner, source, second, last_acceptable)
}

/// A provider whose every hash is this number: a thumbprint to order.
#[derive(Debug)]
struct Thumbprint(u64);

impl CryptoProvider for Thumbprint {
    fn algorithms(&self) -> &[Algorithm] {
        &[]
    }

    fn sha256(&self, _: &[&[u8]]) -> [u8; 32] {
        let mut digest = [0; 32];
        for (octet, value) in digest.iter_mut().zip(self.0.to_be_bytes()) {
            *octet = value;
        }
        digest
    }

    fn hmac_sha256(&self, _: &[u8; 32], _: &[&[u8]]) -> [u8; 32] {
        [0; 32]
    }

    fn check_key(&self, _: &PublicKey) -> Result<(), InvalidKey> {
        Err(InvalidKey)
    }

    fn verify(
        &self,
        _: Algorithm,
        _: &PublicKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<(), InvalidSignature> {
        Err(InvalidSignature)
    }
}
