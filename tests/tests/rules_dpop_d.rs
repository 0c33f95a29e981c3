//! RFC 9449 section 7: access to a protected resource.

use std::sync::Arc;

use keybound::replay::ReplayError;
use keybound::{Answer, Binding, PolicyError, Reason, Rejection, RoutePolicy};
use keybound_tests::harness::{
    AUDIENCE, Fixed, Introspection, NOW, Outcome, PrivateKey, Request, Response, Service, Store,
    time,
};
use serde_json::json;

const BARE_DPOP: &str = r#"DPoP algs="ES256 EdDSA Ed25519""#;

#[test]
fn dpop_7_3_accepts_when_all_of_them_match() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_7_3_refuses_whatever_else_is_wrong_beside_a_right_ath() {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| proof.claim("htu", AUDIENCE));
    let refused = Outcome::bad_proof(Reason::ProofHtuMismatch);
    assert_eq!(service.run(&request), refused);
    let request = service.request_with_proof(|proof| proof.claim("htm", "PUT"));
    let refused = Outcome::bad_proof(Reason::ProofHtmMismatch);
    assert_eq!(service.run(&request), refused);
    let request = service.request_with_proof(|proof| proof.claim("iat", NOW - 61));
    let refused = Outcome::bad_time(Reason::ProofIatTooOld);
    assert_eq!(service.run(&request), refused);
    // And the other way round.
    let request = service.request_with_proof(|proof| proof.without_claim("ath"));
    let refused = Outcome::bad_proof(Reason::ProofClaimMissing);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_7_1_2_accepts_any_case_and_any_number_of_spaces() {
    for scheme in ["DPoP ", "dpop  ", "DPOP   ", "dPOp "] {
        let service = Service::dpop();
        let token = service.token().compact();
        let request = Request::get()
            .authorization(format!("{scheme}{token}"))
            .dpop(service.proof(&token).compact());
        assert_eq!(service.run(&request), Outcome::Allowed, "{scheme:?}");
    }
}

#[test]
fn dpop_7_1_2_refuses_what_is_no_token68() {
    let service = Service::dpop();
    let (malformed, repeated) = (Reason::CredentialsMalformed, Reason::CredentialsRepeated);
    for (line, reason) in [
        ("DPoP", malformed),
        ("DPoP ", malformed),
        ("DPoP\ttok", malformed),
        ("DPoP a b", malformed),
        ("DPoP tok realm=x", malformed),
        ("DPoP token=tok", malformed),
        ("DPoP \"tok\"", malformed),
        ("DPoP tok=x", malformed),
        ("DPoP t\u{f6}k", malformed),
        ("DPoP tok, Bearer x", repeated),
        ("DPoP tok,tok", repeated),
        ("Bearer x, DPoP tok", repeated),
        ("Basic QQ==, DPoP tok", repeated),
    ] {
        let request = Request::get()
            .authorization(line)
            .dpop(service.proof("tok").compact());
        assert_eq!(
            service.run(&request),
            Outcome::bad_request(reason),
            "{line}"
        );
    }
}

#[test]
fn dpop_7_1_3_accepts_a_complete_request() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_7_1_3_refuses_a_token_without_a_proof() {
    let service = Service::dpop();
    let mut request = service.request();
    request.dpop.clear();
    let refused = Outcome::bad_proof(Reason::ProofMissing);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_7_1_4_accepts_when_every_check_succeeds() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

// rules: PROJ-3 (negative)
#[test]
fn dpop_7_1_4_refuses_when_a_stage_fails() {
    for (answer, outcome) in [
        (
            ReplayError::Unavailable,
            failed(Reason::ReplayUnavailable, 503, 5),
        ),
        (
            ReplayError::Full { retry_after: 7 },
            failed(Reason::ReplayFull, 503, 7),
        ),
        (
            ReplayError::OwnerQuota { retry_after: 9 },
            failed(Reason::ReplayQuota, 429, 9),
        ),
        (
            ReplayError::Forgotten,
            failed(Reason::ReplayForgotten, 503, 5),
        ),
        (
            ReplayError::PredatesStart,
            Outcome::bad_proof(Reason::ProofPredatesStart),
        ),
        (
            ReplayError::Replayed,
            Outcome::bad_proof(Reason::ProofReplayed),
        ),
    ] {
        let mut service = Service::dpop();
        service.store = Store::failing(answer);
        assert_eq!(service.run(&service.request()), outcome, "{answer:?}");
    }

    // Evidence for another proof admits nothing.
    let mut service = Service::dpop();
    let other = service.request_with_proof(|proof| proof.claim("jti", "p-2"));
    assert_eq!(service.run(&other), Outcome::Allowed);
    let entry = service.store.asked().pop().unwrap();
    service.store = Store::mistaken(entry);
    let outcome = failed(Reason::ReplayUnavailable, 503, 5);
    assert_eq!(service.run(&service.request()), outcome);
    assert_eq!(service.run(&other), Outcome::Allowed);

    let mut service = Service::dpop();
    service.jwks = None;
    let outcome = failed(Reason::KeysUnavailable, 503, 5);
    assert_eq!(service.run(&service.request()), outcome);

    let mut service = Service::dpop();
    service.provider = Arc::new(Fixed::NothingHolds);
    let outcome = Outcome::bad_token(Reason::TokenSignatureInvalid);
    assert_eq!(service.run(&service.request()), outcome);

    let mut service = Service::introspecting(&json!({}));
    let request = service.request_with("opaque", &service.client.proof("opaque").compact());
    let outcome = Outcome::bad_token(Reason::TokenInactive);
    assert_eq!(service.run(&request), outcome);
    service.introspection = Some(Introspection::Fails);
    let outcome = failed(Reason::IntrospectionUnavailable, 503, 5);
    assert_eq!(service.run(&request), outcome);
    service.introspection = Some(Introspection::Answers(b"<html>".to_vec()));
    let response = Response::unavailable(503, 5);
    let outcome = Outcome::Denied(Reason::IntrospectionUnavailable, response);
    assert_eq!(service.run(&request), outcome);
}

fn failed(reason: Reason, status: u16, retry_after: u64) -> Outcome {
    Outcome::Failed(reason, Response::unavailable(status, retry_after))
}

#[test]
fn dpop_7_1_5_sends_a_challenge_where_there_are_no_credentials() {
    let service = Service::dpop();
    let expected = Outcome::Denied(
        Reason::CredentialsMissing,
        Response::challenged(401, &[BARE_DPOP]),
    );
    assert_eq!(service.run(&Request::get()), expected);
}

#[test]
fn dpop_7_1_5_never_answers_401_without_a_challenge() {
    for binding in [Binding::Dpop, Binding::Both, Binding::Bearer] {
        let service = Service::bound(binding);
        for reason in Reason::ALL {
            let answer = answer(&service, *reason);
            let challenges = count(&answer, "www-authenticate");
            let dpop = answer
                .fields()
                .iter()
                .any(|(name, value)| *name == "www-authenticate" && value.starts_with("DPoP "));
            match answer.status() {
                401 => assert!(dpop, "{reason}"),
                // A challenge may come with these as well (DPOP-7.1-6).
                400 | 403 => assert!(dpop == (challenges > 0), "{reason}"),
                _ => assert_eq!(challenges, 0, "{reason}"),
            }
        }
    }
}

#[test]
fn dpop_7_1_6_sends_a_challenge_with_403() {
    let service = Service::dpop();
    let request = service.request_with_token(|token| token.claim("scope", "orders:write"));
    assert_eq!(
        service.run(&request),
        insufficient(r#"scope="orders:read""#)
    );
}

#[test]
fn dpop_7_1_7_sends_the_realm_quoted() {
    let mut service = Service::dpop();
    service.route = service.route.with_realm("orders api").unwrap();
    let challenge = r#"DPoP realm="orders api", algs="ES256 EdDSA Ed25519""#;
    let expected = Outcome::Denied(
        Reason::CredentialsMissing,
        Response::challenged(401, &[challenge]),
    );
    assert_eq!(service.run(&Request::get()), expected);
}

#[test]
fn dpop_7_1_7_never_lets_a_realm_end_its_quotes() {
    let mut service = Service::dpop();
    let realm = r#"a", error="x\"#;
    service.route = service.route.with_realm(realm).unwrap();
    let challenge = r#"DPoP realm="a\", error=\"x\\", algs="ES256 EdDSA Ed25519""#;
    let expected = Outcome::Denied(
        Reason::CredentialsMissing,
        Response::challenged(401, &[challenge]),
    );
    assert_eq!(service.run(&Request::get()), expected);
    for realm in ["", "a\r\nb", "\u{e9}", "a\tb", "\u{7f}"] {
        let refused = RoutePolicy::new(Binding::Dpop).with_realm(realm);
        assert_eq!(refused, Err(PolicyError::Realm(realm.to_owned())));
    }
}

#[test]
fn dpop_7_1_8_sends_the_scopes_that_are_needed() {
    let mut service = Service::dpop();
    service.route = service.route.with_scopes(["a:1", "b"]).unwrap();
    let request = service.request_with_token(|token| token.claim("scope", "b a:2"));
    assert_eq!(service.run(&request), insufficient(r#"scope="a:1 b""#));
}

// rules: BEARER-3-3 (negative)
#[test]
fn dpop_7_1_8_refuses_a_scope_that_no_challenge_can_hold() {
    for scope in ["", "a b", "a\"", "a\\", "a\u{7f}", "a\n", "\u{e9}"] {
        let refused = RoutePolicy::new(Binding::Dpop).with_scopes(["ok", scope]);
        assert_eq!(refused, Err(PolicyError::Scope(scope.to_owned())));
    }
}

fn insufficient(scope: &str) -> Outcome {
    let challenge =
        format!(r#"DPoP error="insufficient_scope", {scope}, algs="ES256 EdDSA Ed25519""#);
    Outcome::Denied(
        Reason::ScopeInsufficient,
        Response::challenged(403, &[&challenge]),
    )
}

#[test]
fn dpop_7_1_9_sends_an_error_where_there_was_a_token() {
    let service = Service::dpop();
    let request = service.request_with_token(|token| token.claim("aud", "https://other.example"));
    let refused = Outcome::bad_token(Reason::TokenAudienceMismatch);
    assert_eq!(service.run(&request), refused);
}

// rules: DPOP-7.2-3 (negative), BEARER-3.1-4 (negative)
#[test]
fn dpop_7_1_9_never_sends_an_error_where_there_was_none() {
    let service = Service::dpop();
    for (request, reason) in [
        (Request::get(), Reason::CredentialsMissing),
        (
            Request::get().dpop(service.proof("t").compact()),
            Reason::CredentialsMissing,
        ),
        (
            Request::get().url("https://api.example.com/orders?access_token=x"),
            Reason::CredentialsMissing,
        ),
        (
            Request::get().authorization("Basic QQ=="),
            Reason::SchemeUnknown,
        ),
    ] {
        let expected = Outcome::without_credentials(reason);
        assert_eq!(service.run(&request), expected);
    }
}

#[test]
fn dpop_7_1_10_holds_for_every_kind_of_defect() {
    let service = Service::dpop();
    let other = json!({ "jkt": PrivateKey::p256(8).jkt() });
    let rows = [
        (
            service.request_with_proof(|proof| proof.claim("htm", "PUT")),
            Outcome::bad_proof(Reason::ProofHtmMismatch),
        ),
        (
            service.request_with_proof(|proof| proof.claim("nonce", "x")),
            Outcome::wants_nonce(Reason::ProofNonceUnknown),
        ),
        (
            service.request_with_token(|token| token.claim("exp", 1)),
            Outcome::bad_token(Reason::TokenExpired),
        ),
        // Figure 16: a key that is not the token's is the token's affair, not the proof's.
        (
            service.request_with_token(|token| token.claim("cnf", other.clone())),
            Outcome::bad_token(Reason::BindingKeyMismatch),
        ),
        (
            service.request_with_token(|token| token.without_claim("scope")),
            insufficient(r#"scope="orders:read""#),
        ),
        (
            Request::get().authorization("DPoP"),
            Outcome::bad_request(Reason::CredentialsMalformed),
        ),
    ];
    for (request, expected) in rows {
        assert_eq!(service.run(&request), expected);
    }
}

#[test]
fn dpop_7_1_11_sends_fixed_descriptions() {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| proof.claim("iat", NOW - 61));
    let refused = Outcome::bad_time(Reason::ProofIatTooOld);
    assert_eq!(service.run(&request), refused);
    let request = service.request_with_proof(|proof| proof.claim("nonce", "unknown"));
    let refused = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_7_1_11_never_sends_back_what_came() {
    let service = Service::dpop();
    let secret = "s3cr3t";
    let token = service.token().claim("client_id", secret);
    let with_claim = |name: &str| {
        service.request_with_proof(|proof| proof.claim(name, format!("{secret}{name}")))
    };
    let rows = [
        with_claim("htm"),
        with_claim("htu"),
        with_claim("ath"),
        with_claim("nonce"),
        service.request_with_proof(|proof| proof.header("typ", secret)),
        service.request_with_proof(|proof| proof.header("alg", secret)),
        service.request_with_token(|token| token.claim("iss", secret)),
        service.request_with_token(|token| token.claim("aud", secret)),
        service.request_with_token(|token| token.claim("scope", secret)),
        service.request_with_token(|token| token.header("kid", secret)),
        service.request_with_token(|_| token.claim("exp", 1)),
        Request::get().authorization(format!("{secret} x")),
        Request::get().authorization(format!("DPoP {secret}\"")),
    ];
    for request in rows {
        let Outcome::Denied(reason, response) = service.run(&request) else {
            panic!("it passes");
        };
        assert!(!format!("{response:?}").contains(secret), "{reason}");
    }
}

#[test]
fn dpop_7_1_12_sends_the_algorithms_of_the_policy() {
    use keybound::Algorithm::{Es256, Es384, Ps256};
    let mut service = Service::dpop();
    let policy = service.proof_policy.clone();
    service.proof_policy = policy.with_algorithms(&[Ps256, Es256, Es384]).unwrap();
    let challenge = r#"DPoP algs="PS256 ES256 ES384""#;
    let expected = Outcome::Denied(
        Reason::CredentialsMissing,
        Response::challenged(401, &[challenge]),
    );
    assert_eq!(service.run(&Request::get()), expected);
}

#[test]
fn dpop_7_1_12_never_sends_an_empty_list() {
    let refused = Service::dpop().proof_policy.with_algorithms(&[]);
    assert_eq!(refused, Err(PolicyError::NoAlgorithm));
}

// rules: DPOP-7.1-14 (both), DPOP-8-8 (both)
#[test]
fn every_answer_with_a_challenge_lets_a_script_read_it() {
    let service = Service::with_nonces();
    let exposed = (
        "access-control-expose-headers",
        "WWW-Authenticate, DPoP-Nonce",
    );
    for reason in Reason::ALL {
        let answer = answer(&service, *reason);
        let found = answer
            .fields()
            .iter()
            .filter(|(name, value)| (*name, value.as_str()) == exposed)
            .count();
        let challenged = count(&answer, "www-authenticate") > 0;
        assert_eq!(found, usize::from(challenged), "{reason}");
        let nonces = count(&answer, "dpop-nonce");
        assert!(nonces <= found, "{reason}");
    }
}

#[test]
fn dpop_7_1_15_accepts_a_token_in_its_own_field() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_7_1_15_never_answers_as_a_proxy() {
    let service = Service::dpop();
    for reason in Reason::ALL {
        let answer = answer(&service, *reason);
        assert_ne!(answer.status(), 407, "{reason}");
        assert_eq!(count(&answer, "proxy-authenticate"), 0, "{reason}");
    }
}

#[test]
fn dpop_7_2_1_accepts_an_unbound_token_where_the_route_says_so() {
    let service = Service::bound(Binding::Bearer);
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_7_2_1_refuses_a_bound_token_as_bearer() {
    for binding in [Binding::Certificate, Binding::Either, Binding::Bearer] {
        let service = Service::bound(binding);
        let cnf = json!({ "jkt": service.client.jkt() });
        let token = service.token().claim("cnf", cnf).compact();
        let refused = Outcome::Denied(
            Reason::BindingDowngraded,
            Response::challenged(401, &[BARE_DPOP, r#"Bearer error="invalid_token""#]),
        );
        let request = Request::get().authorization(format!("Bearer {token}"));
        assert_eq!(service.run(&request), refused, "{binding:?}");
        // Not even with the right proof.
        let request = request.dpop(service.client.proof(&token).compact());
        assert_eq!(service.run(&request), refused, "{binding:?}");
    }
    for binding in [Binding::Dpop, Binding::Both] {
        let service = Service::bound(binding);
        let token = service.token().compact();
        let request = Request::get()
            .authorization(format!("bearer {token}"))
            .dpop(service.proof(&token).compact());
        let refused = Outcome::bad_token(Reason::BindingDowngraded);
        assert_eq!(service.run(&request), refused, "{binding:?}");
    }
}

// rules: DPOP-7.2-3 (positive)
#[test]
fn dpop_7_2_2_sends_a_challenge_for_each_scheme_and_dpop_first() {
    for (binding, challenges) in [
        (Binding::Dpop, &[BARE_DPOP][..]),
        (Binding::Both, &[BARE_DPOP]),
        (Binding::Certificate, &[BARE_DPOP, "Bearer"]),
        (Binding::Either, &[BARE_DPOP, "Bearer"]),
        (Binding::Bearer, &[BARE_DPOP, "Bearer"]),
    ] {
        let service = Service::bound(binding);
        let expected = Outcome::Denied(
            Reason::CredentialsMissing,
            Response::challenged(401, challenges),
        );
        assert_eq!(service.run(&Request::get()), expected, "{binding:?}");
    }
}

// rules: DPOP-7.2-4 (both)
#[test]
fn the_error_stands_on_the_scheme_that_was_used_and_nowhere_else() {
    let service = Service::bound(Binding::Either);
    let bearer = Request::get().authorization("Bearer INVALID");
    let expected = Outcome::Denied(
        Reason::TokenMalformed,
        Response::challenged(401, &[BARE_DPOP, r#"Bearer error="invalid_token""#]),
    );
    assert_eq!(service.run(&bearer), expected);
    let proof = service.client.proof("INVALID").compact();
    let expected = Outcome::Denied(
        Reason::TokenMalformed,
        Response::challenged(
            401,
            &[
                r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#,
                "Bearer",
            ],
        ),
    );
    assert_eq!(
        service.run(&service.request_with("INVALID", &proof)),
        expected
    );
    // What was used is not offered: the error has to stand somewhere.
    let service = Service::dpop();
    let expected = Outcome::bad_token(Reason::TokenMalformed);
    assert_eq!(service.run(&bearer), expected);
}

#[test]
fn dpop_7_2_5_accepts_one_authorization() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_7_2_5_refuses_two_and_blames_every_scheme() {
    let service = Service::bound(Binding::Either);
    let token = service.token().compact();
    let (dpop, bearer) = (format!("DPoP {token}"), "Bearer x");
    let refused = Outcome::Denied(
        Reason::CredentialsRepeated,
        Response::challenged(
            400,
            &[
                r#"DPoP error="invalid_request", algs="ES256 EdDSA Ed25519""#,
                r#"Bearer error="invalid_request""#,
            ],
        ),
    );
    for lines in [
        [dpop.as_str(), bearer],
        [bearer, &dpop],
        [&dpop, &dpop],
        [&dpop, ""],
        [&dpop, "Basic QQ=="],
    ] {
        let request = Request::get()
            .authorization(lines[0])
            .authorization(lines[1])
            .dpop(service.proof(&token).compact());
        assert_eq!(service.run(&request), refused, "{lines:?}");
    }
}

/// The answer for a reason, whoever found it.
fn answer(service: &Service, reason: Reason) -> Answer {
    service.enforcer().answer(
        &Rejection::new(reason),
        &service.route,
        &service.nonces,
        AUDIENCE,
        time(NOW),
    )
}

fn count(answer: &Answer, field: &str) -> usize {
    let fields = answer.fields().iter();
    fields.filter(|(name, _)| *name == field).count()
}
