//! RFC 7515: what a JWS is.

use keybound::{Algorithm, ProofPolicy, Reason};
use keybound_tests::harness::{Client, ISSUER, Issuer, Jws, Outcome, PrivateKey, Service, encode};
use keybound_tests::tree;
use keybound_tests::vectors::{read, rows, text};
use serde_json::json;

use crate::{Change, accepts, refuses, refuses_proof, refuses_token};

#[test]
fn jws_2_1_accepts_the_canonical_form() {
    accepts(&[("as it is", |jws| jws)]);
}

#[test]
fn jws_2_1_refuses_every_other_text_for_the_same_octets() {
    let mut seen = 0;
    for pad in ["", "a", "aa"] {
        let padded = |jws: Jws| jws.header("pad", pad).claim("pad", pad);
        let segments = |jws: &Jws| [encode(jws.header_json()), encode(jws.payload_json())];
        for of_proof in [true, false] {
            let jws = match of_proof {
                true => padded(Service::dpop().proof(&Service::dpop().token().compact())),
                false => padded(Service::dpop().token()),
            };
            for (place, segment) in segments(&jws).into_iter().enumerate() {
                let Some(lax) = with_spare_bits(&segment) else {
                    continue;
                };
                seen += 1;
                let change = |jws: Jws| match place {
                    0 => padded(jws).encoded_header(lax),
                    _ => padded(jws).encoded_payload(lax),
                };
                match of_proof {
                    true => refuses_proof(Reason::ProofMalformed, pad, change),
                    false => refuses_token(Reason::TokenMalformed, pad, change),
                }
            }
        }
    }
    assert!(seen >= 4, "{seen}");
    // A signature of 64 octets always leaves spare bits.
    let lax_signature: Change = |jws| {
        let compact = jws.compact();
        let (_, signature) = compact.rsplit_once('.').unwrap();
        jws.encoded_signature(with_spare_bits(signature).unwrap())
    };
    let padded_signature: Change = |jws| {
        let compact = jws.compact();
        let (_, signature) = compact.rsplit_once('.').unwrap();
        jws.encoded_signature(format!("{signature}=="))
    };
    let other_alphabet: Change = |jws| jws.encoded_signature("+/".repeat(43));
    refuses(
        Reason::ProofMalformed,
        Reason::TokenMalformed,
        &[
            ("spare bits in the signature", lax_signature),
            ("a padded signature", padded_signature),
            ("the other alphabet", other_alphabet),
            ("one character over", |jws| jws.encoded_signature("AAAAA")),
        ],
    );
}

/// Another text that a lax decoder takes for the same octets, if there is one.
fn with_spare_bits(segment: &str) -> Option<String> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (&last, rest) = segment.as_bytes().split_last()?;
    if segment.len().is_multiple_of(4) {
        return None;
    }
    let at = alphabet.iter().position(|octet| *octet == last)?;
    let mut changed = rest.to_vec();
    changed.push(alphabet[at + 1]);
    Some(String::from_utf8(changed).unwrap())
}

#[test]
fn jws_4_2_accepts_parameters_that_it_does_not_understand() {
    accepts(&[
        ("x", |jws| jws.header("x", 1)),
        ("many", |jws| {
            jws.header("jku", "https://127.0.0.1/")
                .header("x5u", "https://127.0.0.1/")
                .header("x5c", json!(["MIIB"]))
                .header("Crit", json!(["x"]))
                .header("x", json!({ "crit": ["b64"] }))
        }),
    ]);
}

#[test]
fn jws_4_1_1_1_accepts_the_name_as_it_is_registered() {
    accepts(&[("ES256", |jws| jws.header("alg", "ES256"))]);
}

// rules: JWA-3.6-1 (negative), BCP-3.1-4 (negative)
#[test]
fn jws_4_1_1_1_refuses_any_other_name_and_none_at_all() {
    refuses(
        Reason::ProofAlgRefused,
        Reason::TokenAlgRefused,
        &[
            ("missing", |jws| jws.without_header("alg")),
            ("lower case", |jws| jws.header("alg", "es256")),
            ("an array", |jws| jws.header("alg", json!(["ES256"]))),
            ("null", |jws| jws.header("alg", json!(null))),
            ("a number", |jws| jws.header("alg", 256)),
            ("with a space", |jws| jws.header("alg", "ES256 ")),
            ("none", |jws| jws.header("alg", "none")),
            ("noNE", |jws| jws.header("alg", "noNE")),
            ("NONE", |jws| jws.header("alg", "NONE")),
            ("empty", |jws| jws.header("alg", "")),
            ("HS256", |jws| jws.header("alg", "HS256")),
        ],
    );
    // As RFC 7518 has it: with an empty signature.
    refuses(
        Reason::ProofMalformed,
        Reason::TokenMalformed,
        &[("none", |jws| {
            jws.header("alg", "none").encoded_signature("")
        })],
    );
}

// rules: BCP-3.10-2 (negative)
#[test]
fn jws_4_1_3_1_only_a_proof_brings_its_own_key() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    let own = PrivateKey::p256(9);
    for (reason, kid) in [
        (Reason::TokenSignatureInvalid, Some("k1")),
        (Reason::TokenSignatureInvalid, None),
        (Reason::TokenKeyUnknown, Some("own")),
    ] {
        refuses_token(reason, "self-signed", |token| {
            let token = token
                .header("jwk", own.public_jwk())
                .header("jku", "https://127.0.0.1/keys")
                .signed_by(&own);
            match kid {
                Some(kid) => token.header("kid", kid),
                None => token.without_header("kid"),
            }
        });
    }
}

#[test]
fn jws_4_1_9_1_accepts_a_media_type_in_both_spellings_and_any_case() {
    accepts(&[("as it is", |jws| jws)]);
    for typ in ["application/dpop+jwt", "DPoP+JWT", "Application/DPOP+jwt"] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.header("typ", typ));
        assert_eq!(service.run(&request), Outcome::Allowed, "{typ}");
    }
    for typ in ["application/at+jwt", "AT+JWT", "aPPLICATION/at+jWT"] {
        let service = Service::dpop();
        let request = service.request_with_token(|token| token.header("typ", typ));
        assert_eq!(service.run(&request), Outcome::Allowed, "{typ}");
    }
}

#[test]
fn jws_4_1_9_1_refuses_every_other_media_type() {
    for (before, after) in [
        ("application/application/", ""),
        ("text/", ""),
        ("", ";x=1"),
        (" ", ""),
        ("", " "),
        ("/", ""),
        ("application//", ""),
        ("", "+x"),
    ] {
        let typ = format!("{before}dpop+jwt{after}");
        refuses_proof(Reason::ProofTypWrong, &typ, |proof| {
            proof.header("typ", typ.as_str())
        });
        let typ = format!("{before}at+jwt{after}");
        refuses_token(Reason::TokenTypWrong, &typ, |token| {
            token.header("typ", typ.as_str())
        });
    }
}

#[test]
fn jws_4_1_11_1_accepts_a_header_without_crit() {
    accepts(&[("as it is", |jws| jws)]);
}

// rules: JWS-4.1.11-2 (both)
#[test]
fn jws_4_1_11_1_refuses_crit_and_b64_in_any_form() {
    accepts(&[("neither", |jws| jws)]);
    refuses(
        Reason::ProofCritical,
        Reason::TokenCritical,
        &[
            ("b64", |jws| {
                jws.header("crit", json!(["b64"])).header("b64", false)
            }),
            ("empty", |jws| jws.header("crit", json!([]))),
            ("a text", |jws| jws.header("crit", "exp")),
            ("alg", |jws| jws.header("crit", json!(["alg"]))),
            ("null", |jws| jws.header("crit", json!(null))),
            ("of RFC 7515", |jws| {
                let name = "http://example.com/UNDEFINED";
                jws.header("crit", json!([name])).header(name, true)
            }),
            ("unlisted b64", |jws| jws.header("b64", false)),
            ("true", |jws| jws.header("b64", true)),
        ],
    );
    // RFC 7515 appendix E as it is printed.
    let file = read("jws.json");
    let v12 = rows(&file, "refused")
        .iter()
        .find(|row| text(row, "id").starts_with("V12"))
        .unwrap();
    let (service, jws) = (Service::dpop(), text(v12, "jws"));
    let request = service.request_with(&service.token().compact(), jws);
    let refused = Outcome::bad_proof(Reason::ProofMalformed);
    assert_eq!(service.run(&request), refused);
    let request = service.request_with(jws, &service.proof(jws).compact());
    let refused = Outcome::bad_token(Reason::TokenMalformed);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn jws_5_2_1_refuses_empty_parts() {
    refuses(
        Reason::ProofMalformed,
        Reason::TokenMalformed,
        &[
            ("no signature", |jws| jws.encoded_signature("")),
            ("no payload", |jws| jws.encoded_payload("")),
            ("no header", |jws| jws.encoded_header("")),
        ],
    );
}

#[test]
fn jws_5_2_2_refuses_an_algorithm_outside_the_list_though_it_verifies() {
    let rsa = PrivateKey::rsa();
    let mut service = Service::dpop();
    service.client = Client::new(rsa.clone());
    let refused = Outcome::bad_proof(Reason::ProofAlgRefused);
    assert_eq!(service.run(&service.request()), refused);
    let policy = ProofPolicy::default().with_algorithms(&[Algorithm::Rs256]);
    service.proof_policy = policy.unwrap();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);

    let mut service = Service::dpop();
    service.issuer = Issuer::new(ISSUER, rsa);
    service.jwks = Some(service.issuer.jwks());
    let policy = service.issuer_policy.clone();
    service.issuer_policy = policy.with_algorithms(&[Algorithm::Es256]).unwrap();
    let refused = Outcome::bad_token(Reason::TokenAlgRefused);
    assert_eq!(service.run(&service.request()), refused);
    let policy = service.issuer_policy.clone();
    service.issuer_policy = policy.with_algorithms(&[Algorithm::Rs256]).unwrap();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn jws_7_1_accepts_the_compact_form() {
    accepts(&[("as it is", |jws| jws)]);
}

// rules: BCP-3.14-1 (negative)
#[test]
fn jws_7_1_refuses_the_json_forms_and_every_octet_outside_the_alphabet() {
    let service = Service::dpop();
    let token = service.token().compact();
    let proof = service.proof(&token).compact();
    let json_form = |jws: &str, signatures: bool| {
        let parts: Vec<&str> = jws.split('.').collect();
        match signatures {
            true => json!({
                "payload": parts[1],
                "signatures": [{ "protected": parts[0], "signature": parts[2] }],
            }),
            false => json!({
                "payload": parts[1], "protected": parts[0], "signature": parts[2],
            }),
        }
        .to_string()
    };
    for signatures in [false, true] {
        // Its commas look like two lines that were merged.
        let request = service.request_with(&token, &json_form(&proof, signatures));
        let refused = Outcome::bad_proof(Reason::ProofRepeated);
        assert_eq!(service.run(&request), refused);
        let request = service.request_with(&json_form(&token, signatures), &proof);
        let refused = Outcome::bad_request(Reason::CredentialsRepeated);
        assert_eq!(service.run(&request), refused);
    }
    let malformed = Outcome::bad_proof(Reason::ProofMalformed);
    for form in [r#"{"payload":"a"}"#.to_owned(), format!("{proof}\n")] {
        let request = service.request_with(&token, &form);
        assert_eq!(service.run(&request), malformed, "{form:?}");
    }
    let malformed = Outcome::bad_request(Reason::CredentialsMalformed);
    for form in [r#"{"payload":"a"}"#.to_owned(), format!("{token}\n")] {
        let request = service.request_with(&form, &proof);
        assert_eq!(service.run(&request), malformed, "{form:?}");
    }
}

// rules: JWS-10.9-1 (positive)
#[test]
fn what_is_secret_or_derived_from_it_is_compared_in_constant_time() {
    for (file, function) in [
        ("thumbprint.rs", "fn matches(&self, confirmation: &str)"),
        ("thumbprint.rs", "fn matches(&self, ath: &str)"),
        ("certificate.rs", "fn matches(&self, confirmation: &str)"),
        ("nonce.rs", "fn check("),
        ("replay.rs", "fn is_for("),
        ("verified_token.rs", "fn is_current("),
    ] {
        let source = tree::read(&format!("crates/core/src/{file}")).unwrap();
        let (_, body) = source.split_once(function).unwrap();
        let (body, _) = body.split_once("\n    }\n").unwrap();
        assert!(body.contains(".ct_eq("), "{file}: {function}");
    }
}
