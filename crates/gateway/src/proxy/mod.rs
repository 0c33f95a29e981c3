//! The reverse-proxy engine: one request in, one request to an upstream, the answer back.
//!
//! Nothing here judges a token. What it does guard is the border: a client cannot smuggle in what
//! the gateway alone may say (identity, forwarding and certificate fields), in any spelling, and an
//! answer that was cut short never looks complete.

pub(crate) use body::{Body, BoxError};
pub(crate) use error::ProxyError;
pub(crate) use headers::{Credentials, UpstreamNonces};
pub(crate) use identity::Identity;
pub(crate) use upstream::{Forward, Upstream};

mod body;
mod connect;
mod error;
mod headers;
mod identity;
mod progress;
mod upstream;

#[cfg(test)]
mod tests;
