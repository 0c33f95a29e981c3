//! A service with the pipeline of `core` inside, an issuer and a client, for the tests of rules.
//!
//! Everything is right unless a test makes it wrong:
//!
//! ```
//! use keybound::Reason;
//! use keybound_tests::harness::{Outcome, Response, Service};
//!
//! let service = Service::dpop();
//! assert_eq!(service.run(&service.request()), Outcome::Allowed);
//!
//! let token = service.token().compact();
//! let proof = service.proof(&token).claim("htm", "POST");
//! let request = service.request_with(&token, &proof.compact());
//! let challenge = r#"DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519""#;
//! assert_eq!(
//!     service.run(&request),
//!     Outcome::Denied(Reason::ProofHtmMismatch, Response::challenged(401, &[challenge]))
//! );
//! ```
//!
//! Tokens and proofs are signed by the crates p256, p384, ed25519-dalek and rsa themselves, never by
//! the client crate, and hashed by sha2.

pub use self::client::Client;
pub use self::issuer::Issuer;
pub use self::jws::Jws;
pub use self::keys::{PrivateKey, decode, encode, sha256};
pub use self::outcome::{Nonce, Outcome, Response};
pub use self::providers::{Calls, Counting, Fixed};
pub use self::request::{Request, certificate};
pub use self::service::{End, Introspection, Service, time};
pub use self::store::Store;

mod client;
mod issuer;
mod jws;
mod keys;
mod outcome;
mod providers;
mod request;
mod service;
mod store;

/// The time at which requests arrive, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

/// The URI that requests go to.
pub const URL: &str = "https://api.example.com/orders";

/// The audience of the service.
pub const AUDIENCE: &str = "https://api.example.com";

/// The issuer of JWTs.
pub const ISSUER: &str = "https://as.example.com";

/// The issuer of opaque tokens.
pub const OPAQUE_ISSUER: &str = "https://opaque.example.com";
