//! A verified token that comes again: it spares a signature, and nothing else.

use std::sync::Arc;

use keybound::{Binding, Reason, VerifiedToken};
use keybound_tests::harness::{Counting, End, NOW, Outcome, Request, Service, certificate, sha256};
use serde_json::json;

/// The number of the key set that the harness hands in.
const KEYS: Option<u64> = Some(1);

/// A service that counts, its second request, and the token of the first one.
fn second_request() -> (Service, Arc<Counting>, Request, VerifiedToken) {
    let provider = Arc::new(Counting::default());
    let mut service = Service::dpop();
    service.provider = Arc::clone(&provider) as _;
    let cached = service.verified_token(&service.request());
    let request = service.request_with_proof(|proof| proof.claim("jti", "p-2"));
    provider.take();
    (service, provider, request, cached)
}

fn reason(end: End) -> Option<Reason> {
    match end {
        End::Allow(_) | End::VerifiedOnly(_) => None,
        End::Deny(rejection) => Some(rejection.reason()),
        End::Fail(unavailable) => Some(unavailable.reason()),
    }
}

#[test]
fn a_cached_token_spares_its_signature_and_not_the_proof() {
    let (service, provider, request, cached) = second_request();
    assert_eq!(reason(service.end_cached(&request, &cached, KEYS)), None);
    assert_eq!(provider.take().verify, 1);
    // The same proof again is a replay.
    let end = service.end_cached(&request, &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::ProofReplayed));
    // The token says whose request it is.
    let request = service.request_with_proof(|proof| proof.claim("jti", "p-3"));
    let End::Allow(admitted) = service.end_cached(&request, &cached, KEYS) else {
        panic!("refused");
    };
    assert_eq!(admitted.subject(), Some("alice"));
    assert_eq!(admitted.facts().issuer(), Some("https://as.example.com"));
    assert_eq!(admitted.facts().client_id(), Some("shop-app"));
}

#[test]
fn a_token_of_other_keys_or_another_policy_is_verified_anew() {
    let (mut service, provider, request, cached) = second_request();
    for generation in [Some(2), Some(0), None] {
        service.store = Default::default();
        let end = service.end_cached(&request, &cached, generation);
        assert_eq!(reason(end), None);
        assert_eq!(provider.take().verify, 2, "{generation:?}");
    }
    service.store = Default::default();
    service.generation += 1;
    assert_eq!(reason(service.end_cached(&request, &cached, KEYS)), None);
    assert_eq!(provider.take().verify, 2);
    // The keys were withdrawn.
    service.jwks = None;
    let end = service.end_cached(&request, &cached, Some(2));
    assert_eq!(reason(end), Some(Reason::KeysUnavailable));
}

#[test]
fn the_token_of_one_request_does_not_stand_for_that_of_another() {
    let (service, provider, _, cached) = second_request();
    // A forged token, with the hash of nothing that was verified.
    let request = service.request_with_token(|token| token.claim("sub", "mallory").corrupt());
    let end = service.end_cached(&request, &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::TokenSignatureInvalid));
    assert_eq!(provider.take().verify, 1);
}

#[test]
fn what_may_have_changed_is_checked_again() {
    let (mut service, _, request, cached) = second_request();
    let request = |service: &Service| {
        let token = String::from_utf8(request.authorization[0].clone()).unwrap();
        let token = token.strip_prefix("DPoP ").unwrap();
        let proof = service.client.proof(token).claim("iat", service.now);
        service.request_with(token, &proof.compact())
    };
    // exp is NOW + 240, and the leeway 30
    for (now, expected) in [
        (NOW + 269, None),
        (NOW + 270, Some(Reason::TokenExpired)),
        (NOW + 271, Some(Reason::TokenExpired)),
        // set back, to before the token's iat
        (NOW - 120, None),
        (NOW - 121, Some(Reason::TokenNotYetValid)),
    ] {
        service.now = now;
        service.store = Default::default();
        let end = service.end_cached(&request(&service), &cached, KEYS);
        assert_eq!(reason(end), expected, "{now}");
    }
    service.now = NOW;
    let route = service.route.clone();
    service.route = route.clone().with_audience(["https://other.example"]);
    let end = service.end_cached(&request(&service), &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::TokenAudienceMismatch));
    service.route = route.with_issuers(["https://other.example"]);
    let end = service.end_cached(&request(&service), &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::TokenIssuerUnknown));
}

#[test]
fn the_binding_is_checked_for_each_request() {
    let service = Service::bound(Binding::Either);
    let cached = service.verified_token(&service.request());
    let token = service.token().compact();
    let bearer = Request::get().authorization(format!("Bearer {token}"));
    let end = service.end_cached(&bearer, &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::BindingDowngraded));
    let forged = service.request_with_proof(|proof| proof.corrupt());
    let end = service.end_cached(&forged, &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::ProofSignatureInvalid));

    let service = Service::bound(Binding::Certificate);
    let good = service.request();
    let cached = service.verified_token(&good);
    assert_eq!(reason(service.end_cached(&good, &cached, KEYS)), None);
    let other = good.certificate(certificate(b"another certificate"));
    let end = service.end_cached(&other, &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::BindingCertificateMismatch));
}

#[test]
fn what_a_cache_is_told_about_a_token_is_what_it_says() {
    let service = Service::dpop();
    let request = service.request();
    let cached = service.verified_token(&request);
    let token = service.token().compact();
    assert_eq!(cached.hash().encoded().to_string(), sha256(&token));
    assert_eq!(cached.issuer(), "https://as.example.com");
    assert_eq!(cached.expires().map(|t| t.as_secs()), Some(NOW + 240));
    assert!(!cached.is_introspected());
    // It prints no token and no subject.
    let printed = format!("{cached:?}");
    assert!(!printed.contains(&token) && !printed.contains("alice"));
}

#[test]
fn an_introspected_token_is_resumed_without_keys() {
    let mut answer = json!({
        "active": true,
        "aud": "https://api.example.com",
        "scope": "orders:read",
        "cnf": { "jkt": Service::dpop().client.jkt() },
    });
    let service = Service::introspecting(&answer);
    let request = |service: &Service, jti: &str| {
        let proof = service.client.proof("opaque").claim("jti", jti);
        service.request_with("opaque", &proof.compact())
    };
    let cached = service.verified_token(&request(&service, "1"));
    assert!(cached.is_introspected());
    assert_eq!(cached.expires(), None);
    // Resumed: the issuer, who now says something else, is not asked.
    answer["active"] = json!(false);
    let mut service = Service::introspecting(&answer);
    let end = service.end_cached(&request(&service, "2"), &cached, None);
    assert_eq!(reason(end), None);
    // Of keys: it never was.
    let end = service.end_cached(&request(&service, "3"), &cached, KEYS);
    assert_eq!(reason(end), Some(Reason::TokenInactive));
    // The issuer of opaque tokens is no longer one of ours.
    service.introspection = None;
    let outcome = service.end_cached(&request(&service, "4"), &cached, None);
    assert_eq!(reason(outcome), Some(Reason::TokenIssuerUnknown));
}

#[test]
fn a_revoked_token_is_refused_after_it_was_validated() {
    let service = Service::dpop();
    let rejection = service.revoked(&service.request());
    assert_eq!(rejection.reason(), Reason::TokenRevoked);
    assert_eq!(service.store.asked(), []);
    // Its proof was not spent.
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}
