//! `keybound explain`: a captured request, and each rule in the order in which it is checked.

use keybound::{
    Answer, Confirmed, NonceKey, NonceKeys, PeerCertificate, Reason, Rejection, Scheme,
};
use keybound::{Facts, UnixTime};
use keybound_hyper::{Authorities, Site, view};

pub(crate) use capture::Capture;
pub(crate) use show::{json, text};

mod capture;
mod show;

/// What became of a captured request.
pub(crate) struct Explanation {
    /// Every rule, in the order of the checks.
    pub(crate) checks: Vec<(Reason, Held)>,
    /// Why the request is refused, if it is.
    pub(crate) rejection: Option<Rejection>,
    /// What the gateway would answer, if the request is refused.
    pub(crate) answer: Option<Answer>,
}

/// What one check came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Held {
    /// It held.
    Yes,
    /// It did not, and the request is refused for it.
    No,
    /// The request was refused before.
    NotReached,
    /// It has no meaning for this request.
    NotAsked,
    /// Only the running gateway could tell: its record of proofs, its nonce keys.
    Unknown,
}

/// Judges a request as the gateway would have at `now`, but for what only it knows.
pub(crate) fn explain<T>(
    site: &Site<T>,
    authorities: &Authorities,
    capture: &Capture,
    now: UnixTime,
) -> Explanation {
    let head = capture.head();
    let (route, target) = match site.locate(authorities, head) {
        Ok(located) => located,
        Err(reason) => {
            let answer = Answer::for_reason(reason);
            return Explanation::refused(Rejection::new(reason), answer);
        }
    };
    // A nonce of the running gateway is unknown here, and there is no way to make it known: its keys
    // never leave the process.
    let nonces = NonceKeys::new(NonceKey::new(0, [0; 32]));
    let sets = site.key_sets();
    let keys: Vec<_> = sets.iter().map(|(issuer, set)| (*issuer, &**set)).collect();
    let request = view(head, &target, PeerCertificate::TerminatedElsewhere);
    match site
        .enforcer()
        .verify(route.policy(), request, &keys, &nonces, now)
    {
        Ok(confirmed) => Explanation::confirmed(&confirmed),
        Err(rejection) => {
            let origin = target.origin();
            let answer = site
                .enforcer()
                .answer(&rejection, route.policy(), &nonces, origin, now);
            Explanation::refused(rejection, answer)
        }
    }
}

impl Explanation {
    fn refused(rejection: Rejection, answer: Answer) -> Self {
        let failed = rejection.reason();
        let facts = rejection.facts();
        let checks = all(|reason| match reason.cmp(&failed) {
            core::cmp::Ordering::Less => before_the_end(reason, facts),
            core::cmp::Ordering::Equal => Held::No,
            core::cmp::Ordering::Greater => Held::NotReached,
        });
        Self {
            checks,
            rejection: Some(rejection),
            answer: Some(answer),
        }
    }

    fn confirmed(confirmed: &Confirmed) -> Self {
        let (facts, recorded) = match confirmed {
            Confirmed::Admitted(admitted) => (admitted.facts(), Held::NotAsked),
            Confirmed::Unspent(unspent) => (unspent.facts(), Held::Unknown),
            Confirmed::VerifiedOnly(verified) => (verified.facts(), Held::NotAsked),
        };
        let checks = all(|reason| match reason >= Reason::ProofReplayed {
            true => recorded,
            false => before_the_end(reason, facts),
        });
        Self {
            checks,
            rejection: None,
            answer: None,
        }
    }

    /// Whether the request would pass, but for what only the running gateway knows.
    pub(crate) const fn passes(&self) -> bool {
        self.rejection.is_none()
    }
}

fn all(held: impl Fn(Reason) -> Held) -> Vec<(Reason, Held)> {
    Reason::ALL
        .iter()
        .map(|reason| (*reason, held(*reason)))
        .collect()
}

/// A check that did not end the request: it held, if it was made at all.
fn before_the_end(reason: Reason, facts: &Facts) -> Held {
    let of_proof = reason.code().starts_with("proof_");
    let asks_issuer = matches!(
        reason,
        Reason::IntrospectionUnavailable | Reason::TokenInactive
    );
    match facts.scheme() {
        // A route that reads no credentials.
        None if !reason.code().starts_with("request_") => Held::NotAsked,
        Some(Scheme::Bearer) if of_proof && reason != Reason::ProofOversize => Held::NotAsked,
        _ if asks_issuer || reason == Reason::TokenRevoked => Held::NotAsked,
        _ => Held::Yes,
    }
}
