//! RFC 9449 sections 5 and 6: how a token names its key.

use keybound::{
    Binding, FieldLines, Origin, PeerCertificate, Presentation, Reason, RequestView, TargetUri,
    TokenStage,
};
use keybound_tests::harness::{
    Client, ISSUER, Introspection, Issuer, NOW, OPAQUE_ISSUER, Outcome, PrivateKey, Request,
    Response, Service, URL, decode, encode, time,
};
use keybound_tests::vectors;
use serde_json::{Value, json};

/// What an issuer says about a token that is bound to this key.
fn active(jkt: &str) -> Value {
    json!({
        "active": true,
        "sub": "someone@example.com",
        "iss": "https://opaque.example.com",
        "aud": "https://api.example.com",
        "scope": "orders:read",
        "nbf": NOW - 5,
        "exp": NOW + 3_600,
        "cnf": { "jkt": jkt },
    })
}

/// A service whose issuer gives this answer, and a request with an opaque token.
fn opaque(answer: &Value) -> (Service, Request) {
    let service = Service::introspecting(answer);
    let token = "opaque-token";
    let proof = service.client.proof(token).compact();
    let request = service.request_with(token, &proof);
    (service, request)
}

#[test]
fn dpop_6_1_accepts_a_token_that_names_a_key() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_6_1_refuses_a_confirmation_that_cannot_be_read() {
    let (malformed, unenforceable) = (
        Reason::ConfirmationMalformed,
        Reason::ConfirmationUnenforceable,
    );
    let jkt = Service::dpop().client.jkt();
    for (cnf, reason) in [
        (json!(null), malformed),
        (json!(false), malformed),
        (json!(jkt), malformed),
        (json!([{ "jkt": jkt }]), malformed),
        (json!({ "jkt": null }), malformed),
        (json!({ "jkt": [jkt] }), malformed),
        (json!({ "jkt": jkt, "x5t#S256": 1 }), malformed),
        (json!({ "jkt": jkt, "jwk": {}, "jku": "" }), malformed),
        (json!({}), unenforceable),
        (json!({ "kid": "k1" }), unenforceable),
        (json!({ "jwk": {} }), unenforceable),
        (json!({ "JKT": jkt }), unenforceable),
    ] {
        let service = Service::dpop();
        let request = service.request_with_token(|token| token.claim("cnf", cnf.clone()));
        let refused = Outcome::bad_token(reason);
        assert_eq!(service.run(&request), refused, "{cnf}");
        // Nor is such a token "unbound" where unbound ones pass.
        let service = Service::bound(Binding::Bearer);
        let token = service.token().claim("cnf", cnf.clone()).compact();
        let request = Request::get().authorization(format!("Bearer {token}"));
        let challenges = [
            r#"DPoP algs="ES256 EdDSA Ed25519""#,
            r#"Bearer error="invalid_token""#,
        ];
        let refused = Outcome::Denied(reason, Response::challenged(401, &challenges));
        assert_eq!(service.run(&request), refused, "{cnf} as Bearer");
    }
}

#[test]
fn dpop_6_2_accepts_the_key_of_the_token() {
    for key in [PrivateKey::p256(5), PrivateKey::ed25519(5)] {
        let mut service = Service::dpop();
        service.client = Client::new(key);
        assert_eq!(service.run(&service.request()), Outcome::Allowed);
    }
}

#[test]
fn dpop_6_2_refuses_another_key_on_every_route() {
    for (binding, challenges) in [
        (
            Binding::Dpop,
            &[r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#][..],
        ),
        (
            Binding::Both,
            &[r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#],
        ),
        (
            Binding::Either,
            &[
                r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#,
                "Bearer",
            ],
        ),
        (
            Binding::Certificate,
            &[
                r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#,
                "Bearer",
            ],
        ),
        (
            Binding::Bearer,
            &[
                r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#,
                "Bearer",
            ],
        ),
    ] {
        let service = Service::bound(binding);
        let cnf = json!({ "jkt": PrivateKey::p256(6).jkt() });
        let request = service.request_with_token(|token| token.claim("cnf", cnf.clone()));
        let refused = Outcome::Denied(
            Reason::BindingKeyMismatch,
            Response::challenged(401, challenges),
        );
        assert_eq!(service.run(&request), refused, "{binding:?}");
    }
}

// rules: DPOP-6.2-1 (positive)
#[test]
fn dpop_6_1_1_accepts_the_example_of_the_specification() {
    let vectors = vectors::read("proofs.json");
    let v3 = vectors::rows(&vectors, "proofs")
        .iter()
        .find(|row| row["id"] == "V3")
        .unwrap();
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let mut answer = active(jkt);
    answer["nbf"] = 1_562_262_611.into();
    answer["exp"] = 1_562_266_216.into();
    let mut service = Service::introspecting(&answer);
    service.now = 1_562_262_618;
    let request = service
        .request_with(vectors::text(v3, "token"), vectors::text(v3, "proof"))
        .url("https://resource.example.org/protectedresource");
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_6_1_1_refuses_every_other_form_of_the_thumbprint() {
    let jkt = Service::dpop().client.jkt();
    let hex: String = decode(&jkt)
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let (mismatch, malformed) = (Reason::BindingKeyMismatch, Reason::ConfirmationMalformed);
    for (value, reason) in [
        (json!(format!("{jkt}=")), mismatch),
        (json!(format!(" {jkt}")), mismatch),
        (json!(hex), mismatch),
        (json!(""), mismatch),
        (json!(jkt.to_uppercase()), mismatch),
        (json!(encode([0; 64])), mismatch),
        (json!(0), malformed),
        (json!({}), malformed),
    ] {
        let service = Service::dpop();
        let cnf = json!({ "jkt": value });
        let request = service.request_with_token(|token| token.claim("cnf", cnf.clone()));
        assert_eq!(service.run(&request), Outcome::bad_token(reason), "{cnf}");
    }
}

#[test]
fn dpop_6_2_1_accepts_the_confirmation_of_an_introspection_response() {
    let (service, request) = opaque(&active(&Service::dpop().client.jkt()));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

/// How the tokens of an issuer are read is configured, and not seen from their looks.
#[test]
fn a_jwt_of_the_issuer_that_is_asked_is_asked_about() {
    let issuer = Issuer::new(OPAQUE_ISSUER, PrivateKey::p256(7));
    let token = issuer.token().compact();
    let (service, _) = opaque(&active(&Service::dpop().client.jkt()));
    let request = service.request_with(&token, &service.client.proof(&token).compact());
    assert_eq!(service.run(&request), Outcome::Allowed);
    // A JWT of another issuer that fails is not.
    for token in [
        service.token().corrupt(),
        service.token().claim("iss", "https://c.example"),
        service.token().claim("iss", json!([OPAQUE_ISSUER])),
    ] {
        let token = token.compact();
        let request = service.request_with(&token, &service.client.proof(&token).compact());
        match service.run(&request) {
            Outcome::Denied(Reason::TokenSignatureInvalid | Reason::TokenIssuerUnknown, _) => {}
            other => panic!("{other:?}"),
        }
    }
    // Where that issuer is not accepted, its JWTs are not either.
    let (mut service, _) = opaque(&active(&Service::dpop().client.jkt()));
    service.route = service.route.with_issuers([ISSUER]);
    let token = issuer.token().compact();
    let request = service.request_with(&token, &service.client.proof(&token).compact());
    let refused = Outcome::bad_token(Reason::TokenIssuerUnknown);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_6_2_1_refuses_a_confirmation_anywhere_else() {
    let jkt = Service::dpop().client.jkt();
    for place in ["act", "token_introspection", "ext"] {
        let mut answer = active(&jkt);
        answer[place] = json!({ "cnf": { "jkt": jkt } });
        answer.as_object_mut().unwrap().remove("cnf");
        answer["jkt"] = json!(jkt);
        let (service, request) = opaque(&answer);
        let refused = Outcome::bad_token(Reason::BindingKeyAbsent);
        assert_eq!(service.run(&request), refused, "{place}");
    }
}

#[test]
fn dpop_6_2_2_keeps_the_proof_out_of_the_question() {
    let (service, request) = opaque(&active(&Service::dpop().client.jkt()));
    let enforcer = service.enforcer();
    let target = TargetUri::new(
        &Origin::parse("https://api.example.com").unwrap(),
        "/orders",
    );
    let target = target.unwrap();
    assert_eq!(target.as_str(), URL);
    let view = RequestView {
        method: "GET",
        target: &target,
        query: None,
        authorization: FieldLines::One(&request.authorization[0]),
        dpop: FieldLines::One(&request.dpop[0]),
        certificate: PeerCertificate::NotPresented,
    };
    let Ok(Presentation::Credentials(presented)) = enforcer.present(&service.route, view) else {
        panic!("refused");
    };
    let examined = presented.examine(&service.nonces, time(NOW)).unwrap();
    let Ok(TokenStage::Opaque(token)) = examined.read_token() else {
        panic!("not opaque");
    };
    // All that whoever asks is told: whom, and about what.
    let proven = token.prove().unwrap();
    assert_eq!(proven.token(), "opaque-token");
    assert_eq!(proven.issuer().issuer(), "https://opaque.example.com");
}

#[test]
fn dpop_6_2_2_refuses_a_key_that_the_issuer_did_not_check() {
    let (service, request) = opaque(&active(&PrivateKey::p256(6).jkt()));
    let refused = Outcome::bad_token(Reason::BindingKeyMismatch);
    assert_eq!(service.run(&request), refused);
    // The proof is checked before anyone is asked.
    let mut service = Service::introspecting(&json!({}));
    service.introspection = Some(Introspection::Fails);
    let proof = service.client.proof("opaque-token").corrupt().compact();
    let refused = Outcome::bad_proof(Reason::ProofSignatureInvalid);
    let request = service.request_with("opaque-token", &proof);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_6_2_3_accepts_a_token_type_that_goes_with_the_confirmation() {
    let mut answer = active(&Service::dpop().client.jkt());
    for name in ["DPoP", "dpop", "DPOP"] {
        answer["token_type"] = json!(name);
        let (service, request) = opaque(&answer);
        assert_eq!(service.run(&request), Outcome::Allowed, "{name}");
    }
}

#[test]
fn dpop_6_2_3_refuses_a_token_type_that_contradicts_the_confirmation() {
    let mut answer = active(&Service::dpop().client.jkt());
    let malformed = Outcome::bad_token(Reason::ConfirmationMalformed);
    for name in ["Bearer", "", "DPoP ", "N_A"] {
        answer["token_type"] = json!(name);
        let (service, request) = opaque(&answer);
        assert_eq!(service.run(&request), malformed, "{name}");
    }
    for value in [json!(null), json!(1), json!(["DPoP"])] {
        answer["token_type"] = value.clone();
        let (service, request) = opaque(&answer);
        let refused = Outcome::bad_token(Reason::TokenClaimMissing);
        assert_eq!(service.run(&request), refused, "{value}");
    }
    answer["token_type"] = json!("DPoP");
    answer.as_object_mut().unwrap().remove("cnf");
    let (service, request) = opaque(&answer);
    assert_eq!(service.run(&request), malformed);
}
