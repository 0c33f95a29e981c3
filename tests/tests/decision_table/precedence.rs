//! Which of two defects shows.

use keybound::replay::ReplayError;
use keybound::{Binding, Reason, RoutePolicy};
use keybound_tests::harness::{
    Jws, NOW, Outcome, PrivateKey, Request, Service, Store, certificate, sha256,
};
use serde_json::json;

/// Makes one thing wrong.
enum Change {
    Service(fn(&mut Service)),
    Token(fn(Jws) -> Jws),
    Proof(fn(Jws) -> Jws),
    Request(fn(&mut Request)),
}

/// The defects that a request can have, in the order in which they show.
fn defects() -> Vec<(Reason, Change)> {
    use Change::{Proof, Request, Service, Token};
    vec![
        // row 3
        (
            Reason::CredentialsRepeated,
            Request(|request| request.authorization.push(b"Bearer x".to_vec())),
        ),
        (
            Reason::CredentialsTwoMethods,
            Request(|request| request.url.push_str("?access_token=x")),
        ),
        // row 4
        (
            Reason::CredentialsMalformed,
            Request(|request| request.authorization[0] = b"DPoP a b".to_vec()),
        ),
        // sizes, before anything is decoded
        (
            Reason::TokenOversize,
            Request(|request| {
                request.authorization[0] = format!("DPoP {}", "a".repeat(16_385)).into_bytes();
            }),
        ),
        // row 5: syntax, alg, typ, jwk
        (
            Reason::ProofMissing,
            Request(|request| request.dpop.clear()),
        ),
        (
            Reason::ProofRepeated,
            Request(|request| request.dpop.push(b"x".to_vec())),
        ),
        (
            Reason::ProofOversize,
            Request(|request| request.dpop[0].resize(8_193, b'a')),
        ),
        (
            Reason::ProofMalformed,
            Request(|request| request.dpop[0].push(b'=')),
        ),
        (
            Reason::ProofHeaderMalformed,
            Proof(|proof| proof.header_text(r#""a":1,"a":1"#)),
        ),
        (
            Reason::ProofTypWrong,
            Proof(|proof| proof.header("typ", "JWT")),
        ),
        (
            Reason::ProofCritical,
            Proof(|proof| proof.header("crit", json!([]))),
        ),
        (
            Reason::ProofAlgRefused,
            Proof(|proof| proof.header("alg", "none")),
        ),
        (
            Reason::ProofJwkMissing,
            Proof(|proof| proof.without_header("jwk")),
        ),
        (
            Reason::ProofJwkPrivate,
            Proof(|proof| proof.header("jwk", json!({ "d": "", "kty": "EC" }))),
        ),
        (
            Reason::ProofJwkInvalid,
            Proof(|proof| proof.header("jwk", json!({ "kty": "EC" }))),
        ),
        (
            Reason::ProofJwkAlgMismatch,
            Proof(|proof| proof.header("jwk", PrivateKey::ed25519(1).public_jwk())),
        ),
        (
            Reason::ProofSignatureLength,
            Proof(|proof| proof.changed_signature(|s| s[1..].to_vec())),
        ),
        // row 5: htm, htu, ath, iat
        (
            Reason::ProofPayloadMalformed,
            Proof(|proof| proof.claim_text(r#""a":1,"a":1"#)),
        ),
        (
            Reason::ProofClaimMissing,
            Proof(|proof| proof.without_claim("htm")),
        ),
        (
            Reason::ProofJtiLength,
            Proof(|proof| proof.claim("jti", "")),
        ),
        (
            Reason::ProofHtmMismatch,
            Proof(|proof| proof.claim("htm", "PUT")),
        ),
        (
            Reason::ProofHtuMalformed,
            Proof(|proof| proof.claim("htu", "/")),
        ),
        (
            Reason::ProofHtuMismatch,
            Proof(|proof| proof.claim("htu", "https://b.example/")),
        ),
        (
            Reason::ProofAthMismatch,
            Proof(|proof| proof.claim("ath", "")),
        ),
        (Reason::ProofIatTooOld, Proof(|proof| proof.claim("iat", 0))),
        // row 6
        (
            Reason::ProofNonceUnknown,
            Proof(|proof| proof.claim("nonce", "x")),
        ),
        // row 7
        (
            Reason::TokenMalformed,
            Token(|token| token.header_text(r#""a":1,"a":1"#)),
        ),
        (
            Reason::TokenEncrypted,
            Token(|token| token.header("cty", "JWT")),
        ),
        (
            Reason::TokenCritical,
            Token(|token| token.header("crit", json!([]))),
        ),
        (
            Reason::TokenIssuerUnknown,
            Token(|token| token.claim("iss", "https://b.example")),
        ),
        (
            Reason::TokenTypWrong,
            Token(|token| token.header("typ", "JWT")),
        ),
        (
            Reason::TokenAlgRefused,
            Token(|token| token.header("alg", "none")),
        ),
        (
            Reason::KeysUnavailable,
            Service(|service| service.jwks = None),
        ),
        (
            Reason::TokenKeyUnknown,
            Token(|token| token.header("kid", "k2")),
        ),
        (
            Reason::TokenSignatureInvalid,
            Token(|token| token.corrupt()),
        ),
        (
            Reason::TokenClaimMissing,
            Token(|token| token.without_claim("sub")),
        ),
        (
            Reason::TokenAudienceMismatch,
            Token(|token| token.claim("aud", "https://b.example")),
        ),
        (Reason::TokenExpired, Token(|token| token.claim("exp", 1))),
        (
            Reason::TokenNotYetValid,
            Token(|token| token.claim("nbf", NOW + 61)),
        ),
        (
            Reason::TokenLifetime,
            Service(|service| {
                let policy = service.issuer_policy.clone();
                service.issuer_policy = policy.with_max_lifetime(1);
            }),
        ),
        // rows 8 to 12
        (
            Reason::ConfirmationMalformed,
            Token(|token| token.claim("cnf", json!([]))),
        ),
        (
            Reason::ConfirmationUnenforceable,
            Token(|token| token.claim("cnf", json!({}))),
        ),
        (
            Reason::BindingKeyAbsent,
            Token(|token| token.without_claim("cnf")),
        ),
        (
            Reason::BindingKeyMismatch,
            Token(|token| token.claim("cnf", json!({ "jkt": "", "x5t#S256": "" }))),
        ),
        (
            Reason::BindingRequired,
            Service(|service| {
                let route = RoutePolicy::new(Binding::Both);
                service.route = route.with_scopes(["orders:read"]).unwrap();
            }),
        ),
        // row 5: signature
        (
            Reason::ProofSignatureInvalid,
            Proof(|proof| proof.corrupt()),
        ),
        // row 14
        (
            Reason::ScopeInsufficient,
            Token(|token| token.claim("scope", "")),
        ),
        // rows 13 and 15
        (
            Reason::ProofReplayed,
            Service(|service| service.store = Store::failing(ReplayError::Replayed)),
        ),
    ]
}

/// A request with some defects. Those that come first are put in last, so that they have the last
/// word where two are about one thing.
fn outcome(defects: &[&Change]) -> (Service, Request) {
    let mut service = Service::dpop();
    let mut token = service.token();
    for change in defects.iter().rev() {
        match change {
            Change::Service(change) => change(&mut service),
            Change::Token(change) => token = change(token),
            Change::Proof(_) | Change::Request(_) => {}
        }
    }
    let token = token.compact();
    let mut proof = service.client.proof(&token);
    for change in defects.iter().rev() {
        if let Change::Proof(change) = change {
            proof = change(proof);
        }
    }
    let mut request = service.request_with(&token, &proof.compact());
    for change in defects.iter().rev() {
        if let Change::Request(change) = change {
            change(&mut request);
        }
    }
    (service, request)
}

fn reason(outcome: Outcome) -> Option<Reason> {
    match outcome {
        Outcome::Denied(reason, _) | Outcome::Failed(reason, _) => Some(reason),
        Outcome::Allowed | Outcome::VerifiedOnly => None,
    }
}

#[test]
fn each_defect_alone_has_its_reason() {
    let (service, request) = outcome(&[]);
    assert_eq!(service.run(&request), Outcome::Allowed);
    for (expected, change) in defects() {
        let (service, request) = outcome(&[&change]);
        assert_eq!(reason(service.run(&request)), Some(expected));
    }
}

/// Not only the neighbours: each with each.
#[test]
fn of_two_defects_the_one_shows_that_comes_first() {
    let defects = defects();
    for (place, (first, change)) in defects.iter().enumerate() {
        for (second, other) in defects.iter().skip(place + 1) {
            let (service, request) = outcome(&[change, other]);
            let shown = reason(service.run(&request));
            assert_eq!(shown, Some(*first), "{first} and {second}");
        }
    }
}

/// `keybound explain` lists the reasons as the order of the checks.
#[test]
fn the_reasons_are_declared_in_that_order() {
    let place = |reason| Reason::ALL.iter().position(|own| *own == reason).unwrap();
    for pair in defects().windows(2) {
        let (first, second) = (pair[0].0, pair[1].0);
        // A nonce that is there comes after iat, one that is missing before it. The variants show
        // the latter.
        if (first, second) != (Reason::ProofIatTooOld, Reason::ProofNonceUnknown) {
            assert!(place(first) < place(second), "{first} {second}");
        }
    }
}

#[test]
fn the_one_call_refuses_for_the_same_reason_as_the_stages() {
    for (expected, change) in defects() {
        let (service, request) = outcome(&[&change]);
        let refused = service.verify(&request).err().map(|r| r.reason());
        // The one call does not ask the store.
        let spent = expected == Reason::ProofReplayed;
        assert_eq!(refused, (!spent).then_some(expected));
    }
}

/// Row 6 with a stale `iat`: a nonce cures a wrong clock, so that it is asked for first.
#[test]
fn a_missing_nonce_shows_before_a_wrong_clock() {
    let service = Service::with_nonces();
    for iat in [0, NOW - 61, NOW + 11, NOW + 100_000] {
        let request =
            service.request_with_proof(|proof| proof.without_claim("nonce").claim("iat", iat));
        let wanted = Outcome::wants_nonce(Reason::ProofNonceMissing);
        assert_eq!(service.run(&request), wanted, "{iat}");
    }
    let request = service.request_with_proof(|proof| proof.without_claim("nonce").claim("ath", ""));
    let refused = Outcome::bad_proof(Reason::ProofAthMismatch).with_nonce();
    assert_eq!(service.run(&request), refused);
}

/// Pairs about one claim, which cannot be put together from two changes.
#[test]
fn of_two_defects_of_one_confirmation_the_one_shows_that_comes_first() {
    let service = Service::bound(Binding::Both);
    let (jkt, x5t) = (service.client.jkt(), sha256(service.certificate));
    let connection = certificate(service.certificate);
    for (cnf, reason) in [
        (
            json!({ "jkt": "", "x5t#S256": "" }),
            Reason::BindingKeyMismatch,
        ),
        (json!({ "x5t#S256": "" }), Reason::BindingKeyAbsent),
        (
            json!({ "jkt": jkt, "x5t#S256": "" }),
            Reason::BindingCertificateMismatch,
        ),
        (json!({ "jkt": jkt }), Reason::BindingRequired),
        (json!({ "x5t#S256": x5t }), Reason::BindingKeyAbsent),
    ] {
        // The proof's signature and the scopes come later, whatever is wrong here.
        let token = service.issuer.token().claim("cnf", cnf.clone());
        let token = token.claim("scope", "").compact();
        let proof = service.proof(&token).corrupt().compact();
        let request = service.request_with(&token, &proof).certificate(connection);
        assert_eq!(service.run(&request), Outcome::bad_token(reason), "{cnf}");
    }
    // Under Bearer: the certificate before the demands of the route.
    let service = Service::dpop();
    let token = service
        .issuer
        .token()
        .claim("cnf", json!({ "x5t#S256": "" }))
        .compact();
    let request = Request::get().authorization(format!("Bearer {token}"));
    let refused = Outcome::bad_token(Reason::BindingCertificateMissing);
    assert_eq!(service.run(&request), refused);
}

/// Pairs about one key, which cannot be put together from two changes.
#[test]
fn a_private_member_shows_before_anything_else_about_the_key() {
    let service = Service::dpop();
    for jwk in [
        json!({ "kty": "EC", "crv": "P-256", "x": "", "d": null }),
        json!({ "k": "" }),
        PrivateKey::ed25519(1).jwk_with("d", ""),
        service.client.key().jwk_with("oth", 1),
    ] {
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk.clone()));
        let refused = Outcome::bad_proof(Reason::ProofJwkPrivate);
        assert_eq!(service.run(&request), refused, "{jwk}");
    }
}

/// An unknown scheme is not looked into.
#[test]
fn an_unknown_scheme_shows_before_its_proof_and_its_query() {
    let service = Service::dpop();
    let request = Request::get()
        .url("https://api.example.com/orders?access_token=x")
        .authorization("Basic QQ==")
        .dpop("x")
        .dpop("y");
    let refused = Outcome::without_credentials(Reason::SchemeUnknown);
    assert_eq!(service.run(&request), refused);
}
