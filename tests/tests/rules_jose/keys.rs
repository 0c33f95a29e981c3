//! RFC 7517 and 7518: keys, and which algorithm they go with.

use keybound::{Algorithm, JwkError, KeySet, KeySetError, Limits, ProofPolicy, Reason};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{Jws, Outcome, PrivateKey, Service, decode, encode};
use serde_json::{Value, json};

use crate::{bad_proof, bad_token, service_with};

/// The outcome of a proof with this key in its header, and of a key set with this key alone.
#[track_caller]
pub(crate) fn refuses_key(what: &str, jwk: &Value, in_proof: Reason, in_set: JwkError) {
    let mut service = Service::dpop();
    let policy = ProofPolicy::default();
    service.proof_policy = policy.with_algorithms(Algorithm::ALL).unwrap();
    let algorithm = match jwk["kty"].as_str() {
        Some("RSA") => "RS256",
        _ => "ES256",
    };
    let request = service.request_with_proof(|proof| {
        let proof = proof.header("alg", algorithm).header("jwk", jwk.clone());
        proof.signed_by(&PrivateKey::p256(2))
    });
    let refused = bad_proof(in_proof);
    assert_eq!(service.run(&request), refused, "{what}: {jwk}");
    let (keys, skipped) = read_set(&json!({ "keys": [jwk, PrivateKey::p256(1).public_jwk()] }));
    assert_eq!((keys, skipped), (1, vec![(0, in_set)]), "{what}");
}

/// How many keys are taken, and which ones are not.
pub(crate) fn read_set(document: &Value) -> (usize, Vec<(usize, JwkError)>) {
    let document = document.to_string();
    let set = KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &IssuerAlgorithms).unwrap();
    (set.keys().len(), set.skipped().to_vec())
}

#[test]
fn jwk_4_1_accepts_members_that_decide_nothing() {
    let service = Service::dpop();
    let mut jwk = service.client.key().jwk_with("kid", "k");
    jwk["use"] = json!("sig");
    jwk["alg"] = json!("ES256");
    jwk["key_ops"] = json!(["verify"]);
    jwk["foo"] = json!({ "d": 1 });
    let request = service.request_with_proof(|proof| proof.header("jwk", jwk.clone()));
    assert_eq!(service.run(&request), Outcome::Allowed);
    assert_eq!(read_set(&json!({ "keys": [jwk], "foo": [] })), (1, vec![]));
}

#[test]
fn jwk_4_1_1_accepts_a_kty_that_is_registered() {
    let jwk = PrivateKey::p256(1).public_jwk();
    assert_eq!(jwk["kty"], "EC");
    assert_eq!(read_set(&json!({ "keys": [jwk] })), (1, vec![]));
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn jwk_4_1_1_refuses_every_other_kty() {
    let key = PrivateKey::p256(2);
    let (invalid, kind) = (Reason::ProofJwkInvalid, JwkError::UnsupportedKeyType);
    for kty in ["ec", "Ec", "EC ", "", "oct", "AKP"] {
        refuses_key(kty, &key.jwk_with("kty", kty), invalid, kind);
    }
    let bad = JwkError::BadMember { name: "kty" };
    for kty in [json!(null), json!(1), json!(["EC"])] {
        refuses_key("of another type", &key.jwk_with("kty", kty), invalid, bad);
    }
    let missing = JwkError::MissingMember { name: "kty" };
    refuses_key("missing", &without(&key, "kty"), invalid, missing);
    let oct = json!({ "kty": "oct", "k": encode([1; 32]) });
    let private = Reason::ProofJwkPrivate;
    refuses_key("oct", &oct, private, JwkError::PrivateMember);
}

#[test]
fn jwk_4_2_1_accepts_a_key_for_verifying_signatures() {
    let service = Service::dpop();
    for (name, value) in [
        ("use", json!("sig")),
        ("key_ops", json!(["verify"])),
        ("key_ops", json!(["encrypt", "verify"])),
        ("alg", json!("ES256")),
    ] {
        let jwk = service.client.key().jwk_with(name, value.clone());
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
        assert_eq!(service.run(&request), Outcome::Allowed, "{name} {value}");
        let mut service = Service::dpop();
        service.jwks.as_mut().unwrap()["keys"][0][name] = value.clone();
        assert_eq!(service.run(&service.request()), Outcome::Allowed, "{name}");
    }
}

#[test]
fn jwk_4_2_1_refuses_a_key_for_something_else() {
    let key = PrivateKey::p256(2);
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!("SIG")),
        ("use", json!(null)),
        ("use", json!(["sig"])),
        ("key_ops", json!([])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!("verify")),
        ("key_ops", json!([["verify"]])),
    ] {
        let error = JwkError::NotForSignatures;
        refuses_key(
            name,
            &key.jwk_with(name, value),
            Reason::ProofJwkInvalid,
            error,
        );
    }
    let mismatch = Reason::ProofJwkAlgMismatch;
    let unknown = JwkError::AlgorithmMismatch;
    for alg in ["none", "es256", "RSA-OAEP"] {
        refuses_key(alg, &key.jwk_with("alg", alg), mismatch, unknown);
    }
    let jwk = key.jwk_with("alg", json!(1));
    refuses_key("a number", &jwk, mismatch, JwkError::AlgorithmMismatch);
    // Another algorithm of ours: the key is there, and not for this token.
    for alg in ["RS256", "ES384", "Ed25519"] {
        let service = Service::dpop();
        let jwk = service.client.key().jwk_with("alg", alg);
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
        assert_eq!(service.run(&request), Outcome::bad_proof(mismatch), "{alg}");
        let mut service = Service::dpop();
        service.jwks.as_mut().unwrap()["keys"][0]["alg"] = json!(alg);
        let refused = Outcome::bad_token(Reason::TokenKeyUnknown);
        assert_eq!(service.run(&service.request()), refused, "{alg}");
    }
}

#[test]
fn jwk_4_7_1_ignores_certificates_and_bounds_them() {
    let service = Service::dpop();
    let with_x5c = |octets: usize| {
        let jwk = service
            .client
            .key()
            .jwk_with("x5c", json!(["A".repeat(octets)]));
        service.request_with_proof(|proof| proof.header("jwk", jwk))
    };
    // Neither decoded nor compared with the key.
    assert_eq!(service.run(&with_x5c(4_000)), Outcome::Allowed);
    let refused = Outcome::bad_proof(Reason::ProofOversize);
    assert_eq!(service.run(&with_x5c(8_000)), refused);
    assert_eq!(service.run(&with_x5c(1_000_000)), refused);
}

// rules: JWK-4.7-1 (positive)
#[test]
fn a_certificate_of_another_key_beside_a_key_is_not_looked_at() {
    let service = Service::dpop();
    let mut jwk = service.client.key().jwk_with("x5c", json!([1, null]));
    jwk["x5t"] = json!("AAAA");
    jwk["x5u"] = json!("https://127.0.0.1/");
    let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn jwk_5_1_never_lets_a_bad_key_spoil_the_set() {
    let good = PrivateKey::p256(1);
    let mut service = Service::dpop();
    let rows = [
        (json!(null), JwkError::NotAnObject),
        (json!("key"), JwkError::NotAnObject),
        (json!({}), JwkError::MissingMember { name: "kty" }),
        (json!({ "kty": "AKP" }), JwkError::UnsupportedKeyType),
        (
            json!({ "kty": "oct", "k": "AAAA" }),
            JwkError::PrivateMember,
        ),
        (good.jwk_with("d", "AAAA"), JwkError::PrivateMember),
        (good.jwk_with("crv", "P-521"), JwkError::UnsupportedCurve),
        (without(&good, "y"), JwkError::MissingMember { name: "y" }),
        (
            good.jwk_with("x", "AAAA"),
            JwkError::BadMember { name: "x" },
        ),
        (good.jwk_with("x", encode([1; 32])), JwkError::NotInGroup),
        (good.jwk_with("use", "enc"), JwkError::NotForSignatures),
        (good.jwk_with("kid", 1), JwkError::BadMember { name: "kid" }),
        (
            good.jwk_with("kid", "k".repeat(257)),
            JwkError::BadMember { name: "kid" },
        ),
    ];
    let bad: Vec<Value> = rows.iter().map(|(jwk, _)| jwk.clone()).collect();
    let none = json!({ "keys": bad }).to_string();
    let parse = |text: &str| {
        let set = KeySet::parse(text.as_bytes(), 1, &Limits::DEFAULT, &IssuerAlgorithms);
        set.err()
    };
    assert_eq!(parse(&none), Some(KeySetError::NoUsableKey));
    let mut all = bad;
    all.push(good.jwk_with("kid", "k1"));
    let skipped: Vec<_> = rows.iter().map(|(_, error)| *error).enumerate().collect();
    assert_eq!(read_set(&json!({ "keys": all })), (1, skipped));
    service.jwks = Some(json!({ "keys": all }));
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // What is no set at all is refused whole.
    for text in ["[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, ""] {
        assert_eq!(parse(text), Some(KeySetError::Malformed), "{text}");
    }
}

#[test]
fn jwa_3_4_2_accepts_the_curve_of_the_algorithm() {
    for key in [PrivateKey::p256(3), PrivateKey::p384(3)] {
        let service = service_with(&key);
        assert_eq!(service.run(&service.request()), Outcome::Allowed, "{key:?}");
    }
}

#[test]
fn jwa_3_4_2_refuses_another_curve() {
    let (p256, p384) = (PrivateKey::p256(3), PrivateKey::p384(3));
    for (key, other) in [(&p256, "ES384"), (&p384, "ES256")] {
        let service = service_with(key);
        let request = service.request_with_proof(|proof| proof.header("alg", other));
        let refused = bad_proof(Reason::ProofJwkAlgMismatch);
        assert_eq!(service.run(&request), refused, "{other}");
        let request = service.request_with_token(|token| token.header("alg", other));
        let refused = bad_token(Reason::TokenKeyUnknown);
        assert_eq!(service.run(&request), refused, "{other}");
    }
    let (invalid, curve) = (Reason::ProofJwkInvalid, JwkError::UnsupportedCurve);
    for crv in ["secp256k1", "P-521", "p-256", "P256", "Ed25519"] {
        refuses_key(crv, &p256.jwk_with("crv", crv), invalid, curve);
    }
}

// rules: JWA-3.4-1 (negative)
#[test]
fn an_ecdsa_signature_is_two_numbers_of_fixed_length_in_range() {
    type Alter = fn(&[u8], &[u8]) -> Vec<u8>;
    let order = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let halves: [Alter; 6] = [
        |s, _| [&[0; 32], &s[32..]].concat(),
        |s, _| [&s[..32], &[0; 32]].concat(),
        |_, _| vec![0; 64],
        |s, n| [n, &s[32..]].concat(),
        |s, n| [&s[..32], n].concat(),
        |s, _| [&s[..32], &[0xff; 32]].concat(),
    ];
    let lengths: [Alter; 4] = [
        |s, _| s[..63].to_vec(),
        |s, _| [s, &[0]].concat(),
        |s, _| [&[0][..], &s[..32], &[0], &s[32..]].concat(),
        |s, _| {
            let signature = p256::ecdsa::Signature::from_slice(s).unwrap();
            signature.to_der().as_bytes().to_vec()
        },
    ];
    for (changes, in_proof) in [
        (&halves[..], Reason::ProofSignatureInvalid),
        (&lengths[..], Reason::ProofSignatureLength),
    ] {
        for (number, change) in changes.iter().enumerate() {
            let service = Service::dpop();
            let altered = |jws: Jws| {
                let compact = jws.compact();
                let right = decode(compact.rsplit_once('.').unwrap().1);
                assert_eq!(right.len(), 64);
                jws.encoded_signature(encode(change(&right, &order)))
            };
            let request = service.request_with_proof(altered);
            let refused = Outcome::bad_proof(in_proof);
            assert_eq!(service.run(&request), refused, "{number}");
            let request = service.request_with_token(altered);
            let refused = Outcome::bad_token(Reason::TokenSignatureInvalid);
            assert_eq!(service.run(&request), refused, "{number}");
        }
    }
}

#[test]
fn jwa_6_2_1_accepts_coordinates_of_full_length() {
    let jwk = PrivateKey::p256(1).public_jwk();
    for name in ["x", "y"] {
        assert_eq!(decode(jwk[name].as_str().unwrap()).len(), 32);
    }
    assert_eq!(read_set(&json!({ "keys": [jwk] })), (1, vec![]));
}

// rules: BCP-3.4-1 (negative)
#[test]
fn jwa_6_2_1_refuses_what_is_no_point() {
    let key = PrivateKey::p256(2);
    let invalid = Reason::ProofJwkInvalid;
    let (bad_x, bad_y) = (
        JwkError::BadMember { name: "x" },
        JwkError::BadMember { name: "y" },
    );
    let x = decode(key.public_jwk()["x"].as_str().unwrap());
    for (what, octets) in [
        ("31 octets", x[1..].to_vec()),
        ("33 octets", [&[0], &x[..]].concat()),
        ("a compressed point", [&[2], &x[..]].concat()),
        ("none", vec![]),
    ] {
        refuses_key(what, &key.jwk_with("x", encode(&octets)), invalid, bad_x);
        refuses_key(what, &key.jwk_with("y", encode(&octets)), invalid, bad_y);
    }
    let missing = JwkError::MissingMember { name: "y" };
    refuses_key("y missing", &without(&key, "y"), invalid, missing);
    let mut zero = key.jwk_with("x", encode([0; 32]));
    zero["y"] = json!(encode([0; 32]));
    refuses_key("(0, 0)", &zero, invalid, JwkError::NotInGroup);
    for (name, octet) in [("x", 0), ("x", 0xff), ("y", 0xff)] {
        let jwk = key.jwk_with(name, encode([octet; 32]));
        refuses_key("off the curve", &jwk, invalid, JwkError::NotInGroup);
    }
}

// rules: JWA-6.2-1 (negative)
#[test]
fn a_coordinate_without_its_leading_zero_is_refused() {
    // Some key whose x begins with a zero, so that 31 octets are the same number.
    let keys = (1..=254).flat_map(|seed| [PrivateKey::p256(seed), PrivateKey::p384(seed)]);
    let with_zero = keys.filter_map(|key| {
        let jwk = key.public_jwk();
        ["x", "y"].into_iter().find_map(|name| {
            let octets = decode(jwk[name].as_str()?);
            (octets[0] == 0).then(|| (key.jwk_with(name, encode(&octets[1..])), name))
        })
    });
    let mut seen = 0;
    for (trimmed, name) in with_zero.take(1) {
        seen += 1;
        let bad = JwkError::BadMember { name };
        refuses_key("trimmed", &trimmed, Reason::ProofJwkInvalid, bad);
    }
    assert_eq!(seen, 1);
}

fn without(key: &PrivateKey, name: &str) -> Value {
    let mut jwk = key.public_jwk();
    jwk.as_object_mut().unwrap().remove(name).unwrap();
    jwk
}
