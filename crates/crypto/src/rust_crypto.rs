use hmac::{Hmac, KeyInit, Mac};
use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, KeyMaterial, PublicKey};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::ed25519;
use crate::sec1::{P256_POINT, uncompressed_point};

/// ES256 by p256, Ed25519 by ed25519-dalek, SHA-256 by sha2: the algorithms of proofs, in Rust.
///
/// ES384, PS256 and RS256 are not among its algorithms, and their keys are [`InvalidKey`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a provider has no configuration, and its name is the value"
)]
pub struct RustCrypto;

impl CryptoProvider for RustCrypto {
    fn algorithms(&self) -> &[Algorithm] {
        &[Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519]
    }

    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
        }
        hash.finalize().into()
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        // RFC 2104 section 2: a key that is shorter than a block is filled up with zero octets.
        let mut block = [0; SHA256_BLOCK];
        for (to, from) in block.iter_mut().zip(key) {
            *to = *from;
        }
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey> {
        match key.material() {
            KeyMaterial::P256 { x, y } => p256_key(x, y).map(|_| ()).ok_or(InvalidKey),
            KeyMaterial::Ed25519 { x } => ed25519::check_key(x),
            _ => Err(InvalidKey),
        }
    }

    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        match (algorithm, key.material()) {
            (Algorithm::Es256, KeyMaterial::P256 { x, y }) => {
                verify_es256(x, y, message, signature)
            }
            (Algorithm::EdDsa | Algorithm::Ed25519, KeyMaterial::Ed25519 { x }) => {
                ed25519::verify(x, message, signature)
            }
            _ => Err(InvalidSignature),
        }
    }
}

/// JWA-3.4-1 and -3, RFC 7518 section 3.4: `r || s` of 64 octets, where neither is zero or beyond the
/// order of the group. A high `s` is as good as a low one: the examples of RFC 9449 have it.
fn verify_es256(
    x: &[u8; 32],
    y: &[u8; 32],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let signature = Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
    let key = p256_key(x, y).ok_or(InvalidSignature)?;
    key.verify(message, &signature)
        .map_err(|_| InvalidSignature)
}

/// A point on the curve (JWA-6.2-1, RFC 7518 section 6.2.1). Coordinates beyond the prime are
/// refused, and two coordinates cannot encode the point at infinity.
fn p256_key(x: &[u8; 32], y: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_sec1_bytes(&uncompressed_point::<P256_POINT>(x, y)).ok()
}

const SHA256_BLOCK: usize = 64;
