//! Sender-constrained access tokens, as pure rules: bytes in, verdict out.
//!
//! A bearer token works for whoever holds it. This crate decides whether a request proves that it
//! comes from the client that the token was issued to: by a DPoP proof ([RFC 9449]), by a client
//! certificate ([RFC 8705]), or by both.
//!
//! **Nothing here reads a clock, opens a socket, spawns a task or calls a crypto library.** Time is
//! an argument, keys and replay answers are handed in, and hashes, MACs and signatures come from a
//! [`CryptoProvider`](crypto::CryptoProvider) value.
//!
//! [RFC 9449]: https://www.rfc-editor.org/rfc/rfc9449
//! [RFC 8705]: https://www.rfc-editor.org/rfc/rfc8705
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub use rustls_pki_types::UnixTime;

pub use crate::algorithm::Algorithm;
pub use crate::certificate::{CertificateThumbprint, PeerCertificate};
pub use crate::htu::UriError;
pub use crate::jwk::{JwkError, KeyMaterial, PublicKey};
pub use crate::key_set::{IssuerKey, KeySet, KeySetError};
pub use crate::limits::Limits;
pub use crate::origin::{Origin, TargetUri};
pub use crate::route_path::{PathRefusal, RouteError, RouteTable};
pub use crate::thumbprint::{Jkt, TokenHash};
pub use crate::time::{NumericDate, Position, Window};

mod algorithm;
mod certificate;
pub mod crypto;
mod encoding;
pub mod htu;
mod json;
mod jwk;
mod key_set;
mod lax_path;
mod limits;
mod origin;
pub mod replay;
mod route_path;
mod thumbprint;
mod time;
mod uri_path;
