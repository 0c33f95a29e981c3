//! A thin adapter: an [`http::Request`] goes in, and comes out admitted or answered.
//!
//! [`Guard`] turns a request's head into what [`keybound`] judges, fetches what its stages ask for
//! (keys, the token cache, the record of admitted proofs), and turns the verdict into a response.
//! [`GuardLayer`] puts a guard in front of any tower service, [`Guarded`] is the same for a plain
//! hyper service. Both put an [`Admitted`](keybound::Admitted) into the extensions of a request that
//! passes; a request that does not never reaches the inner service.
//!
//! The body is never looked at, and no header that a client could set is believed.

pub use crate::authority::{Authorities, PlainHttpOrigin};
pub use crate::decision::{Decision, Passed, Refused};
pub use crate::guard::{Guard, GuardBuilder};
pub use crate::keys::Keys;
pub use crate::layer::{GuardLayer, Guarded};
pub use crate::nonces::{NonceRing, RandomnessError};
pub use crate::report::{Observer, Outcome, Report};
pub use crate::site::{Route, Site, SiteBuilder, SiteError};

mod authority;
mod decision;
mod guard;
mod keys;
mod layer;
mod nonces;
mod report;
mod site;
