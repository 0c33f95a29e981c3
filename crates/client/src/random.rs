use std::error::Error;
use std::fmt;

/// Fills `octets` from the operating system's generator.
///
/// Key generation and `jti` take this function as an argument, inside this crate only, so that its
/// failure can be tested. No public path leads to another source (DPOP-4.2-6, RFC 9449 section 4.2).
pub(crate) fn fill(octets: &mut [u8]) -> Result<(), NoRandomness> {
    getrandom::fill(octets).map_err(|_| NoRandomness)
}

/// The type of [`fill`].
pub(crate) type Fill = fn(&mut [u8]) -> Result<(), NoRandomness>;

/// The operating system gave no random octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random octets")
    }
}

impl Error for NoRandomness {}
