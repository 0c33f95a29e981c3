use core::fmt;

use subtle::ConstantTimeEq;

use crate::crypto::CryptoProvider;
use crate::encoding::{Base64Url, encode_32, encode_to};
use crate::jwk::{KeyMaterial, MAX_RSA_MODULUS_OCTETS, PublicKey};

/// `jkt`: the SHA-256 thumbprint of a public key (RFC 7638; DPOP-6.1-1, RFC 9449 section 6.1).
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Jkt([u8; 32]);

impl Jkt {
    /// Computes the thumbprint over the canonical string of the required members, which is written
    /// here by hand and never taken from what was received (JKT-3-1, RFC 7638 section 3).
    ///
    /// Optional members such as `alg` and `kid` cannot influence it (JKT-3.2.2-1), and a key has
    /// one encoding only, because [`PublicKey`] refuses all others (JKT-7-1).
    pub fn of(key: &PublicKey, provider: &dyn CryptoProvider) -> Self {
        let (mut a, mut b) = ([0; ENCODED_MAX], [0; ENCODED_MAX]);
        Self(match key.material() {
            // JKT-3.2-1, RFC 7638 section 3.2: crv, kty, x, y
            KeyMaterial::P256 { x, y } => provider.sha256(&[
                br#"{"crv":"P-256","kty":"EC","x":""#,
                encode_to(x, &mut a),
                br#"","y":""#,
                encode_to(y, &mut b),
                br#""}"#,
            ]),
            KeyMaterial::P384 { x, y } => provider.sha256(&[
                br#"{"crv":"P-384","kty":"EC","x":""#,
                encode_to(x, &mut a),
                br#"","y":""#,
                encode_to(y, &mut b),
                br#""}"#,
            ]),
            // OKP-2-3, RFC 8037 section 2: crv, kty, x
            KeyMaterial::Ed25519 { x } => provider.sha256(&[
                br#"{"crv":"Ed25519","kty":"OKP","x":""#,
                encode_to(x, &mut a),
                br#""}"#,
            ]),
            // JKT-3.2-2, RFC 7638 section 3.2: e, kty, n
            KeyMaterial::Rsa { n, e } => provider.sha256(&[
                br#"{"e":""#,
                encode_to(e, &mut a),
                br#"","kty":"RSA","n":""#,
                encode_to(n, &mut b),
                br#""}"#,
            ]),
        })
    }

    /// The 32 octets of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 43 octets of a `jkt` member or of `dpop_jkt`, unpadded base64url.
    pub fn encoded(&self) -> Base64Url {
        encode_32(&self.0)
    }

    /// Compares with the text of a `cnf` member, octet by octet and in constant time. Another
    /// length, padding or alphabet is a mismatch: nothing is decoded
    /// (DPOP-6.1-1, RFC 9449 section 6.1; JKT-3.4-1; DPOP-11.8-1).
    pub fn matches(&self, confirmation: &str) -> bool {
        bool::from(self.encoded().as_bytes().ct_eq(confirmation.as_bytes()))
    }
}

impl fmt::Debug for Jkt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jkt({})", self.encoded())
    }
}

impl fmt::Display for Jkt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.encoded(), f)
    }
}

/// SHA-256 of an access token's octets as sent, which is what `ath` holds
/// (DPOP-4.3-12a, RFC 9449 section 4.3) and what a cache of verified tokens is keyed by.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Hashes the octets after the scheme, exactly as they were received
    /// (PROJ-11: what is hashed is what is validated).
    pub fn of(token: &str, provider: &dyn CryptoProvider) -> Self {
        Self(provider.sha256(&[token.as_bytes()]))
    }

    /// The 32 octets of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 43 octets of an `ath` claim, unpadded base64url.
    pub fn encoded(&self) -> Base64Url {
        encode_32(&self.0)
    }

    /// Compares with an `ath` claim, octet by octet and in constant time, without decoding it.
    pub fn matches(&self, ath: &str) -> bool {
        bool::from(self.encoded().as_bytes().ct_eq(ath.as_bytes()))
    }
}

/// Shows a prefix only: the hash of a low-entropy opaque token could be searched for.
impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.0;
        write!(f, "TokenHash({a:02x}{b:02x}{c:02x}..)")
    }
}

/// base64url of the largest member of a key: an RSA modulus of 4096 bits.
const ENCODED_MAX: usize = (MAX_RSA_MODULUS_OCTETS * 4).div_ceil(3);
