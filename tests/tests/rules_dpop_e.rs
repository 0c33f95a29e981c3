//! RFC 9449 sections 8 to 10: nonces.

use std::collections::BTreeSet;

use keybound::{
    Answer, Binding, NonceKey, NonceKeys, NonceRequirement, PolicyError, Reason, Rejection,
    Spending,
};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    AUDIENCE, End, NOW, Nonce, Outcome, Request, Response, Service, decode, encode, time,
};

/// The outcome of a request whose proof holds this nonce.
fn with_nonce(service: &Service, nonce: &str) -> Outcome {
    let request = service.request_with_proof(|proof| proof.claim("nonce", nonce));
    service.run(&request)
}

#[test]
fn dpop_8_1_sends_what_cannot_be_guessed() {
    let mut seen = BTreeSet::new();
    for key in 0..=u8::MAX {
        let keys = NonceKeys::new(NonceKey::new(1, [key; 32]));
        for (origin, second) in [
            (AUDIENCE, NOW),
            (AUDIENCE, NOW + 1),
            ("https://b.example", NOW),
        ] {
            let nonce = keys.issue(origin, time(second), &IssuerAlgorithms);
            let octets = decode(&nonce);
            // generation, second of issue, and 128 bits that only the key's holder can make
            assert_eq!(octets.len(), 1 + 5 + 16);
            assert!(seen.insert(octets[6..].to_vec()), "{nonce}");
        }
    }
}

#[test]
fn dpop_8_1_refuses_a_nonce_that_anyone_could_make() {
    let service = Service::with_nonces();
    let right = decode(&service.nonce_of(NOW));
    let unknown = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    for at in 0..right.len() {
        for bit in 0..8 {
            let mut octets = right.clone();
            octets[at] ^= 1 << bit;
            assert_eq!(with_nonce(&service, &encode(octets)), unknown, "{at} {bit}");
        }
    }
    let seconds = &NOW.to_be_bytes()[3..];
    for forged in [
        NOW.to_string(),
        encode(seconds),
        encode([&[1], seconds, &[0; 16]].concat()),
    ] {
        assert_eq!(with_nonce(&service, &forged), unknown, "{forged}");
    }
}

// rules: DPOP-8-2 (positive)
#[test]
fn no_answer_has_two_nonces() {
    for service in [Service::dpop(), Service::with_nonces()] {
        for reason in Reason::ALL {
            let answer = answer(&service, *reason);
            let nonces = answer.fields().iter();
            let nonces = nonces.filter(|(name, _)| *name == "dpop-nonce").count();
            let wanted = answer.error() == Some("use_dpop_nonce")
                || (answer.status() == 401 && service.route.nonce() == NonceRequirement::Required);
            assert_eq!(nonces, usize::from(wanted), "{reason}");
        }
    }
}

#[test]
fn dpop_8_3_accepts_what_was_supplied_recently() {
    for age in [0, 1, 60, 179, 180] {
        let service = Service::with_nonces();
        let nonce = service.nonce_of(NOW - age);
        assert_eq!(with_nonce(&service, &nonce), Outcome::Allowed, "{age}");
    }
    // By an instance whose clock is ahead.
    let service = Service::with_nonces();
    let nonce = service.nonce_of(NOW + 10);
    assert_eq!(with_nonce(&service, &nonce), Outcome::Allowed);
}

#[test]
fn dpop_8_3_refuses_everything_else() {
    let service = Service::with_nonces();
    let unknown = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    let right = service.nonce_of(NOW);
    for nonce in [
        format!("{right} "),
        format!(" {right}"),
        format!("{right}="),
        format!("{right}A"),
        right[..right.len() - 1].to_owned(),
        right.to_lowercase(),
        format!("{right}{right}"),
        "eyJ7S_zG.eyJH0-Z.HX4w-7v".to_owned(),
        String::new(),
        "a".repeat(4_096),
        service.nonce_of(NOW + 11),
    ] {
        assert_eq!(with_nonce(&service, &nonce), unknown, "{nonce}");
    }
    let stale = Outcome::wants_nonce(Reason::ProofNonceStale);
    for age in [181, 182, 3_600, NOW] {
        let nonce = service.nonce_of(NOW - age);
        assert_eq!(with_nonce(&service, &nonce), stale, "{age}");
    }
}

#[test]
fn dpop_8_4_sends_a_nonce_that_works_with_the_refusal() {
    let service = Service::with_nonces();
    let request = service.request_with_proof(|proof| proof.without_claim("nonce"));
    let Outcome::Denied(Reason::ProofNonceMissing, response) = service.run(&request) else {
        panic!("it passes");
    };
    assert_eq!(response.nonce, Nonce::Fresh);
    let nonce = service.nonce_of(NOW);
    assert_eq!(with_nonce(&service, &nonce), Outcome::Allowed);
}

#[test]
fn dpop_8_4_never_asks_for_a_nonce_without_sending_one() {
    for service in [Service::dpop(), Service::with_nonces()] {
        for reason in Reason::ALL {
            let answer = answer(&service, *reason);
            if answer.error() == Some("use_dpop_nonce") {
                let sent = answer
                    .fields()
                    .iter()
                    .any(|(name, value)| *name == "dpop-nonce" && *value == service.nonce_of(NOW));
                assert!(sent, "{reason}");
            }
        }
    }
}

// rules: DPOP-8-5 (both)
#[test]
fn absent_stale_and_unknown_nonces_are_answered_alike() {
    let service = Service::with_nonces();
    let absent = service.run(&service.request_with_proof(|proof| proof.without_claim("nonce")));
    assert_eq!(absent, Outcome::wants_nonce(Reason::ProofNonceMissing));
    let stale = with_nonce(&service, &service.nonce_of(NOW - 181));
    assert_eq!(stale, Outcome::wants_nonce(Reason::ProofNonceStale));
    let unknown = with_nonce(&service, "unknown");
    assert_eq!(unknown, Outcome::wants_nonce(Reason::ProofNonceUnknown));
    let answers = [absent, stale, unknown].map(|outcome| match outcome {
        Outcome::Denied(_, response) => response,
        other => panic!("{other:?}"),
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn dpop_8_9_accepts_two_requests_at_once_with_an_older_nonce() {
    let service = Service::with_nonces();
    let older = service.nonce_of(NOW - 100);
    let newer = service.nonce_of(NOW);
    for (jti, nonce) in [("a", &newer), ("b", &older), ("c", &older), ("d", &newer)] {
        let request = service
            .request_with_proof(|proof| proof.claim("jti", jti).claim("nonce", nonce.as_str()));
        assert_eq!(service.run(&request), Outcome::Allowed, "{jti}");
    }
}

#[test]
fn dpop_8_9_rejects_none_but_the_keys_before_the_last_ones() {
    let mut service = Service::with_nonces();
    let nonce = service.nonce_of(NOW - 1);
    service.nonces = service.nonces.rotated(NonceKey::new(2, [8; 32]));
    assert_eq!(with_nonce(&service, &nonce), Outcome::Allowed);
    service.nonces = service.nonces.rotated(NonceKey::new(3, [9; 32]));
    let unknown = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    assert_eq!(with_nonce(&service, &nonce), unknown);
    // Lost on the server's side, and cured by one more request.
    let fresh = service.nonce_of(NOW);
    let request = service.request_with_proof(|proof| proof.claim("jti", "2").claim("nonce", fresh));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_8_1_1_sends_nonces_inside_the_grammar() {
    let service = Service::dpop();
    for second in [0, 1, 255, NOW, NOW + 1, 1 << 39] {
        let nonce = service.nonce_of(second);
        let grammar = |octet: u8| matches!(octet, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(!nonce.is_empty() && nonce.bytes().all(grammar), "{nonce}");
        assert_eq!(nonce.len(), 30);
    }
}

#[test]
fn dpop_8_2_2_sends_a_new_nonce_after_half_of_a_life() {
    for (age, renewed) in [(0, false), (89, false), (90, true), (91, true), (180, true)] {
        let service = Service::with_nonces();
        let nonce = service.nonce_of(NOW - age);
        let request = service.request_with_proof(|proof| proof.claim("nonce", nonce));
        let End::Allow(admitted) = service.end(&request) else {
            panic!("{age} is refused");
        };
        let enforcer = service.enforcer();
        let fresh = enforcer.renewed_nonce(&admitted, &service.nonces, AUDIENCE, time(NOW));
        let expected = renewed.then(|| service.nonce_of(NOW));
        assert_eq!(fresh, expected, "{age}");
    }
    // A client that uses no nonce is not taught to.
    let service = Service::dpop();
    let End::Allow(admitted) = service.end(&service.request()) else {
        panic!("refused");
    };
    let enforcer = service.enforcer();
    let fresh = enforcer.renewed_nonce(&admitted, &service.nonces, AUDIENCE, time(NOW + 600));
    assert_eq!(fresh, None);
}

#[test]
fn dpop_8_2_3_keeps_answers_with_a_nonce_out_of_caches() {
    for service in [Service::dpop(), Service::with_nonces()] {
        for reason in Reason::ALL {
            let answer = answer(&service, *reason);
            let has = |field| answer.fields().iter().any(|(name, _)| *name == field);
            let no_store = ("cache-control", "no-store".to_owned());
            assert!(
                !has("dpop-nonce") || answer.fields().contains(&no_store),
                "{reason}"
            );
        }
    }
}

#[test]
fn dpop_9_1_sends_status_challenge_and_nonce() {
    let service = Service::with_nonces();
    let request = service.request_with_proof(|proof| proof.without_claim("nonce"));
    let challenge = concat!(
        r#"DPoP error="use_dpop_nonce", "#,
        r#"error_description="Resource server requires nonce in DPoP proof", "#,
        r#"algs="ES256 EdDSA Ed25519""#
    );
    let expected = Outcome::Denied(
        Reason::ProofNonceMissing,
        Response {
            status: 401,
            challenges: vec![challenge.to_owned()],
            nonce: Nonce::Fresh,
            cache_control: Some("no-store".to_owned()),
            expose: Some("WWW-Authenticate, DPoP-Nonce".to_owned()),
            retry_after: None,
        },
    );
    assert_eq!(service.run(&request), expected);
}

#[test]
fn dpop_9_1_never_answers_400() {
    let service = Service::with_nonces();
    for reason in Reason::ALL {
        let answer = answer(&service, *reason);
        if answer.error() == Some("use_dpop_nonce") {
            assert_eq!(answer.status(), 401, "{reason}");
        }
    }
}

#[test]
fn dpop_9_4_accepts_a_proof_without_a_nonce_where_none_is_required() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // One that is there is used all the same.
    let nonce = service.nonce_of(NOW);
    let request = service.request_with_proof(|proof| proof.claim("jti", "2").claim("nonce", nonce));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_9_4_challenges_a_wrong_nonce_wherever_proofs_are_spent() {
    for service in [Service::dpop(), Service::with_nonces()] {
        let unknown = Outcome::wants_nonce(Reason::ProofNonceUnknown);
        assert_eq!(with_nonce(&service, "unknown"), unknown);
        let stale = service.nonce_of(NOW - 181);
        let expected = Outcome::wants_nonce(Reason::ProofNonceStale);
        assert_eq!(with_nonce(&service, &stale), expected);
    }
    // Where they are not, nonces are the affair of the service behind.
    let service = Service::verify_only();
    assert_eq!(with_nonce(&service, "unknown"), Outcome::VerifiedOnly);
    let refused = service.route.with_nonce(NonceRequirement::Required);
    assert_eq!(refused, Err(PolicyError::NonceUnspent));
    let refused = Service::with_nonces()
        .route
        .with_spending(Spending::VerifyOnly);
    assert_eq!(refused, Err(PolicyError::NonceUnspent));
}

// rules: DPOP-8-4 (positive)
#[test]
fn with_nonces_required_every_401_carries_one() {
    let service = Service::with_nonces();
    let expected = Outcome::without_credentials(Reason::CredentialsMissing).with_nonce();
    assert_eq!(service.run(&Request::get()), expected);
    let request = service.request_with_token(|token| token.claim("exp", 1));
    let expected = Outcome::bad_token(Reason::TokenExpired).with_nonce();
    assert_eq!(service.run(&request), expected);
    let request = service.request_with_proof(|proof| proof.claim("htm", "PUT"));
    let expected = Outcome::bad_proof(Reason::ProofHtmMismatch).with_nonce();
    assert_eq!(service.run(&request), expected);
    // A 400 and a 403 do not.
    let request = Request::get().authorization("DPoP");
    let expected = Outcome::bad_request(Reason::CredentialsMalformed);
    assert_eq!(service.run(&request), expected);
    // On any binding.
    let mut service = Service::bound(Binding::Either);
    let route = service.route.with_nonce(NonceRequirement::Required);
    service.route = route.unwrap();
    let challenges = [r#"DPoP algs="ES256 EdDSA Ed25519""#, "Bearer"];
    let response = Response::challenged(401, &challenges).with_nonce();
    let expected = Outcome::Denied(Reason::CredentialsMissing, response);
    assert_eq!(service.run(&Request::get()), expected);
}

fn answer(service: &Service, reason: Reason) -> Answer {
    service.enforcer().answer(
        &Rejection::new(reason),
        &service.route,
        &service.nonces,
        AUDIENCE,
        time(NOW),
    )
}
