//! RFC 9449 section 11: security considerations with the force of a rule.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use keybound::replay::FreshnessSource;
use keybound::{Binding, PolicyError, Reason, Window};
use keybound_tests::harness::{
    Client, Jws, NOW, Outcome, PrivateKey, Request, Service, decode, encode, sha256,
};
use serde_json::json;

#[test]
fn dpop_11_1_1_accepts_a_proof_of_a_minute_ago() {
    for age in [0, 59, 60] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.claim("iat", NOW - age));
        assert_eq!(service.run(&request), Outcome::Allowed, "{age}");
    }
    // The most that a policy can say.
    for age in [299, 300] {
        let mut service = Service::dpop();
        let policy = service.proof_policy.clone();
        service.proof_policy = policy.with_window(Window::new(300, 60)).unwrap();
        let request = service.request_with_proof(|proof| proof.claim("iat", NOW - age));
        assert_eq!(service.run(&request), Outcome::Allowed, "{age}");
    }
}

#[test]
fn dpop_11_1_1_refuses_more_than_five_minutes_whatever_is_configured() {
    let mut service = Service::dpop();
    let policy = service.proof_policy.clone();
    service.proof_policy = policy.clone().with_window(Window::new(300, 60)).unwrap();
    let request = service.request_with_proof(|proof| proof.claim("iat", NOW - 301));
    let refused = Outcome::bad_time(Reason::ProofIatTooOld);
    assert_eq!(service.run(&request), refused);
    for window in [Window::new(301, 10), Window::new(u64::MAX, 0)] {
        let refused = Err(PolicyError::Window(window));
        assert_eq!(policy.clone().with_window(window), refused);
    }
    for seconds in [0, 301, u64::MAX] {
        let refused = Err(PolicyError::NonceLifetime(seconds));
        assert_eq!(policy.clone().with_nonce_lifetime(seconds), refused);
    }
}

#[test]
fn dpop_11_1_2_accepts_a_proof_once() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // Another jti is another proof, and so is the same jti of another client.
    let request = service.request_with_proof(|proof| proof.claim("jti", "p-2"));
    assert_eq!(service.run(&request), Outcome::Allowed);
    let other = Client::new(PrivateKey::p256(3));
    let token = service
        .token()
        .claim("cnf", json!({ "jkt": other.jkt() }))
        .compact();
    let request = service.request_with(&token, &other.proof(&token).compact());
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_11_1_2_refuses_a_proof_that_comes_again() {
    let service = Service::dpop();
    let request = service.request();
    assert_eq!(service.run(&request), Outcome::Allowed);
    let refused = Outcome::bad_proof(Reason::ProofReplayed);
    assert_eq!(service.run(&request), refused);
    // The same jti by the same key is the same proof: at another time, for another URI, with
    // another token.
    let request = service.request_with_proof(|proof| proof.claim("iat", NOW - 5));
    assert_eq!(service.run(&request), refused);
    let url = "https://api.example.com/other";
    let request = service
        .request_with_proof(|proof| proof.claim("htu", url))
        .url(url);
    assert_eq!(service.run(&request), refused);
    let request = service.request_with_token(|token| token.claim("jti", "t-2"));
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_11_1_2_refuses_all_but_one_of_a_hundred_at_once() {
    let service = Service::dpop();
    let request = service.request();
    let replayed = Outcome::bad_proof(Reason::ProofReplayed);
    let (allowed, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let counter = match service.run(&request) {
                    Outcome::Allowed => &allowed,
                    outcome if outcome == replayed => &refused,
                    other => panic!("{other:?}"),
                };
                counter.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    assert_eq!((allowed.into_inner(), refused.into_inner()), (1, 99));
}

#[test]
fn dpop_11_1_3_accepts_up_to_256_octets() {
    for length in [1, 22, 128, 255, 256] {
        let service = Service::dpop();
        let jti = "j".repeat(length);
        let request = service.request_with_proof(|proof| proof.claim("jti", jti));
        assert_eq!(service.run(&request), Outcome::Allowed, "{length}");
    }
    let service = Service::dpop();
    let jti = "\u{20ac}".repeat(85);
    let request = service.request_with_proof(|proof| proof.claim("jti", jti));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_11_1_3_refuses_none_and_more() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofJtiLength);
    for jti in [
        String::new(),
        "j".repeat(257),
        // 258 octets in 86 characters
        "\u{20ac}".repeat(86),
        "j".repeat(4_000),
    ] {
        let request = service.request_with_proof(|proof| proof.claim("jti", jti.as_str()));
        assert_eq!(service.run(&request), refused, "{}", jti.len());
    }
    assert_eq!(service.store.asked(), []);
}

// rules: PROJ-4 (both)
#[test]
fn what_is_remembered_is_a_hash_of_key_and_jti() {
    let service = Service::dpop();
    let rows: [fn(Jws) -> Jws; 4] = [
        |proof| proof,
        |proof| proof.claim("jti", "p-11"),
        |proof| proof.claim("jti", "p-"),
        |proof| proof.claim("jti", "P-1"),
    ];
    for alter in rows {
        let request = service.request_with_proof(alter);
        assert_eq!(service.run(&request), Outcome::Allowed);
    }
    let entries = service.store.asked();
    let keys: BTreeSet<_> = entries.iter().map(|entry| entry.key().as_bytes()).collect();
    assert_eq!(keys.len(), 4);
    let label = b"keybound replay v1\0";
    let jkt = decode(&service.client.jkt());
    let expected = sha256([&label[..], &jkt, b"p-1"].concat());
    assert_eq!(encode(entries[0].key().as_bytes()), expected);
    assert_eq!(entries[0].owner().to_string(), service.client.jkt());
}

// rules: PROJ-6 (both)
#[test]
fn a_proof_is_remembered_for_as_long_as_it_would_be_taken() {
    for (iat, age) in [(NOW - 60, 0), (NOW, 60), (NOW + 10, 70)] {
        let mut service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.claim("iat", iat));
        assert_eq!(service.run(&request), Outcome::Allowed);
        let entry = service.store.asked().pop().unwrap();
        assert_eq!(entry.source(), FreshnessSource::Iat);
        assert_eq!((entry.second(), entry.last_acceptable()), (iat, iat + 60));
        // At its last second it is a replay, and one later it is too old.
        service.now = NOW + age;
        let replayed = Outcome::bad_proof(Reason::ProofReplayed);
        assert_eq!(service.run(&request), replayed);
        service.now = NOW + age + 1;
        let too_old = Outcome::bad_time(Reason::ProofIatTooOld);
        assert_eq!(service.run(&request), too_old);
    }
}

#[test]
fn dpop_11_1_4_accepts_a_clock_that_is_a_little_ahead() {
    for ahead in [9, 10] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.claim("iat", NOW + ahead));
        assert_eq!(service.run(&request), Outcome::Allowed, "{ahead}");
    }
    for ahead in [59, 60] {
        let mut service = Service::dpop();
        let policy = service.proof_policy.clone();
        service.proof_policy = policy.with_window(Window::new(60, 60)).unwrap();
        let request = service.request_with_proof(|proof| proof.claim("iat", NOW + ahead));
        assert_eq!(service.run(&request), Outcome::Allowed, "{ahead}");
    }
}

#[test]
fn dpop_11_1_4_refuses_a_clock_that_is_further_ahead() {
    let mut service = Service::dpop();
    let refused = Outcome::bad_time(Reason::ProofIatInFuture);
    for ahead in [11, 61, 86_400] {
        let request = service.request_with_proof(|proof| proof.claim("iat", NOW + ahead));
        assert_eq!(service.run(&request), refused, "{ahead}");
    }
    let policy = service.proof_policy.clone();
    service.proof_policy = policy.clone().with_window(Window::new(60, 60)).unwrap();
    let request = service.request_with_proof(|proof| proof.claim("iat", NOW + 61));
    assert_eq!(service.run(&request), refused);
    let window = Window::new(60, 61);
    let refused = Err(PolicyError::Window(window));
    assert_eq!(policy.with_window(window), refused);
}

#[test]
fn dpop_11_1_5_accepts_a_wrong_clock_with_a_fresh_nonce() {
    let day = 24 * 60 * 60;
    for iat in [
        NOW - 7_200,
        NOW + 7_200,
        NOW - day + 1,
        NOW - day,
        NOW + day - 1,
        NOW + day,
    ] {
        for service in [Service::with_nonces(), Service::dpop()] {
            let nonce = service.nonce_of(NOW);
            let request =
                service.request_with_proof(|proof| proof.claim("iat", iat).claim("nonce", nonce));
            assert_eq!(service.run(&request), Outcome::Allowed, "{iat}");
        }
    }
}

#[test]
fn dpop_11_1_5_refuses_an_old_nonce_with_a_fresh_clock() {
    let service = Service::with_nonces();
    for age in [181, 3_600] {
        let nonce = service.nonce_of(NOW - age);
        let request = service.request_with_proof(|proof| proof.claim("nonce", nonce));
        let refused = Outcome::wants_nonce(Reason::ProofNonceStale);
        assert_eq!(service.run(&request), refused, "{age}");
    }
    // A clock that is wrong by more than a day is beyond help.
    let day = 24 * 60 * 60;
    for (iat, reason) in [
        (NOW - day - 1, Reason::ProofIatTooOld),
        (NOW + day + 1, Reason::ProofIatInFuture),
    ] {
        let request = service.request_with_proof(|proof| proof.claim("iat", iat));
        let refused = Outcome::bad_time(reason).with_nonce();
        assert_eq!(service.run(&request), refused, "{iat}");
    }
}

#[test]
fn dpop_11_1_6_accepts_a_nonce_more_than_once() {
    let service = Service::with_nonces();
    for jti in ["a", "b", "c"] {
        let request = service.request_with_proof(|proof| proof.claim("jti", jti));
        assert_eq!(service.run(&request), Outcome::Allowed, "{jti}");
    }
}

#[test]
fn dpop_11_1_6_refuses_a_replay_for_as_long_as_the_nonce_lives() {
    let mut service = Service::with_nonces();
    let request = service.request();
    assert_eq!(service.run(&request), Outcome::Allowed);
    let entry = service.store.asked().pop().unwrap();
    assert_eq!(entry.source(), FreshnessSource::Nonce);
    assert_eq!((entry.second(), entry.last_acceptable()), (NOW, NOW + 180));
    let replayed = Outcome::bad_proof(Reason::ProofReplayed).with_nonce();
    for age in [61, 179, 180] {
        service.now = NOW + age;
        assert_eq!(service.run(&request), replayed, "{age}");
    }
    service.now = NOW + 181;
    let stale = Outcome::wants_nonce(Reason::ProofNonceStale);
    assert_eq!(service.run(&request), stale);
}

#[test]
fn dpop_11_2_1_accepts_a_token_within_the_bound() {
    for lifetime in [300, 3_599, 3_600] {
        let mut service = Service::dpop();
        service.issuer_policy = service.issuer_policy.with_max_lifetime(3_600);
        let request = service.request_with_token(|token| token.claim("exp", NOW - 60 + lifetime));
        assert_eq!(service.run(&request), Outcome::Allowed, "{lifetime}");
    }
    // Without a bound there is none.
    let service = Service::dpop();
    let month = 30 * 24 * 60 * 60;
    let request = service.request_with_token(|token| token.claim("exp", NOW + month));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_11_2_1_refuses_a_token_that_lives_longer() {
    let mut service = Service::dpop();
    service.issuer_policy = service.issuer_policy.with_max_lifetime(3_600);
    let refused = Outcome::bad_token(Reason::TokenLifetime);
    for lifetime in [3_601, 30 * 24 * 60 * 60] {
        let request = service.request_with_token(|token| token.claim("exp", NOW - 60 + lifetime));
        assert_eq!(service.run(&request), refused, "{lifetime}");
    }
    let request = service.request_with_token(|token| {
        token
            .without_claim("exp")
            .claim_text(&format!("\"exp\":{}.5", NOW + 3_540))
    });
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_11_3_1_accepts_a_proof_with_its_nonce() {
    let service = Service::with_nonces();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_11_3_1_refuses_a_proof_whose_nonce_was_left_out() {
    let service = Service::with_nonces();
    let wanted = Outcome::wants_nonce(Reason::ProofNonceMissing);
    let request = service.request_with_proof(|proof| proof.without_claim("nonce"));
    assert_eq!(service.run(&request), wanted);
    // A nonce cures a wrong clock, so that it is asked for first.
    let request = service.request_with_proof(|proof| proof.without_claim("nonce").claim("iat", 0));
    assert_eq!(service.run(&request), wanted);
    // Empty is not absent, and not right either.
    let request = service.request_with_proof(|proof| proof.claim("nonce", ""));
    let wanted = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    assert_eq!(service.run(&request), wanted);
    let request = service.request_with_proof(|proof| proof.claim("nonce", json!(null)));
    let refused = Outcome::bad_proof(Reason::ProofClaimMissing).with_nonce();
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_11_5_1_accepts_a_proof() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

// rules: ATJWT-4-1 (negative)
#[test]
fn dpop_11_5_1_refuses_a_jwt_that_was_made_for_something_else() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofTypWrong);
    for typ in [
        "JWT",
        "at+jwt",
        "logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "oauth-authz-req+jwt",
        "dpop+jwt+x",
    ] {
        let request = service.request_with_proof(|proof| proof.header("typ", typ));
        assert_eq!(service.run(&request), refused, "{typ}");
    }
    // The token itself in the place of the proof.
    let token = service.token().compact();
    let request = service.request_with(&token, &token);
    assert_eq!(service.run(&request), refused);
    // And a proof by the issuer in the place of the token.
    let proof = service.issuer.token().header("typ", "dpop+jwt").compact();
    let request = service.request_with(&proof, &service.proof(&proof).compact());
    let refused = Outcome::bad_token(Reason::TokenTypWrong);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_11_6_1_accepts_asymmetric_algorithms() {
    for (alg, key) in [
        ("ES256", PrivateKey::p256(2)),
        ("EdDSA", PrivateKey::ed25519(2)),
        ("Ed25519", PrivateKey::ed25519(2)),
    ] {
        let mut service = Service::dpop();
        service.client = Client::new(key);
        let request = service.request_with_proof(|proof| proof.header("alg", alg));
        assert_eq!(service.run(&request), Outcome::Allowed, "{alg}");
    }
}

#[test]
fn dpop_11_6_1_refuses_none_and_macs() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofAlgRefused);
    for alg in ["HS256", "HS384", "HS512", "none", "None"] {
        for jwk in [
            json!({ "kty": "oct", "k": "c2VjcmV0" }),
            service.client.key().public_jwk(),
        ] {
            let request = service
                .request_with_proof(|proof| proof.header("alg", alg).header("jwk", jwk.clone()));
            assert_eq!(service.run(&request), refused, "{alg} {jwk}");
        }
    }
    let request =
        service.request_with_proof(|proof| proof.header("alg", "none").encoded_signature("AA"));
    assert_eq!(service.run(&request), refused);
    let unsigned =
        service.request_with_proof(|proof| proof.header("alg", "none").encoded_signature(""));
    let malformed = Outcome::bad_proof(Reason::ProofMalformed);
    assert_eq!(service.run(&unsigned), malformed);
}

#[test]
fn dpop_11_8_1_accepts_sha_256() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_11_8_1_refuses_other_hashes() {
    let service = Service::dpop();
    let long = encode([7; 64]);
    for (cnf, reason) in [
        (json!({ "jkt": long }), Reason::BindingKeyMismatch),
        (
            json!({ "jkt#S512": long }),
            Reason::ConfirmationUnenforceable,
        ),
        (
            json!({ "x5t#S512": long }),
            Reason::ConfirmationUnenforceable,
        ),
    ] {
        let request = service.request_with_token(|token| token.claim("cnf", cnf.clone()));
        assert_eq!(service.run(&request), Outcome::bad_token(reason), "{cnf}");
    }
    let request = service.request_with_proof(|proof| proof.claim("ath", long.as_str()));
    let refused = Outcome::bad_proof(Reason::ProofAthMismatch);
    assert_eq!(service.run(&request), refused);
    let request =
        service.request_with_proof(|proof| proof.without_claim("ath").claim("ath#S512", "x"));
    let refused = Outcome::bad_proof(Reason::ProofClaimMissing);
    assert_eq!(service.run(&request), refused);
}

// rules: PROJ-1 (both)
#[test]
fn a_proof_has_at_most_8192_octets() {
    for (length, expected) in [
        (8_191, Outcome::Allowed),
        (8_192, Outcome::Allowed),
        (8_193, Outcome::bad_proof(Reason::ProofOversize)),
    ] {
        let service = Service::dpop();
        let token = service.token().compact();
        let proof = padded(service.proof(&token), length);
        let request = service.request_with(&token, &proof);
        assert_eq!(service.run(&request), expected, "{length}");
    }
    // Under scheme Bearer as well, where a proof decides nothing.
    let service = Service::bound(Binding::Bearer);
    let token = service.token().compact();
    for (length, passes) in [(8_192, true), (8_193, false)] {
        let request = Request::get()
            .authorization(format!("Bearer {token}"))
            .dpop("x".repeat(length));
        let outcome = service.run(&request);
        assert_eq!(outcome == Outcome::Allowed, passes, "{length} {outcome:?}");
    }
}

/// The proof or token with something in it that makes it so long.
fn padded(jws: Jws, length: usize) -> String {
    for header in 0..4 {
        let jws = jws.clone().header("pad", "x".repeat(header));
        let missing = length.checked_sub(jws.compact().len()).unwrap();
        for payload in (missing / 4 * 3).saturating_sub(16)..missing {
            let padded = jws.clone().claim("pad", "x".repeat(payload)).compact();
            if padded.len() == length {
                return padded;
            }
            if padded.len() > length {
                break;
            }
        }
    }
    panic!("no padding makes {length}");
}
