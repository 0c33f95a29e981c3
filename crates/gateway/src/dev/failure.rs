use core::fmt;
use std::error::Error;
use std::io;

use keybound_client::{KeyError, ProofError, SignError};

/// Why `keybound dev` cannot go on. A verdict that is not as promised is none of these.
#[derive(Debug)]
pub(super) enum Failure {
    /// No runtime, or no signal handlers.
    Runtime(io::Error),
    /// A port cannot be bound.
    Bind {
        what: &'static str,
        port: u16,
        error: io::Error,
    },
    /// The folder for keys and configuration.
    Folder(io::Error),
    /// A key cannot be made or kept.
    Key(KeyError),
    /// A key did not sign.
    Sign(SignError),
    /// A proof of the scene cannot be made.
    Proof(ProofError),
    /// The gateway's process did not come up: what it said.
    Gateway(String),
    /// The gateway's process ended while it was to serve.
    GatewayEnded(String),
    /// A request cannot be put together.
    Request(http::Error),
    /// The issuer gave no token.
    Token(String),
    /// Nobody reads what is printed.
    Output(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runtime(error) => write!(f, "cannot start: {error}"),
            Self::Bind { what, port, error } => {
                write!(
                    f,
                    "the {what} cannot listen on {}:{port}: {error}",
                    super::LOOPBACK
                )
            }
            Self::Folder(error) => write!(f, "temporary folder: {error}"),
            Self::Key(error) => error.fmt(f),
            Self::Sign(error) => error.fmt(f),
            Self::Proof(error) => error.fmt(f),
            Self::Gateway(said) => write!(f, "the gateway did not start: {said}"),
            Self::GatewayEnded(how) => write!(f, "the gateway has ended: {how}"),
            Self::Request(error) => write!(f, "cannot make a request: {error}"),
            Self::Token(said) => write!(f, "the issuer gave no token: {said}"),
            Self::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

impl Error for Failure {}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        Self::Request(error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        Self::Proof(error)
    }
}
