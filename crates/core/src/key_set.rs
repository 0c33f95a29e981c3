use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::algorithm::Algorithm;
use crate::crypto::CryptoProvider;
use crate::json::{Json, Object, parse_object};
use crate::jwk::{JwkError, PublicKey, check_intended_use};
use crate::limits::Limits;

/// An issuer's keys, from a JWK Set (RFC 7517 section 5).
///
/// A set belongs to one issuer: a key in it never verifies a token of another
/// (JWT-11.1-1, RFC 7519 section 11.1; BCP-3.8-1).
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<IssuerKey>,
    skipped: Vec<(usize, JwkError)>,
    generation: u64,
}

/// One key of an issuer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuerKey {
    kid: Option<String>,
    /// The one algorithm that the issuer allows for the key, if it names one
    /// (BCP-3.1-2 and -3, rfc8725bis section 3.1).
    algorithm: Option<Algorithm>,
    key: PublicKey,
}

impl KeySet {
    /// Reads a JWK Set. Keys that are of no use here are skipped and counted, and do not spoil the
    /// others (JWK-5-1, RFC 7517 section 5).
    ///
    /// `generation` must differ from that of every earlier set of the issuer with other contents: a
    /// cached token is good only for the generation it was verified with.
    ///
    /// # Errors
    ///
    /// Everything in [`KeySetError`]. A set without one usable key is an error, so that whoever
    /// fetched it keeps the last good one.
    pub fn parse(
        document: &[u8],
        generation: u64,
        limits: &Limits,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, KeySetError> {
        if document.len() > limits.key_set {
            return Err(KeySetError::Oversize);
        }
        let object = parse_object(document).map_err(|_| KeySetError::Malformed)?;
        let Some(Json::Array(elements)) = object.get("keys") else {
            return Err(KeySetError::Malformed);
        };
        if elements.len() > limits.key_set_keys {
            return Err(KeySetError::TooManyKeys);
        }
        let mut set = Self {
            keys: Vec::new(),
            skipped: Vec::new(),
            generation,
        };
        for (index, element) in elements.iter().enumerate() {
            match IssuerKey::from_json(element, limits, provider) {
                Ok(key) => set.keys.push(key),
                Err(error) => set.skipped.push((index, error)),
            }
        }
        match set.keys.is_empty() {
            true => Err(KeySetError::NoUsableKey),
            false => Ok(set),
        }
    }

    /// The number given to [`parse`](Self::parse).
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The usable keys.
    pub fn keys(&self) -> &[IssuerKey] {
        &self.keys
    }

    /// The keys that were skipped: place in the set, and why.
    pub fn skipped(&self) -> &[(usize, JwkError)] {
        &self.skipped
    }

    /// The keys that may have signed a token with this header: same `kid` where the token names
    /// one, fitting `alg`. Duplicate `kid`s are told apart by the algorithm, and all that remain are
    /// tried, up to four (FAPI-5.4.2-1; ATJWT-4-6, RFC 9068 section 4).
    pub(crate) fn candidates(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &IssuerKey> {
        self.keys
            .iter()
            .filter(move |key| kid.is_none() || key.kid() == kid)
            .filter(move |key| key.key.fits(algorithm))
            .filter(move |key| {
                key.algorithm
                    .is_none_or(|own| own.same_operation(algorithm))
            })
            .take(MAX_CANDIDATES)
    }
}

impl IssuerKey {
    fn from_json(
        element: &Json<'_>,
        limits: &Limits,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, JwkError> {
        let Json::Object(object) = element else {
            return Err(JwkError::NotAnObject);
        };
        let key = PublicKey::from_object(object)?;
        check_intended_use(object, None)?;
        provider.check_key(&key).map_err(|_| JwkError::NotInGroup)?;
        Ok(Self {
            kid: kid_of(object, limits)?,
            algorithm: algorithm_of(object)?,
            key,
        })
    }

    /// The key's name in its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The one algorithm that the issuer allows for it, if it names one.
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The key.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

fn kid_of(object: &Object<'_>, limits: &Limits) -> Result<Option<String>, JwkError> {
    match object.string("kid") {
        Ok(None) => Ok(None),
        Ok(Some(kid)) if kid.len() <= limits.kid => Ok(Some(kid.into())),
        _ => Err(JwkError::BadMember { name: "kid" }),
    }
}

fn algorithm_of(object: &Object<'_>) -> Result<Option<Algorithm>, JwkError> {
    match object.string("alg") {
        Ok(None) => Ok(None),
        Ok(Some(name)) => match Algorithm::from_name(name) {
            Some(algorithm) => Ok(Some(algorithm)),
            None => Err(JwkError::AlgorithmMismatch),
        },
        Err(_) => Err(JwkError::BadMember { name: "alg" }),
    }
}

/// Why a JWK Set is refused as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeySetError {
    /// Larger than [`Limits::key_set`].
    Oversize,
    /// Not a JSON object with an array `keys`, or a member occurs twice somewhere in it.
    Malformed,
    /// More keys than [`Limits::key_set_keys`].
    TooManyKeys,
    /// Not one key that could verify a token.
    NoUsableKey,
}

impl fmt::Display for KeySetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oversize => "the JWK Set is larger than the limit",
            Self::Malformed => "not a JWK Set: a JSON object with an array \"keys\"",
            Self::TooManyKeys => "the JWK Set has more keys than the limit",
            Self::NoUsableKey => "the JWK Set has no key that could verify a token",
        })
    }
}

impl core::error::Error for KeySetError {}

/// Two keys with one `kid` happen during a rotation; more than four are an attempt to multiply the
/// cost of a token (FAPI-5.4.2-1).
const MAX_CANDIDATES: usize = 4;
