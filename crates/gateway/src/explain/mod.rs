//! `keybound explain`: a captured request, and each rule in the order in which it is checked.

use core::time::Duration;

use http::Request;
use keybound::{
    Answer, Confirmed, Enforcer, Facts, KeySet, NonceKey, NonceKeys, NonceRequirement,
    PeerCertificate, Presentation, Reason, Rejection, RequestView, RoutePolicy, Scheme, Spending,
    TokenStage, UnixTime,
};
use keybound_hyper::{Authorities, Site, view};

use crate::listener::{HeadError, check_head};

pub(crate) use capture::Capture;
pub(crate) use show::{json, text};

mod capture;
mod show;

/// A captured request, and what its head does not say.
pub(crate) struct Arrival {
    /// The request.
    pub(crate) capture: Capture,
    /// What its connection had.
    pub(crate) certificate: PeerCertificate,
    /// When it came.
    pub(crate) at: UnixTime,
    /// The listener's limit, in octets.
    pub(crate) max_header_bytes: usize,
}

/// What became of a captured request.
pub(crate) struct Explanation {
    /// Every rule, in the order of the checks.
    pub(crate) checks: Vec<(Reason, Held)>,
    /// How it ends.
    pub(crate) end: End,
}

/// How the way of a request ends.
pub(crate) enum End {
    /// It passes, but for what only the running gateway knows.
    Passes,
    /// The listener refuses it, before anyone asks where it goes.
    Head(HeadError),
    /// It is refused, with what the gateway would answer.
    Refused(Rejection, Answer),
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

/// Judges a request as the gateway would have, but for what only it knows.
pub(crate) fn explain<T>(
    site: &Site<T>,
    authorities: &Authorities,
    arrival: &Arrival,
) -> Explanation {
    let (head, now) = (arrival.capture.head(), arrival.at);
    let whole = Request::from_parts(head.clone(), ());
    if let Err(error) = check_head(&whole, arrival.max_header_bytes) {
        return Explanation::not_a_request(error);
    }
    let (route, target) = match site.locate(authorities, head) {
        Ok(located) => located,
        Err(reason) => {
            let answer = Answer::for_reason(reason);
            return Explanation::refused(Rejection::new(reason), answer, Nonce::Judged);
        }
    };
    // A nonce of the running gateway is unknown here, and there is no way to make it known: its keys
    // never leave the process.
    let nonces = NonceKeys::new(NonceKey::new(0, [0; 32]));
    let sets = site.key_sets();
    let keys: Vec<_> = sets.iter().map(|(issuer, set)| (*issuer, &**set)).collect();
    let (enforcer, policy) = (site.enforcer(), route.policy());
    let request = || view(head, &target, arrival.certificate);
    let (judged, nonce) = match enforcer.verify(policy, request(), &keys, &nonces, now) {
        Err(rejection) if rejection.reason() == Reason::ProofNonceUnknown => {
            let again = but_for_the_nonce(enforcer, policy, request(), &keys, rejection, now);
            (again, Nonce::Unknown)
        }
        judged => (judged, Nonce::Judged),
    };
    match judged {
        Ok(confirmed) => Explanation::confirmed(&confirmed, nonce),
        Err(rejection) => {
            let origin = target.origin();
            let answer = enforcer.answer(&rejection, policy, &nonces, origin, now);
            Explanation::refused(rejection, answer, nonce)
        }
    }
}

/// Whether a proof's nonce could be judged.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Nonce {
    /// It was, or there is none.
    Judged,
    /// Only the running gateway could tell.
    Unknown,
}

/// Judges again as if the nonce were a fresh one: on a route that leaves nonces to somebody else, and
/// with a proof of just now, since `iat` does not count beside a nonce (DPOP-11.1-5, RFC 9449
/// section 11.1; that it is not absurd was checked before the nonce was).
fn but_for_the_nonce(
    enforcer: &Enforcer,
    policy: &RoutePolicy,
    request: RequestView<'_>,
    keys: &[(&str, &KeySet)],
    unknown: Rejection,
    now: UnixTime,
) -> Result<Confirmed, Rejection> {
    let policy = policy.clone().with_nonce(NonceRequirement::Off);
    let Ok(policy) = policy.and_then(|policy| policy.with_spending(Spending::VerifyOnly)) else {
        return Err(unknown);
    };
    let nonces = NonceKeys::new(NonceKey::new(0, [0; 32]));
    let Presentation::Credentials(presented) = enforcer.present(&policy, request)? else {
        return Err(unknown);
    };
    let examined = presented.examine(&nonces, when_made(unknown.facts(), now))?;
    let TokenStage::Jwt(token) = examined.read_token()? else {
        return Err(unknown);
    };
    let issuer = token.issuer().issuer();
    match keys.iter().find(|(name, _)| *name == issuer) {
        Some((_, keys)) => token.validate(keys, now)?.confirm(),
        None => Err(Rejection::new(Reason::KeysUnavailable)),
    }
}

/// The end of the second in which a proof was made, by its own account.
fn when_made(facts: &Facts, now: UnixTime) -> UnixTime {
    let offset = facts.iat_offset().unwrap_or(0).saturating_add(1);
    let second = now.as_secs().saturating_add_signed(offset);
    UnixTime::since_unix_epoch(Duration::from_secs(second))
}

impl Explanation {
    fn not_a_request(error: HeadError) -> Self {
        Self {
            checks: all(|_| Held::NotReached),
            end: End::Head(error),
        }
    }

    fn refused(rejection: Rejection, answer: Answer, nonce: Nonce) -> Self {
        let failed = rejection.reason();
        let facts = rejection.facts();
        let checks = all(|reason| match reason.cmp(&failed) {
            core::cmp::Ordering::Less => before_the_end(reason, facts, nonce),
            core::cmp::Ordering::Equal => Held::No,
            core::cmp::Ordering::Greater => Held::NotReached,
        });
        Self {
            checks,
            end: End::Refused(rejection, answer),
        }
    }

    fn confirmed(confirmed: &Confirmed, nonce: Nonce) -> Self {
        let (facts, recorded) = match confirmed {
            Confirmed::Admitted(admitted) => (admitted.facts(), Held::NotAsked),
            Confirmed::Unspent(unspent) => (unspent.facts(), Held::Unknown),
            Confirmed::VerifiedOnly(verified) => match nonce {
                Nonce::Judged => (verified.facts(), Held::NotAsked),
                // The route records proofs. It was judged as one that does not.
                Nonce::Unknown => (verified.facts(), Held::Unknown),
            },
        };
        let checks = all(|reason| match reason >= Reason::ProofReplayed {
            true => recorded,
            false => before_the_end(reason, facts, nonce),
        });
        Self {
            checks,
            end: End::Passes,
        }
    }

    /// Whether the request would pass, but for what only the running gateway knows.
    pub(crate) const fn passes(&self) -> bool {
        matches!(self.end, End::Passes)
    }
}

fn all(held: impl Fn(Reason) -> Held) -> Vec<(Reason, Held)> {
    Reason::ALL
        .iter()
        .map(|reason| (*reason, held(*reason)))
        .collect()
}

/// A check that did not end the request: it held, if it was made at all.
fn before_the_end(reason: Reason, facts: &Facts, nonce: Nonce) -> Held {
    let of_proof = reason.code().starts_with("proof_");
    let asks_issuer = matches!(
        reason,
        Reason::IntrospectionUnavailable | Reason::TokenInactive
    );
    let of_nonce = matches!(reason, Reason::ProofNonceUnknown | Reason::ProofNonceStale);
    if of_nonce && nonce == Nonce::Unknown {
        return Held::Unknown;
    }
    match facts.scheme() {
        // A route that reads no credentials.
        None if !reason.code().starts_with("request_") => Held::NotAsked,
        Some(Scheme::Bearer) if of_proof && reason != Reason::ProofOversize => Held::NotAsked,
        _ if asks_issuer || reason == Reason::TokenRevoked => Held::NotAsked,
        _ => Held::Yes,
    }
}
