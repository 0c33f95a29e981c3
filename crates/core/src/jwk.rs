//! Public keys as JWK, read strictly: one key has one accepted encoding, and nothing private is let
//! in (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::algorithm::Algorithm;
use crate::encoding::{decode, decode_array, encode_to};
use crate::json::{Json, Object, parse_object};
use crate::limits::JWK_MEMBER;

/// A public key whose encoding was checked. Whether it is a member of its group is the provider's to
/// say ([`check_key`](crate::crypto::CryptoProvider::check_key)).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PublicKey(Members);

/// The numbers of a public key, big-endian.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyMaterial<'k> {
    /// A point on P-256.
    P256 {
        /// The x coordinate.
        x: &'k [u8; 32],
        /// The y coordinate.
        y: &'k [u8; 32],
    },
    /// A point on P-384.
    P384 {
        /// The x coordinate.
        x: &'k [u8; 48],
        /// The y coordinate.
        y: &'k [u8; 48],
    },
    /// An Ed25519 public key (RFC 8032 section 5.1.5).
    Ed25519 {
        /// The encoded point.
        x: &'k [u8; 32],
    },
    /// An RSA key of 2048 to 4096 bits.
    Rsa {
        /// The modulus, without leading zero octets.
        n: &'k [u8],
        /// The public exponent, without leading zero octets.
        e: &'k [u8],
    },
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Members {
    P256 { x: [u8; 32], y: [u8; 32] },
    P384 { x: [u8; 48], y: [u8; 48] },
    Ed25519 { x: [u8; 32] },
    Rsa { n: Box<[u8]>, e: Box<[u8]> },
}

impl PublicKey {
    /// Reads a JWK document.
    ///
    /// # Errors
    ///
    /// Everything in [`JwkError`]; a document that is not one JSON object with unique members is
    /// [`JwkError::NotAnObject`].
    pub fn from_jwk(document: &[u8]) -> Result<Self, JwkError> {
        let object = parse_object(document).map_err(|_| JwkError::NotAnObject)?;
        Self::from_object(&object)
    }

    /// A P-256 key, for a signer that knows its own coordinates.
    pub const fn p256(x: [u8; 32], y: [u8; 32]) -> Self {
        Self(Members::P256 { x, y })
    }

    /// A P-384 key.
    pub const fn p384(x: [u8; 48], y: [u8; 48]) -> Self {
        Self(Members::P384 { x, y })
    }

    /// An Ed25519 key.
    pub const fn ed25519(x: [u8; 32]) -> Self {
        Self(Members::Ed25519 { x })
    }

    pub(crate) fn from_object(object: &Object<'_>) -> Result<Self, JwkError> {
        check_no_private_member(object)?;
        match required(object, "kty")? {
            "EC" => match required(object, "crv")? {
                "P-256" => Ok(Self(Members::P256 {
                    x: coordinate(object, "x")?,
                    y: coordinate(object, "y")?,
                })),
                "P-384" => Ok(Self(Members::P384 {
                    x: coordinate(object, "x")?,
                    y: coordinate(object, "y")?,
                })),
                _ => Err(JwkError::UnsupportedCurve),
            },
            "OKP" => match required(object, "crv")? {
                // OKP-2-1, RFC 8037 section 2. X25519 and X448 are not for signing (OKP-3.2-1).
                "Ed25519" => Ok(Self(Members::Ed25519 {
                    x: coordinate(object, "x")?,
                })),
                _ => Err(JwkError::UnsupportedCurve),
            },
            "RSA" => {
                let n = unsigned(object, "n")?;
                let e = unsigned(object, "e")?;
                check_rsa_modulus(&n)?;
                check_rsa_exponent(&e)?;
                Ok(Self(Members::Rsa {
                    n: n.into(),
                    e: e.into(),
                }))
            }
            // JWK-4.1-1, RFC 7517 section 4.1: case-sensitive. `oct` is symmetric (JKT-3.2.3-1).
            _ => Err(JwkError::UnsupportedKeyType),
        }
    }

    /// The numbers.
    pub fn material(&self) -> KeyMaterial<'_> {
        match &self.0 {
            Members::P256 { x, y } => KeyMaterial::P256 { x, y },
            Members::P384 { x, y } => KeyMaterial::P384 { x, y },
            Members::Ed25519 { x } => KeyMaterial::Ed25519 { x },
            Members::Rsa { n, e } => KeyMaterial::Rsa { n, e },
        }
    }

    /// Whether this kind of key goes with the algorithm
    /// (JWA-3.4-2, RFC 7518 section 3.4; OKP-4-1, RFC 8037 section 4; FSA-2.2-1, RFC 9864).
    pub const fn fits(&self, algorithm: Algorithm) -> bool {
        matches!(
            (&self.0, algorithm),
            (Members::P256 { .. }, Algorithm::Es256)
                | (Members::P384 { .. }, Algorithm::Es384)
                | (
                    Members::Ed25519 { .. },
                    Algorithm::EdDsa | Algorithm::Ed25519
                )
                | (Members::Rsa { .. }, Algorithm::Ps256 | Algorithm::Rs256)
        )
    }

    /// The octets that a signature by this key has: JWS signatures are of fixed length
    /// (JWA-3.4-1, RFC 7518 section 3.4).
    pub fn signature_length(&self) -> usize {
        match &self.0 {
            Members::P256 { .. } | Members::Ed25519 { .. } => 64,
            Members::P384 { .. } => 96,
            Members::Rsa { n, .. } => n.len(),
        }
    }

    /// The minimal public JWK, which a proof's header carries
    /// (DPOP-4.2-3 and -4, RFC 9449 section 4.2).
    pub fn to_jwk(&self) -> String {
        let mut jwk = String::new();
        let mut room = [0; (MAX_RSA_MODULUS_OCTETS * 4).div_ceil(3)];
        let mut write = |before: &str, octets: &[u8]| {
            jwk.push_str(before);
            // base64url is ASCII, so the text is never the empty default
            jwk.push_str(core::str::from_utf8(encode_to(octets, &mut room)).unwrap_or_default());
        };
        match &self.0 {
            Members::P256 { x, y } => {
                write(r#"{"kty":"EC","crv":"P-256","x":""#, x);
                write(r#"","y":""#, y);
            }
            Members::P384 { x, y } => {
                write(r#"{"kty":"EC","crv":"P-384","x":""#, x);
                write(r#"","y":""#, y);
            }
            Members::Ed25519 { x } => write(r#"{"kty":"OKP","crv":"Ed25519","x":""#, x),
            Members::Rsa { n, e } => {
                write(r#"{"kty":"RSA","n":""#, n);
                write(r#"","e":""#, e);
            }
        }
        jwk.push_str("\"}");
        jwk
    }
}

/// Checks `use`, `key_ops` and `alg` of a JWK against what it is about to be used for
/// (JWK-4.2-1, RFC 7517 sections 4.2 to 4.4). `algorithm` is the JWS header's.
pub(crate) fn check_intended_use(
    object: &Object<'_>,
    algorithm: Option<Algorithm>,
) -> Result<(), JwkError> {
    match object.string("use") {
        Ok(None | Some("sig")) => {}
        _ => return Err(JwkError::NotForSignatures),
    }
    match object.get("key_ops") {
        None => {}
        Some(Json::Array(operations)) if operations.contains(&Json::String("verify".into())) => {}
        Some(_) => return Err(JwkError::NotForSignatures),
    }
    let named = object
        .string("alg")
        .map_err(|_| JwkError::AlgorithmMismatch)?;
    match (named, algorithm) {
        (Some(name), Some(algorithm)) => match Algorithm::from_name(name) {
            Some(named) if named.same_operation(algorithm) => Ok(()),
            _ => Err(JwkError::AlgorithmMismatch),
        },
        _ => Ok(()),
    }
}

/// DPOP-4.3-7, RFC 9449 section 4.3: any private member, whatever its JSON type and whatever `kty`
/// says. A typed JWK parser would drop these and let the key pass.
fn check_no_private_member(object: &Object<'_>) -> Result<(), JwkError> {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    match object.iter().any(|(name, _)| PRIVATE.contains(&name)) {
        true => Err(JwkError::PrivateMember),
        false => Ok(()),
    }
}

fn required<'o>(object: &'o Object<'_>, name: &'static str) -> Result<&'o str, JwkError> {
    match object.string(name) {
        Ok(Some(text)) if text.len() <= JWK_MEMBER => Ok(text),
        Ok(Some(_)) => Err(JwkError::BadMember { name }),
        Ok(None) => Err(JwkError::MissingMember { name }),
        Err(_) => Err(JwkError::BadMember { name }),
    }
}

/// JWA-6.2-1, RFC 7518 section 6.2.1: the full size of the field, canonical base64url.
fn coordinate<const N: usize>(
    object: &Object<'_>,
    name: &'static str,
) -> Result<[u8; N], JwkError> {
    decode_array(required(object, name)?).map_err(|_| JwkError::BadMember { name })
}

/// JWA-6.3-1, RFC 7518 section 2: Base64urlUInt has no leading zero octet.
fn unsigned(object: &Object<'_>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let octets =
        decode(required(object, name)?.as_bytes()).map_err(|_| JwkError::BadMember { name })?;
    match octets.first() {
        None | Some(0) => Err(JwkError::BadMember { name }),
        Some(_) => Ok(octets),
    }
}

/// JWA-3.3-1, RFC 7518 section 3.3: at least 2048 bits; at most 4096, so that a key cannot be made
/// to cost the verifier dearly.
fn check_rsa_modulus(n: &[u8]) -> Result<(), JwkError> {
    let leading_zeros = n.first().map_or(0, |octet| octet.leading_zeros());
    let bits = u32::try_from(n.len() * 8)
        .unwrap_or(u32::MAX)
        .saturating_sub(leading_zeros);
    let odd = n.last().is_some_and(|octet| octet % 2 == 1);
    match (MIN_RSA_MODULUS_BITS..=MAX_RSA_MODULUS_BITS).contains(&bits) && odd {
        true => Ok(()),
        false => Err(JwkError::RsaModulus),
    }
}

/// Odd, at least 65537, within 32 bits.
fn check_rsa_exponent(e: &[u8]) -> Result<(), JwkError> {
    let value = e.iter().try_fold(0_u32, |value, octet| {
        value.checked_mul(256)?.checked_add(u32::from(*octet))
    });
    match value {
        Some(value) if value >= 65_537 && value % 2 == 1 => Ok(()),
        _ => Err(JwkError::RsaExponent),
    }
}

/// Why a JWK is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum JwkError {
    /// Not a JSON object with unique members.
    NotAnObject,
    /// `kty` is not EC, OKP or RSA (JWK-4.1-1, RFC 7517 section 4.1).
    UnsupportedKeyType,
    /// `crv` is not P-256, P-384 or Ed25519.
    UnsupportedCurve,
    /// A private or symmetric member is there (DPOP-4.3-7, RFC 9449 section 4.3).
    PrivateMember,
    /// A required member is not there.
    MissingMember {
        /// Its name.
        name: &'static str,
    },
    /// A member has the wrong type, length or encoding (JKT-7-1, RFC 7638 section 7).
    BadMember {
        /// Its name.
        name: &'static str,
    },
    /// The RSA modulus is even, or not of 2048 to 4096 bits (JWA-3.3-1, RFC 7518 section 3.3).
    RsaModulus,
    /// The RSA exponent is even, below 65537, or beyond 32 bits.
    RsaExponent,
    /// `use` or `key_ops` say that the key is not for verifying signatures (JWK-4.2-1).
    NotForSignatures,
    /// `alg` of the key is another one than the JWS header's (JWK-4.2-1).
    AlgorithmMismatch,
    /// The numbers are not a usable member of their group (BCP-3.4-1).
    NotInGroup,
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("not a JSON object with unique members"),
            Self::UnsupportedKeyType => f.write_str("kty is not EC, OKP or RSA"),
            Self::UnsupportedCurve => f.write_str("crv is not P-256, P-384 or Ed25519"),
            Self::PrivateMember => f.write_str("a private or symmetric member is present"),
            Self::MissingMember { name } => write!(f, "member {name} is missing"),
            Self::BadMember { name } => {
                write!(f, "member {name} has a wrong type, length or encoding")
            }
            Self::RsaModulus => f.write_str("the RSA modulus is even or not of 2048 to 4096 bits"),
            Self::RsaExponent => f.write_str("the RSA exponent is even, below 65537 or too large"),
            Self::NotForSignatures => f.write_str("use or key_ops exclude verifying signatures"),
            Self::AlgorithmMismatch => f.write_str("alg of the key is not the header's"),
            Self::NotInGroup => f.write_str("the key is not a usable member of its group"),
        }
    }
}

impl core::error::Error for JwkError {}

const MIN_RSA_MODULUS_BITS: u32 = 2048;
const MAX_RSA_MODULUS_BITS: u32 = 4096;
pub(crate) const MAX_RSA_MODULUS_OCTETS: usize = 512;
