use std::fmt;

use ed25519_dalek::Signer;
use keybound::{Algorithm, PublicKey};
use p256::ecdsa;
use zeroize::Zeroizing;

use crate::key_error::KeyError;
use crate::random::{self, Fill};
use crate::signer::{ProofSigner, SignError};

/// A private key in the memory of this process: P-256 or Ed25519.
///
/// It does not print, cannot be cloned, and overwrites its secret when it is dropped. It leaves the
/// process only through [`to_private_jwk`](Self::to_private_jwk),
/// [`to_pkcs8_pem`](Self::to_pkcs8_pem) and [`save_new`](Self::save_new).
///
/// ```compile_fail,E0599
/// # use keybound::Algorithm;
/// let key = keybound_client::SigningKey::generate(Algorithm::Es256)?;
/// let copy = key.clone();
/// # Ok::<(), keybound_client::KeyError>(())
/// ```
pub struct SigningKey {
    secret: Secret,
    public: PublicKey,
    algorithm: Algorithm,
}

impl SigningKey {
    /// Makes a key from the operating system's generator.
    ///
    /// # Errors
    ///
    /// [`KeyError::UnsupportedAlgorithm`] for anything but ES256, EdDSA and Ed25519;
    /// [`KeyError::Randomness`] if the system gives no random octets; [`KeyError::OutOfRange`] if it
    /// keeps giving octets that are no key, which a working generator does not do.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::generate_from(algorithm, random::fill)
    }

    /// The same key under another name of its algorithm: `EdDSA`, which every verifier of Ed25519
    /// knows and which is the default of a key that was read, or `Ed25519`, which new deployments
    /// prefer (FSA-4.1.2-1, RFC 9864 section 4.1.2).
    ///
    /// # Errors
    ///
    /// [`KeyError::AlgorithmMismatch`] if the key is not one for this algorithm.
    pub fn with_algorithm(self, algorithm: Algorithm) -> Result<Self, KeyError> {
        match self.public.fits(algorithm) {
            true => Ok(Self { algorithm, ..self }),
            false => Err(KeyError::AlgorithmMismatch { algorithm }),
        }
    }

    pub(crate) fn p256(key: ecdsa::SigningKey) -> Self {
        let point = key.verifying_key().to_sec1_point(false);
        let coordinate = |octets: Option<&_>| octets.copied().map(<[u8; 32]>::from);
        // A point that is not compressed, of a key that is not infinity, has both.
        let x = coordinate(point.x()).unwrap_or_default();
        let y = coordinate(point.y()).unwrap_or_default();
        Self {
            secret: Secret::P256(key),
            public: PublicKey::p256(x, y),
            algorithm: Algorithm::Es256,
        }
    }

    pub(crate) fn ed25519(key: ed25519_dalek::SigningKey) -> Self {
        Self {
            public: PublicKey::ed25519(key.verifying_key().to_bytes()),
            secret: Secret::Ed25519(key),
            algorithm: Algorithm::EdDsa,
        }
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.secret
    }

    fn generate_from(algorithm: Algorithm, fill: Fill) -> Result<Self, KeyError> {
        let mut octets = Zeroizing::new([0; 32]);
        match algorithm {
            Algorithm::Es256 => {
                for _ in 0..ATTEMPTS {
                    fill(octets.as_mut_slice())?;
                    if let Ok(key) = ecdsa::SigningKey::from_slice(octets.as_slice()) {
                        return Ok(Self::p256(key));
                    }
                }
                Err(KeyError::OutOfRange)
            }
            Algorithm::EdDsa | Algorithm::Ed25519 => {
                fill(octets.as_mut_slice())?;
                Self::ed25519(ed25519_dalek::SigningKey::from_bytes(&octets))
                    .with_algorithm(algorithm)
            }
            // DPOP-4.2-2, RFC 9449 section 4.2
            _ => Err(KeyError::UnsupportedAlgorithm { algorithm }),
        }
    }
}

impl ProofSigner for SigningKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// ECDSA is deterministic (RFC 6979), so that no weak random number can reveal the key
    /// (BCP-3.2-2, rfc8725bis section 3.2). Ed25519 always is.
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let refused = |_| SignError::new("the key did not sign");
        match &self.secret {
            Secret::P256(key) => {
                let signature: ecdsa::Signature = key.try_sign(signing_input).map_err(refused)?;
                Ok(signature.to_bytes().to_vec())
            }
            Secret::Ed25519(key) => {
                let signature = key.try_sign(signing_input).map_err(refused)?;
                Ok(signature.to_bytes().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Both overwrite themselves when they are dropped.
pub(crate) enum Secret {
    P256(ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// 32 random octets are no P-256 key once in 2^32 times, so a working generator does not get here
/// twice, and a broken one must not keep us here for ever.
const ATTEMPTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::NoRandomness;

    #[test]
    fn bcp_3_2_2_keeps_to_the_signature_of_rfc_6979() {
        // RFC 6979 appendix A.2.5, SHA-256, message "sample"
        let d = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
        let key = SigningKey::p256(ecdsa::SigningKey::from_slice(&d).unwrap());
        let expected = hex(
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
             f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        assert_eq!(key.sign(b"sample"), Ok(expected.clone()));
        assert_eq!(key.sign(b"sample"), Ok(expected));
    }

    #[test]
    fn bcp_3_2_2_refuses_a_key_without_randomness() {
        let none: Fill = |_| Err(NoRandomness);
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519] {
            assert_eq!(
                SigningKey::generate_from(algorithm, none).map(|_| ()),
                Err(KeyError::Randomness(NoRandomness))
            );
        }
    }

    #[test]
    fn a_generator_that_never_gives_a_key_is_an_error() {
        let zeros: Fill = |_| Ok(());
        let ones: Fill = |octets| {
            octets.fill(0xff);
            Ok(())
        };
        for fill in [zeros, ones] {
            assert_eq!(
                SigningKey::generate_from(Algorithm::Es256, fill).map(|_| ()),
                Err(KeyError::OutOfRange)
            );
        }
    }

    #[test]
    fn dpop_4_2_2_only_the_algorithms_of_the_keys() {
        for algorithm in Algorithm::ALL.iter().copied() {
            let made = SigningKey::generate(algorithm).map(|key| key.algorithm());
            let expected = match algorithm {
                Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Ed25519 => Ok(algorithm),
                _ => Err(KeyError::UnsupportedAlgorithm { algorithm }),
            };
            assert_eq!(made, expected);
        }
    }

    #[test]
    fn fsa_4_1_2_1_allows_a_choice_of_the_name() {
        for (from, to, expected) in [
            (Algorithm::EdDsa, Algorithm::Ed25519, Ok(Algorithm::Ed25519)),
            (Algorithm::Ed25519, Algorithm::EdDsa, Ok(Algorithm::EdDsa)),
            (Algorithm::Es256, Algorithm::Es256, Ok(Algorithm::Es256)),
            (
                Algorithm::Es256,
                Algorithm::EdDsa,
                mismatch(Algorithm::EdDsa),
            ),
            (
                Algorithm::Es256,
                Algorithm::Es384,
                mismatch(Algorithm::Es384),
            ),
            (
                Algorithm::EdDsa,
                Algorithm::Es256,
                mismatch(Algorithm::Es256),
            ),
            (
                Algorithm::EdDsa,
                Algorithm::Rs256,
                mismatch(Algorithm::Rs256),
            ),
        ] {
            let key = SigningKey::generate(from).unwrap().with_algorithm(to);
            assert_eq!(key.map(|key| key.algorithm()), expected, "{from} {to}");
        }
    }

    #[test]
    fn secrets_overwrite_themselves_when_dropped() {
        fn overwrites_itself<T: zeroize::ZeroizeOnDrop>() {}
        overwrites_itself::<ecdsa::SigningKey>();
        overwrites_itself::<ed25519_dalek::SigningKey>();
    }

    #[test]
    fn a_key_does_not_print() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let expected = format!("SigningKey {{ algorithm: {algorithm:?}, .. }}");
            assert_eq!(format!("{key:?}"), expected);
        }
    }

    fn mismatch(algorithm: Algorithm) -> Result<Algorithm, KeyError> {
        Err(KeyError::AlgorithmMismatch { algorithm })
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }
}
