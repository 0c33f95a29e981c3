//! Private keys as JWK, read strictly (RFC 7517; RFC 7518 section 6.2.2; RFC 8037 section 2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::{Algorithm, KeyMaterial};
use p256::ecdsa;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::key::{Secret, SigningKey};
use crate::key_error::KeyError;
use crate::signer::ProofSigner;

impl SigningKey {
    /// Reads a private JWK: `kty` EC with `crv` P-256, or OKP with Ed25519.
    ///
    /// `alg` chooses the name of the algorithm; without it an Ed25519 key signs as `EdDSA`. Members
    /// that are not known are ignored (JWK-4-1, RFC 7517 section 4).
    ///
    /// # Errors
    ///
    /// Whatever [`KeyError`] says about a JWK. The public members must be there and be those of
    /// `d`: a key that signs for another one's thumbprint would only fail later and elsewhere.
    pub fn from_private_jwk(document: &[u8]) -> Result<Self, KeyError> {
        // serde_json's error may quote the document, and is dropped.
        let jwk: PrivateJwk<'_> =
            serde_json::from_slice(document).map_err(|_| KeyError::NotAJwk)?;
        jwk.check_intended_use()?;
        let key = match required(jwk.kty, "kty")? {
            "EC" => jwk.p256()?,
            "OKP" => jwk.ed25519()?,
            // JWK-4.1-1, RFC 7517 section 4.1: case-sensitive
            _ => return Err(KeyError::UnsupportedKeyType),
        };
        match jwk.alg {
            None => Ok(key),
            Some(name) => key.with_algorithm(
                Algorithm::from_name(name).ok_or(KeyError::BadMember { name: "alg" })?,
            ),
        }
    }

    /// The private JWK, with `d` and `alg`. The text overwrites itself when it is dropped.
    pub fn to_private_jwk(&self) -> Zeroizing<String> {
        let public = self.public_key().to_jwk();
        // All at once: a text that grows leaves copies of the secret behind.
        let mut jwk = Zeroizing::new(String::with_capacity(public.len() + ROOM_FOR_PRIVATE));
        jwk.push_str(public.strip_suffix('}').unwrap_or_default());
        jwk.push_str(r#","d":""#);
        let octets = Zeroizing::new(match self.secret() {
            Secret::P256(key) => <[u8; 32]>::from(key.to_bytes()),
            Secret::Ed25519(key) => key.to_bytes(),
        });
        URL_SAFE_NO_PAD.encode_string(octets.as_slice(), &mut jwk);
        jwk.push_str(r#"","alg":""#);
        jwk.push_str(self.algorithm().name());
        jwk.push_str("\"}");
        jwk
    }
}

/// Members borrow from the document, so that no copy of `d` is left behind. A member that is there
/// twice, is not a string, or is written with escapes is refused.
#[derive(Deserialize)]
struct PrivateJwk<'doc> {
    #[serde(borrow, default, deserialize_with = "present")]
    kty: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present")]
    crv: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present")]
    x: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present")]
    y: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present")]
    d: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present")]
    alg: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present", rename = "use")]
    intended_use: Option<&'doc str>,
    #[serde(borrow, default, deserialize_with = "present")]
    key_ops: Option<Vec<&'doc str>>,
}

impl PrivateJwk<'_> {
    fn p256(&self) -> Result<SigningKey, KeyError> {
        if required(self.crv, "crv")? != "P-256" {
            return Err(KeyError::UnsupportedKeyType);
        }
        let x = octets(self.x, "x")?;
        let y = octets(self.y, "y")?;
        let d = octets(self.d, "d")?;
        let key = ecdsa::SigningKey::from_slice(d.as_slice()).map_err(|_| KeyError::OutOfRange)?;
        SigningKey::p256(key).if_public_part_is(KeyMaterial::P256 { x: &x, y: &y })
    }

    fn ed25519(&self) -> Result<SigningKey, KeyError> {
        if required(self.crv, "crv")? != "Ed25519" {
            return Err(KeyError::UnsupportedKeyType);
        }
        let x = octets(self.x, "x")?;
        let d = octets(self.d, "d")?;
        let key = ed25519_dalek::SigningKey::from_bytes(&d);
        SigningKey::ed25519(key).if_public_part_is(KeyMaterial::Ed25519 { x: &x })
    }

    /// JWK-4.2-1, RFC 7517 sections 4.2 and 4.3.
    fn check_intended_use(&self) -> Result<(), KeyError> {
        let by_use = self.intended_use.is_none_or(|name| name == "sig");
        let by_operations = match &self.key_ops {
            None => true,
            Some(operations) => operations.contains(&"sign"),
        };
        match by_use && by_operations {
            true => Ok(()),
            false => Err(KeyError::NotForSigning),
        }
    }
}

impl SigningKey {
    fn if_public_part_is(self, expected: KeyMaterial<'_>) -> Result<Self, KeyError> {
        match self.public_key().material() == expected {
            true => Ok(self),
            false => Err(KeyError::PublicPartMismatch),
        }
    }
}

/// A member that is there has its type: `null` is not "absent".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn required<'doc>(member: Option<&'doc str>, name: &'static str) -> Result<&'doc str, KeyError> {
    member.ok_or(KeyError::MissingMember { name })
}

/// 32 octets in canonical base64url (JWA-6.2.2-1, RFC 7518 section 6.2.2.1).
fn octets(member: Option<&str>, name: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let text = required(member, name)?;
    let mut octets = Zeroizing::new([0; 32]);
    match URL_SAFE_NO_PAD.decode_slice(text, octets.as_mut_slice()) {
        Ok(32) => Ok(octets),
        _ => Err(KeyError::BadMember { name }),
    }
}

/// `,"d":"` and 43 octets, `","alg":"` and a name, `"}`.
const ROOM_FOR_PRIVATE: usize = 128;
