//! The binary as a whole: its process, what is in front of it and what is behind it.
//!
//! A [`Scene`] has an upstream that records what reaches it, a gateway with a configuration of
//! usual routes, an issuer and a client. Everything is right unless a test makes it wrong.

pub use self::answer::Answer;
pub use self::config::Config;
pub use self::issuer_server::{Document, IssuerServer};
pub use self::process::Gateway;
pub use self::request::{HOST, ORIGIN, Request};
pub use self::scene::{Scene, now};
pub use self::server::{Received, Server};
pub use self::tls::Tls;
pub use self::upstream::Upstream;

pub mod http1;
pub mod http2;

mod answer;
mod config;
mod issuer_server;
mod process;
mod request;
mod scene;
mod server;
mod tls;
mod upstream;

use std::env;
use std::time::Duration;

/// Longer than anything here takes on a busy machine, so that a test fails and does not hang.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Says that a test was skipped, because a tool is not installed.
///
/// # Panics
///
/// If the variable `CI` is `true`: there everything runs.
pub fn missing(tool: &str) {
    let ci = env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!ci, "{tool} is not installed");
    eprintln!("skipped: {tool} is not installed");
}
