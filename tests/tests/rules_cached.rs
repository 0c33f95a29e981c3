//! A token that was verified before: what is checked again, and what is not believed of it.

use std::sync::Arc;

use keybound::{IssuerPolicy, Reason, VerifiedToken};
use keybound_tests::harness::{
    AUDIENCE, Client, Counting, End, Introspection, Jws, NOW, OPAQUE_ISSUER, PrivateKey, Request,
    Service, Store, time,
};
use serde_json::{Value, json};

/// What became of a request: the reason of a refusal, and how many signatures were checked. With a
/// token that was taken from the cache there is one, the proof's; with one that was verified anew
/// there are two.
type Resumed = (Option<Reason>, usize);

const FROM_CACHE: Resumed = (None, 1);
const ANEW: Resumed = (None, 2);

/// A service that counts, and the altered token, verified as a cache would keep it.
fn cached(alter: impl FnOnce(Jws) -> Jws) -> (Service, String, VerifiedToken) {
    let service = Service::dpop();
    let token = alter(service.token()).compact();
    let request = service.request_with(&token, &service.proof(&token).compact());
    let verified = service.verified_token(&request);
    (service, token, verified)
}

/// A right request of a moment at which the service is.
fn request(service: &Service, token: &str) -> Request {
    let proof = service.proof(token).claim("iat", service.now);
    service.request_with(token, &proof.compact())
}

/// Sends a request with this entry of the cache, and the generation of the issuer's keys now.
fn resume(
    service: &mut Service,
    request: &Request,
    entry: &VerifiedToken,
    keys: Option<u64>,
) -> Resumed {
    // The proofs here are told apart by nothing; whether one is spent is not the question.
    service.store = Store::default();
    let counting = Arc::new(Counting::default());
    service.provider = counting.clone();
    let reason = match service.end_cached(request, entry, keys) {
        End::Allow(_) => None,
        End::Deny(rejection) => Some(rejection.reason()),
        other => panic!("{other:?}"),
    };
    (reason, counting.take().verify)
}

/// The same for the token itself, with the keys that it was verified with.
fn again(service: &mut Service, token: &str, entry: &VerifiedToken) -> Resumed {
    let request = request(service, token);
    resume(service, &request, entry, Some(1))
}

/// A service with opaque tokens, and one of them as a cache would keep it.
fn introspected(change: impl FnOnce(&mut Value)) -> (Service, VerifiedToken) {
    let mut answer = json!({
        "active": true,
        "aud": AUDIENCE,
        "exp": NOW + 240,
        "scope": "orders:read",
        "cnf": { "jkt": Service::dpop().client.jkt() },
    });
    change(&mut answer);
    let service = Service::introspecting(&answer);
    let entry = service.verified_token(&request(&service, OPAQUE));
    (service, entry)
}

#[test]
fn a_cached_token_saves_a_signature() {
    let (mut service, token, entry) = cached(|token| token);
    assert_eq!(again(&mut service, &token, &entry), FROM_CACHE);
    assert_eq!(
        (entry.issuer(), entry.is_introspected()),
        (service.issuer.name(), false)
    );
}

#[test]
fn the_audience_of_the_route_is_checked_again() {
    let (mut service, token, entry) = cached(|token| token);
    let mismatch = (Some(Reason::TokenAudienceMismatch), 0);
    service.route = service.route.with_audience(["https://other.example.com"]);
    assert_eq!(again(&mut service, &token, &entry), mismatch);
    let both = json!([AUDIENCE, "https://other.example.com"]);
    let (mut service, token, entry) = cached(|token| token.claim("aud", both));
    service.route = service.route.with_audience(["https://other.example.com"]);
    assert_eq!(again(&mut service, &token, &entry), FROM_CACHE);
    service.route = service.route.with_audience(["https://third.example.com"]);
    assert_eq!(again(&mut service, &token, &entry), mismatch);
}

#[test]
fn the_issuers_of_the_route_are_checked_again() {
    let (mut service, token, entry) = cached(|token| token);
    let unknown = (Some(Reason::TokenIssuerUnknown), 0);
    let route = service.route.clone();
    service.route = route.clone().with_issuers([service.issuer.name()]);
    assert_eq!(again(&mut service, &token, &entry), FROM_CACHE);
    service.route = route.clone().with_issuers(["https://other.example.com"]);
    assert_eq!(again(&mut service, &token, &entry), unknown);
    service.route = route.clone().with_issuers([""; 0]);
    assert_eq!(again(&mut service, &token, &entry), unknown);
    // An issuer that the policy no longer has, even if its number was not changed.
    service.route = route;
    let other = IssuerPolicy::new("https://other.example.com", [AUDIENCE]);
    service.issuer_policy = other.unwrap();
    assert_eq!(again(&mut service, &token, &entry), unknown);
}

#[test]
fn intro_2_2_4_never_outlives_its_token() {
    let (mut service, token, entry) = cached(|token| token.claim("exp", NOW + 5));
    assert_eq!(entry.expires(), Some(time(NOW + 5)));
    for (now, expected) in [
        (NOW + 5, FROM_CACHE),
        // with the leeway of half a minute, as at first
        (NOW + 34, FROM_CACHE),
        (NOW + 35, (Some(Reason::TokenExpired), 0)),
        (NOW + 36, (Some(Reason::TokenExpired), 0)),
    ] {
        service.now = now;
        assert_eq!(
            again(&mut service, &token, &entry),
            expected,
            "{}",
            now - NOW
        );
    }
    let (mut service, entry) = introspected(|answer| answer["exp"] = json!(NOW + 5));
    service.now = NOW + 35;
    let request = request(&service, OPAQUE);
    let expired = (Some(Reason::TokenExpired), 0);
    assert_eq!(resume(&mut service, &request, &entry, None), expired);
    let (_, entry) = introspected(|answer| {
        answer.as_object_mut().unwrap().remove("exp");
    });
    assert_eq!(entry.expires(), None);
}

#[test]
fn a_clock_that_was_set_back_is_noticed() {
    let early = (Some(Reason::TokenNotYetValid), 0);
    for (name, second) in [("nbf", NOW + 30), ("iat", NOW + 60)] {
        let (mut service, token, entry) = cached(|token| token.claim(name, second));
        assert_eq!(again(&mut service, &token, &entry), FROM_CACHE, "{name}");
        service.now = NOW - 1;
        assert_eq!(again(&mut service, &token, &entry), early, "{name}");
    }
}

#[test]
fn other_keys_of_the_issuer_verify_the_token_anew() {
    let (mut service, token, entry) = cached(|token| token);
    for generation in [Some(2), Some(0), None] {
        let request = request(&service, &token);
        assert_eq!(resume(&mut service, &request, &entry, generation), ANEW);
    }
    // with the new keys
    service.jwks = Some(json!({ "keys": [PrivateKey::p256(9).jwk_with("kid", "k1")] }));
    let request = request(&service, &token);
    let refused = (Some(Reason::TokenSignatureInvalid), 1);
    assert_eq!(resume(&mut service, &request, &entry, Some(2)), refused);
}

#[test]
fn another_policy_verifies_the_token_anew() {
    let (mut service, token, entry) = cached(|token| token);
    service.generation = 2;
    assert_eq!(again(&mut service, &token, &entry), ANEW);
    let policy = service.issuer_policy.clone();
    service.issuer_policy = policy.with_max_lifetime(299);
    let refused = (Some(Reason::TokenLifetime), 1);
    assert_eq!(again(&mut service, &token, &entry), refused);
}

// rules: INTRO-2.2-3 (negative)
#[test]
fn the_entry_of_another_token_is_not_believed() {
    let (mut service, token, entry) = cached(|token| token);
    let other = service.token().claim("jti", "t-2");
    let request_of = |service: &Service, token: &Jws| request(service, &token.compact());
    let right = request_of(&service, &other);
    assert_eq!(resume(&mut service, &right, &entry, Some(1)), ANEW);
    let wrong = request_of(&service, &other.clone().corrupt());
    let refused = (Some(Reason::TokenSignatureInvalid), 1);
    assert_eq!(resume(&mut service, &wrong, &entry, Some(1)), refused);
    // One octet more or less, such as a signature in another form, is another token.
    let longer = request(&service, &format!("{token}="));
    let refused = (Some(Reason::TokenMalformed), 0);
    assert_eq!(resume(&mut service, &longer, &entry, Some(1)), refused);
}

// rules: INTRO-2.2-3 (positive)
#[test]
fn a_cached_token_is_bound_all_the_same() {
    let (mut service, token, entry) = cached(|token| token);
    let other = Client::new(PrivateKey::p256(6));
    let stolen = service.request_with(&token, &other.proof(&token).compact());
    let mismatch = (Some(Reason::BindingKeyMismatch), 0);
    assert_eq!(resume(&mut service, &stolen, &entry, Some(1)), mismatch);
    let forged = service.request_with(&token, &service.proof(&token).corrupt().compact());
    let invalid = (Some(Reason::ProofSignatureInvalid), 1);
    assert_eq!(resume(&mut service, &forged, &entry, Some(1)), invalid);
    service.route = service.route.with_scopes(["orders:write"]).unwrap();
    let insufficient = (Some(Reason::ScopeInsufficient), 1);
    assert_eq!(again(&mut service, &token, &entry), insufficient);

    let (mut service, entry) = introspected(|_| {});
    let stolen = service.request_with(OPAQUE, &other.proof(OPAQUE).compact());
    assert_eq!(resume(&mut service, &stolen, &entry, None), mismatch);
    // The proof of an opaque token was checked before the issuer was asked; nobody is asked here.
    let forged = service.request_with(OPAQUE, &service.proof(OPAQUE).corrupt().compact());
    assert_eq!(resume(&mut service, &forged, &entry, None), invalid);
}

#[test]
fn a_confirmation_that_cannot_be_kept_stays_so_in_a_cache() {
    for (cnf, reason) in [
        (json!([]), Reason::ConfirmationMalformed),
        (json!({}), Reason::ConfirmationUnenforceable),
    ] {
        let (mut service, token, entry) = cached(|token| token.claim("cnf", cnf.clone()));
        let expected = (Some(reason), 0);
        assert_eq!(again(&mut service, &token, &entry), expected, "{cnf}");
    }
    let (mut service, token, entry) = cached(|token| token.without_claim("cnf"));
    let absent = (Some(Reason::BindingKeyAbsent), 0);
    assert_eq!(again(&mut service, &token, &entry), absent);
}

#[test]
fn an_introspected_token_has_no_keys_to_change() {
    let (mut service, entry) = introspected(|_| {});
    assert_eq!(
        (entry.issuer(), entry.is_introspected()),
        (OPAQUE_ISSUER, true)
    );
    let right = request(&service, OPAQUE);
    // From here on the issuer says otherwise, so that whoever asks it is refused.
    let inactive = Introspection::Answers(b"{\"active\":false}".to_vec());
    service.introspection = Some(inactive);
    assert_eq!(resume(&mut service, &right, &entry, None), FROM_CACHE);
    let asked = (Some(Reason::TokenInactive), 1);
    for generation in [Some(0), Some(1)] {
        assert_eq!(resume(&mut service, &right, &entry, generation), asked);
    }
    service.generation = 2;
    assert_eq!(resume(&mut service, &right, &entry, None), asked);
    // Its entry stands for no JWT, whatever generation is told.
    let (mut jwts, token, _) = cached(|token| token);
    let request = request(&jwts, &token);
    assert_eq!(resume(&mut jwts, &request, &entry, None), ANEW);
}

const OPAQUE: &str = "opaque-token";
