use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, EcdsaVerificationAlgorithm, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
};
use aws_lc_rs::{digest, hmac};
use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, KeyMaterial, PublicKey};

use crate::ed25519;
use crate::sec1::{P256_POINT, P384_POINT, uncompressed_point};

/// Everything by aws-lc-rs, except Ed25519: that stays with ed25519-dalek, since AWS-LC accepts keys
/// of small order, which `verify_strict` refuses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a provider has no configuration, and its name is the value"
)]
pub struct AwsLc;

impl CryptoProvider for AwsLc {
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
        let mut hash = digest::Context::new(&digest::SHA256);
        for part in parts {
            hash.update(part);
        }
        octets(hash.finish().as_ref())
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let mut mac = hmac::Context::with_key(&key);
        for part in parts {
            mac.update(part);
        }
        octets(mac.sign().as_ref())
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey> {
        match key.material() {
            KeyMaterial::P256 { x, y } => ec_key::<P256_POINT>(&ECDSA_P256_SHA256_FIXED, x, y)
                .map(|_| ())
                .ok_or(InvalidKey),
            KeyMaterial::P384 { x, y } => ec_key::<P384_POINT>(&ECDSA_P384_SHA384_FIXED, x, y)
                .map(|_| ())
                .ok_or(InvalidKey),
            KeyMaterial::Ed25519 { x } => ed25519::check_key(x),
            // JWA-3.3-1, RFC 7518 section 3.3: sizes and parity were checked by `PublicKey`.
            KeyMaterial::Rsa { .. } => Ok(()),
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
        // JWA-3.4-1, RFC 7518 section 3.4; RFC 8017 sections 8.1.2 and 8.2.2, step 1
        if signature.len() != key.signature_length() {
            return Err(InvalidSignature);
        }
        match (algorithm, key.material()) {
            (Algorithm::Es256, KeyMaterial::P256 { x, y }) => {
                verify_ecdsa::<P256_POINT>(&ECDSA_P256_SHA256_FIXED, x, y, message, signature)
            }
            (Algorithm::Es384, KeyMaterial::P384 { x, y }) => {
                verify_ecdsa::<P384_POINT>(&ECDSA_P384_SHA384_FIXED, x, y, message, signature)
            }
            (Algorithm::EdDsa | Algorithm::Ed25519, KeyMaterial::Ed25519 { x }) => {
                ed25519::verify(x, message, signature)
            }
            (Algorithm::Ps256, KeyMaterial::Rsa { n, e }) => {
                verify_rsa(&RSA_PSS_2048_8192_SHA256, n, e, message, signature)
            }
            (Algorithm::Rs256, KeyMaterial::Rsa { n, e }) => {
                verify_rsa(&RSA_PKCS1_2048_8192_SHA256, n, e, message, signature)
            }
            _ => Err(InvalidSignature),
        }
    }
}

fn verify_ecdsa<const POINT: usize>(
    algorithm: &'static EcdsaVerificationAlgorithm,
    x: &[u8],
    y: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    let key = ec_key::<POINT>(algorithm, x, y).ok_or(InvalidSignature)?;
    key.verify_sig(message, signature)
        .map_err(|_| InvalidSignature)
}

fn verify_rsa(
    parameters: &RsaParameters,
    n: &[u8],
    e: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), InvalidSignature> {
    RsaPublicKeyComponents { n, e }
        .verify(parameters, message, signature)
        .map_err(|_| InvalidSignature)
}

/// A point on the curve (JWA-6.2-1, RFC 7518 section 6.2.1).
fn ec_key<const POINT: usize>(
    algorithm: &'static EcdsaVerificationAlgorithm,
    x: &[u8],
    y: &[u8],
) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(algorithm, uncompressed_point::<POINT>(x, y)).ok()
}

/// What SHA-256 gives has 32 octets; were it otherwise, `copy_from_slice` would stop the program
/// rather than let a shortened hash pass.
fn octets(hash: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(hash);
    octets
}
