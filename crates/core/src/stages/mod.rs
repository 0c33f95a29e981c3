//! The way of a request: cheap before costly, stateless before stateful, recorded last
//! (PROJ-2; DPOP-4.3-14, RFC 9449 section 4.3).
//!
//! Each stage is a type that can only be had from the one before. There is no way to an
//! [`Admitted`](crate::Admitted) that leaves one out (DPOP-7.1-4).

pub use self::confirm::{Confirmed, Unspent, Validated};
pub use self::examine::{Examined, Resumed, TokenStage};
pub(crate) use self::present::present;
pub use self::present::{Presentation, Presented};
pub use self::validate::{OpaqueToken, Proven, UnverifiedToken};

use crate::enforcer::Enforcer;
use crate::policy::RoutePolicy;
use crate::rejection::{Facts, Fault, Rejection};
use crate::request::RequestView;

mod confirm;
mod examine;
mod present;
mod validate;

/// What every stage knows.
struct Context<'r> {
    enforcer: &'r Enforcer,
    route: &'r RoutePolicy,
    request: RequestView<'r>,
    facts: Facts,
}

impl Context<'_> {
    fn refuse(&self, fault: Fault) -> Rejection {
        fault.with(&self.facts)
    }
}
