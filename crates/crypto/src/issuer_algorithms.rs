use alloc::boxed::Box;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::JwtVerifier;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, KeyMaterial, PublicKey};

use crate::rust_crypto::RustCrypto;
use crate::sec1::{P384_POINT, uncompressed_point};

/// [`RustCrypto`] and, by jsonwebtoken, the other algorithms that issuers sign access tokens with:
/// ES384, PS256 and RS256.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a provider has no configuration, and its name is the value"
)]
pub struct IssuerAlgorithms;

impl CryptoProvider for IssuerAlgorithms {
    fn algorithms(&self) -> &[Algorithm] {
        &[
            Algorithm::Es256,
            Algorithm::EdDsa,
            Algorithm::Ed25519,
            Algorithm::Es384,
            Algorithm::Ps256,
            Algorithm::Rs256,
        ]
    }

    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32] {
        RustCrypto.sha256(parts)
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        RustCrypto.hmac_sha256(key, parts)
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey> {
        match key.material() {
            // The verifier decodes the point when it is made, and refuses one that is not on the curve.
            KeyMaterial::P384 { .. } => match verifier(Algorithm::Es384, key) {
                Some(_) => Ok(()),
                None => Err(InvalidKey),
            },
            // JWA-3.3-1, RFC 7518 section 3.3: sizes and parity were checked by `PublicKey`.
            KeyMaterial::Rsa { .. } => Ok(()),
            _ => RustCrypto.check_key(key),
        }
    }

    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        match key.material() {
            KeyMaterial::P384 { .. } | KeyMaterial::Rsa { .. } => {
                // JWA-3.4-1, RFC 7518 section 3.4; RFC 8017 sections 8.1.2 and 8.2.2, step 1
                if signature.len() != key.signature_length() {
                    return Err(InvalidSignature);
                }
                let verifier = verifier(algorithm, key).ok_or(InvalidSignature)?;
                verifier
                    .verify(message, &signature.into())
                    .map_err(|_| InvalidSignature)
            }
            _ => RustCrypto.verify(algorithm, key, message, signature),
        }
    }
}

/// The check that jsonwebtoken has for the pair, if it is one of ours.
///
/// Its own tables of algorithms never choose, and it never sees a key of type OKP: a short `x` makes
/// it panic.
fn verifier(algorithm: Algorithm, key: &PublicKey) -> Option<Box<dyn JwtVerifier>> {
    let (algorithm, key) = match (algorithm, key.material()) {
        (Algorithm::Es384, KeyMaterial::P384 { x, y }) => (
            jsonwebtoken::Algorithm::ES384,
            // The name says DER; what the key holds, and the verifier reads, is the point.
            DecodingKey::from_ec_der(&uncompressed_point::<P384_POINT>(x, y)),
        ),
        (Algorithm::Ps256, KeyMaterial::Rsa { n, e }) => (
            jsonwebtoken::Algorithm::PS256,
            DecodingKey::from_rsa_raw_components(n, e),
        ),
        (Algorithm::Rs256, KeyMaterial::Rsa { n, e }) => (
            jsonwebtoken::Algorithm::RS256,
            DecodingKey::from_rsa_raw_components(n, e),
        ),
        _ => return None,
    };
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).ok()
}
