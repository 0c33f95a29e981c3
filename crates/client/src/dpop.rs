use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::{Algorithm, Jkt, PublicKey};
use keybound_crypto::RustCrypto;

use crate::key::SigningKey;
use crate::key_error::KeyError;
use crate::proof::ProofBuilder;
use crate::signer::ProofSigner;

/// A key that makes proofs. Cheap to clone: clones share the key.
///
/// It keeps nothing between two proofs, so that every request gets a proof of its own
/// (DPOP-4-1, RFC 9449 section 4).
#[derive(Clone)]
pub struct Dpop(Arc<Inner>);

struct Inner {
    signer: Box<dyn ProofSigner>,
    /// The JWS header, base64url. It is the same in all proofs of a key.
    header: Box<str>,
    jkt: Jkt,
}

impl Dpop {
    /// Makes a new key in this process: ES256, EdDSA or Ed25519.
    ///
    /// # Errors
    ///
    /// Those of [`SigningKey::generate`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_signer(SigningKey::generate(algorithm)?)
    }

    /// Takes a key that exists, in this process or elsewhere.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlgorithmMismatch`] if the signer's algorithm does not fit its key.
    pub fn from_signer(signer: impl ProofSigner + 'static) -> Result<Self, KeyError> {
        let algorithm = signer.algorithm();
        let public = signer.public_key();
        if !public.fits(algorithm) {
            return Err(KeyError::AlgorithmMismatch { algorithm });
        }
        let header = header(algorithm, public).into();
        let jkt = Jkt::of(public, &RustCrypto);
        Ok(Self(Arc::new(Inner {
            signer: Box::new(signer),
            header,
            jkt,
        })))
    }

    /// The algorithm of the proofs.
    pub fn algorithm(&self) -> Algorithm {
        self.0.signer.algorithm()
    }

    /// The key that the proofs carry.
    pub fn public_key(&self) -> &PublicKey {
        self.0.signer.public_key()
    }

    /// The thumbprint that tokens are bound to, and the value of `dpop_jkt`
    /// (RFC 9449 sections 6.1 and 10).
    pub fn jkt(&self) -> Jkt {
        self.0.jkt
    }

    /// Begins the proof for one request: its method, and the URI that it is sent to.
    ///
    /// Nothing is checked before [`sign`](ProofBuilder::sign).
    pub fn proof<'a>(&'a self, method: &'a str, uri: &'a str) -> ProofBuilder<'a> {
        ProofBuilder::new(self, method, uri)
    }

    pub(crate) fn header(&self) -> &str {
        &self.0.header
    }

    pub(crate) fn signer(&self) -> &dyn ProofSigner {
        self.0.signer.as_ref()
    }
}

impl fmt::Debug for Dpop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dpop")
            .field("algorithm", &self.algorithm())
            .field("jkt", &self.jkt())
            .finish_non_exhaustive()
    }
}

/// The header of a proof: `typ`, `alg`, `jwk` and no more (DPOP-4.2-1 to -4, RFC 9449 section 4.2).
fn header(algorithm: Algorithm, public: &PublicKey) -> String {
    let jwk = public.to_jwk();
    URL_SAFE_NO_PAD.encode(format!(
        r#"{{"typ":"dpop+jwt","alg":"{algorithm}","jwk":{jwk}}}"#
    ))
}
