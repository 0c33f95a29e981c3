//! RFC 7800: the confirmation claim.

use std::io;
use std::net::TcpListener;

use keybound::{
    Binding, LegacyTypes, MissingType, PeerCertificate, Reason, TokenProfile, UnknownConfirmation,
};
use keybound_tests::harness::{
    Client, End, Fixed, Outcome, PrivateKey, Request, Response, Service, certificate, sha256,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// What becomes of a right proof with a token that is confirmed like this.
fn with_cnf(cnf: &Value) -> Outcome {
    let service = Service::dpop();
    service.run(&service.request_with_token(|token| token.claim("cnf", cnf.clone())))
}

fn jkt() -> String {
    Service::dpop().client.jkt()
}

/// Issuers from before RFC 9068, which need not name a subject.
fn legacy() -> Service {
    let mut service = Service::dpop();
    let types = LegacyTypes::new(["JWT"], MissingType::Accept).unwrap();
    let profile = TokenProfile::Legacy(types);
    service.issuer_policy = service.issuer_policy.clone().with_profile(profile);
    service
}

#[test]
fn cnf_3_1_accepts_a_token_that_names_its_issuer() {
    let service = legacy();
    let request = service.request_with_token(|token| token.without_claim("sub"));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn cnf_3_1_refuses_a_token_that_names_neither_issuer_nor_subject() {
    for service in [Service::dpop(), legacy()] {
        let refused = Outcome::bad_token(Reason::TokenIssuerUnknown);
        let request =
            service.request_with_token(|token| token.without_claim("iss").without_claim("sub"));
        assert_eq!(service.run(&request), refused);
        // A subject alone does not say whose it is.
        let request = service.request_with_token(|token| token.without_claim("iss"));
        assert_eq!(service.run(&request), refused);
    }
}

// rules: CNF-3.1-3 (positive)
#[test]
fn cnf_3_1_1_accepts_one_key() {
    assert_eq!(with_cnf(&json!({ "jkt": jkt() })), Outcome::Allowed);
}

#[test]
fn cnf_3_1_1_refuses_more_than_one_of_the_members_that_name_a_key() {
    let jwk = PrivateKey::p256(2).public_jwk();
    let jku = "https://as.example.com/keys";
    for cnf in [
        json!({ "jwk": jwk, "jku": jku }),
        json!({ "jwk": jwk, "jwe": "a.b.c.d.e" }),
        json!({ "jwe": "a.b.c.d.e", "jku": jku }),
        json!({ "jwk": jwk, "jwe": "a.b.c.d.e", "jku": jku }),
        json!({ "jkt": jkt(), "jwk": jwk, "jku": jku }),
        json!({ "jkt": jkt(), "jwk": null, "jwe": null }),
        json!({ "x5t#S256": sha256("a certificate"), "jwe": "a.b.c.d.e", "jku": jku }),
    ] {
        let refused = Outcome::bad_token(Reason::ConfirmationMalformed);
        assert_eq!(with_cnf(&cnf), refused, "{cnf}");
    }
}

#[test]
fn cnf_3_1_2_accepts_what_is_not_known_beside_what_holds() {
    for (name, value) in [
        ("foo", json!(1)),
        ("kid", json!("k1")),
        ("osc", json!({ "id": "x", "ms": "y" })),
        ("x5t#S512", json!("x")),
        ("jkt#S512", json!("x")),
    ] {
        let cnf = json!({ "jkt": jkt(), name: value });
        assert_eq!(with_cnf(&cnf), Outcome::Allowed, "{cnf}");
    }
}

#[test]
fn cnf_3_1_2_refuses_what_is_not_known_if_the_policy_says_so() {
    for name in ["foo", "kid", "jwk", "JKT", ""] {
        let mut service = Service::dpop();
        let policy = service.proof_policy.clone();
        service.proof_policy = policy.with_unknown_confirmation(UnknownConfirmation::Refuse);
        let cnf = json!({ "jkt": jkt(), name: {} });
        let request = service.request_with_token(|token| token.claim("cnf", cnf.clone()));
        let refused = Outcome::bad_token(Reason::ConfirmationUnenforceable);
        assert_eq!(service.run(&request), refused, "{cnf}");
        assert_eq!(service.run(&service.request()), Outcome::Allowed);
    }
}

#[test]
fn cnf_3_1_3_refuses_what_cannot_be_enforced_on_every_route() {
    let (malformed, unenforceable) = (
        Reason::ConfirmationMalformed,
        Reason::ConfirmationUnenforceable,
    );
    for (cnf, reason) in [
        (json!({}), unenforceable),
        (json!({ "foo": 1 }), unenforceable),
        (json!({ "jkt#S512": jkt() }), unenforceable),
        (json!({ "x5t#S512": "x" }), unenforceable),
        (json!({ "x5t": "x" }), unenforceable),
        (json!({ "htsk": "x" }), unenforceable),
        (json!({ "Jkt": jkt() }), unenforceable),
        (json!(null), malformed),
        (json!([]), malformed),
        (json!([{ "jkt": jkt() }]), malformed),
        (json!(jkt()), malformed),
        (json!(true), malformed),
        (json!({ "jkt": null }), malformed),
        (json!({ "jkt": 1 }), malformed),
        (json!({ "jkt": jkt(), "x5t#S256": null }), malformed),
    ] {
        assert_eq!(with_cnf(&cnf), Outcome::bad_token(reason), "{cnf}");
        // It is not "unbound" either, where unbound tokens pass.
        let service = Service::bound(Binding::Bearer);
        let token = service.token().claim("cnf", cnf.clone()).compact();
        let request = Request::get().authorization(format!("Bearer {token}"));
        assert_eq!(service.run(&request), bad_bearer(reason), "{cnf}");
        let dpop = service.request_with(&token, &service.proof(&token).compact());
        let challenges = [
            r#"DPoP error="invalid_token", algs="ES256 EdDSA Ed25519""#,
            "Bearer",
        ];
        let refused = Outcome::Denied(reason, Response::challenged(401, &challenges));
        assert_eq!(service.run(&dpop), refused, "{cnf}");
    }
}

#[test]
fn cnf_3_1_4_accepts_key_and_certificate_together() {
    for binding in [
        Binding::Both,
        Binding::Dpop,
        Binding::Certificate,
        Binding::Either,
        Binding::Bearer,
    ] {
        let (service, token) = bound_twice(binding);
        let request = service
            .request_with(&token, &service.proof(&token).compact())
            .certificate(certificate(service.certificate));
        assert_eq!(service.run(&request), Outcome::Allowed, "{binding:?}");
    }
}

#[test]
fn cnf_3_1_4_refuses_one_of_the_two() {
    for binding in [Binding::Dpop, Binding::Both] {
        let (service, token) = bound_twice(binding);
        let proven = service.request_with(&token, &service.proof(&token).compact());
        for (peer, reason) in [
            (
                PeerCertificate::NotPresented,
                Reason::BindingCertificateMissing,
            ),
            (certificate(b"another"), Reason::BindingCertificateMismatch),
        ] {
            let request = proven.clone().certificate(peer);
            assert_eq!(
                service.run(&request),
                Outcome::bad_token(reason),
                "{peer:?}"
            );
        }
        let other = Client::new(PrivateKey::p256(6));
        let request = service
            .request_with(&token, &other.proof(&token).compact())
            .certificate(certificate(service.certificate));
        let refused = Outcome::bad_token(Reason::BindingKeyMismatch);
        assert_eq!(service.run(&request), refused);
        assert_eq!(service.store.asked(), []);
    }
    // Nor does the certificate alone do where certificates do.
    for binding in [Binding::Certificate, Binding::Either, Binding::Bearer] {
        let (service, token) = bound_twice(binding);
        let request = Request::get()
            .authorization(format!("Bearer {token}"))
            .certificate(certificate(service.certificate));
        let refused = bad_bearer(Reason::BindingDowngraded);
        assert_eq!(service.run(&request), refused, "{binding:?}");
    }
}

/// The key itself is a member that is not enforced here: it confirms nothing, and does no harm
/// beside the thumbprint of the key.
#[test]
fn cnf_3_2_1_accepts_the_key_itself_beside_its_thumbprint() {
    let jwk = PrivateKey::p256(2).public_jwk();
    let cnf = json!({ "jkt": jkt(), "jwk": jwk });
    assert_eq!(with_cnf(&cnf), Outcome::Allowed);
}

#[test]
fn cnf_3_2_1_refuses_a_key_alone_public_or_private() {
    let key = PrivateKey::p256(2);
    for jwk in [
        key.public_jwk(),
        key.jwk_with("d", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"),
        json!({ "kty": "oct", "k": "AgIC" }),
        json!({ "kty": "EC", "crv": "P-256" }),
        json!({}),
        json!(null),
    ] {
        let cnf = json!({ "jwk": jwk });
        let refused = Outcome::bad_token(Reason::ConfirmationUnenforceable);
        assert_eq!(with_cnf(&cnf), refused, "{cnf}");
    }
}

/// Nothing here knows whose key a name means, so that it is one more member that is not enforced.
#[test]
fn cnf_3_4_1_accepts_a_name_beside_the_thumbprint() {
    let cnf = json!({ "jkt": jkt(), "kid": "dfd1aa97-6d8d-4575-a0fe-34b96de2bfad" });
    assert_eq!(with_cnf(&cnf), Outcome::Allowed);
}

#[test]
fn cnf_3_4_1_refuses_a_name_alone() {
    // Not even the name that the proof's own key has, which anybody may write there.
    for kid in ["k1", "dfd1aa97-6d8d-4575-a0fe-34b96de2bfad", "", &jkt()] {
        let service = Service::dpop();
        let cnf = json!({ "kid": kid });
        let token = service.token().claim("cnf", cnf).compact();
        let jwk = service.client.key().jwk_with("kid", kid);
        let proof = service.proof(&token).header("jwk", jwk).header("kid", kid);
        let request = service.request_with(&token, &proof.compact());
        let refused = Outcome::bad_token(Reason::ConfirmationUnenforceable);
        assert_eq!(service.run(&request), refused, "{kid}");
    }
}

#[test]
fn cnf_3_5_1_refuses_a_place_and_never_goes_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let place = format!("http://{}/keys", listener.local_addr().unwrap());
    let unenforceable = Outcome::bad_token(Reason::ConfirmationUnenforceable);
    for (cnf, expected) in [
        (json!({ "jku": place }), unenforceable.clone()),
        (json!({ "jku": place, "kid": "k1" }), unenforceable),
        (json!({ "jku": place, "jkt": jkt() }), Outcome::Allowed),
    ] {
        assert_eq!(with_cnf(&cnf), expected, "{cnf}");
    }
    let nobody = listener.accept().map_err(|error| error.kind());
    assert_eq!(nobody.err(), Some(io::ErrorKind::WouldBlock));
}

#[test]
fn cnf_4_1_accepts_a_confirmation_that_the_issuer_signed() {
    assert_eq!(with_cnf(&json!({ "jkt": jkt() })), Outcome::Allowed);
}

#[test]
fn cnf_4_1_refuses_a_bad_signature_before_anything_is_read() {
    for cnf in [
        json!({ "jkt": jkt() }),
        json!({ "jkt": 1 }),
        json!({}),
        json!(null),
    ] {
        let service = Service::dpop();
        let request = service.request_with_token(|token| token.claim("cnf", cnf.clone()).corrupt());
        let refused = Outcome::bad_token(Reason::TokenSignatureInvalid);
        assert_eq!(service.run(&request), refused, "{cnf}");
        let End::Deny(rejection) = service.end(&request) else {
            panic!("admitted");
        };
        assert_eq!(rejection.facts().client_id(), None, "claims were read");
    }
    // What else is wrong with such a token is not said either, whereas under a signature that holds
    // it is.
    let alter = |service: &Service| {
        let cnf = json!({ "jkt": 1 });
        service.request_with_token(|token| token.claim("cnf", cnf).claim("exp", 0).corrupt())
    };
    let service = Service::dpop();
    let refused = Outcome::bad_token(Reason::TokenSignatureInvalid);
    assert_eq!(service.run(&alter(&service)), refused);
    let mut service = Service::dpop();
    service.provider = Arc::new(Fixed::EverythingHolds);
    let refused = Outcome::bad_token(Reason::TokenExpired);
    assert_eq!(service.run(&alter(&service)), refused);
}

#[test]
fn cnf_4_2_accepts_a_bound_token_for_this_audience() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn cnf_4_2_refuses_a_bound_token_for_another_audience() {
    for binding in [Binding::Dpop, Binding::Both] {
        let service = Service::bound(binding);
        let token = service.token().claim("aud", "https://other.example.com");
        let token = token.compact();
        let request = service
            .request_with(&token, &service.proof(&token).compact())
            .certificate(certificate(service.certificate));
        let refused = Outcome::bad_token(Reason::TokenAudienceMismatch);
        assert_eq!(service.run(&request), refused, "{binding:?}");
    }
}

// rules: TX-4.1-2 (negative)
#[test]
fn cnf_of_an_actor_is_not_the_tokens() {
    let service = Service::dpop();
    let act = json!({ "sub": "gateway", "cnf": { "jkt": jkt() } });
    let request =
        service.request_with_token(|token| token.without_claim("cnf").claim("act", act.clone()));
    let refused = Outcome::bad_token(Reason::BindingKeyAbsent);
    assert_eq!(service.run(&request), refused);
    // and does not spoil it
    let request = service.request_with_token(|token| token.claim("act", json!({ "cnf": [] })));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

/// A token that names a key and a certificate, on a route that may demand less.
fn bound_twice(binding: Binding) -> (Service, String) {
    let service = Service::bound(binding);
    let cnf = json!({ "jkt": jkt(), "x5t#S256": sha256(service.certificate) });
    let token = service.token().claim("cnf", cnf).compact();
    (service, token)
}

/// The answer to scheme Bearer on a route that takes both.
fn bad_bearer(reason: Reason) -> Outcome {
    let challenges = [
        r#"DPoP algs="ES256 EdDSA Ed25519""#,
        r#"Bearer error="invalid_token""#,
    ];
    Outcome::Denied(reason, Response::challenged(401, &challenges))
}
