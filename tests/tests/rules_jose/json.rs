//! RFC 7515 sections 4 and 10.12: one object with unique members, in UTF-8, of bounded depth.

use keybound::{KeySetError, Reason};
use keybound_tests::harness::{End, Jws, Outcome, Request, Service};

use crate::{key_set, refuses, refuses_proof, refuses_token};

// rules: JWT-4-1 (both), BCP-3.7-1 (negative)
#[test]
fn jws_4_1_accepts_members_that_are_unique() {
    for depth in 2..=8 {
        let unique = at_depth(depth, r#"{"a":1,"A":2,"\u0061b":3}"#);
        let member = format!("\"x\":{unique}");
        let changes: [fn(Jws, &str) -> Jws; 2] = [Jws::header_text, Jws::claim_text];
        for change in changes {
            let service = Service::dpop();
            let request = service.request_with_proof(|proof| change(proof, &member));
            assert_eq!(service.run(&request), Outcome::Allowed, "{member}");
            let service = Service::dpop();
            let request = service.request_with_token(|token| change(token, &member));
            assert_eq!(service.run(&request), Outcome::Allowed, "{member}");
        }
    }
}

#[test]
fn jws_4_1_refuses_a_member_twice_at_every_depth() {
    refuses(
        Reason::ProofHeaderMalformed,
        Reason::TokenMalformed,
        &[
            ("alg", |jws| jws.header_text(r#""alg":"none""#)),
            ("the same alg", |jws| jws.header_text(r#""alg":"ES256""#)),
            ("an escaped alg", |jws| {
                jws.header_text(r#""\u0061lg":"none""#)
            }),
        ],
    );
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        refuses_proof(Reason::ProofPayloadMalformed, name, |proof| {
            let value = proof.payload_json();
            let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
            proof.claim_text(&format!("\"{name}\":{}", value[name]))
        });
    }
    for name in ["iss", "aud", "exp", "cnf", "scope"] {
        refuses_token(Reason::TokenMalformed, name, |token| {
            let value = token.payload_json();
            let value: serde_json::Value = serde_json::from_slice(&value).unwrap();
            token.claim_text(&format!("\"{name}\":{}", value[name]))
        });
    }
    for depth in 2..=8 {
        let twice = at_depth(depth, r#"{"a":1,"b":2,"\u0061":3}"#);
        let member = format!("\"x\":{twice}");
        let what = &member;
        refuses_proof(Reason::ProofHeaderMalformed, what, |proof| {
            proof.header_text(&member)
        });
        refuses_proof(Reason::ProofPayloadMalformed, what, |proof| {
            proof.claim_text(&member)
        });
        refuses_token(Reason::TokenMalformed, what, |token| {
            token.header_text(&member)
        });
        refuses_token(Reason::TokenMalformed, what, |token| {
            token.claim_text(&member)
        });
    }
}

// rules: JWK-4-1 (negative), JWS-4-1 (negative)
#[test]
fn a_member_twice_in_a_key_a_confirmation_and_a_key_set_is_refused() {
    let key = Service::dpop().client.key().public_jwk().to_string();
    let key = key.strip_suffix('}').unwrap();
    let with_jwk = |members: &str| {
        Service::dpop().request_with_proof(|proof| {
            let jwk = format!("\"jwk\":{key},{members}}}");
            proof.without_header("jwk").header_text(&jwk)
        })
    };
    let jkt = Service::dpop().client.jkt();
    let with_cnf = |members: &str| {
        Service::dpop().request_with_token(|token| {
            let cnf = format!(r#""cnf":{{"jkt":"{jkt}",{members}}}"#);
            token.without_claim("cnf").claim_text(&cnf)
        })
    };
    let bad_key = Outcome::bad_proof(Reason::ProofHeaderMalformed);
    let bad_cnf = Outcome::bad_token(Reason::TokenMalformed);
    // Both objects are 2 deep.
    for depth in 2..=8 {
        let [unique, twice] = ["\"a\":1,\"b\":1", "\"a\":1,\"a\":1"].map(|members| match depth {
            2 => members.to_owned(),
            _ => format!("\"o\":{}", at_depth(depth - 1, &format!("{{{members}}}"))),
        });
        let run = |request| Service::dpop().run(&request);
        assert_eq!(run(with_jwk(&unique)), Outcome::Allowed, "{unique}");
        assert_eq!(run(with_jwk(&twice)), bad_key, "{twice}");
        assert_eq!(run(with_cnf(&unique)), Outcome::Allowed, "{unique}");
        assert_eq!(run(with_cnf(&twice)), bad_cnf, "{twice}");
    }
    for member in [
        "\"kty\":\"EC\"",
        "\"crv\":\"P-256\"",
        "\"x\":\"A\"",
        "\"y\":\"A\"",
    ] {
        assert_eq!(Service::dpop().run(&with_jwk(member)), bad_key, "{member}");
    }
    let same = format!("\"jkt\":\"{jkt}\"");
    assert_eq!(Service::dpop().run(&with_cnf(&same)), bad_cnf);
    let malformed = Err(KeySetError::Malformed);
    assert_eq!(key_set(&format!("{{\"keys\":[{key}}}]}}")), Ok(1));
    let twice = format!("{{\"keys\":[],\"keys\":[{key}}}]}}");
    assert_eq!(key_set(&twice), malformed);
    let twice = format!("{{\"keys\":[{key},\"kty\":\"EC\"}}]}}");
    assert_eq!(key_set(&twice), malformed);
    // A key of a set is 3 deep.
    for depth in 4..=8 {
        let unique = at_depth(depth - 2, r#"{"a":1}"#);
        let twice = at_depth(depth - 2, r#"{"a":1,"a":1}"#);
        let set = |value| format!("{{\"keys\":[{key},\"o\":{value}}}]}}");
        assert_eq!(key_set(&set(unique)), Ok(1), "{depth}");
        assert_eq!(key_set(&set(twice)), malformed, "{depth}");
    }
}

// rules: JWS-10.12-1 (negative)
#[test]
fn proj_1_refuses_a_ninth_level_before_it_is_read() {
    for (depth, proof, token) in [
        (8, Outcome::Allowed, Outcome::Allowed),
        (
            9,
            Outcome::bad_proof(Reason::ProofHeaderMalformed),
            Outcome::bad_token(Reason::TokenMalformed),
        ),
    ] {
        for innermost in ["[]", "{}"] {
            let member = format!("\"x\":{}", at_depth(depth, innermost));
            let service = Service::dpop();
            let request = service.request_with_proof(|proof| proof.header_text(&member));
            assert_eq!(service.run(&request), proof, "{member}");
            let service = Service::dpop();
            let request = service.request_with_token(|token| token.claim_text(&member));
            assert_eq!(service.run(&request), token, "{member}");
        }
    }
    let bomb = "[".repeat(8 * 1024);
    assert_eq!(key_set(&bomb), Err(KeySetError::Malformed));
    // Nothing behind the ninth bracket is JSON. Whoever reads on says "not JSON".
    let garbage = [&b"{\"x\":"[..], &b"[".repeat(8), b":,x\0}"].concat();
    let brackets = [&b"{\"x\":"[..], &b"[".repeat(5_000)].concat();
    for bomb in [garbage, brackets, b"[".repeat(8 * 1024)] {
        let evidence = Some("nested too deeply");
        let service = Service::dpop();
        let token = service.token().raw_payload(bomb.clone()).compact();
        let request = service.request_with(&token, &service.proof(&token).compact());
        assert_eq!(received(&service, &request).as_deref(), evidence);
        let token = service.token().raw_header(bomb.clone()).compact();
        let request = service.request_with(&token, &service.proof(&token).compact());
        assert_eq!(received(&service, &request).as_deref(), evidence);
        if bomb.len() < 6_000 {
            let request = service.request_with_proof(|proof| proof.raw_header(bomb.clone()));
            assert_eq!(received(&service, &request).as_deref(), evidence);
            let request = service.request_with_proof(|proof| proof.raw_payload(bomb.clone()));
            assert_eq!(received(&service, &request).as_deref(), evidence);
        }
    }
}

// rules: JWS-10.12-1 (negative), JWS-5.2-1 (negative), BCP-3.7-1 (negative)
#[test]
fn a_document_that_is_not_one_json_object_in_utf_8_is_refused() {
    let utf_16: Vec<u8> = "{\"typ\":\"dpop+jwt\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let documents: &[&[u8]] = &[
        b"{} x",
        b"{}{}",
        b"{}\0",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\xc0\x80\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"[]",
        b"null",
        b"\"{}\"",
        b"{",
        &[b"[".repeat(1_000), b"]".repeat(1_000)].concat(),
        &utf_16,
    ];
    for document in documents {
        let what = String::from_utf8_lossy(document);
        refuses_proof(Reason::ProofHeaderMalformed, &what, |proof| {
            proof.raw_header(*document)
        });
        refuses_proof(Reason::ProofPayloadMalformed, &what, |proof| {
            proof.raw_payload(*document)
        });
        refuses_token(Reason::TokenMalformed, &what, |token| {
            token.raw_header(*document)
        });
        refuses_token(Reason::TokenMalformed, &what, |token| {
            token.raw_payload(*document)
        });
    }
}

/// A value whose innermost part is so deep if it becomes a member of a document.
fn at_depth(depth: usize, innermost: &str) -> String {
    (2..depth).fold(innermost.to_owned(), |inner, level| match level % 2 {
        0 => format!("[{inner}]"),
        _ => format!("{{\"o\":{inner}}}"),
    })
}

/// What the refusal of a request says it received.
#[track_caller]
fn received(service: &Service, request: &Request) -> Option<String> {
    match service.end(request) {
        End::Deny(rejection) => rejection.received().map(str::to_owned),
        other => panic!("{other:?}"),
    }
}
