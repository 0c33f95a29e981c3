use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use keybound::{Algorithm, PublicKey};

/// A private key that signs proofs, wherever it lives: in this process, on a token, in a vault.
///
/// The trait has no way to hand the private key out, and a proof's header is built from
/// [`public_key`](Self::public_key), a type that cannot hold one
/// (DPOP-4.2-4, RFC 9449 section 4.2).
pub trait ProofSigner: fmt::Debug + Send + Sync {
    /// The algorithm, which goes into the header by its name. It must fit the key, and must be the
    /// same for the life of the signer.
    fn algorithm(&self) -> Algorithm;

    /// The public half of the key. It must be the same for the life of the signer.
    fn public_key(&self) -> &PublicKey;

    /// Signs the octets of a JWS signing input.
    ///
    /// ECDSA signatures are `r || s` of fixed length, never DER (JWA-3.4-1, RFC 7518 section 3.4).
    ///
    /// # Errors
    ///
    /// [`SignError`] if the key cannot be used now. There is no proof then, and the request must
    /// not be sent without one.
    fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// A signer could not sign. Says why in words that hold no secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignError(Cow<'static, str>);

impl SignError {
    /// An error for the given reason, for instance what a key service answered.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signer failed: {}", self.0)
    }
}

impl Error for SignError {}
