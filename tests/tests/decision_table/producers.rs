//! Every reason that the pipeline can give, given.

use std::collections::BTreeSet;

use keybound::replay::ReplayError;
use keybound::{Binding, Reason};
use keybound_tests::harness::{
    Introspection, NOW, Outcome, PrivateKey, Request, Service, Store, certificate, sha256,
};
use serde_json::json;

/// Reasons that an adapter finds, before the pipeline sees anything of a request.
const OF_ADAPTERS: [Reason; 10] = [
    Reason::HeadersOversize,
    Reason::HostMalformed,
    Reason::AuthorityMismatch,
    Reason::AuthorityUnknown,
    Reason::EarlyData,
    Reason::TargetForm,
    Reason::UpgradeRefused,
    Reason::PathMalformed,
    Reason::PathAmbiguous,
    Reason::RouteUnknown,
];

#[test]
fn every_reason_of_the_pipeline_is_given_by_some_request() {
    let mut given = BTreeSet::new();
    for outcome in credentials()
        .into_iter()
        .chain(proofs())
        .chain(nonces())
        .chain(tokens())
        .chain(introspection())
        .chain(bindings())
        .chain(stores())
    {
        match outcome {
            Outcome::Denied(reason, _) | Outcome::Failed(reason, _) => given.insert(reason),
            other => panic!("{other:?}"),
        };
    }
    given.insert(revoked());
    let all: BTreeSet<Reason> = Reason::ALL
        .iter()
        .copied()
        .filter(|reason| !OF_ADAPTERS.contains(reason))
        .collect();
    assert_eq!(given, all);
}

fn credentials() -> Vec<Outcome> {
    let service = Service::dpop();
    let url = "https://api.example.com/orders?access_token=x";
    [
        Request::get(),
        Request::get().authorization("Basic QQ=="),
        Request::get().authorization("DPoP"),
        Request::get().authorization(format!("DPoP {}", "a".repeat(16_385))),
        service.request().authorization("DPoP x"),
        service.request().url(url),
    ]
    .iter()
    .map(|request| service.run(request))
    .collect()
}

fn proofs() -> Vec<Outcome> {
    let service = Service::dpop();
    let key = service.client.key();
    let proof = |alter: &dyn Fn(_) -> _| service.request_with_proof(alter);
    let mut missing = service.request();
    missing.dpop.clear();
    let mut oversize = service.request();
    oversize.dpop[0].resize(8_193, b'a');
    [
        missing,
        oversize,
        service.request().dpop("x"),
        service.request_with(&service.token().compact(), "a.b"),
        proof(&|p| p.raw_header("[]")),
        proof(&|p| p.header("typ", "JWT")),
        proof(&|p| p.header("crit", json!(["exp"]))),
        proof(&|p| p.header("alg", "none")),
        proof(&|p| p.without_header("jwk")),
        proof(&|p| p.header("jwk", key.jwk_with("d", ""))),
        proof(&|p| p.header("jwk", key.jwk_with("x", ""))),
        proof(&|p| p.header("jwk", key.jwk_with("alg", "ES384"))),
        proof(&|p| p.changed_signature(|s| s[1..].to_vec())),
        proof(&|p| p.raw_payload("[]")),
        proof(&|p| p.without_claim("jti")),
        proof(&|p| p.claim("jti", "")),
        proof(&|p| p.claim("htm", "PUT")),
        proof(&|p| p.claim("htu", "/orders")),
        proof(&|p| p.claim("htu", "https://b.example/orders")),
        proof(&|p| p.claim("ath", "")),
        proof(&|p| p.claim("iat", NOW - 61)),
        proof(&|p| p.claim("iat", NOW + 11)),
        proof(&|p| p.corrupt()),
    ]
    .iter()
    .map(|request| service.run(request))
    .collect()
}

fn nonces() -> Vec<Outcome> {
    let service = Service::with_nonces();
    let stale = service.nonce_of(NOW - 181);
    [
        service.request_with_proof(|proof| proof.without_claim("nonce")),
        service.request_with_proof(|proof| proof.claim("nonce", "x")),
        service.request_with_proof(|proof| proof.claim("nonce", stale)),
    ]
    .iter()
    .map(|request| service.run(request))
    .collect()
}

fn tokens() -> Vec<Outcome> {
    let mut service = Service::dpop();
    service.issuer_policy = service.issuer_policy.with_max_lifetime(3_600);
    let token = |alter: &dyn Fn(_) -> _| service.request_with_token(alter);
    let mut outcomes: Vec<Outcome> = [
        token(&|t| t.raw_header("[]")),
        token(&|t| t.header("cty", "JWT")),
        token(&|t| t.header("typ", "JWT")),
        token(&|t| t.header("b64", true)),
        token(&|t| t.claim("iss", "https://b.example")),
        token(&|t| t.header("alg", "HS256")),
        token(&|t| t.header("kid", "k2")),
        token(&|t| t.corrupt()),
        token(&|t| t.without_claim("exp")),
        token(&|t| t.claim("aud", "https://b.example")),
        token(&|t| t.claim("exp", NOW - 31)),
        token(&|t| t.claim("nbf", NOW + 31)),
        token(&|t| t.claim("exp", NOW + 3_600)),
        token(&|t| t.claim("scope", "a")),
    ]
    .iter()
    .map(|request| service.run(request))
    .collect();
    service.jwks = None;
    outcomes.push(service.run(&service.request()));
    outcomes
}

fn introspection() -> Vec<Outcome> {
    let mut service = Service::introspecting(&json!({ "active": false }));
    let request = service.request_with("opaque", &service.client.proof("opaque").compact());
    let inactive = service.run(&request);
    service.introspection = Some(Introspection::Fails);
    vec![inactive, service.run(&request)]
}

fn bindings() -> Vec<Outcome> {
    let service = Service::dpop();
    let both = Service::bound(Binding::Both);
    let bound = |cnf: &serde_json::Value| {
        service.run(&service.request_with_token(|token| token.claim("cnf", cnf.clone())))
    };
    let (jkt, x5t) = (service.client.jkt(), sha256(b"a certificate"));
    let bearer = Request::get().authorization(format!("Bearer {}", service.token().compact()));
    let with_both = both
        .token()
        .claim("cnf", json!({ "jkt": jkt, "x5t#S256": x5t }))
        .compact();
    let proven = both.request_with(&with_both, &both.proof(&with_both).compact());
    let with_key = service.token().compact();
    let with_key = both.request_with(&with_key, &both.proof(&with_key).compact());
    vec![
        bound(&json!([])),
        bound(&json!({})),
        bound(&json!({ "x5t#S256": x5t })),
        bound(&json!({ "jkt": PrivateKey::p256(9).jkt() })),
        service.run(&bearer),
        both.run(&proven),
        both.run(&proven.clone().certificate(certificate(b"another"))),
        both.run(&with_key),
    ]
}

fn stores() -> Vec<Outcome> {
    [
        ReplayError::Replayed,
        ReplayError::PredatesStart,
        ReplayError::Forgotten,
        ReplayError::TooOld,
        ReplayError::OwnerQuota { retry_after: 1 },
        ReplayError::Full { retry_after: 1 },
        ReplayError::Unavailable,
    ]
    .into_iter()
    .map(|answer| {
        let mut service = Service::dpop();
        service.store = Store::failing(answer);
        service.run(&service.request())
    })
    .collect()
}

/// Whoever knows which tokens were revoked refuses a request between two stages.
fn revoked() -> Reason {
    let service = Service::dpop();
    service.revoked(&service.request()).reason()
}
