//! RFC 7662 section 2.2: what an issuer's answer about an opaque token is worth.

use keybound::{Binding, Reason};
use keybound_tests::harness::{
    AUDIENCE, Introspection, NOW, OPAQUE_ISSUER, Outcome, PrivateKey, Request, Response, Service,
    certificate, sha256,
};
use serde_json::{Value, json};

/// What an issuer says about a token that this route admits.
fn active() -> Value {
    json!({
        "active": true,
        "iss": OPAQUE_ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "client_id": "shop-app",
        "scope": "orders:read",
        "iat": NOW - 60,
        "nbf": NOW - 60,
        "exp": NOW + 240,
        "token_type": "DPoP",
        "cnf": { "jkt": Service::dpop().client.jkt() },
    })
}

/// The right answer with another value for a member.
fn but(name: &str, value: impl Into<Value>) -> Value {
    let mut answer = active();
    answer[name] = value.into();
    answer
}

/// The right answer without a member.
fn without(name: &str) -> Value {
    let mut answer = active();
    assert!(answer.as_object_mut().unwrap().remove(name).is_some());
    answer
}

/// What becomes of an opaque token about which the issuer says this.
fn told(answer: &Value) -> Outcome {
    told_text(&answer.to_string())
}

fn told_text(answer: &str) -> Outcome {
    let mut service = Service::introspecting(&json!({}));
    service.introspection = Some(Introspection::Answers(answer.as_bytes().to_vec()));
    service.run(&request(&service))
}

/// An opaque token under scheme DPoP, with the right proof for it.
fn request(service: &Service) -> Request {
    let proof = service.client.proof("opaque-token").compact();
    service.request_with("opaque-token", &proof)
}

#[test]
fn intro_2_2_1_accepts_true() {
    assert_eq!(told(&active()), Outcome::Allowed);
}

#[test]
fn intro_2_2_1_refuses_everything_but_true() {
    let inactive = Outcome::bad_token(Reason::TokenInactive);
    for value in [
        json!(false),
        json!("true"),
        json!(1),
        json!(1.0),
        json!(null),
        json!([true]),
        json!({ "active": true }),
    ] {
        assert_eq!(told(&but("active", value.clone())), inactive, "{value}");
    }
    assert_eq!(told(&without("active")), inactive);
    let mut answer = without("active");
    answer["Active"] = json!(true);
    assert_eq!(told(&answer), inactive);
    assert_eq!(told(&json!({})), inactive);
}

/// Whatever else is in it: nothing of it is used, and nothing of it makes another refusal.
#[test]
fn intro_4_2_ignores_all_else_in_an_inactive_answer() {
    let inactive = Outcome::bad_token(Reason::TokenInactive);
    for (name, value) in [
        ("cnf", active()["cnf"].clone()),
        ("cnf", json!([])),
        ("iss", json!("https://other.example.com")),
        ("exp", json!("tomorrow")),
        ("aud", json!(1)),
        ("token_type", json!("Bearer")),
    ] {
        let mut answer = json!({ "active": false });
        answer[name] = value;
        assert_eq!(told(&answer), inactive, "{answer}");
        let mut answer = but("active", false);
        answer[name] = json!(7);
        assert_eq!(told(&answer), inactive, "{answer}");
    }
}

// rules: INTRO-2.2-5 (positive), INTRO-4-2 (positive)
#[test]
fn intro_2_2_5_refuses_a_token_that_the_issuer_does_not_know() {
    let refused = Outcome::bad_token(Reason::TokenInactive);
    assert_eq!(told(&json!({ "active": false })), refused);
}

#[test]
fn intro_2_2_2_accepts_an_answer_that_leaves_out_what_is_optional() {
    for name in ["iss", "sub", "client_id", "iat", "nbf", "exp", "token_type"] {
        assert_eq!(told(&without(name)), Outcome::Allowed, "{name}");
    }
    let audiences = json!(["https://other.example.com", AUDIENCE]);
    assert_eq!(told(&but("aud", audiences)), Outcome::Allowed);
    assert_eq!(told(&but("username", json!([]))), Outcome::Allowed);
}

#[test]
fn intro_2_2_2_refuses_what_the_answer_says_and_does_not_hold() {
    let missing = Reason::TokenClaimMissing;
    for (name, value, reason) in [
        ("exp", json!(NOW - 30), Reason::TokenExpired),
        ("exp", json!(NOW - 31), Reason::TokenExpired),
        ("exp", json!(0), Reason::TokenExpired),
        ("exp", json!((NOW + 240).to_string()), missing),
        ("exp", json!(null), missing),
        ("nbf", json!(NOW + 31), Reason::TokenNotYetValid),
        ("nbf", json!("now"), missing),
        ("iat", json!(NOW + 61), Reason::TokenNotYetValid),
        ("iat", json!(true), missing),
        (
            "aud",
            json!("https://api.example.com/"),
            Reason::TokenAudienceMismatch,
        ),
        (
            "aud",
            json!(["https://other.example.com"]),
            Reason::TokenAudienceMismatch,
        ),
        ("aud", json!([]), Reason::TokenAudienceMismatch),
        ("aud", json!(1), missing),
        ("aud", json!([AUDIENCE, 1]), missing),
        (
            "iss",
            json!("https://as.example.com"),
            Reason::TokenIssuerUnknown,
        ),
        (
            "iss",
            json!("https://opaque.example.com/"),
            Reason::TokenIssuerUnknown,
        ),
        ("iss", json!(""), Reason::TokenIssuerUnknown),
        ("iss", json!(null), Reason::TokenIssuerUnknown),
        ("iss", json!([OPAQUE_ISSUER]), Reason::TokenIssuerUnknown),
        ("sub", json!(""), missing),
        ("client_id", json!(7), missing),
        ("scope", json!(["orders:read"]), missing),
    ] {
        let answer = but(name, value);
        let refused = Outcome::bad_token(reason);
        assert_eq!(told(&answer), refused, "{name}: {}", answer[name]);
    }
    for (name, value) in [
        ("exp", json!(NOW - 29)),
        ("nbf", json!(NOW + 30)),
        ("iat", json!(NOW + 60)),
    ] {
        assert_eq!(told(&but(name, value)), Outcome::Allowed, "{name}");
    }
    // An answer without an audience may be about a token for anybody.
    let refused = Outcome::bad_token(Reason::TokenAudienceMismatch);
    assert_eq!(told(&without("aud")), refused);
    let challenge = concat!(
        r#"DPoP error="insufficient_scope", scope="orders:read", "#,
        r#"algs="ES256 EdDSA Ed25519""#
    );
    let response = Response::challenged(403, &[challenge]);
    let refused = Outcome::Denied(Reason::ScopeInsufficient, response);
    assert_eq!(told(&without("scope")), refused);
}

// rules: INTRO-2.3-1 (negative)
#[test]
fn intro_2_3_1_an_answer_that_is_none_is_not_the_tokens_fault() {
    let text = active().to_string();
    let text = text.strip_prefix('{').unwrap();
    for answer in [
        String::new(),
        "null".to_owned(),
        "true".to_owned(),
        "[]".to_owned(),
        format!("[{{{text}]"),
        "<html>".to_owned(),
        "{\"active\":true".to_owned(),
        format!("{{{text}x"),
        format!("{{{text}{{}}"),
        // a member twice, at any depth, even if inactive
        format!("{{\"active\":false,{text}"),
        format!("{{\"a\":{{\"b\":1,\"b\":2}},{text}"),
        "{\"active\":false,\"active\":false}".to_owned(),
        // nine deep
        format!("{{\"a\":[[[[[[[[]]]]]]]],{text}"),
        format!("\u{feff}{{{text}"),
    ] {
        let response = Response::unavailable(503, 5);
        let undecided = Outcome::Denied(Reason::IntrospectionUnavailable, response);
        assert_eq!(told_text(&answer), undecided, "{answer}");
    }
    let mut service = Service::introspecting(&active());
    service.introspection = Some(Introspection::Fails);
    let response = Response::unavailable(503, 5);
    let undecided = Outcome::Failed(Reason::IntrospectionUnavailable, response);
    assert_eq!(service.run(&request(&service)), undecided);
    assert_eq!(service.store.asked(), []);
}

// rules: DPOP-6.2-2 (negative), DPOP-6.2-1 (negative)
#[test]
fn an_active_token_is_bound_all_the_same() {
    let other = json!({ "jkt": PrivateKey::p256(6).jkt() });
    let nested = json!({ "cnf": active()["cnf"] });
    let mut elsewhere = without("cnf");
    elsewhere["act"] = nested;
    elsewhere.as_object_mut().unwrap().remove("token_type");
    for (answer, reason) in [
        (but("cnf", other), Reason::BindingKeyMismatch),
        (elsewhere, Reason::BindingKeyAbsent),
        (but("cnf", json!({})), Reason::ConfirmationMalformed),
        (but("cnf", json!(null)), Reason::ConfirmationMalformed),
    ] {
        assert_eq!(told(&answer), Outcome::bad_token(reason), "{answer}");
    }
    // without a word about the type, the confirmation itself is what is refused
    let mut answer = but("cnf", json!({}));
    answer.as_object_mut().unwrap().remove("token_type");
    let refused = Outcome::bad_token(Reason::ConfirmationUnenforceable);
    assert_eq!(told(&answer), refused);
}

// rules: DPOP-6.2-3 (both)
#[test]
fn the_type_of_a_token_and_its_confirmation_agree() {
    let x5t = || json!({ "x5t#S256": sha256("a certificate") });
    let malformed = Outcome::bad_token(Reason::ConfirmationMalformed);
    for (token_type, bound, expected) in [
        ("DPoP", true, Outcome::Allowed),
        ("dpop", true, Outcome::Allowed),
        ("Bearer", true, malformed.clone()),
        ("", true, malformed.clone()),
        ("DPoP", false, malformed),
        (
            "Bearer",
            false,
            Outcome::bad_token(Reason::BindingKeyAbsent),
        ),
    ] {
        let mut answer = but("token_type", token_type);
        if !bound {
            answer.as_object_mut().unwrap().remove("cnf");
        }
        assert_eq!(told(&answer), expected, "{answer}");
    }
    // A token bound to a certificate alone is of type Bearer (RFC 8705 section 3).
    let mut answer = but("token_type", "Bearer");
    answer["cnf"] = x5t();
    let mut service = Service::bound(Binding::Certificate);
    service.introspection = Some(Introspection::Answers(answer.to_string().into_bytes()));
    let request = Request::get()
        .authorization("Bearer opaque-token")
        .certificate(certificate(b"a certificate"));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

/// Whether an issuer's tokens are JWTs is configured and never guessed from a failure.
#[test]
fn a_jwt_that_fails_is_not_shown_to_the_issuer_of_opaque_tokens() {
    let service = Service::introspecting(&active());
    let rows = [
        (service.token().corrupt(), Reason::TokenSignatureInvalid),
        (
            service.token().claim("iss", "urn:x"),
            Reason::TokenIssuerUnknown,
        ),
        (service.token().header("typ", "JWT"), Reason::TokenTypWrong),
        (service.token().raw_payload("{}{}"), Reason::TokenMalformed),
    ];
    for (token, reason) in rows {
        let token = token.compact();
        let request = service.request_with(&token, &service.client.proof(&token).compact());
        assert_eq!(service.run(&request), Outcome::bad_token(reason));
    }
    // A token of the issuer itself is its affair, even if it looks like a JWT.
    let token = service.token().claim("iss", OPAQUE_ISSUER).compact();
    let request_of =
        |service: &Service| service.request_with(&token, &service.client.proof(&token).compact());
    assert_eq!(service.run(&request_of(&service)), Outcome::Allowed);
    let service = Service::introspecting(&json!({ "active": false }));
    let refused = Outcome::bad_token(Reason::TokenInactive);
    assert_eq!(service.run(&request_of(&service)), refused);
    // A route that does not accept that issuer takes JWTs only.
    let mut service = Service::introspecting(&active());
    service.route = service.route.with_issuers([service.issuer.name()]);
    let refused = Outcome::bad_token(Reason::TokenMalformed);
    assert_eq!(service.run(&request(&service)), refused);
}
