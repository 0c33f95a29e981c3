use std::error::Error;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::htu::normalize;
use keybound::{TokenHash, UnixTime, UriError};
use keybound_crypto::RustCrypto;

use crate::claims::Claims;
use crate::dpop::Dpop;
use crate::grammar::{is_method, is_nonce, is_token68};
use crate::random::{self, Fill, NoRandomness};
use crate::signer::SignError;

/// A proof in the making (RFC 9449 section 4.2). It makes one proof: a request that is sent again
/// takes a new one (DPOP-4-1, RFC 9449 section 4).
#[must_use = "there is no proof before `sign`"]
pub struct ProofBuilder<'a> {
    dpop: &'a Dpop,
    method: &'a str,
    uri: &'a str,
    access_token: Option<&'a str>,
    nonce: Option<&'a str>,
}

impl<'a> ProofBuilder<'a> {
    pub(crate) const fn new(dpop: &'a Dpop, method: &'a str, uri: &'a str) -> Self {
        Self {
            dpop,
            method,
            uri,
            access_token: None,
            nonce: None,
        }
    }

    /// Binds the proof to the access token that goes with it: what follows the scheme in
    /// `Authorization`, without the scheme (DPOP-4.2-10, RFC 9449 section 4.2).
    pub const fn access_token(mut self, access_token: &'a str) -> Self {
        self.access_token = Some(access_token);
        self
    }

    /// Adds the nonce that the server sent last, as it was sent
    /// (DPOP-4.2-11, RFC 9449 sections 4.2 and 8).
    pub const fn nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Makes the proof: the value of the request's one `DPoP` header.
    ///
    /// # Errors
    ///
    /// [`ProofError`]. The request must not be sent without a proof then.
    pub fn sign(self, now: UnixTime) -> Result<String, ProofError> {
        self.sign_with(now, random::fill)
    }

    fn sign_with(self, now: UnixTime, fill: Fill) -> Result<String, ProofError> {
        if !is_method(self.method) {
            return Err(ProofError::Method);
        }
        if !self.access_token.is_none_or(is_token68) {
            return Err(ProofError::AccessToken);
        }
        if !self.nonce.is_none_or(is_nonce) {
            return Err(ProofError::Nonce);
        }
        // DPOP-4.2-8, RFC 9449 section 4.2
        let htu = normalize(self.uri).map_err(ProofError::Uri)?;
        let ath = self
            .access_token
            .map(|token| TokenHash::of(token, &RustCrypto).encoded());
        let payload = Claims {
            jti: &new_jti(fill)?,
            htm: self.method,
            htu: &htu,
            iat: now.as_secs(),
            ath: ath.as_ref().map(|hash| hash.as_str()),
            nonce: self.nonce,
        }
        .to_json();

        let header = self.dpop.header();
        let signature_length = self.dpop.public_key().signature_length();
        // The two dots come out of the rounding up.
        let length =
            header.len() + encoded_length(payload.len()) + encoded_length(signature_length);
        let mut proof = String::with_capacity(length);
        proof.push_str(header);
        proof.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut proof);
        let signature = self.dpop.signer().sign(proof.as_bytes())?;
        if signature.len() != signature_length {
            return Err(ProofError::SignatureLength {
                expected: signature_length,
                actual: signature.len(),
            });
        }
        proof.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut proof);
        Ok(proof)
    }
}

/// Shows neither the token nor the nonce.
impl fmt::Debug for ProofBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofBuilder")
            .field("dpop", self.dpop)
            .field("method", &self.method)
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}

/// 128 random bits as 22 octets (DPOP-4.2-6, RFC 9449 section 4.2).
fn new_jti(fill: Fill) -> Result<String, NoRandomness> {
    let mut octets = [0; 16];
    fill(&mut octets)?;
    Ok(URL_SAFE_NO_PAD.encode(octets))
}

/// The octets of base64url with a dot before it, or a few more.
const fn encoded_length(octets: usize) -> usize {
    octets.div_ceil(3) * 4 + 1
}

/// Why there is no proof. Without one the request must not be sent: a fall back to `Bearer` would
/// give the token away.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProofError {
    /// The method is not a token (RFC 9110 section 9.1).
    Method,
    /// The URI cannot be a target URI (RFC 9110 section 7.1).
    Uri(UriError),
    /// The access token is not a token68; a scheme before it does not belong here
    /// (RFC 9449 section 7.1).
    AccessToken,
    /// The nonce is empty, larger than 1 KiB, or has other octets than NQCHAR
    /// (DPOP-8.1-1, RFC 9449 section 8.1).
    Nonce,
    /// There is no `jti` (DPOP-4.2-6, RFC 9449 section 4.2).
    Randomness(NoRandomness),
    /// The signer failed.
    Sign(SignError),
    /// The signer gave a signature of another length than its key's: DER, perhaps
    /// (JWA-3.4-1, RFC 7518 section 3.4).
    SignatureLength {
        /// Octets of a signature by this key.
        expected: usize,
        /// Octets that the signer gave.
        actual: usize,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method => f.write_str("the method is not an HTTP token"),
            Self::Uri(error) => write!(f, "the URI cannot be a target URI: {error}"),
            Self::AccessToken => {
                f.write_str("the access token is not a token68; it goes without its scheme")
            }
            Self::Nonce => f.write_str("the nonce is empty, too large, or has octets it may not"),
            Self::Randomness(error) => write!(f, "no jti: {error}"),
            Self::Sign(error) => fmt::Display::fmt(error, f),
            Self::SignatureLength { expected, actual } => {
                write!(
                    f,
                    "the signer gave a signature of {actual} octets instead of {expected}"
                )
            }
        }
    }
}

impl Error for ProofError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Uri(error) => Some(error),
            Self::Randomness(error) => Some(error),
            Self::Sign(error) => Some(error),
            Self::Method | Self::AccessToken | Self::Nonce | Self::SignatureLength { .. } => None,
        }
    }
}

impl From<NoRandomness> for ProofError {
    fn from(error: NoRandomness) -> Self {
        Self::Randomness(error)
    }
}

impl From<SignError> for ProofError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use keybound::Algorithm;

    #[test]
    fn dpop_4_2_6_refuses_to_sign_without_randomness() {
        let none: Fill = |_| Err(NoRandomness);
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let dpop = Dpop::from_signer(SigningKey::generate(algorithm).unwrap()).unwrap();
            assert_eq!(
                dpop.proof("GET", "https://h/")
                    .sign_with(UnixTime::since_unix_epoch(Default::default()), none),
                Err(ProofError::Randomness(NoRandomness))
            );
        }
    }

    #[test]
    fn a_jti_is_what_the_generator_gave() {
        let counted: Fill = |octets| {
            octets.copy_from_slice(&[0xff; 16]);
            Ok(())
        };
        assert_eq!(new_jti(counted), Ok("_____________________w".into()));
    }
}
