use core::fmt;

use super::{Context, Examined};
use crate::authorization::Scheme;
use crate::confirmation::Confirmation;
use crate::policy::{Binding, RoutePolicy, Spending};
use crate::proof::ExaminedProof;
use crate::reason::Reason;
use crate::rejection::{Facts, Fault, Rejection};
use crate::replay::{FirstUse, FreshnessSource, ReplayEntry, ReplayError};
use crate::verdict::{Admitted, Unavailable, Verdict, VerifiedOnly};
use crate::verified_token::VerifiedToken;

/// A request whose token holds. Whether it belongs to whoever sent it is not known yet.
pub struct Validated<'r> {
    context: Context<'r>,
    proof: Option<ExaminedProof<'r>>,
    proof_signature: ProofSignature,
    token: VerifiedToken,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ProofSignature {
    Unchecked,
    Holds,
}

/// A request that shows everything that its token and its route demand.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a caller must do something else with each"
)]
pub enum Confirmed {
    /// Bound by certificate alone, or unbound where the route allows it: there is no proof to use
    /// up, and the request is admitted.
    Admitted(Admitted),
    /// Bound by a proof that nobody has looked up yet. A type of its own, so that "admitted without
    /// asking the store" cannot be said.
    Unspent(Unspent),
    /// Bound by a proof that is left for a service behind this one to spend.
    VerifiedOnly(VerifiedOnly),
}

impl<'r> Validated<'r> {
    pub(super) fn new(examined: Examined<'r>, token: VerifiedToken) -> Self {
        let Examined { context, proof, .. } = examined;
        Self {
            context,
            proof,
            proof_signature: ProofSignature::Unchecked,
            token,
        }
    }

    pub(super) fn proven(examined: Examined<'r>, token: VerifiedToken) -> Self {
        Self {
            proof_signature: ProofSignature::Holds,
            ..Self::new(examined, token)
        }
    }

    /// The token, for a cache.
    pub const fn token(&self) -> &VerifiedToken {
        &self.token
    }

    /// The token's `jti`, for whoever knows which tokens were revoked.
    pub fn token_id(&self) -> Option<&str> {
        self.token.claims().token_id.as_deref()
    }

    /// Refuses the request, since its token was revoked (FAPI-5.3.4-3).
    pub fn revoked(self) -> Rejection {
        self.context.refuse(Fault::new(Reason::TokenRevoked))
    }

    /// Last stage but one: the token's confirmation against the certificate and the proof's key, the
    /// proof's signature, the scopes of the route.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for rows 8 to 12, 5 (signature) and 14 of the decision table, in this order.
    pub fn confirm(self) -> Result<Confirmed, Rejection> {
        if let Err(fault) = self.check() {
            return Err(self.context.refuse(fault));
        }
        let Self {
            context,
            proof,
            token,
            ..
        } = self;
        let spending = context.route.spending();
        let certificate = token
            .confirmation()
            .ok()
            .and_then(|cnf| cnf.x5t_s256())
            .and_then(|_| context.request.certificate.thumbprint().copied());
        let admitted = Admitted::new(token, context.facts, certificate);
        Ok(match (proof, spending) {
            (None, _) => Confirmed::Admitted(admitted),
            (Some(proof), Spending::Spend) => {
                let entry = proof.entry().clone();
                Confirmed::Unspent(Unspent {
                    admitted: admitted.with_freshness(&entry),
                    entry,
                })
            }
            (Some(_), Spending::VerifyOnly) => Confirmed::VerifiedOnly(VerifiedOnly::new(admitted)),
        })
    }

    fn check(&self) -> Result<(), Fault> {
        let confirmation = self.token.confirmation()?;
        check_key(confirmation, self.proof.as_ref())?;
        check_certificate(confirmation, &self.context)?;
        check_route(confirmation, self.context.route)?;
        if let (Some(proof), ProofSignature::Unchecked) = (&self.proof, self.proof_signature) {
            proof.check_signature(self.context.enforcer.provider())?;
        }
        check_scopes(&self.token, self.context.route)
    }
}

/// DPOP-4.3-12b, RFC 9449 section 4.3; DPOP-6-2, section 6; DPOP-7.2-1, section 7.2. A proof is
/// there exactly if the scheme is DPoP.
fn check_key(confirmation: &Confirmation, proof: Option<&ExaminedProof<'_>>) -> Result<(), Fault> {
    match (confirmation.jkt(), proof) {
        (Some(jkt), Some(proof)) if proof.jkt().matches(jkt) => Ok(()),
        (Some(jkt), Some(proof)) => Err(Fault::new(Reason::BindingKeyMismatch)
            .expected(jkt)
            .received(proof.jkt())),
        (Some(_), None) => Err(Fault::new(Reason::BindingDowngraded).expected(Scheme::Dpop)),
        // PROJ-9; MTLS-3-6, RFC 8705 section 3: a proof does not make an unbound token bound.
        (None, Some(_)) => Err(Fault::new(Reason::BindingKeyAbsent)),
        (None, None) => Ok(()),
    }
}

/// MTLS-3-4, MTLS-3-8 and CNF-3.1-4: if the token names a certificate, the connection has it, and
/// a proof does not stand in for it.
fn check_certificate(confirmation: &Confirmation, context: &Context<'_>) -> Result<(), Fault> {
    let Some(expected) = confirmation.x5t_s256() else {
        return Ok(());
    };
    match context.request.certificate.thumbprint() {
        Some(thumbprint) if thumbprint.matches(expected) => Ok(()),
        Some(thumbprint) => Err(Fault::new(Reason::BindingCertificateMismatch)
            .expected(expected)
            .received(thumbprint)),
        None => Err(Fault::new(Reason::BindingCertificateMissing)
            .expected(expected)
            .received(format_args!("{:?}", context.request.certificate))),
    }
}

/// What the route demands at least (OA21-1.4.3-1; MTLS-3.4-1; decision table row 11).
fn check_route(confirmation: &Confirmation, route: &RoutePolicy) -> Result<(), Fault> {
    let (jkt, x5t) = (
        confirmation.jkt().is_some(),
        confirmation.x5t_s256().is_some(),
    );
    let enough = match route.binding() {
        Binding::Dpop => jkt,
        Binding::Certificate => x5t,
        Binding::Either => jkt || x5t,
        Binding::Both => jkt && x5t,
        Binding::Bearer => true,
        // An open route never gets here; if it did, nothing would be admitted by it.
        Binding::Open => false,
    };
    match enough {
        true => Ok(()),
        false => Err(Fault::new(Reason::BindingRequired).expected(route.binding().name())),
    }
}

/// OA21-5-1, RFC 6750 section 3.1: all of them.
fn check_scopes(token: &VerifiedToken, route: &RoutePolicy) -> Result<(), Fault> {
    match route
        .scopes()
        .iter()
        .find(|scope| !token.claims().has_scope(scope))
    {
        None => Ok(()),
        Some(missing) => Err(Fault::new(Reason::ScopeInsufficient)
            .expected(missing)
            .received(&token.claims().scope)),
    }
}

/// Tokens and proofs do not print.
impl fmt::Debug for Validated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validated")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// A request that will be admitted if its proof was not used before.
#[derive(Debug)]
pub struct Unspent {
    admitted: Admitted,
    entry: ReplayEntry,
}

impl Unspent {
    /// What the store must be asked, in one atomic step: is it there, and if not, remember it.
    pub const fn replay_entry(&self) -> &ReplayEntry {
        &self.entry
    }

    /// What is known about the request, for a log.
    pub const fn facts(&self) -> &Facts {
        self.admitted.facts()
    }

    /// Last stage: takes the store's answer. Anything but evidence for this very proof is a refusal
    /// (PROJ-3).
    pub fn spend(self, answer: Result<FirstUse, ReplayError>) -> Verdict {
        let facts = self.admitted.facts();
        let deny = |reason| Verdict::Deny(Fault::new(reason).with(facts));
        let fail = |reason, retry_after| {
            Verdict::Fail(Unavailable::new(reason, retry_after, facts.clone()))
        };
        match answer {
            Ok(first_use) if first_use.is_for(self.entry.key()) => Verdict::Allow(self.admitted),
            Ok(_) | Err(ReplayError::Unavailable) => fail(Reason::ReplayUnavailable, None),
            Err(ReplayError::Replayed) => deny(Reason::ProofReplayed),
            // The clock went on between the check of the date and this one, and the answer is that
            // of the former (DPOP-4.3-11, RFC 9449 section 4.3; DPOP-11.1-5, section 11.1).
            Err(ReplayError::TooOld) => deny(match self.entry.source() {
                FreshnessSource::Iat => Reason::ProofIatTooOld,
                FreshnessSource::Nonce => Reason::ProofNonceStale,
            }),
            Err(ReplayError::PredatesStart) => deny(Reason::ProofPredatesStart),
            Err(ReplayError::Forgotten) => fail(Reason::ReplayForgotten, None),
            Err(ReplayError::OwnerQuota { retry_after }) => {
                fail(Reason::ReplayQuota, Some(retry_after))
            }
            Err(ReplayError::Full { retry_after }) => fail(Reason::ReplayFull, Some(retry_after)),
        }
    }
}
