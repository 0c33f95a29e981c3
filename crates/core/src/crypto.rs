//! What this crate asks of a crypto library, and the errors that such a library may give.
//!
//! A [`CryptoProvider`] is handed in as a value. `keybound-crypto` has implementations; nothing is
//! registered for the process.

use core::fmt;

use crate::algorithm::Algorithm;
use crate::jwk::PublicKey;

/// Hashes, MACs and signature checks, as the rules need them.
///
/// An implementation must be free of side effects that a caller could observe: the same arguments
/// give the same answer for ever.
pub trait CryptoProvider: fmt::Debug + Send + Sync {
    /// The algorithms that [`verify`](Self::verify) implements. A policy that names any other one
    /// is refused when it is built.
    fn algorithms(&self) -> &[Algorithm];

    /// SHA-256 over the concatenation of `parts` (`ath`, `jkt`, `x5t#S256`, replay keys).
    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32];

    /// HMAC-SHA-256 over the concatenation of `parts` (nonces).
    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32];

    /// Checks that the key is a member of its group: an EC point is on its curve and not at
    /// infinity; an Ed25519 encoding is a point that is not of small order (JWA-6.2-1,
    /// RFC 7518 section 6.2.1; BCP-3.4-1, rfc8725bis section 3.4).
    ///
    /// Sizes and encodings were checked when the [`PublicKey`] was parsed.
    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey>;

    /// Verifies `signature` over `message`.
    ///
    /// ECDSA signatures are `r || s` of fixed length, high `s` accepted (JWA-3.4-3). Ed25519
    /// accepts exactly what `verify_strict` of ed25519-dalek accepts. A key that does not fit the
    /// algorithm, or an algorithm outside [`algorithms`](Self::algorithms), is an invalid
    /// signature.
    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature>;
}

/// The key is not a usable member of its group. Detail-less on purpose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an implementer of a provider makes this value"
)]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the public key is not a usable member of its group")
    }
}

impl core::error::Error for InvalidKey {}

/// The signature does not verify. Detail-less on purpose: there is nothing more specific that a
/// caller could safely act on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an implementer of a provider makes this value"
)]
pub struct InvalidSignature;

impl fmt::Display for InvalidSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not verify")
    }
}

impl core::error::Error for InvalidSignature {}
