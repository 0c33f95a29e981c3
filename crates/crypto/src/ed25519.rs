//! Ed25519 for every provider, so that all accept the same keys and signatures.

use ed25519_dalek::{Signature, VerifyingKey};
use keybound::crypto::{InvalidKey, InvalidSignature};

/// The encoding is canonical and decodes to a point that is not of small order
/// (RFC 8032 section 5.1.3; BCP-3.4-1, rfc8725bis section 3.4).
pub(crate) fn check_key(encoded: &[u8; 32]) -> Result<(), InvalidKey> {
    if !is_canonical(encoded) {
        return Err(InvalidKey);
    }
    match VerifyingKey::from_bytes(encoded) {
        Ok(key) if !key.is_weak() => Ok(()),
        _ => Err(InvalidKey),
    }
}

/// `verify_strict`: refuses keys and `R` of small order, `S` not below the order of the group, and
/// what holds only after multiplication by the cofactor.
pub(crate) fn verify(
    encoded: &[u8; 32],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let signature = Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
    let key = VerifyingKey::from_bytes(encoded).map_err(|_| InvalidSignature)?;
    key.verify_strict(message, &signature)
        .map_err(|_| InvalidSignature)
}

/// Whether y is below the prime 2^255 - 19 (RFC 8032 section 5.1.3, step 1). ed25519-dalek reduces a
/// larger one silently, which would give one key two thumbprints.
fn is_canonical(encoded: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = encoded;
    let y_at_least_prime =
        *lowest >= 0xed && middle.iter().all(|octet| *octet == 0xff) && highest | SIGN == 0xff;
    !y_at_least_prime
}

/// The bit that carries the sign of x, and no part of y.
const SIGN: u8 = 0x80;
