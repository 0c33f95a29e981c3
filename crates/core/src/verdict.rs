use core::fmt;

use crate::certificate::CertificateThumbprint;
use crate::reason::Reason;
use crate::rejection::{Facts, Rejection};
use crate::replay::{FreshnessSource, ReplayEntry};
use crate::thumbprint::Jkt;
use crate::verified_token::VerifiedToken;

/// What becomes of a request.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth outcome")]
pub enum Verdict {
    /// It may pass.
    Allow(Admitted),
    /// It is refused, and that is the client's affair.
    Deny(Rejection),
    /// It cannot be decided, which is ours: it does not pass either.
    Fail(Unavailable),
}

/// A request that may pass, and whose it is. It cannot be made outside this crate:
///
/// ```compile_fail,E0451
/// let forged = keybound::Admitted { token: None, ..todo!() };
/// ```
///
/// It travels in the request's extensions, so that a handler gets a type and not a header.
#[derive(Clone, Debug)]
pub struct Admitted {
    token: Option<VerifiedToken>,
    facts: Facts,
    certificate: Option<CertificateThumbprint>,
    nonce_second: Option<u64>,
}

impl Admitted {
    /// A request on a route that reads no credentials.
    pub(crate) const fn open() -> Self {
        Self {
            token: None,
            facts: Facts {
                scheme: None,
                jkt: None,
                iat_offset: None,
                issuer: None,
                client_id: None,
            },
            certificate: None,
            nonce_second: None,
        }
    }

    pub(crate) const fn new(
        token: VerifiedToken,
        facts: Facts,
        certificate: Option<CertificateThumbprint>,
    ) -> Self {
        Self {
            token: Some(token),
            facts,
            certificate,
            nonce_second: None,
        }
    }

    pub(crate) fn with_freshness(mut self, entry: &ReplayEntry) -> Self {
        self.nonce_second = match entry.source() {
            FreshnessSource::Nonce => Some(entry.second()),
            FreshnessSource::Iat => None,
        };
        self
    }

    /// The token's `sub`. It may name a client or a user: compare with
    /// [`client_id`](Self::client_id) before taking it for a user (SBCP-4.15-1).
    pub fn subject(&self) -> Option<&str> {
        self.token.as_ref()?.claims().subject.as_deref()
    }

    /// The token's `client_id`.
    pub fn client_id(&self) -> Option<&str> {
        self.token.as_ref()?.claims().client_id.as_deref()
    }

    /// The token's issuer.
    pub fn issuer(&self) -> Option<&str> {
        self.token.as_ref().map(VerifiedToken::issuer)
    }

    /// The token's scopes, with one space between; empty if it has none.
    pub fn scope(&self) -> &str {
        self.token
            .as_ref()
            .map_or("", |token| &token.claims().scope)
    }

    /// Whether the token has a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.claims().has_scope(scope))
    }

    /// The key that the client proved to hold, which is the one that the token is bound to.
    pub const fn jkt(&self) -> Option<&Jkt> {
        self.facts.jkt.as_ref()
    }

    /// The certificate that the client proved to hold, if the token is bound to it.
    pub const fn x5t_s256(&self) -> Option<&CertificateThumbprint> {
        self.certificate.as_ref()
    }

    /// What is known about the request, for a log.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The second at which the nonce in the proof was issued, if it held one.
    pub(crate) const fn nonce_second(&self) -> Option<u64> {
        self.nonce_second
    }
}

/// A request that was verified in full and whose proof was left unspent, for a service behind this
/// one. Never to be taken for [`Admitted`]: the same proof passes here as often as it is sent.
///
/// ```compile_fail,E0451
/// let forged = keybound::VerifiedOnly { admitted: todo!() };
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedOnly {
    admitted: Admitted,
}

impl VerifiedOnly {
    pub(crate) const fn new(admitted: Admitted) -> Self {
        Self { admitted }
    }

    /// The token's `sub`.
    pub fn subject(&self) -> Option<&str> {
        self.admitted.subject()
    }

    /// The token's `client_id`.
    pub fn client_id(&self) -> Option<&str> {
        self.admitted.client_id()
    }

    /// The token's issuer.
    pub fn issuer(&self) -> Option<&str> {
        self.admitted.issuer()
    }

    /// The token's scopes, with one space between.
    pub fn scope(&self) -> &str {
        self.admitted.scope()
    }

    /// The key that the proof was made with.
    pub const fn jkt(&self) -> Option<&Jkt> {
        self.admitted.jkt()
    }

    /// The certificate that the client proved to hold, if the token is bound to it.
    pub const fn x5t_s256(&self) -> Option<&CertificateThumbprint> {
        self.admitted.x5t_s256()
    }

    /// What is known about the request, for a log.
    pub const fn facts(&self) -> &Facts {
        self.admitted.facts()
    }
}

/// Something that a decision needs could not be had. It is answered with 503 or 429, never with an
/// error that blames the client's token, and it never lets a request pass (PROJ-3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unavailable {
    reason: Reason,
    retry_after: Option<u64>,
    facts: Facts,
}

impl Unavailable {
    pub(crate) const fn new(reason: Reason, retry_after: Option<u64>, facts: Facts) -> Self {
        Self {
            reason,
            retry_after,
            facts,
        }
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Seconds after which it is worth trying again.
    pub const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// What is known about the request.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.reason.rule())
    }
}

impl core::error::Error for Unavailable {}
