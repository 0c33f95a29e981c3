//! JOSE: RFC 7515, 7517, 7518 and 7519, in proofs, tokens and key sets.

use keybound::{Algorithm, KeySet, KeySetError, Limits, ProofPolicy, Reason};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    Client, ISSUER, Issuer, Jws, Outcome, PrivateKey, Response, Service,
};

mod json;
mod jws;
mod jwt;
mod keys;
mod rsa;

type Change = fn(Jws) -> Jws;

#[track_caller]
fn accepts(changes: &[(&str, Change)]) {
    for (what, change) in changes {
        let service = Service::dpop();
        let request = service.request_with_proof(change);
        assert_eq!(service.run(&request), Outcome::Allowed, "proof: {what}");
        let service = Service::dpop();
        let request = service.request_with_token(change);
        assert_eq!(service.run(&request), Outcome::Allowed, "token: {what}");
    }
}

/// Refuses the same change in a proof and in a token.
#[track_caller]
fn refuses(proof: Reason, token: Reason, changes: &[(&str, Change)]) {
    for (what, change) in changes {
        refuses_proof(proof, what, change);
        refuses_token(token, what, change);
    }
}

#[track_caller]
fn refuses_proof(reason: Reason, what: &str, change: impl FnOnce(Jws) -> Jws) {
    let service = Service::dpop();
    let request = service.request_with_proof(change);
    let refused = Outcome::bad_proof(reason);
    assert_eq!(service.run(&request), refused, "proof: {what}");
}

#[track_caller]
fn refuses_token(reason: Reason, what: &str, change: impl FnOnce(Jws) -> Jws) {
    let service = Service::dpop();
    let request = service.request_with_token(change);
    let refused = Outcome::bad_token(reason);
    assert_eq!(service.run(&request), refused, "token: {what}");
}

/// How many keys are taken.
fn key_set(document: &str) -> Result<usize, KeySetError> {
    KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &IssuerAlgorithms)
        .map(|set| set.keys().len())
}

/// A service whose client and whose issuer have this key, and that takes all algorithms.
fn service_with(key: &PrivateKey) -> Service {
    let mut service = Service::dpop();
    service.client = Client::new(key.clone());
    service.issuer = Issuer::new(ISSUER, key.clone());
    service.jwks = Some(service.issuer.jwks());
    let policy = ProofPolicy::default();
    service.proof_policy = policy.with_algorithms(Algorithm::ALL).unwrap();
    service
}

/// All algorithms are named in the challenges of [`service_with`].
fn bad_proof(reason: Reason) -> Outcome {
    challenged(reason, "invalid_dpop_proof")
}

fn bad_token(reason: Reason) -> Outcome {
    challenged(reason, "invalid_token")
}

fn challenged(reason: Reason, error: &str) -> Outcome {
    let algs = "ES256 EdDSA Ed25519 ES384 PS256 RS256";
    let challenge = format!(r#"DPoP error="{error}", algs="{algs}""#);
    Outcome::Denied(reason, Response::challenged(401, &[&challenge]))
}
