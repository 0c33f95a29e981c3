//! The crypto libraries behind [`keybound`], as values to pick from.
//!
//! A provider is a unit struct that implements [`CryptoProvider`](keybound::crypto::CryptoProvider).
//! Nothing is registered for the process: whoever builds a policy hands the provider in, and two
//! providers can serve two policies in one program.
//!
//! | provider | feature | ES256 | EdDSA, Ed25519 | ES384, PS256, RS256 | SHA-256, HMAC |
//! | --- | --- | --- | --- | --- | --- |
//! | [`RustCrypto`] | none | p256 | ed25519-dalek | refused | sha2, hmac |
//! | `IssuerAlgorithms` | `issuer-algorithms` | p256 | ed25519-dalek | jsonwebtoken | sha2, hmac |
//! | `AwsLc` | `aws-lc` | aws-lc-rs | ed25519-dalek | aws-lc-rs | aws-lc-rs |
//!
//! All of them accept the same signatures and the same keys; a test runs one body against every
//! provider that is compiled in. That is why Ed25519 is ed25519-dalek's `verify_strict` in each:
//! libraries disagree about keys of small order, and a proof must not hang on the one in use.
//!
//! ```
//! use keybound::crypto::{CryptoProvider, InvalidSignature};
//! use keybound::{Algorithm, PublicKey};
//! use keybound_crypto::RustCrypto;
//!
//! // RFC 8037, appendix A.
//! let jwk = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
//! let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
//! let signature = [
//!     0x86, 0x0c, 0x98, 0xd2, 0x29, 0x7f, 0x30, 0x60, 0xa3, 0x3f, 0x42, 0x73, 0x96, 0x72, 0xd6, 0x1b,
//!     0x53, 0xcf, 0x3a, 0xde, 0xfe, 0xd3, 0xd3, 0xc6, 0x72, 0xf3, 0x20, 0xdc, 0x02, 0x1b, 0x41, 0x1e,
//!     0x9d, 0x59, 0xb8, 0x62, 0x8d, 0xc3, 0x51, 0xe2, 0x48, 0xb8, 0x8b, 0x29, 0x46, 0x8e, 0x0e, 0x41,
//!     0x85, 0x5b, 0x0f, 0xb7, 0xd8, 0x3b, 0xb1, 0x5b, 0xe9, 0x02, 0xbf, 0xcc, 0xb8, 0xcd, 0x0a, 0x02,
//! ];
//!
//! let provider: &dyn CryptoProvider = &RustCrypto;
//! let key = PublicKey::from_jwk(jwk)?;
//! provider.check_key(&key)?;
//! provider.verify(Algorithm::Ed25519, &key, message, &signature)?;
//! assert_eq!(
//!     provider.verify(Algorithm::Ed25519, &key, b"another message", &signature),
//!     Err(InvalidSignature)
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! Both are off by default, and neither changes what another provider does.
//!
//! - `issuer-algorithms` adds the provider `IssuerAlgorithms`. RSA and P-384 are what issuers sign
//!   access tokens with; proofs seldom need them. Only the signature checks of jsonwebtoken are
//!   used, taken as values: tokens are not parsed by it, and its process-wide provider is neither
//!   installed nor read. The feature turns on jsonwebtoken's feature `rust_crypto` for the whole
//!   build. A program that uses jsonwebtoken itself with `aws_lc_rs` must then call its
//!   `install_default`. It also brings in the crate rsa 0.9, whose advisory RUSTSEC-2023-0071 is about
//!   private keys; there are none here.
//! - `aws-lc` adds the provider `AwsLc`, which verifies ES256 several times faster and needs a C
//!   compiler to build.
//!
//! # Timing
//!
//! Verification works on public values only (key, message, signature), so it may take a time that
//! depends on them, and does: a signature of the wrong length is refused at once, a wrong `s` late.
//! An observer learns nothing that he could not compute himself.
//!
//! HMAC-SHA-256 is the one operation with a secret. All providers run it in a time that depends on
//! the lengths of its inputs only. **Comparing the result is the caller's part**, and must be done in
//! constant time (JWS-10.9-1, RFC 7515 section 10.9). The key is copied to the stack and not wiped.
//!
//! The default features do without a heap: ES256, Ed25519, SHA-256 and HMAC allocate nothing.
#![no_std]

#[cfg(feature = "issuer-algorithms")]
extern crate alloc;

#[cfg(feature = "aws-lc")]
pub use crate::aws_lc::AwsLc;
#[cfg(feature = "issuer-algorithms")]
pub use crate::issuer_algorithms::IssuerAlgorithms;
pub use crate::rust_crypto::RustCrypto;

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod ed25519;
#[cfg(feature = "issuer-algorithms")]
mod issuer_algorithms;
mod rust_crypto;
mod sec1;
