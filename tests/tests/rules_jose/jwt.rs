//! RFC 7519: what a JWT claims, in a proof and in a token.

use keybound::{
    Confirmed, Enforcer, FieldLines, IssuerPolicy, KeySet, Limits, Origin, PeerCertificate, Reason,
    Rejection, RequestView, TargetUri,
};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    AUDIENCE, ISSUER, Issuer, NOW, Outcome, PrivateKey, Request, Service, time,
};
use serde_json::json;
use std::sync::Arc;

#[track_caller]
fn token(what: &str, claim: &str, value: impl Into<serde_json::Value>, expected: &Outcome) {
    let service = Service::dpop();
    let request = service.request_with_token(|token| token.claim(claim, value));
    assert_eq!(service.run(&request), *expected, "{what}");
}

// rules: JWS-4-1 (negative)
#[test]
fn jwt_4_1_refuses_a_claim_twice() {
    for member in [
        format!("\"exp\":{}", NOW + 240),
        format!("\"exp\":{}", NOW + 100_000),
        r#""\u0065xp":1"#.to_owned(),
    ] {
        let service = Service::dpop();
        let request = service.request_with_token(|token| token.claim_text(&member));
        let refused = Outcome::bad_token(Reason::TokenMalformed);
        assert_eq!(service.run(&request), refused, "{member}");
        let request =
            service.request_with_proof(|proof| proof.claim("exp", NOW).claim_text(&member));
        let refused = Outcome::bad_proof(Reason::ProofPayloadMalformed);
        assert_eq!(service.run(&request), refused, "{member}");
    }
}

#[test]
fn jwt_4_1_3_1_accepts_our_audience_among_others() {
    let others = json!(["https://other.example", AUDIENCE]);
    token("an array", "aud", others, &Outcome::Allowed);
    token("a text", "aud", AUDIENCE, &Outcome::Allowed);
}

#[test]
fn jwt_4_1_3_1_refuses_every_other_audience() {
    let mismatch = Outcome::bad_token(Reason::TokenAudienceMismatch);
    for aud in [
        json!("https://other.example"),
        json!(format!("{AUDIENCE}/")),
        json!(AUDIENCE.to_uppercase()),
        json!(["https://other.example", "x"]),
        json!(format!("https://other.example {AUDIENCE}")),
    ] {
        token(&aud.to_string(), "aud", aud.clone(), &mismatch);
    }
    let missing = Outcome::bad_token(Reason::TokenClaimMissing);
    for aud in [json!([]), json!(null), json!({}), json!([[AUDIENCE]])] {
        token(&aud.to_string(), "aud", aud.clone(), &missing);
    }
}

#[test]
fn jwt_4_1_4_1_accepts_a_token_until_it_expires_with_leeway() {
    token("a second left", "exp", NOW + 1, &Outcome::Allowed);
    token("within leeway", "exp", NOW - 29, &Outcome::Allowed);
}

#[test]
fn jwt_4_1_4_1_refuses_a_token_from_its_expiry_on() {
    let expired = Outcome::bad_token(Reason::TokenExpired);
    for (leeway, exp, expected) in [
        (0, NOW + 1, &Outcome::Allowed),
        (0, NOW, &expired),
        (0, NOW - 1, &expired),
        (30, NOW - 29, &Outcome::Allowed),
        (30, NOW - 30, &expired),
        (120, NOW - 119, &Outcome::Allowed),
        (120, NOW - 120, &expired),
        (30, 0, &expired),
    ] {
        let mut service = Service::dpop();
        service.issuer_policy = service.issuer_policy.with_leeway(leeway).unwrap();
        let request = service.request_with_token(|token| token.claim("exp", exp));
        assert_eq!(service.run(&request), *expected, "{leeway} {exp}");
    }
    // A fraction does not let it live longer.
    let mut service = Service::dpop();
    service.issuer_policy = service.issuer_policy.with_leeway(0).unwrap();
    let request = service.request_with_token(|token| {
        let token = token.without_claim("exp");
        token.claim_text(&format!("\"exp\":{NOW}.9"))
    });
    assert_eq!(service.run(&request), expired);
}

#[test]
fn jwt_4_1_5_1_accepts_a_token_ten_seconds_ahead() {
    token("ten seconds ahead", "nbf", NOW + 10, &Outcome::Allowed);
    token("in the past", "nbf", 0, &Outcome::Allowed);
}

#[test]
fn jwt_4_1_5_1_refuses_a_token_before_its_time() {
    let early = Outcome::bad_token(Reason::TokenNotYetValid);
    for (leeway, ahead, expected) in [
        (0, 0, &Outcome::Allowed),
        (0, 1, &early),
        (30, 30, &Outcome::Allowed),
        (30, 31, &early),
        (30, 61, &early),
        // However much leeway there is, a minute is the most.
        (120, 60, &Outcome::Allowed),
        (120, 61, &early),
    ] {
        let mut service = Service::dpop();
        service.issuer_policy = service.issuer_policy.with_leeway(leeway).unwrap();
        let request = service.request_with_token(|token| token.claim("nbf", NOW + ahead));
        assert_eq!(service.run(&request), *expected, "{leeway} {ahead}");
    }
}

#[test]
fn jwt_2_1_accepts_whole_and_broken_seconds() {
    for iat in [
        format!("{NOW}"),
        format!("{NOW}.5"),
        format!("{NOW}.0"),
        format!("{}.25", NOW - 60),
        "1.8e9".to_owned(),
    ] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| {
            proof
                .without_claim("iat")
                .claim_text(&format!("\"iat\":{iat}"))
        });
        assert_eq!(service.run(&request), Outcome::Allowed, "{iat}");
        let service = Service::dpop();
        let request = service.request_with_token(|token| {
            token
                .without_claim("iat")
                .claim_text(&format!("\"iat\":{iat}"))
        });
        assert_eq!(service.run(&request), Outcome::Allowed, "{iat}");
    }
}

#[test]
fn jwt_2_1_refuses_what_is_no_date() {
    for date in [
        format!("\"{NOW}\""),
        "-1".to_owned(),
        "true".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "18446744073709551616".to_owned(),
        "253402300800".to_owned(),
        format!("{NOW}000"),
    ] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| {
            let proof = proof.without_claim("iat");
            proof.claim_text(&format!("\"iat\":{date}"))
        });
        let refused = Outcome::bad_proof(Reason::ProofClaimMissing);
        assert_eq!(service.run(&request), refused, "{date}");
        for claim in ["exp", "iat", "nbf"] {
            let request = service.request_with_token(|token| {
                let token = token.claim(claim, 0).without_claim(claim);
                token.claim_text(&format!("\"{claim}\":{date}"))
            });
            let refused = Outcome::bad_token(Reason::TokenClaimMissing);
            assert_eq!(service.run(&request), refused, "{claim} {date}");
        }
    }
    // A number that no double holds is no JSON here.
    let service = Service::dpop();
    for claim in ["exp", "nbf"] {
        let request = service.request_with_token(|token| {
            let token = token.claim(claim, 0).without_claim(claim);
            token.claim_text(&format!("\"{claim}\":1e400"))
        });
        let refused = Outcome::bad_token(Reason::TokenMalformed);
        assert_eq!(service.run(&request), refused, "{claim}");
    }
    let request = service.request_with_proof(|proof| {
        let proof = proof.without_claim("iat");
        proof.claim_text("\"iat\":1e400")
    });
    let refused = Outcome::bad_proof(Reason::ProofPayloadMalformed);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn jwt_7_2_1_accepts_a_token_without_cty() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

// rules: BCP-3.3-1 (negative), BCP-3.15-1 (negative)
#[test]
fn jwt_7_2_1_refuses_what_is_nested_encrypted_or_compressed() {
    let encrypted = Outcome::bad_token(Reason::TokenEncrypted);
    let service = Service::dpop();
    for (name, value) in [
        ("cty", "JWT"),
        ("cty", "jwt"),
        ("cty", "at+jwt"),
        ("zip", "DEF"),
        ("enc", "A256GCM"),
    ] {
        let request = service.request_with_token(|token| token.header(name, value));
        assert_eq!(service.run(&request), encrypted, "{name} {value}");
    }
    // A JWT in the place of the claims, said or unsaid.
    let inner = service.token().compact();
    let nested = |token: keybound_tests::harness::Jws| token.raw_payload(inner.clone());
    let refused = Outcome::bad_token(Reason::TokenMalformed);
    assert_eq!(service.run(&service.request_with_token(nested)), refused);
    let refused = Outcome::bad_proof(Reason::ProofPayloadMalformed);
    assert_eq!(service.run(&service.request_with_proof(nested)), refused);
    // Five parts, as if encrypted for this service.
    let jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AAAA.AAAA.AAAA.AAAA";
    let request = service.request_with(jwe, &service.proof(jwe).compact());
    assert_eq!(service.run(&request), encrypted);
}

// rules: BCP-3.1-2 (negative)
#[test]
fn jwt_11_1_1_refuses_a_token_signed_by_another_issuer() {
    let other = Issuer::new("https://other.example", PrivateKey::p256(7));
    let own = Service::dpop().issuer;
    // The other issuer says that a token is ours, by the same kid, without one, and by its own.
    for (kid, reason) in [
        (Some("k1"), Reason::TokenSignatureInvalid),
        (None, Reason::TokenSignatureInvalid),
        (Some("k7"), Reason::TokenKeyUnknown),
    ] {
        let jkt = Service::dpop().client.jkt();
        let token = other.token().claim("cnf", json!({ "jkt": jkt }));
        let token = match kid {
            Some(kid) => token.header("kid", kid),
            None => token.without_header("kid"),
        };
        let request = |token: &str| {
            let service = Service::dpop();
            service.request_with(token, &service.proof(token).compact())
        };
        // Its own tokens hold, and those in another's name do not.
        let named = token.clone().claim("iss", ISSUER).compact();
        let outcome = two_issuers(&own, &other, &request(&named));
        assert_eq!(
            outcome.err().map(|rejection| rejection.reason()),
            Some(reason)
        );
        if kid == Some("k1") {
            let outcome = two_issuers(&own, &other, &request(&token.compact()));
            assert!(matches!(outcome, Ok(Confirmed::Unspent(_))), "{outcome:?}");
        }
    }
}

/// A service that believes two issuers, each with its own keys.
fn two_issuers(one: &Issuer, two: &Issuer, request: &Request) -> Result<Confirmed, Rejection> {
    let policy = |issuer: &Issuer| IssuerPolicy::new(issuer.name(), [AUDIENCE]).unwrap();
    let keys = |issuer: &Issuer| {
        let document = issuer.jwks().to_string();
        let limits = Limits::DEFAULT;
        KeySet::parse(document.as_bytes(), 1, &limits, &IssuerAlgorithms).unwrap()
    };
    let enforcer = Enforcer::builder(Arc::new(IssuerAlgorithms))
        .issuer(policy(one))
        .issuer(policy(two))
        .build()
        .unwrap();
    let target = TargetUri::new(&Origin::parse(AUDIENCE).unwrap(), "/orders").unwrap();
    let view = RequestView {
        method: "GET",
        target: &target,
        query: None,
        authorization: FieldLines::One(&request.authorization[0]),
        dpop: FieldLines::One(&request.dpop[0]),
        certificate: PeerCertificate::NotPresented,
    };
    let service = Service::dpop();
    let (first, second) = (keys(one), keys(two));
    let keys = [(one.name(), &first), (two.name(), &second)];
    enforcer.verify(&service.route, view, &keys, &service.nonces, time(NOW))
}

#[test]
fn jws_5_3_1_accepts_escapes_of_json() {
    for member in [
        r#""htm":"\u0047ET""#,
        r#""\u0068tm":"GET""#,
        r#""htu":"https:\/\/api.example.com\/orders""#,
        r#""htu":"https://\u0061pi.example.com/orders""#,
    ] {
        let service = Service::dpop();
        let name = if member.contains("htu") { "htu" } else { "htm" };
        let request =
            service.request_with_proof(|proof| proof.without_claim(name).claim_text(member));
        assert_eq!(service.run(&request), Outcome::Allowed, "{member}");
    }
    // So an escaped jti is the same jti.
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    let request = service
        .request_with_proof(|proof| proof.without_claim("jti").claim_text(r#""jti":"\u0070-1""#));
    let replayed = Outcome::bad_proof(Reason::ProofReplayed);
    assert_eq!(service.run(&request), replayed);
}

#[test]
fn jws_5_3_1_refuses_what_only_looks_alike() {
    let service = Service::dpop();
    // Full-width letters, and a Cyrillic one.
    for htm in ["\u{ff27}\u{ff25}\u{ff34}", "GE\u{422}", "GET\u{200b}"] {
        let request = service.request_with_proof(|proof| proof.claim("htm", htm));
        let refused = Outcome::bad_proof(Reason::ProofHtmMismatch);
        assert_eq!(service.run(&request), refused, "{htm}");
    }
    // The long s, which upper case turns into S.
    let htu = "https://api.example.com/order\u{17f}";
    let request = service.request_with_proof(|proof| proof.claim("htu", htu));
    let refused = Outcome::bad_proof(Reason::ProofHtuMalformed);
    assert_eq!(service.run(&request), refused);
    // One e with an accent, and the same one made of two.
    let mut service = Service::dpop();
    service.issuer_policy = IssuerPolicy::new("https://caf\u{e9}.example", [AUDIENCE]).unwrap();
    let decomposed = "https://cafe\u{301}.example";
    let request = service.request_with_token(|token| token.claim("iss", decomposed));
    let refused = Outcome::bad_token(Reason::TokenIssuerUnknown);
    assert_eq!(service.run(&request), refused);
    let composed = "https://caf\u{e9}.example";
    let request = service.request_with_token(|token| token.claim("iss", composed));
    assert_eq!(service.run(&request), Outcome::Allowed);
}
