//! Rules that no specification states: sizes, the order of the stages, and what is compared.

use std::sync::Arc;

use keybound::replay::ReplayError;
use keybound::{
    Binding, JwkError, KeySet, KeySetError, Limits, NonceKey, NonceKeys, PublicKey, Reason,
};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    AUDIENCE, Calls, Counting, End, Introspection, Jws, NOW, Outcome, PrivateKey, Request,
    Response, Service, Store, sha256, time,
};
use serde_json::json;

/// A JWS that is so long, down to the octet.
fn of_length(length: usize, make: impl Fn() -> Jws) -> String {
    let pads = |header, payload| {
        make()
            .header("pad", "a".repeat(header))
            .claim("pad", "a".repeat(payload))
            .compact()
    };
    let missing = length - pads(0, 0).len();
    let near = (missing * 3 / 4).saturating_sub(8);
    // base64url has no text of 4 n + 1 characters, so that both parts have to give way.
    for (header, payload) in (near..near + 16).flat_map(|a| (0..4).map(move |b| (a, b))) {
        let compact = pads(header, payload);
        if compact.len() == length {
            return compact;
        }
    }
    panic!("no JWS has {length} octets");
}

#[test]
fn proj_1_accepts_what_is_as_large_as_it_may_be() {
    for length in [8 * 1024 - 1, 8 * 1024] {
        let service = Service::dpop();
        let token = service.token().compact();
        let proof = of_length(length, || service.proof(&token));
        let request = service.request_with(&token, &proof);
        assert_eq!(service.run(&request), Outcome::Allowed, "proof {length}");
    }
    for length in [16 * 1024 - 1, 16 * 1024] {
        let service = Service::dpop();
        let token = of_length(length, || service.token());
        let request = service.request_with(&token, &service.proof(&token).compact());
        assert_eq!(service.run(&request), Outcome::Allowed, "token {length}");
    }
    for jti in [1, 255, 256].map(|length| "j".repeat(length)) {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.claim("jti", jti.as_str()));
        assert_eq!(service.run(&request), Outcome::Allowed, "jti {}", jti.len());
    }
    for length in [2_047, 2_048] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.claim("htu", htu_of(length)));
        assert_eq!(service.run(&request), Outcome::Allowed, "htu {length}");
    }
    for kid in [1, 255, 256].map(|length| "k".repeat(length)) {
        let mut service = Service::dpop();
        service.jwks.as_mut().unwrap()["keys"][0]["kid"] = json!(kid);
        let request = service.request_with_token(|token| token.header("kid", kid.as_str()));
        assert_eq!(service.run(&request), Outcome::Allowed, "kid {}", kid.len());
    }
    assert_eq!(
        PublicKey::from_jwk(&jwk_with_kty(1_024)),
        Err(JwkError::UnsupportedKeyType)
    );
}

// rules: BCP-3.10-1 (negative)
#[test]
fn proj_1_refuses_one_octet_more_without_a_look_at_it() {
    let provider = Arc::new(Counting::default());
    let mut service = Service::dpop();
    service.provider = Arc::clone(&provider) as _;
    let token = service.token().compact();
    let right = of_length(8 * 1024 + 1, || service.proof(&token));
    for proof in [right, "a".repeat(8 * 1024 + 1), "\0".repeat(1 << 20)] {
        let refused = Outcome::bad_proof(Reason::ProofOversize);
        let request = service.request_with(&token, &proof);
        assert_eq!(service.run(&request), refused, "{}", proof.len());
        assert_eq!(provider.take(), Calls::default());
    }
    let long = of_length(16 * 1024 + 1, || service.token());
    for token in [long, "a".repeat(1 << 20)] {
        let request = service.request_with(&token, &service.proof(&token).compact());
        let refused = Outcome::bad_token(Reason::TokenOversize);
        assert_eq!(service.run(&request), refused, "{}", token.len());
        assert_eq!(provider.take(), Calls::default());
    }
    // 256 octets, not characters: 129 letters of two octets are too many.
    let two_octets = "\u{e9}".repeat(129);
    for jti in [String::new(), "j".repeat(257), two_octets] {
        let request = service.request_with_proof(|proof| proof.claim("jti", jti.as_str()));
        let refused = Outcome::bad_proof(Reason::ProofJtiLength);
        assert_eq!(service.run(&request), refused, "jti {}", jti.len());
        assert_eq!(provider.take().verify, 0);
    }
    for htu in [htu_of(2_049), htu_of(4_000)] {
        let request = service.request_with_proof(|proof| proof.claim("htu", htu.as_str()));
        let refused = Outcome::bad_proof(Reason::ProofHtuMalformed);
        assert_eq!(service.run(&request), refused, "htu {}", htu.len());
        assert_eq!(provider.take().verify, 0);
    }
    for kid in ["k".repeat(257), "../".repeat(3_000)] {
        let request = service.request_with_token(|token| token.header("kid", kid.as_str()));
        let refused = Outcome::bad_token(Reason::TokenKeyUnknown);
        assert_eq!(service.run(&request), refused, "kid {}", kid.len());
        assert_eq!(provider.take().verify, 0);
    }
    // Nor is anybody asked for a key of that name.
    service.jwks = None;
    let unavailable = Response::unavailable(503, 5);
    let unavailable = Outcome::Failed(Reason::KeysUnavailable, unavailable);
    let unknown = Outcome::bad_token(Reason::TokenKeyUnknown);
    for (length, expected) in [(255, &unavailable), (256, &unavailable), (257, &unknown)] {
        let kid = "k".repeat(length);
        let request = service.request_with_token(|token| token.header("kid", kid));
        assert_eq!(service.run(&request), *expected, "kid {length}");
    }
    assert_eq!(
        PublicKey::from_jwk(&jwk_with_kty(1_025)),
        Err(JwkError::BadMember { name: "kty" })
    );
    // A key set, in octets and in keys.
    let key = PrivateKey::p256(1).public_jwk();
    for (count, expected) in [
        (511, None),
        (512, None),
        (513, Some(KeySetError::TooManyKeys)),
    ] {
        let set = json!({ "keys": vec![&key; count] }).to_string();
        assert_eq!(parse(&set).err(), expected, "{count}");
    }
    let set = json!({ "keys": [key] }).to_string();
    for (length, expected) in [
        (512 * 1024 - 1, None),
        (512 * 1024, None),
        (512 * 1024 + 1, Some(KeySetError::Oversize)),
    ] {
        let padded = format!("{set}{}", " ".repeat(length - set.len()));
        assert_eq!(parse(&padded).err(), expected, "{length}");
    }
}

fn htu_of(length: usize) -> String {
    let uri = "https://api.example.com/orders?";
    format!("{uri}{}", "q".repeat(length - uri.len()))
}

fn jwk_with_kty(length: usize) -> Vec<u8> {
    format!(r#"{{"kty":"{}"}}"#, "E".repeat(length)).into_bytes()
}

fn parse(set: &str) -> Result<KeySet, KeySetError> {
    KeySet::parse(set.as_bytes(), 1, &Limits::DEFAULT, &IssuerAlgorithms)
}

type Change = fn(Jws) -> Jws;

/// One fault of a proof or of a token each, in the order in which they must be found.
const LADDER: &[(Reason, Part, Change)] = &[
    (Reason::ProofTypWrong, Part::Proof, |p| {
        p.header("typ", "JWT")
    }),
    (Reason::ProofCritical, Part::Proof, |p| {
        p.header("crit", json!(["exp"]))
    }),
    (Reason::ProofAlgRefused, Part::Proof, |p| {
        p.header("alg", "none")
    }),
    (Reason::ProofJwkInvalid, Part::Proof, |p| {
        p.header("jwk", PrivateKey::p256(2).jwk_with("use", "enc"))
    }),
    (Reason::ProofSignatureLength, Part::Proof, |p| {
        p.changed_signature(|signature| signature[1..].to_vec())
    }),
    (Reason::ProofJtiLength, Part::Proof, |p| p.claim("jti", "")),
    (Reason::ProofHtmMismatch, Part::Proof, |p| {
        p.claim("htm", "PUT")
    }),
    (Reason::ProofHtuMismatch, Part::Proof, |p| {
        p.claim("htu", "https://a.example/")
    }),
    (Reason::ProofAthMismatch, Part::Proof, |p| {
        p.claim("ath", sha256("other"))
    }),
    (Reason::ProofIatTooOld, Part::Proof, |p| {
        p.claim("iat", NOW - 61)
    }),
    (Reason::TokenEncrypted, Part::Token, |t| {
        t.header("cty", "JWT")
    }),
    (Reason::TokenCritical, Part::Token, |t| {
        t.header("crit", json!(["exp"]))
    }),
    (Reason::TokenIssuerUnknown, Part::Token, |t| {
        t.claim("iss", "https://a.example")
    }),
    (Reason::TokenTypWrong, Part::Token, |t| {
        t.header("typ", "JWT")
    }),
    (Reason::TokenAlgRefused, Part::Token, |t| {
        t.header("alg", "none")
    }),
    (Reason::TokenKeyUnknown, Part::Token, |t| {
        t.header("kid", "other")
    }),
    (Reason::TokenSignatureInvalid, Part::Token, Jws::corrupt),
    (Reason::TokenAudienceMismatch, Part::Token, |t| {
        t.claim("aud", "other")
    }),
    (Reason::TokenExpired, Part::Token, |t| {
        t.claim("exp", NOW - 30)
    }),
    (Reason::BindingKeyMismatch, Part::Token, |t| {
        t.claim("cnf", json!({ "jkt": PrivateKey::p256(5).jkt() }))
    }),
    (Reason::ProofSignatureInvalid, Part::Proof, Jws::corrupt),
    (Reason::ScopeInsufficient, Part::Token, |t| {
        t.claim("scope", "other")
    }),
];

#[derive(Clone, Copy, Eq, PartialEq)]
enum Part {
    Proof,
    Token,
}

/// A request with these faults.
fn with_faults(service: &Service, faults: &[(Reason, Part, Change)]) -> Request {
    // The first of two that exclude each other wins, so that it is the last to be made.
    let apply = |jws: Jws, part: Part| {
        let faults = faults.iter().rev().filter(|(_, of, _)| *of == part);
        faults.fold(jws, |jws, (_, _, change)| change(jws))
    };
    let token = apply(service.token(), Part::Token).compact();
    let proof = apply(service.proof(&token), Part::Proof).compact();
    service.request_with(&token, &proof)
}

// rules: PROJ-2 (positive)
#[test]
fn the_stages_find_faults_in_their_order_and_check_signatures_late() {
    let provider = Arc::new(Counting::default());
    let mut service = Service::dpop();
    service.provider = Arc::clone(&provider) as _;
    service.store = Store::failing(ReplayError::Replayed);
    let place = |reason| {
        LADDER
            .iter()
            .position(|(own, _, _)| *own == reason)
            .unwrap()
    };
    let token_signature = place(Reason::TokenSignatureInvalid);
    let proof_signature = place(Reason::ProofSignatureInvalid);
    for (at, (reason, _, _)) in LADDER.iter().enumerate() {
        let End::Deny(rejection) = service.end(&with_faults(&service, &LADDER[at..])) else {
            panic!("{reason} is not found");
        };
        assert_eq!(rejection.reason(), *reason);
        let verified = usize::from(at >= token_signature) + usize::from(at >= proof_signature);
        assert_eq!(provider.take().verify, verified, "{reason}");
        assert_eq!(service.store.asked(), [], "{reason}");
    }
    // Without a fault the store is asked, last of all.
    let End::Deny(rejection) = service.end(&with_faults(&service, &[])) else {
        panic!("admitted");
    };
    assert_eq!(rejection.reason(), Reason::ProofReplayed);
    assert_eq!(service.store.asked().len(), 1);
}

#[test]
fn proj_2_never_asks_the_issuer_about_garbage() {
    let provider = Arc::new(Counting::default());
    let mut service = Service::introspecting(&json!({}));
    service.provider = Arc::clone(&provider) as _;
    // Whoever asks is told nothing, and that can be seen.
    service.introspection = Some(Introspection::Fails);
    let right = service.client.proof("opaque");
    let outcome = service.run(&service.request_with("opaque", &right.compact()));
    let unanswered = Outcome::Failed(
        Reason::IntrospectionUnavailable,
        Response::unavailable(503, 5),
    );
    assert_eq!(outcome, unanswered);
    assert_eq!(provider.take().verify, 1);
    let compact = right.compact().into_bytes();
    let mut state: u32 = 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap()
    };
    let signature = compact.iter().rposition(|octet| *octet == b'.').unwrap();
    let mut verified = 0;
    for number in 0..10_000 {
        let mut proof = compact.clone();
        match number % 4 {
            // noise
            0 => proof
                .iter_mut()
                .for_each(|octet| *octet = 33 + u8::try_from(next() % 94).unwrap()),
            // one letter of header or payload is another one
            1 | 2 => {
                let at = next() % signature;
                proof[at] = if proof[at] == b'A' { b'B' } else { b'A' };
            }
            // a piece is missing
            _ => proof.truncate(next() % compact.len()),
        }
        let mut request = service.request_with("opaque", "");
        request.dpop = vec![proof];
        let End::Deny(rejection) = service.end(&request) else {
            panic!("{request:?}");
        };
        let calls = provider.take().verify;
        // A signature is checked only for what is otherwise right.
        let reached = rejection.reason() == Reason::ProofSignatureInvalid;
        assert_eq!(calls, usize::from(reached), "{rejection}");
        verified += calls;
    }
    assert!(verified < 3_000, "{verified}");
    assert_eq!(service.store.asked(), []);
}

#[test]
fn proj_8_accepts_an_unbound_token_with_a_stray_proof() {
    let service = Service::bound(Binding::Bearer);
    let token = service.token().compact();
    let bearer = Request::get().authorization(format!("Bearer {token}"));
    let proof = service.client.proof(&token).compact();
    for request in [
        bearer.clone().dpop(&proof),
        bearer.clone().dpop("garbage"),
        bearer.clone().dpop(b"\0,\xff"),
        bearer.clone().dpop(""),
        bearer.clone().dpop("one").dpop("two"),
        bearer.clone().dpop("a".repeat(8 * 1024)),
    ] {
        assert_eq!(
            service.run(&request),
            Outcome::Allowed,
            "{:?}",
            request.dpop
        );
    }
    // It was not spent either.
    assert_eq!(service.store.asked(), []);
}

#[test]
fn proj_8_refuses_a_bound_token_as_bearer_and_a_stray_proof_without_end() {
    let service = Service::bound(Binding::Bearer);
    let both =
        |dpop: &'static str, bearer: &'static str| Response::challenged(401, &[dpop, bearer]);
    let jkt = service.client.jkt();
    let bound = service
        .token()
        .claim("cnf", json!({ "jkt": jkt }))
        .compact();
    let request = Request::get()
        .authorization(format!("Bearer {bound}"))
        .dpop(service.client.proof(&bound).compact());
    let bare = r#"DPoP algs="ES256 EdDSA Ed25519""#;
    let refused = both(bare, r#"Bearer error="invalid_token""#);
    let refused = Outcome::Denied(Reason::BindingDowngraded, refused);
    assert_eq!(service.run(&request), refused);
    let token = service.token().compact();
    let request = Request::get()
        .authorization(format!("Bearer {token}"))
        .dpop("a".repeat(8 * 1024 + 1));
    let blamed = r#"DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519""#;
    let refused = Outcome::Denied(Reason::ProofOversize, both(blamed, "Bearer"));
    assert_eq!(service.run(&request), refused);
}

#[test]
fn proj_9_accepts_a_bound_token_under_scheme_dpop() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn proj_9_refuses_an_unbound_token_under_scheme_dpop() {
    for binding in [
        Binding::Dpop,
        Binding::Both,
        Binding::Bearer,
        Binding::Either,
    ] {
        let service = Service::bound(binding);
        let token = service.issuer.token().compact();
        let request = service.request_with(&token, &service.client.proof(&token).compact());
        let End::Deny(rejection) = service.end(&request) else {
            panic!("admitted on {binding:?}");
        };
        assert_eq!(rejection.reason(), Reason::BindingKeyAbsent, "{binding:?}");
        assert_eq!(service.store.asked(), []);
    }
    let service = Service::dpop();
    let request = service.request_with_token(|token| token.without_claim("cnf"));
    let refused = Outcome::bad_token(Reason::BindingKeyAbsent);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn proj_11_refuses_a_hash_of_other_octets_than_were_sent() {
    let jkt = Service::dpop().client.jkt();
    let answer = json!({
        "active": true,
        "aud": AUDIENCE,
        "scope": "orders:read",
        "cnf": { "jkt": jkt },
    });
    let mismatch = Outcome::bad_proof(Reason::ProofAthMismatch);
    for (sent, hashed) in [
        ("opaque=", "opaque"),
        ("opaque==", "opaque="),
        ("opaque", "opaque="),
        ("opaque", "OPAQUE"),
        ("opaque", " opaque"),
        ("opaque", "opaque "),
        ("opaque", "DPoP opaque"),
        ("a+b/c", "a-b_c"),
        ("a~b", "a%7Eb"),
    ] {
        let service = Service::introspecting(&answer);
        let proof = service.client.proof(hashed).compact();
        let request = service.request_with(sent, &proof);
        assert_eq!(service.run(&request), mismatch, "{sent:?} {hashed:?}");
        let proof = service.client.proof(sent).compact();
        let request = service.request_with(sent, &proof);
        assert_eq!(service.run(&request), Outcome::Allowed, "{sent:?}");
    }
    // White space around the token is no part of it, or no token at all.
    let service = Service::introspecting(&answer);
    let proof = service.client.proof("opaque").compact();
    let spaced = Request::get().authorization("DPoP    opaque").dpop(&proof);
    assert_eq!(service.run(&spaced), Outcome::Allowed);
    for line in ["DPoP opaque ", "DPoP opaque\t", "DPoP \topaque"] {
        let request = Request::get().authorization(line).dpop(&proof);
        let refused = Outcome::bad_request(Reason::CredentialsMalformed);
        assert_eq!(service.run(&request), refused, "{line:?}");
    }
    // A JWT with padding is another text than the JWT.
    let service = Service::dpop();
    let token = format!("{}=", service.token().compact());
    let request = service.request_with(&token, &service.proof(&token).compact());
    let refused = Outcome::bad_token(Reason::TokenMalformed);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn proj_14_accepts_a_nonce_of_another_instance_with_the_same_keys() {
    let issuing = Service::with_nonces();
    let mut checking = Service::with_nonces();
    checking.nonces = NonceKeys::new(NonceKey::new(1, [7; 32]));
    checking.generation = 9;
    for age in [0, 179, 180] {
        let mut checking = Service::with_nonces();
        checking.nonces = NonceKeys::new(NonceKey::new(1, [7; 32]));
        checking.generation = 9;
        let nonce = issuing.nonce_of(NOW - age);
        let request = checking.request_with_proof(|proof| proof.claim("nonce", nonce));
        assert_eq!(checking.run(&request), Outcome::Allowed, "{age}");
    }
    // One has turned its keys already, the other has not.
    let nonce = issuing.nonce_of(NOW);
    checking.nonces = checking.nonces.rotated(NonceKey::new(2, [8; 32]));
    let request = checking.request_with_proof(|proof| proof.claim("nonce", nonce));
    assert_eq!(checking.run(&request), Outcome::Allowed);
}

#[test]
fn proj_14_refuses_a_nonce_that_only_the_other_instance_knows() {
    let run = |service: &Service, nonce: String| {
        service.run(&service.request_with_proof(|proof| proof.claim("nonce", nonce)))
    };
    let unknown = Outcome::wants_nonce(Reason::ProofNonceUnknown);
    let stale = Outcome::wants_nonce(Reason::ProofNonceStale);
    let issuing = Service::with_nonces();
    // A secret of its own, of the same name or of another.
    for id in [1, 2] {
        let mut checking = Service::with_nonces();
        checking.nonces = NonceKeys::new(NonceKey::new(id, [8; 32]));
        assert_eq!(run(&checking, issuing.nonce_of(NOW)), unknown, "{id}");
    }
    // The same keys for another origin.
    let other = issuing
        .nonces
        .issue("https://other.example", time(NOW), &IssuerAlgorithms);
    assert_eq!(run(&issuing, other), unknown);
    // Two rotations later.
    let mut checking = Service::with_nonces();
    checking.nonces = checking.nonces.rotated(NonceKey::new(2, [8; 32]));
    checking.nonces = checking.nonces.rotated(NonceKey::new(3, [9; 32]));
    assert_eq!(run(&checking, issuing.nonce_of(NOW)), unknown);
    assert_eq!(run(&issuing, issuing.nonce_of(NOW - 181)), stale);
}
