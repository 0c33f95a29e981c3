//! What a route demands, which issuers are believed, and which proofs are taken.

pub use self::error::PolicyError;
pub use self::issuer::{IssuerPolicy, LegacyTypes, MissingType, TokenFormat, TokenProfile};
pub use self::proof::ProofPolicy;
pub use self::route::{Binding, NonceRequirement, RoutePolicy, Spending};

pub(crate) use self::route::is_scope_token;

mod error;
mod issuer;
mod proof;
mod route;
