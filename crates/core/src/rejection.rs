use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;

use crate::authorization::Scheme;
use crate::reason::Reason;
use crate::thumbprint::Jkt;

/// A refused request: the reason, and the evidence for the operator's log.
///
/// The evidence never holds a token, a proof or a nonce, and none of it goes to the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejection(Box<Inner>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Inner {
    fault: Fault,
    facts: Facts,
}

impl Rejection {
    /// A refusal for a reason that an adapter found, before any credentials were read.
    ///
    /// Reasons that only the pipeline can find are accepted too: refusing is always safe.
    pub fn new(reason: Reason) -> Self {
        Fault::new(reason).with(&Facts::default())
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.fault.reason
    }

    /// What the rule expected, where that can be said without a secret.
    pub fn expected(&self) -> Option<&str> {
        self.0.fault.expected.as_deref()
    }

    /// What was received instead, cut to 256 octets. Attacker-chosen: escape it where it is shown.
    pub fn received(&self) -> Option<&str> {
        self.0.fault.received.as_deref()
    }

    /// What was learned about the request before it was refused.
    pub fn facts(&self) -> &Facts {
        &self.0.facts
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = &self.0.fault;
        write!(
            f,
            "{} ({}, {})",
            fault.reason,
            fault.reason.rule(),
            fault.reason.section()
        )?;
        if let Some(expected) = &fault.expected {
            write!(f, ": expected {expected:?}")?;
        }
        if let Some(received) = &fault.received {
            write!(f, ", received {received:?}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Rejection {}

/// What is known about a request, for the log of a decision. All of it is claimed, not proven,
/// unless the request was admitted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    pub(crate) scheme: Option<Scheme>,
    pub(crate) jkt: Option<Jkt>,
    pub(crate) iat_offset: Option<i64>,
    /// Shared with the token, so that a known token costs no copy.
    pub(crate) issuer: Option<Arc<str>>,
    pub(crate) client_id: Option<Arc<str>>,
}

impl Facts {
    /// The scheme of the credentials.
    pub const fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// The thumbprint of the key in the proof.
    pub const fn jkt(&self) -> Option<&Jkt> {
        self.jkt.as_ref()
    }

    /// The proof's `iat` less the time of the check, in seconds: how wrong the client's clock is.
    pub const fn iat_offset(&self) -> Option<i64> {
        self.iat_offset
    }

    /// The issuer that the token names, if it is a configured one.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The client that the token names.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }
}

/// What one check found. The stage that ran the check adds what it knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    reason: Reason,
    expected: Option<Box<str>>,
    received: Option<Box<str>>,
}

impl Fault {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self {
            reason,
            expected: None,
            received: None,
        }
    }

    pub(crate) fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.expected = Some(cut(expected.to_string()));
        self
    }

    pub(crate) fn received(mut self, received: impl fmt::Display) -> Self {
        self.received = Some(cut(received.to_string()));
        self
    }

    /// As [`received`](Self::received), for a word of a few octets such as `alg`. A longer one is told
    /// by its length: a confused client may have put a token there.
    pub(crate) fn received_word(self, word: &str) -> Self {
        match word.len() <= WORD {
            true => self.received(word),
            false => self.received(format_args!("{} octets", word.len())),
        }
    }

    pub(crate) fn with(self, facts: &Facts) -> Rejection {
        Rejection(Box::new(Inner {
            fault: self,
            facts: facts.clone(),
        }))
    }
}

fn cut(mut text: String) -> Box<str> {
    let boundary = (0..=EVIDENCE).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(boundary.unwrap_or(0));
    text.into()
}

/// Octets of the longest word that is shown: media types, algorithms, methods and key names are
/// shorter, tokens are longer.
const WORD: usize = 48;

/// Octets of a received value that a log line shows.
const EVIDENCE: usize = 256;
