//! RFC 9449 sections 2 to 4.2: the proof and how it travels.

use keybound::Reason;
use keybound_tests::harness::{End, NOW, Outcome, Request, Service};
use serde_json::json;

#[test]
fn dpop_2_1_accepts_a_proof_for_https() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_2_1_refuses_a_proof_for_plain_http() {
    let service = Service::dpop();
    for htu in [
        "http://api.example.com/orders",
        "http://api.example.com:443/orders",
        "HTTP://api.example.com/orders",
    ] {
        let request = service.request_with_proof(|proof| proof.claim("htu", htu));
        let refused = Outcome::bad_proof(Reason::ProofHtuMismatch);
        assert_eq!(service.run(&request), refused, "{htu}");
    }
}

#[test]
fn dpop_3_1_accepts_a_good_proof_with_a_good_token() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_3_1_refuses_if_one_of_the_two_fails() {
    let service = Service::dpop();
    let expired = service.request_with_token(|token| token.claim("exp", NOW - 31));
    let refused = Outcome::bad_token(Reason::TokenExpired);
    assert_eq!(service.run(&expired), refused);
    let forged = service.request_with_token(|token| token.corrupt());
    let refused = Outcome::bad_token(Reason::TokenSignatureInvalid);
    assert_eq!(service.run(&forged), refused);
    let unproven = service.request_with_proof(|proof| proof.corrupt());
    let refused = Outcome::bad_proof(Reason::ProofSignatureInvalid);
    assert_eq!(service.run(&unproven), refused);
}

#[test]
fn dpop_4_2_keeps_to_the_identity_of_the_token() {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| {
        proof
            .claim("sub", "mallory")
            .claim("client_id", "mallory-app")
            .claim("iss", "https://mallory.example")
            .claim("scope", "orders:write")
    });
    let End::Allow(admitted) = service.end(&request) else {
        panic!("refused");
    };
    assert_eq!(admitted.subject(), Some("alice"));
    assert_eq!(admitted.client_id(), Some("shop-app"));
    assert_eq!(admitted.issuer(), Some("https://as.example.com"));
    assert_eq!(admitted.scope(), "orders:read");
    assert!(!admitted.has_scope("orders:write"));
}

#[test]
fn dpop_4_2_refuses_a_proof_without_a_token() {
    let service = Service::dpop();
    let mut request = service.request();
    request.authorization.clear();
    let refused = Outcome::without_credentials(Reason::CredentialsMissing);
    assert_eq!(service.run(&request), refused);
    // A proof is no token either.
    let proof = service.proof("token").compact();
    let request = service.request_with(&proof, &service.proof(&proof).compact());
    let refused = Outcome::bad_token(Reason::TokenIssuerUnknown);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_4_1_1_refuses_a_proof_in_another_case() {
    let service = Service::dpop();
    let token = service.token().compact();
    let proof = service.proof(&token).compact();
    for folded in [proof.to_uppercase(), proof.to_lowercase()] {
        let request = service.request_with(&token, &folded);
        let refused = Outcome::bad_proof(Reason::ProofHeaderMalformed);
        assert_eq!(service.run(&request), refused, "{folded}");
    }
}

#[test]
fn dpop_4_1_2_accepts_the_alphabet_of_a_jwt() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_4_1_2_refuses_every_other_octet() {
    let service = Service::dpop();
    let token = service.token().compact();
    let proof = service.proof(&token).compact().into_bytes();
    for octet in (0..=u8::MAX).filter(|octet| !octet.is_ascii_alphanumeric()) {
        if b"-_.".contains(&octet) {
            continue;
        }
        let reason = match octet {
            b',' => Reason::ProofRepeated,
            _ => Reason::ProofMalformed,
        };
        // at the front, inside the header, and at the end
        for at in [0, 10, proof.len()] {
            let mut line = proof.clone();
            line.insert(at, octet);
            let request = Request::get()
                .authorization(format!("DPoP {token}"))
                .dpop(line);
            let refused = Outcome::bad_proof(reason);
            assert_eq!(service.run(&request), refused, "{octet:#x} at {at}");
        }
    }
}

#[test]
fn dpop_4_2_12_accepts_more_claims_and_header_parameters() {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| {
        proof
            .header("foo", json!({ "bar": [1, null] }))
            .header("x5t", 7)
            .claim("foo", "bar")
            .claim("nbf", NOW + 1_000)
            .claim("exp", 1)
            .claim("aud", json!([]))
    });
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_4_2_12_refuses_more_than_it_understands_where_the_proof_says_so() {
    let service = Service::dpop();
    for value in [json!(["foo"]), json!([]), json!("foo"), json!(null)] {
        let request = service
            .request_with_proof(|proof| proof.header("crit", value.clone()).header("foo", "bar"));
        let refused = Outcome::bad_proof(Reason::ProofCritical);
        assert_eq!(service.run(&request), refused, "{value}");
    }
}
