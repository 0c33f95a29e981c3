//! DPoP proofs for clients ([RFC 9449]): a private key, and a fresh proof for each request.
//!
//! ```
//! use keybound::Algorithm;
//! use keybound_client::{Dpop, now};
//!
//! let dpop = Dpop::generate(Algorithm::Es256)?;
//!
//! // The token request: the issuer binds the token to the key that signed this.
//! let proof = dpop.proof("POST", "https://as.example.com/token").sign(now())?;
//!
//! // A request with that token: `Authorization: DPoP <token>` and `DPoP: <proof>`.
//! let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
//! let proof = dpop
//!     .proof("GET", "https://api.example.com/orders?page=2")
//!     .access_token(token)
//!     .nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v")
//!     .sign(now())?;
//! assert_eq!(proof.split('.').count(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Dpop`] makes proofs with any [`ProofSigner`]: a [`SigningKey`] of this process, or a key that
//!   a token, a vault or an agent keeps.
//! - [`SigningKey`] is generated, read and written as JWK or PEM.
//! - Time is an argument. [`now`] reads the clock where a program begins a request.
//! - `jti` comes from the operating system's generator, and nothing in the public interface can
//!   replace or seed it.
//!
//! A failure to make a proof is an error and never a request without one. Redirects, and when a
//! nonce is to be sent, are the caller's part.
//!
//! [RFC 9449]: https://www.rfc-editor.org/rfc/rfc9449

pub use crate::clock::now;
pub use crate::dpop::Dpop;
pub use crate::key::SigningKey;
pub use crate::key_error::KeyError;
pub use crate::key_file::KeyFormat;
pub use crate::proof::{ProofBuilder, ProofError};
pub use crate::random::NoRandomness;
pub use crate::signer::{ProofSigner, SignError};

mod claims;
mod clock;
mod dpop;
mod grammar;
mod key;
mod key_error;
mod key_file;
mod pkcs8;
mod private_jwk;
mod proof;
mod random;
mod signer;
