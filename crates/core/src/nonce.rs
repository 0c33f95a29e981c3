//! Server-provided nonces (RFC 9449 sections 8 and 9), without state.
//!
//! A nonce carries its second of issue and a MAC over that second and the origin. Whoever shares the
//! keys can check it, so that it works behind a load balancer; it is not single-use, since the
//! `jti` is what is remembered (DPOP-11.1-6; PROJ-14).

use alloc::string::String;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::UnixTime;
use subtle::ConstantTimeEq;

use crate::crypto::CryptoProvider;
use crate::encoding::decode_array;
use crate::time::{NumericDate, Position, Window};

/// The keys that nonces are made and checked with: the current one and its predecessor.
///
/// Rotating drops the oldest: a nonce of a dropped key is unknown, and its holder is sent a new one.
#[derive(Clone, Debug)]
pub struct NonceKeys {
    current: NonceKey,
    previous: Option<NonceKey>,
}

/// One MAC key: 256 bits from a cryptographic random source (DPOP-8-1, RFC 9449 section 8).
#[derive(Clone)]
pub struct NonceKey {
    /// Tells generations apart without trying both.
    id: u8,
    key: [u8; 32],
}

impl NonceKeys {
    /// Keys for a service that starts.
    pub const fn new(current: NonceKey) -> Self {
        Self {
            current,
            previous: None,
        }
    }

    /// Puts a new key in front. The current one stays valid for checking, the one before goes.
    ///
    /// Rotate no more often than nonces live, or live nonces become unknown.
    #[must_use]
    pub fn rotated(&self, next: NonceKey) -> Self {
        Self {
            current: next,
            previous: Some(self.current.clone()),
        }
    }

    /// The id of the current key, for choosing the next one.
    pub const fn current_id(&self) -> u8 {
        self.current.id
    }

    /// Makes a nonce for an origin such as `https://api.example.com`
    /// (DPOP-8.1-1, RFC 9449 section 8.1: base64url is well inside the grammar).
    pub fn issue(&self, origin: &str, now: UnixTime, provider: &dyn CryptoProvider) -> String {
        let second = now.as_secs();
        let [_, _, _, seconds @ ..] = second.to_be_bytes();
        let mac = self.current.mac(&seconds, origin, provider);
        let mut nonce = [0; NONCE];
        for (to, from) in nonce
            .iter_mut()
            .zip([self.current.id].iter().chain(&seconds).chain(&mac))
        {
            *to = *from;
        }
        URL_SAFE_NO_PAD.encode(nonce)
    }

    /// Checks a nonce and tells the second at which it was issued.
    pub(crate) fn check(
        &self,
        nonce: &str,
        origin: &str,
        window: Window,
        now: UnixTime,
        provider: &dyn CryptoProvider,
    ) -> Result<u64, NonceError> {
        // DPOP-8-3, RFC 9449 section 8: exactly what was supplied, so no padding and no other length.
        let [id, rest @ ..] = decode_array::<NONCE>(nonce).map_err(|_| NonceError::Unknown)?;
        let (seconds, mac) = split(rest);
        let key = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.id == id)
            .ok_or(NonceError::Unknown)?;
        if !bool::from(key.mac(&seconds, origin, provider).ct_eq(&mac)) {
            return Err(NonceError::Unknown);
        }
        let [a, b, c, d, e] = seconds;
        let second = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        match window.position(NumericDate::from_secs(second), now) {
            Position::Inside => Ok(second),
            Position::TooOld => Err(NonceError::Stale),
            // Issued by an instance whose clock is ahead, or before a clock was set back.
            Position::TooFarAhead => Err(NonceError::Unknown),
        }
    }
}

impl NonceKey {
    /// A key with a name of its own. Neighbouring generations must have different names.
    pub const fn new(id: u8, key: [u8; 32]) -> Self {
        Self { id, key }
    }

    fn mac(
        &self,
        seconds: &[u8; SECONDS],
        origin: &str,
        provider: &dyn CryptoProvider,
    ) -> [u8; MAC] {
        let tag = provider.hmac_sha256(&self.key, &[LABEL, &[self.id], seconds, origin.as_bytes()]);
        let mut mac = [0; MAC];
        for (to, from) in mac.iter_mut().zip(tag) {
            *to = from;
        }
        mac
    }
}

/// The key stays out of logs.
impl fmt::Debug for NonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why a nonce does not count. Both are answered alike (DPOP-8-5, RFC 9449 section 8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NonceError {
    /// Not made by our keys for this origin.
    Unknown,
    /// Ours, and older than nonces live.
    Stale,
}

fn split(octets: [u8; SECONDS + MAC]) -> ([u8; SECONDS], [u8; MAC]) {
    let [a, b, c, d, e, mac @ ..] = octets;
    ([a, b, c, d, e], mac)
}

/// Octets of the second of issue: enough for 34,000 years.
const SECONDS: usize = 5;

/// Octets of the MAC: 128 bits (DPOP-8-1).
const MAC: usize = 16;

const NONCE: usize = 1 + SECONDS + MAC;

/// Separates this use of a key from any other, and ends with an octet that no origin begins with.
const LABEL: &[u8] = b"keybound dpop nonce v1\0";
