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
pub use crate::authorization::Scheme;
pub use crate::certificate::{CertificateThumbprint, PeerCertificate};
pub use crate::challenge::Answer;
pub use crate::confirmation::UnknownConfirmation;
pub use crate::encoding::Base64Url;
pub use crate::enforcer::{Enforcer, EnforcerBuilder};
pub use crate::htu::UriError;
pub use crate::jwk::{JwkError, KeyMaterial, PublicKey};
pub use crate::key_set::{IssuerKey, KeySet, KeySetError};
pub use crate::limits::Limits;
pub use crate::nonce::{NonceKey, NonceKeys};
pub use crate::origin::{Origin, TargetUri};
pub use crate::policy::{
    Binding, IssuerPolicy, LegacyTypes, MissingType, NonceRequirement, PolicyError, ProofPolicy,
    RoutePolicy, Spending, TokenFormat, TokenProfile,
};
pub use crate::reason::Reason;
pub use crate::rejection::{Facts, Rejection};
pub use crate::request::{FieldLines, RequestView};
pub use crate::route_path::{PathRefusal, RouteError, RouteTable};
pub use crate::stages::{
    Confirmed, Examined, OpaqueToken, Presentation, Presented, Proven, Resumed, TokenStage,
    Unspent, UnverifiedToken, Validated,
};
pub use crate::thumbprint::{Jkt, TokenHash};
pub use crate::time::{NumericDate, Position, Window};
pub use crate::verdict::{Admitted, Unavailable, Verdict, VerifiedOnly};
pub use crate::verified_token::VerifiedToken;

mod access_token;
mod algorithm;
mod authorization;
mod certificate;
mod challenge;
mod claims;
mod compact;
mod confirmation;
pub mod crypto;
mod encoding;
mod enforcer;
pub mod htu;
mod introspection;
mod json;
mod jwk;
mod key_set;
mod lax_path;
mod limits;
mod nonce;
mod origin;
mod policy;
mod proof;
mod reason;
mod rejection;
pub mod replay;
mod request;
mod route_path;
mod stages;
mod thumbprint;
mod time;
mod uri_path;
mod verdict;
mod verified_token;
