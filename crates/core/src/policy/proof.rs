use alloc::vec::Vec;

use super::PolicyError;
use crate::algorithm::Algorithm;
use crate::confirmation::UnknownConfirmation;
use crate::time::Window;

/// Which proofs are taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProofPolicy {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) iat: Window,
    pub(crate) nonce: Window,
    pub(crate) unknown_confirmation: UnknownConfirmation,
}

impl ProofPolicy {
    /// Takes proofs signed with these algorithms only (DPOP-4.3-5, RFC 9449 section 4.3).
    ///
    /// # Errors
    ///
    /// An empty list (BCP-3.1-1).
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Result<Self, PolicyError> {
        if algorithms.is_empty() {
            return Err(PolicyError::NoAlgorithm);
        }
        self.algorithms = algorithms.to_vec();
        Ok(self)
    }

    /// Takes proofs whose `iat` is at most so many seconds old and ahead. The defaults are 60 and
    /// 10, the most 300 and 60 (DPOP-11.1-1, DPOP-11.1-4; FAPI-5.3.2.1-1).
    ///
    /// # Errors
    ///
    /// More than that.
    pub fn with_window(mut self, window: Window) -> Result<Self, PolicyError> {
        if window.past() > MAX_PAST || window.future() > MAX_FUTURE {
            return Err(PolicyError::Window(window));
        }
        self.iat = window;
        Ok(self)
    }

    /// Takes nonces for so many seconds after their issue. The default is 180, the most 300.
    ///
    /// # Errors
    ///
    /// Zero, or more than that.
    pub fn with_nonce_lifetime(mut self, seconds: u64) -> Result<Self, PolicyError> {
        if seconds == 0 || seconds > MAX_PAST {
            return Err(PolicyError::NonceLifetime(seconds));
        }
        self.nonce = Window::new(seconds, NONCE_FUTURE);
        Ok(self)
    }

    /// Says what to do with members of `cnf` that are not known.
    #[must_use]
    pub const fn with_unknown_confirmation(mut self, unknown: UnknownConfirmation) -> Self {
        self.unknown_confirmation = unknown;
        self
    }
}

impl Default for ProofPolicy {
    fn default() -> Self {
        Self {
            algorithms: [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519].to_vec(),
            iat: Window::new(60, 10),
            nonce: Window::new(180, NONCE_FUTURE),
            unknown_confirmation: UnknownConfirmation::Ignore,
        }
    }
}

/// Seconds: the hard upper bound of DPOP-11.1-1, whatever the configuration says.
pub(super) const MAX_PAST: u64 = 300;

/// Seconds (DPOP-11.1-4, FAPI-5.3.2.1-1).
pub(super) const MAX_FUTURE: u64 = 60;

/// Seconds that the clocks of instances that share nonce keys may differ.
const NONCE_FUTURE: u64 = 10;
