//! The decision table: which condition is answered how, row by row and for each binding, and which
//! of several defects is the one that shows.

#[path = "decision_table/precedence.rs"]
mod precedence;
#[path = "decision_table/producers.rs"]
mod producers;

use keybound::replay::ReplayError;
use keybound::{Answer, Binding, NonceRequirement, Reason};
use keybound_tests::harness::{
    End, NOW, Outcome, PrivateKey, Request, Response, Service, Store, certificate, encode, sha256,
};
use serde_json::{Value, json};

const D: &str = r#"DPoP algs="ES256 EdDSA Ed25519""#;
const D_REQUEST: &str = r#"DPoP error="invalid_request", algs="ES256 EdDSA Ed25519""#;
const D_PROOF: &str = r#"DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519""#;
const D_TOKEN: &str = r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#;
const D_NONCE: &str = concat!(
    r#"DPoP error="use_dpop_nonce", "#,
    r#"error_description="Resource server requires nonce in DPoP proof", "#,
    r#"algs="ES256 EdDSA Ed25519""#
);
const D_SCOPE: &str = concat!(
    r#"DPoP error="insufficient_scope", scope="orders:read", "#,
    r#"algs="ES256 EdDSA Ed25519""#
);
const B: &str = "Bearer";
const B_REQUEST: &str = r#"Bearer error="invalid_request""#;
const B_TOKEN: &str = r#"Bearer error="invalid_token""#;
const B_SCOPE: &str = r#"Bearer error="insufficient_scope", scope="orders:read""#;

/// Routes that take scheme DPoP alone, and routes that take both.
const DPOP_ALONE: [Binding; 2] = [Binding::Dpop, Binding::Both];
const BOTH_SCHEMES: [Binding; 3] = [Binding::Certificate, Binding::Either, Binding::Bearer];

fn denied(reason: Reason, status: u16, challenges: &[&str]) -> Outcome {
    Outcome::Denied(reason, Response::challenged(status, challenges))
}

/// Sends one request to a route of each binding, and expects one answer where DPoP is the only
/// scheme and another one where both are taken.
fn on_every_route(
    request: impl Fn(&Service) -> Request,
    reason: Reason,
    status: u16,
    alone: &[&str],
    both: &[&str],
) {
    for binding in DPOP_ALONE {
        let service = Service::bound(binding);
        let outcome = service.run(&request(&service));
        assert_eq!(outcome, denied(reason, status, alone), "{binding:?}");
    }
    for binding in BOTH_SCHEMES {
        let service = Service::bound(binding);
        let outcome = service.run(&request(&service));
        assert_eq!(outcome, denied(reason, status, both), "{binding:?}");
    }
}

/// A request under scheme DPoP with a token that holds this `cnf`.
fn dpop(service: &Service, cnf: Value) -> Request {
    let token = service.issuer.token().claim("cnf", cnf).compact();
    service.request_with(&token, &service.proof(&token).compact())
}

/// A request under scheme Bearer with a token that holds this `cnf`.
fn bearer(service: &Service, cnf: Value) -> Request {
    let token = service.issuer.token().claim("cnf", cnf).compact();
    Request::get().authorization(format!("Bearer {token}"))
}

#[test]
fn every_binding_admits_its_request() {
    for binding in DPOP_ALONE.iter().chain(&BOTH_SCHEMES) {
        let service = Service::bound(*binding);
        assert_eq!(service.run(&service.request()), Outcome::Allowed);
        let spends = matches!(binding, Binding::Dpop | Binding::Both | Binding::Either);
        assert_eq!(service.store.asked().len(), usize::from(spends));
    }
    let service = Service::verify_only();
    assert_eq!(service.run(&service.request()), Outcome::VerifiedOnly);
    assert_eq!(service.run(&service.request()), Outcome::VerifiedOnly);
    assert_eq!(service.store.asked(), []);
}

#[test]
fn an_open_route_reads_no_credentials() {
    let service = Service::bound(Binding::Open);
    for request in [
        Request::get(),
        Request::get().authorization("DPoP x").authorization("y"),
        Request::get().authorization("DPoP not a token"),
        Request::get().dpop("x").dpop("y"),
        Service::dpop().request(),
    ] {
        let End::Allow(admitted) = service.end(&request) else {
            panic!("refused");
        };
        assert_eq!(admitted.subject(), None);
        assert_eq!(admitted.jkt(), None);
        assert_eq!(admitted.scope(), "");
        assert!(!admitted.has_scope(""));
    }
    assert_eq!(service.store.asked(), []);
}

#[test]
fn row_1_no_authorization() {
    let missing = Reason::CredentialsMissing;
    on_every_route(|_| Request::get(), missing, 401, &[D], &[D, B]);
    let with_proof = |service: &Service| Request::get().dpop(service.client.proof("t").compact());
    on_every_route(with_proof, missing, 401, &[D], &[D, B]);
    let with_certificate =
        |service: &Service| Request::get().certificate(certificate(service.certificate));
    on_every_route(with_certificate, missing, 401, &[D], &[D, B]);
}

#[test]
fn row_2_unknown_scheme() {
    for line in [
        "Basic QQ==",
        "Digest a=\"b\", c=\"d\"",
        "token",
        "",
        "DPoPx t",
    ] {
        let request = |_: &Service| Request::get().authorization(line);
        on_every_route(request, Reason::SchemeUnknown, 401, &[D], &[D, B]);
    }
}

#[test]
fn row_3_more_than_one_set_of_credentials() {
    let (alone, both) = ([D_REQUEST], [D_REQUEST, B_REQUEST]);
    let repeated = Reason::CredentialsRepeated;
    let two_lines = |service: &Service| service.request().authorization("Bearer x");
    on_every_route(two_lines, repeated, 400, &alone, &both);
    let merged = |_: &Service| Request::get().authorization("DPoP a, Bearer b");
    on_every_route(merged, repeated, 400, &alone, &both);
    let two_methods = Reason::CredentialsTwoMethods;
    for query in ["access_token=x", "a=b&access_token=", "access_token"] {
        let url = format!("https://api.example.com/orders?{query}");
        let in_query = |service: &Service| service.request().url(&url);
        on_every_route(in_query, two_methods, 400, &alone, &both);
    }
    // In the query alone it is no method at all.
    let url = "https://api.example.com/orders?access_token=x";
    let alone_in_query = |_: &Service| Request::get().url(url);
    let missing = Reason::CredentialsMissing;
    on_every_route(alone_in_query, missing, 401, &[D], &[D, B]);
    // Something that is only similar is none either.
    let service = Service::dpop();
    let request = service
        .request()
        .url("https://api.example.com/orders?xaccess_token=x&access_tokenx=y&Access_Token=z");
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn row_4_malformed_credentials() {
    let malformed = Reason::CredentialsMalformed;
    for line in ["DPoP", "DPoP a b", "DPoP\ta"] {
        let request = |_: &Service| Request::get().authorization(line);
        on_every_route(request, malformed, 400, &[D_REQUEST], &[D_REQUEST, B]);
    }
    for line in ["Bearer", "Bearer a b", "bearer \"a\""] {
        let request = |_: &Service| Request::get().authorization(line);
        on_every_route(request, malformed, 400, &[D_REQUEST], &[D, B_REQUEST]);
    }
}

#[test]
fn row_5_a_defect_of_the_proof() {
    let jkt = |service: &Service| json!({ "jkt": service.client.jkt() });
    let missing = |service: &Service| {
        let mut request = dpop(service, jkt(service));
        request.dpop.clear();
        request
    };
    let (alone, both) = ([D_PROOF], [D_PROOF, B]);
    on_every_route(missing, Reason::ProofMissing, 401, &alone, &both);
    let repeated = |service: &Service| dpop(service, jkt(service)).dpop("x");
    on_every_route(repeated, Reason::ProofRepeated, 401, &alone, &both);
    let wrong_method = |service: &Service| dpop(service, jkt(service)).method("PUT");
    on_every_route(wrong_method, Reason::ProofHtmMismatch, 401, &alone, &both);
    // Under scheme Bearer a proof decides nothing, but its size is bounded.
    let oversize = |service: &Service| bearer(service, json!({})).dpop("a".repeat(8_193));
    on_every_route(oversize, Reason::ProofOversize, 401, &alone, &both);
}

#[test]
fn row_6_a_nonce_is_needed() {
    for (binding, challenges) in [
        (Binding::Dpop, &[D_NONCE][..]),
        (Binding::Both, &[D_NONCE]),
        (Binding::Certificate, &[D_NONCE, B]),
        (Binding::Either, &[D_NONCE, B]),
        (Binding::Bearer, &[D_NONCE, B]),
    ] {
        let mut service = Service::bound(binding);
        let unknown = |service: &Service| {
            let token = service.token().compact();
            let proof = service.client.proof(&token).claim("nonce", "unknown");
            service.request_with(&token, &proof.compact())
        };
        let response = Response::challenged(401, challenges).with_nonce();
        let expected = Outcome::Denied(Reason::ProofNonceUnknown, response.clone());
        assert_eq!(service.run(&unknown(&service)), expected, "{binding:?}");
        let route = service.route.with_nonce(NonceRequirement::Required);
        service.route = route.unwrap();
        assert_eq!(service.run(&unknown(&service)), expected, "{binding:?}");
        let token = service.token().compact();
        let proof = service.client.proof(&token).compact();
        let expected = Outcome::Denied(Reason::ProofNonceMissing, response);
        let outcome = service.run(&service.request_with(&token, &proof));
        assert_eq!(outcome, expected, "{binding:?}");
    }
}

#[test]
fn row_7_the_token_does_not_hold() {
    let jkt = |service: &Service| json!({ "jkt": service.client.jkt() });
    let expired = Reason::TokenExpired;
    let under_dpop = |service: &Service| {
        let token = service.issuer.token().claim("cnf", jkt(service));
        let token = token.claim("exp", NOW - 30).compact();
        service.request_with(&token, &service.proof(&token).compact())
    };
    on_every_route(under_dpop, expired, 401, &[D_TOKEN], &[D_TOKEN, B]);
    let under_bearer = |service: &Service| {
        let token = service.issuer.token().claim("exp", NOW - 30).compact();
        Request::get().authorization(format!("Bearer {token}"))
    };
    on_every_route(under_bearer, expired, 401, &[D_TOKEN], &[D, B_TOKEN]);
}

#[test]
fn row_7_a_token_has_times_with_leeway() {
    let (expired, early) = (Reason::TokenExpired, Reason::TokenNotYetValid);
    for (name, second, refused) in [
        ("exp", NOW - 31, Some(expired)),
        ("exp", NOW - 30, Some(expired)),
        ("exp", NOW - 29, None),
        ("exp", NOW, None),
        ("nbf", NOW + 29, None),
        ("nbf", NOW + 30, None),
        ("nbf", NOW + 31, Some(early)),
        ("iat", NOW + 59, None),
        ("iat", NOW + 60, None),
        ("iat", NOW + 61, Some(early)),
    ] {
        let service = Service::dpop();
        let request = service.request_with_token(|token| token.claim(name, second));
        let expected = refused.map_or(Outcome::Allowed, Outcome::bad_token);
        assert_eq!(service.run(&request), expected, "{name} {second}");
    }
    // The most that can be allowed for: 120 seconds after, and 60 before.
    for (name, second, refused) in [
        ("exp", NOW - 120, Some(expired)),
        ("exp", NOW - 119, None),
        ("nbf", NOW + 60, None),
        ("nbf", NOW + 61, Some(early)),
    ] {
        let mut service = Service::dpop();
        service.issuer_policy = service.issuer_policy.with_leeway(120).unwrap();
        let request = service.request_with_token(|token| token.claim(name, second));
        let expected = refused.map_or(Outcome::Allowed, Outcome::bad_token);
        assert_eq!(service.run(&request), expected, "{name} {second}");
    }
}

#[test]
fn row_7_a_token_and_its_kid_have_limits() {
    let unavailable = Outcome::Failed(Reason::KeysUnavailable, Response::unavailable(503, 5));
    for (length, expected) in [
        (255, unavailable.clone()),
        (256, unavailable),
        (257, Outcome::bad_token(Reason::TokenKeyUnknown)),
    ] {
        let mut service = Service::dpop();
        let kid = "k".repeat(length);
        let request = service.request_with_token(|token| token.header("kid", kid.as_str()));
        // Nobody is asked for a key of a longer name.
        service.jwks = None;
        assert_eq!(service.run(&request), expected, "{length}");
        if length <= 256 {
            let jwk = service.issuer.key().jwk_with("kid", kid);
            service.jwks = Some(json!({ "keys": [jwk] }));
            assert_eq!(service.run(&request), Outcome::Allowed, "{length}");
        }
    }
    for (length, reason) in [
        (16_383, Reason::TokenMalformed),
        (16_384, Reason::TokenMalformed),
        (16_385, Reason::TokenOversize),
    ] {
        let service = Service::dpop();
        let token = "t".repeat(length);
        let request = service.request_with(&token, &service.proof(&token).compact());
        assert_eq!(
            service.run(&request),
            Outcome::bad_token(reason),
            "{length}"
        );
    }
}

#[test]
fn row_8_under_dpop_the_key_is_another_or_there_is_none() {
    let (alone, both) = ([D_TOKEN], [D_TOKEN, B]);
    let other = |service: &Service| dpop(service, json!({ "jkt": PrivateKey::p256(9).jkt() }));
    let mismatch = Reason::BindingKeyMismatch;
    on_every_route(other, mismatch, 401, &alone, &both);
    let unbound = |service: &Service| {
        let token = service.issuer.token().compact();
        service.request_with(&token, &service.proof(&token).compact())
    };
    let absent = Reason::BindingKeyAbsent;
    on_every_route(unbound, absent, 401, &alone, &both);
    // A certificate does not stand in for the key.
    let certificate_only = |service: &Service| {
        dpop(service, json!({ "x5t#S256": sha256(service.certificate) }))
            .certificate(certificate(service.certificate))
    };
    on_every_route(certificate_only, absent, 401, &alone, &both);
}

#[test]
fn row_9_a_token_with_a_key_sent_as_bearer() {
    let (alone, both) = ([D_TOKEN], [D, B_TOKEN]);
    let downgraded = Reason::BindingDowngraded;
    let plain = |service: &Service| bearer(service, json!({ "jkt": service.client.jkt() }));
    on_every_route(plain, downgraded, 401, &alone, &both);
    let with_certificate = |service: &Service| {
        let x5t = sha256(service.certificate);
        bearer(
            service,
            json!({ "jkt": service.client.jkt(), "x5t#S256": x5t }),
        )
        .certificate(certificate(service.certificate))
    };
    on_every_route(with_certificate, downgraded, 401, &alone, &both);
}

#[test]
fn row_10_the_certificate_is_another_or_there_is_none() {
    let (alone, both) = ([D_TOKEN], [D, B_TOKEN]);
    let cnf = |service: &Service| json!({ "x5t#S256": sha256(service.certificate) });
    let mismatch = |service: &Service| {
        bearer(service, cnf(service)).certificate(certificate(b"another certificate"))
    };
    let reason = Reason::BindingCertificateMismatch;
    on_every_route(mismatch, reason, 401, &alone, &both);
    let missing = Reason::BindingCertificateMissing;
    for none in [
        keybound::PeerCertificate::NotPresented,
        keybound::PeerCertificate::NotRequested,
        keybound::PeerCertificate::TerminatedElsewhere,
    ] {
        let request = |service: &Service| bearer(service, cnf(service)).certificate(none);
        on_every_route(request, missing, 401, &alone, &both);
    }
    for value in [String::new(), encode([0; 32]), encode([0; 64])] {
        let request = |service: &Service| {
            bearer(service, json!({ "x5t#S256": value }))
                .certificate(certificate(service.certificate))
        };
        on_every_route(request, reason, 401, &alone, &both);
    }
    // A proof does not stand in for the certificate.
    let (alone, both) = ([D_TOKEN], [D_TOKEN, B]);
    let proven = |service: &Service| {
        let x5t = sha256(service.certificate);
        dpop(
            service,
            json!({ "jkt": service.client.jkt(), "x5t#S256": x5t }),
        )
    };
    on_every_route(proven, missing, 401, &alone, &both);
}

#[test]
fn row_11_the_route_requires_more_than_the_token_is_bound_to() {
    let required = Reason::BindingRequired;
    let jkt = |service: &Service| json!({ "jkt": service.client.jkt() });
    let x5t = |service: &Service| json!({ "x5t#S256": sha256(service.certificate) });
    let unbound = |service: &Service| {
        let token = service.issuer.token().compact();
        Request::get()
            .authorization(format!("Bearer {token}"))
            .certificate(certificate(service.certificate))
    };
    let by_certificate = |service: &Service| {
        bearer(service, x5t(service)).certificate(certificate(service.certificate))
    };
    let by_key = |service: &Service| {
        dpop(service, jkt(service)).certificate(certificate(service.certificate))
    };
    let alone = || denied(required, 401, &[D_TOKEN]);
    let on_bearer = || denied(required, 401, &[D, B_TOKEN]);
    let on_dpop = || denied(required, 401, &[D_TOKEN, B]);
    for (binding, of_unbound, of_certificate, of_key) in [
        (Binding::Dpop, alone(), alone(), Outcome::Allowed),
        (Binding::Both, alone(), alone(), alone()),
        (
            Binding::Certificate,
            on_bearer(),
            Outcome::Allowed,
            on_dpop(),
        ),
        (
            Binding::Either,
            on_bearer(),
            Outcome::Allowed,
            Outcome::Allowed,
        ),
        (
            Binding::Bearer,
            Outcome::Allowed,
            Outcome::Allowed,
            Outcome::Allowed,
        ),
    ] {
        let service = Service::bound(binding);
        assert_eq!(service.run(&unbound(&service)), of_unbound, "{binding:?}");
        let outcome = service.run(&by_certificate(&service));
        assert_eq!(outcome, of_certificate, "{binding:?}");
        assert_eq!(service.run(&by_key(&service)), of_key, "{binding:?}");
    }
}

#[test]
fn row_12_nothing_in_cnf_can_be_enforced() {
    let nothing = Reason::ConfirmationUnenforceable;
    for cnf in [json!({}), json!({ "kid": "a" }), json!({ "x5t#S512": "a" })] {
        let request = |service: &Service| dpop(service, cnf.clone());
        on_every_route(request, nothing, 401, &[D_TOKEN], &[D_TOKEN, B]);
        let request = |service: &Service| bearer(service, cnf.clone());
        on_every_route(request, nothing, 401, &[D_TOKEN], &[D, B_TOKEN]);
    }
    let malformed = Reason::ConfirmationMalformed;
    for cnf in [json!(null), json!([]), json!({ "jkt": 1 })] {
        let request = |service: &Service| bearer(service, cnf.clone());
        on_every_route(request, malformed, 401, &[D_TOKEN], &[D, B_TOKEN]);
    }
}

#[test]
fn row_13_a_replay() {
    for (binding, challenges) in [
        (Binding::Dpop, &[D_PROOF][..]),
        (Binding::Both, &[D_PROOF]),
        (Binding::Either, &[D_PROOF, B]),
    ] {
        let service = Service::bound(binding);
        let request = service.request();
        assert_eq!(service.run(&request), Outcome::Allowed);
        let replayed = denied(Reason::ProofReplayed, 401, challenges);
        assert_eq!(service.run(&request), replayed, "{binding:?}");
    }
}

#[test]
fn row_14_scopes_are_missing() {
    for (scope, passes) in [
        ("orders:read", true),
        ("a orders:read b", true),
        ("orders:readx", false),
        ("orders", false),
        ("ORDERS:READ", false),
        ("", false),
    ] {
        let service = Service::dpop();
        let request = service.request_with_token(|token| token.claim("scope", scope));
        let refused = denied(Reason::ScopeInsufficient, 403, &[D_SCOPE]);
        let expected = if passes { Outcome::Allowed } else { refused };
        assert_eq!(service.run(&request), expected, "{scope:?}");
    }
    let service = Service::bound(Binding::Bearer);
    let token = service.token().without_claim("scope").compact();
    let request = Request::get().authorization(format!("Bearer {token}"));
    let refused = denied(Reason::ScopeInsufficient, 403, &[D, B_SCOPE]);
    assert_eq!(service.run(&request), refused);
    let token = service
        .token()
        .without_claim("scope")
        .claim("cnf", json!({ "jkt": service.client.jkt() }))
        .compact();
    let request = service.request_with(&token, &service.proof(&token).compact());
    let refused = denied(Reason::ScopeInsufficient, 403, &[D_SCOPE, B]);
    assert_eq!(service.run(&request), refused);
}

// rules: PROJ-3 (negative)
#[test]
fn row_15_something_cannot_be_had() {
    for (answer, reason, status, retry_after) in [
        (ReplayError::Unavailable, Reason::ReplayUnavailable, 503, 5),
        (ReplayError::Forgotten, Reason::ReplayForgotten, 503, 5),
        (
            ReplayError::Full { retry_after: 61 },
            Reason::ReplayFull,
            503,
            61,
        ),
        (
            ReplayError::OwnerQuota { retry_after: 62 },
            Reason::ReplayQuota,
            429,
            62,
        ),
    ] {
        let mut service = Service::dpop();
        service.store = Store::failing(answer);
        let expected = Outcome::Failed(reason, Response::unavailable(status, retry_after));
        assert_eq!(service.run(&service.request()), expected);
    }
    for binding in DPOP_ALONE.iter().chain(&BOTH_SCHEMES) {
        let mut service = Service::bound(*binding);
        service.jwks = None;
        let expected = Outcome::Failed(Reason::KeysUnavailable, Response::unavailable(503, 5));
        assert_eq!(service.run(&service.request()), expected, "{binding:?}");
    }
}

#[test]
fn rows_16_to_18_take_no_challenge() {
    for (reason, status) in [
        (Reason::HeadersOversize, 431),
        (Reason::AuthorityUnknown, 421),
        (Reason::EarlyData, 425),
        (Reason::HostMalformed, 400),
        (Reason::AuthorityMismatch, 400),
        (Reason::TargetForm, 400),
        (Reason::UpgradeRefused, 400),
        (Reason::PathMalformed, 400),
        (Reason::PathAmbiguous, 400),
        (Reason::RouteUnknown, 404),
    ] {
        let answer = Answer::for_reason(reason);
        assert_eq!(answer.status(), status, "{reason}");
        assert_eq!(answer.error(), None, "{reason}");
        assert_eq!(answer.fields(), [], "{reason}");
    }
}
