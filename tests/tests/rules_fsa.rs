//! RFC 9864: fully specified algorithms.

use keybound::{Algorithm, Reason};
use keybound_tests::harness::{Client, Issuer, Outcome, PrivateKey, Service, encode};
use serde_json::{Value, json};

/// A service whose client has an Ed25519 key.
fn service() -> Service {
    let mut service = Service::dpop();
    service.client = Client::new(PrivateKey::ed25519(2));
    service
}

/// What becomes of a proof with this `alg` and this key.
fn with_proof(algorithm: &str, jwk: &Value) -> Outcome {
    let service = service();
    service.run(
        &service
            .request_with_proof(|proof| proof.header("alg", algorithm).header("jwk", jwk.clone())),
    )
}

/// What becomes of a token with this `alg`, if the issuer's one key says this about itself.
fn with_token(algorithm: &str, key_algorithm: Option<&str>) -> Outcome {
    let mut service = service();
    let key = PrivateKey::ed25519(1);
    let mut jwk = key.jwk_with("kid", "k1");
    if let Some(name) = key_algorithm {
        jwk["alg"] = json!(name);
    }
    service.issuer = Issuer::new(service.issuer.name(), key);
    service.jwks = Some(json!({ "keys": [jwk, PrivateKey::p256(9).public_jwk()] }));
    service.run(&service.request_with_token(|token| token.header("alg", algorithm)))
}

// rules: BCP-3.2-3 (positive)
#[test]
fn fsa_2_2_1_accepts_the_name_of_the_curve() {
    let jwk = service().client.key().public_jwk();
    assert_eq!(with_proof("Ed25519", &jwk), Outcome::Allowed);
    assert_eq!(with_token("Ed25519", None), Outcome::Allowed);
}

// rules: BCP-3.2-3 (negative)
#[test]
fn fsa_2_2_1_refuses_the_name_with_another_curve_and_other_names() {
    let jwk = service().client.key().public_jwk();
    let mut ed448 = jwk.clone();
    ed448["crv"] = json!("Ed448");
    ed448["x"] = json!(encode([7; 57]));
    let curve = Outcome::bad_proof(Reason::ProofJwkInvalid);
    assert_eq!(with_proof("Ed25519", &ed448), curve);
    assert_eq!(with_proof("EdDSA", &ed448), curve);
    for name in ["Ed448", "ed25519", "ED25519", "Ed25519ph", "EdDsa"] {
        for jwk in [&jwk, &ed448] {
            let refused = Outcome::bad_proof(Reason::ProofAlgRefused);
            assert_eq!(with_proof(name, jwk), refused, "{name}");
        }
        let refused = Outcome::bad_token(Reason::TokenAlgRefused);
        assert_eq!(with_token(name, None), refused, "{name}");
    }
}

#[test]
fn fsa_5_1_accepts_one_thumbprint_under_both_names() {
    let key = service().client.key().clone();
    for name in ["EdDSA", "Ed25519"] {
        for member in [None, Some("EdDSA"), Some("Ed25519")] {
            let jwk = match member {
                None => key.public_jwk(),
                Some(own) => key.jwk_with("alg", own),
            };
            assert_eq!(with_proof(name, &jwk), Outcome::Allowed, "{name} {jwk}");
        }
    }
}

#[test]
fn fsa_7_1_accepts_both_names_of_one_operation() {
    for token in ["EdDSA", "Ed25519"] {
        for key in [None, Some("EdDSA"), Some("Ed25519")] {
            assert_eq!(with_token(token, key), Outcome::Allowed, "{token} {key:?}");
        }
    }
}

#[test]
fn fsa_7_1_refuses_a_key_that_is_for_another_operation() {
    let key = service().client.key().clone();
    for own in ["ES256", "Ed448", "HS256", "none", ""] {
        let jwk = key.jwk_with("alg", own);
        let refused = Outcome::bad_proof(Reason::ProofJwkAlgMismatch);
        assert_eq!(with_proof("Ed25519", &jwk), refused, "{own}");
        let refused = Outcome::bad_token(Reason::TokenKeyUnknown);
        assert_eq!(with_token("Ed25519", Some(own)), refused, "{own}");
    }
    // The list of what is allowed has two names: one of them does not stand for the other.
    for (allowed, other) in [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")] {
        let mut service = service();
        let allowed = [Algorithm::from_name(allowed).unwrap(), Algorithm::Es256];
        service.issuer = Issuer::new(service.issuer.name(), PrivateKey::ed25519(1));
        service.jwks = Some(service.issuer.jwks());
        let policy = service.issuer_policy.clone();
        service.issuer_policy = policy.with_algorithms(&allowed).unwrap();
        let request = service.request_with_token(|token| token.header("alg", other));
        let refused = Outcome::bad_token(Reason::TokenAlgRefused);
        assert_eq!(service.run(&request), refused, "{other}");
    }
}
