//! Private keys as PEM with PKCS #8, which is what OpenSSL writes (RFC 5958, RFC 7468, RFC 8410).

use ed25519_dalek::pkcs8::KeypairBytes;
use p256::SecretKey;
use p256::ecdsa;
use p256::elliptic_curve::ALGORITHM_OID as EC_PUBLIC_KEY;
use p256::pkcs8::{
    AssociatedOid, EncodePrivateKey, LineEnding, ObjectIdentifier, PrivateKeyInfoRef,
    SecretDocument,
};
use zeroize::Zeroizing;

use crate::key::{Secret, SigningKey};
use crate::key_error::KeyError;

impl SigningKey {
    /// Reads one PEM block `PRIVATE KEY`. An Ed25519 key signs as `EdDSA`; see
    /// [`with_algorithm`](Self::with_algorithm).
    ///
    /// # Errors
    ///
    /// [`KeyError::NotPkcs8Pem`], [`KeyError::UnsupportedKeyType`] or [`KeyError::Pkcs8`].
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, KeyError> {
        let (label, document) =
            SecretDocument::from_pem(text.trim_ascii()).map_err(|_| KeyError::NotPkcs8Pem)?;
        if label != "PRIVATE KEY" {
            return Err(KeyError::NotPkcs8Pem);
        }
        let info = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Pkcs8)?;
        match info.algorithm.oid {
            EC_PUBLIC_KEY => match info.algorithm.parameters_oid() {
                Ok(p256::NistP256::OID) => SecretKey::try_from(info)
                    .map(|key| Self::p256(ecdsa::SigningKey::from(&key)))
                    .map_err(|_| KeyError::Pkcs8),
                _ => Err(KeyError::UnsupportedKeyType),
            },
            ID_ED25519 => ed25519_dalek::SigningKey::try_from(info)
                .map(Self::ed25519)
                .map_err(|_| KeyError::Pkcs8),
            _ => Err(KeyError::UnsupportedKeyType),
        }
    }

    /// The key as PEM. The text overwrites itself when it is dropped.
    ///
    /// # Errors
    ///
    /// [`KeyError::Pkcs8`] if the encoder fails.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let pem = match self.secret() {
            Secret::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
            // Version 1, without the public key, is what every reader knows.
            Secret::Ed25519(key) => KeypairBytes {
                secret_key: key.to_bytes(),
                public_key: None,
            }
            .to_pkcs8_pem(LineEnding::LF),
        };
        pem.map_err(|_| KeyError::Pkcs8)
    }
}

/// RFC 8410 section 3.
const ID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
