//! From a reason to an answer: the one place that knows about status codes, error codes and
//! challenges (decision table of the rule book; RFC 9449 section 7.1, RFC 6750 section 3).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use rustls_pki_types::UnixTime;

use crate::authorization::Scheme;
use crate::enforcer::Enforcer;
use crate::nonce::NonceKeys;
use crate::policy::{NonceRequirement, RoutePolicy};
use crate::reason::Reason;
use crate::rejection::Rejection;
use crate::verdict::Unavailable;

/// An answer to a request that does not pass: a status and header fields, without a body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    status: u16,
    error: Option<&'static str>,
    fields: Vec<(&'static str, String)>,
}

impl Answer {
    /// The answer where no route is known yet, which takes no challenge.
    pub fn for_reason(reason: Reason) -> Self {
        Self {
            status: reply(reason).status(),
            error: None,
            fields: Vec::new(),
        }
    }

    /// The answer if something could not be had.
    pub fn for_unavailable(unavailable: &Unavailable) -> Self {
        Self::for_reason(unavailable.reason()).with_retry_after(unavailable.retry_after())
    }

    /// Row 15.
    fn with_retry_after(mut self, seconds: Option<u64>) -> Self {
        let seconds = seconds.unwrap_or(DEFAULT_RETRY_AFTER);
        self.fields.push(("retry-after", seconds.to_string()));
        self
    }

    /// The status code.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The OAuth error code, if there is one.
    pub const fn error(&self) -> Option<&'static str> {
        self.error
    }

    /// The header fields, names in lower case. `www-authenticate` may occur more than once, each
    /// a line of its own.
    pub fn fields(&self) -> &[(&'static str, String)] {
        &self.fields
    }
}

impl Enforcer {
    /// The answer to a refused request (decision table).
    ///
    /// One challenge for each scheme that the route takes, each on a line of its own, DPoP first
    /// (DPOP-7.2-2). The error stands on the scheme that was used, or on the first one if that is not
    /// offered (DPOP-7.2-4); on all of them if it cannot be told which was meant (DPOP-7.2-5).
    ///
    /// `origin` is that of the request's target URI.
    pub fn answer(
        &self,
        rejection: &Rejection,
        route: &RoutePolicy,
        nonces: &NonceKeys,
        origin: &str,
        now: UnixTime,
    ) -> Answer {
        let reason = rejection.reason();
        let reply = reply(reason);
        let schemes = route.binding().schemes();
        let mut answer = Answer {
            error: reply.error(),
            ..Answer::for_reason(reason)
        };
        match reply {
            Reply::Plain { status: 429 | 503 } => return answer.with_retry_after(None),
            Reply::Plain { .. } => return answer,
            Reply::Bare | Reply::Error { .. } => {}
        }
        let blamed = match reply {
            Reply::Error {
                on: Blame::Dpop, ..
            } => Some(Scheme::Dpop),
            _ => rejection.facts().scheme(),
        };
        let blamed = blamed
            .filter(|scheme| schemes.contains(scheme))
            .or_else(|| schemes.first().copied());
        for scheme in schemes {
            let error = match reply {
                Reply::Error {
                    on: Blame::Every, ..
                } => reply.error(),
                Reply::Error { .. } if blamed == Some(*scheme) => reply.error(),
                _ => None,
            };
            let challenge = self.challenge(*scheme, error, reason, route);
            answer.fields.push(("www-authenticate", challenge));
        }
        if answer.status == 401 && wants_nonce(reason, route) {
            // DPOP-8-4, RFC 9449 section 8; DPOP-8.2-3: not to be cached with the nonce in it.
            answer
                .fields
                .push(("dpop-nonce", nonces.issue(origin, now, self.provider())));
        }
        answer.fields.push(("cache-control", "no-store".into()));
        // DPOP-7.1-14 and DPOP-8-8: a script in a browser must be able to read both.
        answer
            .fields
            .push(("access-control-expose-headers", EXPOSED.into()));
        answer
    }

    /// BEARER-3-2, RFC 6750 section 3: each parameter at most once. HTTP-11.5-1: quoted strings.
    fn challenge(
        &self,
        scheme: Scheme,
        error: Option<&'static str>,
        reason: Reason,
        route: &RoutePolicy,
    ) -> String {
        let mut challenge = Challenge::new(scheme);
        if let Some(realm) = route.realm() {
            challenge.parameter("realm", realm);
        }
        if let Some(error) = error {
            challenge.parameter("error", error);
            if let Some(description) = description(reason) {
                challenge.parameter("error_description", description);
            }
            if error == INSUFFICIENT_SCOPE {
                challenge.parameter("scope", &route.scopes().join(" "));
            }
        }
        if scheme == Scheme::Dpop {
            challenge.parameter("algs", self.algs());
        }
        challenge.0
    }
}

/// With nonces required every 401 carries one, so that the next request can be right.
fn wants_nonce(reason: Reason, route: &RoutePolicy) -> bool {
    reply(reason).error() == Some(USE_DPOP_NONCE) || route.nonce() == NonceRequirement::Required
}

struct Challenge(String);

impl Challenge {
    fn new(scheme: Scheme) -> Self {
        Self(scheme.name().into())
    }

    fn parameter(&mut self, name: &str, value: &str) {
        let separator = if self.0.contains(' ') { ", " } else { " " };
        // Writing to a String does not fail.
        let _ = write!(self.0, "{separator}{name}=\"");
        for character in value.chars() {
            if matches!(character, '"' | '\\') {
                self.0.push('\\');
            }
            self.0.push(character);
        }
        self.0.push('"');
    }
}

/// What a reason is answered with.
#[derive(Clone, Copy)]
enum Reply {
    /// No challenge.
    Plain { status: u16 },
    /// Challenges without an error: there were no credentials (DPOP-7.2-3; BEARER-3.1-4).
    Bare,
    /// Challenges, of which some carry an error.
    Error {
        status: u16,
        error: &'static str,
        on: Blame,
    },
}

/// Which challenges carry the error.
#[derive(Clone, Copy)]
enum Blame {
    Used,
    Dpop,
    Every,
}

impl Reply {
    const fn status(self) -> u16 {
        match self {
            Self::Plain { status } | Self::Error { status, .. } => status,
            Self::Bare => 401,
        }
    }

    const fn error(self) -> Option<&'static str> {
        match self {
            Self::Error { error, .. } => Some(error),
            Self::Plain { .. } | Self::Bare => None,
        }
    }
}

/// The decision table. No wildcard: a new reason must say how it is answered.
const fn reply(reason: Reason) -> Reply {
    use Reason as R;
    match reason {
        // rows 16 to 18, and requests that are none
        R::HeadersOversize => Reply::Plain { status: 431 },
        R::AuthorityUnknown => Reply::Plain { status: 421 },
        R::EarlyData => Reply::Plain { status: 425 },
        R::HostMalformed
        | R::AuthorityMismatch
        | R::TargetForm
        | R::UpgradeRefused
        | R::PathMalformed
        | R::PathAmbiguous => Reply::Plain { status: 400 },
        R::RouteUnknown => Reply::Plain { status: 404 },
        // row 3
        R::CredentialsRepeated | R::CredentialsTwoMethods => Reply::Error {
            status: 400,
            error: "invalid_request",
            on: Blame::Every,
        },
        // row 4
        R::CredentialsMalformed => Reply::Error {
            status: 400,
            error: "invalid_request",
            on: Blame::Used,
        },
        // rows 1 and 2
        R::CredentialsMissing | R::SchemeUnknown => Reply::Bare,
        // rows 5 and 13
        R::ProofMissing
        | R::ProofRepeated
        | R::ProofOversize
        | R::ProofMalformed
        | R::ProofHeaderMalformed
        | R::ProofTypWrong
        | R::ProofCritical
        | R::ProofAlgRefused
        | R::ProofJwkMissing
        | R::ProofJwkPrivate
        | R::ProofJwkInvalid
        | R::ProofJwkAlgMismatch
        | R::ProofSignatureLength
        | R::ProofPayloadMalformed
        | R::ProofClaimMissing
        | R::ProofJtiLength
        | R::ProofHtmMismatch
        | R::ProofHtuMalformed
        | R::ProofHtuMismatch
        | R::ProofAthMismatch
        | R::ProofIatTooOld
        | R::ProofIatInFuture
        | R::ProofSignatureInvalid
        | R::ProofReplayed
        | R::ProofPredatesStart => Reply::Error {
            status: 401,
            error: "invalid_dpop_proof",
            on: Blame::Dpop,
        },
        // row 6
        R::ProofNonceMissing | R::ProofNonceUnknown | R::ProofNonceStale => Reply::Error {
            status: 401,
            error: USE_DPOP_NONCE,
            on: Blame::Dpop,
        },
        // rows 7 to 12 (ATJWT-4-8: one code, whatever is wrong with the token)
        R::TokenOversize
        | R::TokenMalformed
        | R::TokenEncrypted
        | R::TokenTypWrong
        | R::TokenCritical
        | R::TokenIssuerUnknown
        | R::TokenAlgRefused
        | R::TokenKeyUnknown
        | R::TokenSignatureInvalid
        | R::TokenInactive
        | R::TokenClaimMissing
        | R::TokenAudienceMismatch
        | R::TokenExpired
        | R::TokenNotYetValid
        | R::TokenLifetime
        | R::TokenRevoked
        | R::ConfirmationMalformed
        | R::ConfirmationUnenforceable
        | R::BindingDowngraded
        | R::BindingKeyAbsent
        | R::BindingKeyMismatch
        | R::BindingCertificateMissing
        | R::BindingCertificateMismatch
        | R::BindingRequired => Reply::Error {
            status: 401,
            error: "invalid_token",
            on: Blame::Used,
        },
        // row 14
        R::ScopeInsufficient => Reply::Error {
            status: 403,
            error: INSUFFICIENT_SCOPE,
            on: Blame::Used,
        },
        // row 15
        R::KeysUnavailable
        | R::IntrospectionUnavailable
        | R::ReplayForgotten
        | R::ReplayFull
        | R::ReplayUnavailable => Reply::Plain { status: 503 },
        R::ReplayQuota => Reply::Plain { status: 429 },
    }
}

/// Fixed texts for developers, for what a client can mend by itself (DPOP-7.1-11). Nothing received
/// is ever echoed.
const fn description(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::ProofIatTooOld | Reason::ProofIatInFuture => {
            Some("iat of the proof is outside the accepted window; compare the clock with Date")
        }
        Reason::ProofNonceMissing | Reason::ProofNonceUnknown | Reason::ProofNonceStale => {
            Some("Resource server requires nonce in DPoP proof")
        }
        _ => None,
    }
}

const USE_DPOP_NONCE: &str = "use_dpop_nonce";
const INSUFFICIENT_SCOPE: &str = "insufficient_scope";

/// What a browser must let a script read, beside the safelisted fields.
pub(crate) const EXPOSED: &str = "WWW-Authenticate, DPoP-Nonce";

/// Seconds.
const DEFAULT_RETRY_AFTER: u64 = 5;
