//! RFC 7517 and 7518: keys and algorithms, in proofs and in an issuer's key set.

use keybound::{Algorithm, JwkError, KeySet, KeySetError, Limits, ProofPolicy, Reason};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    Calls, Client, Counting, ISSUER, Issuer, Jws, Outcome, PrivateKey, Service, decode, encode,
};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use serde_json::{Value, json};
use std::sync::Arc;

/// The outcome of a proof with this key in its header, and of a key set with this key alone.
#[track_caller]
fn refuses_key(what: &str, jwk: &Value, in_proof: Reason, in_set: JwkError) {
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
    let (keys, skipped) = key_set(&json!({ "keys": [jwk, PrivateKey::p256(1).public_jwk()] }));
    assert_eq!((keys, skipped), (1, vec![(0, in_set)]), "{what}");
}

/// How many keys are taken, and which ones are not.
fn key_set(document: &Value) -> (usize, Vec<(usize, JwkError)>) {
    let document = document.to_string();
    let set = KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &IssuerAlgorithms).unwrap();
    (set.keys().len(), set.skipped().to_vec())
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
    Outcome::Denied(
        reason,
        keybound_tests::harness::Response::challenged(401, &[&challenge]),
    )
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
    assert_eq!(key_set(&json!({ "keys": [jwk], "foo": [] })), (1, vec![]));
}

#[test]
fn jwk_4_1_1_accepts_a_kty_that_is_registered() {
    let jwk = PrivateKey::p256(1).public_jwk();
    assert_eq!(jwk["kty"], "EC");
    assert_eq!(key_set(&json!({ "keys": [jwk] })), (1, vec![]));
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
    assert_eq!(key_set(&json!({ "keys": all })), (1, skipped));
    service.jwks = Some(json!({ "keys": all }));
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // What is no set at all is refused whole.
    for text in ["[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#, ""] {
        assert_eq!(parse(text), Some(KeySetError::Malformed), "{text}");
    }
}

// rules: JWS-10.6-1 (positive)
#[test]
fn jwa_3_3_1_accepts_2048_bits() {
    let service = service_with(&PrivateKey::rsa());
    assert_eq!(
        decode(service.client.key().public_jwk()["n"].as_str().unwrap()).len(),
        256
    );
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // 4096 is the most.
    let jwk = rsa_jwk(&[0xff; 512], &[1, 0, 1]);
    assert_eq!(key_set(&json!({ "keys": [jwk] })), (1, vec![]));
}

#[test]
fn jwa_3_3_1_refuses_keys_that_are_weak_or_dear() {
    let provider = Arc::new(Counting::default());
    let mut service = service_with(&PrivateKey::rsa());
    service.provider = Arc::clone(&provider) as _;
    let n = decode(PrivateKey::rsa().public_jwk()["n"].as_str().unwrap());
    let even = [&n[..255], &[n[255] & 0xfe]].concat();
    let (modulus, exponent) = (JwkError::RsaModulus, JwkError::RsaExponent);
    let too_long = JwkError::BadMember { name: "n" };
    for (what, jwk, error) in [
        ("1024 bits", rsa_jwk(&[0xff; 128], &[1, 0, 1]), modulus),
        (
            "2047 bits",
            rsa_jwk(&[&[0x7f][..], &[0xff; 255]].concat(), &[1, 0, 1]),
            modulus,
        ),
        ("4104 bits", rsa_jwk(&[0xff; 513], &[1, 0, 1]), modulus),
        ("16384 bits", rsa_jwk(&[0xff; 2_048], &[1, 0, 1]), too_long),
        ("an even modulus", rsa_jwk(&even, &[1, 0, 1]), modulus),
        ("e of 1", rsa_jwk(&n, &[1]), exponent),
        ("e of 3", rsa_jwk(&n, &[3]), exponent),
        ("e of 65535", rsa_jwk(&n, &[0xff, 0xff]), exponent),
        ("an even e", rsa_jwk(&n, &[1, 0, 0]), exponent),
        ("e beyond 32 bits", rsa_jwk(&n, &[1, 0, 0, 0, 1]), exponent),
    ] {
        refuses_key(what, &jwk, Reason::ProofJwkInvalid, error);
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
        let refused = bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(service.run(&request), refused, "{what}");
        assert_eq!(provider.take(), Calls::default(), "{what}");
    }
}

// rules: JWA-6.3-1 (both)
#[test]
fn an_rsa_number_has_no_leading_zero() {
    let n = decode(PrivateKey::rsa().public_jwk()["n"].as_str().unwrap());
    assert_eq!(encode([1, 0, 1]), "AQAB");
    let right = rsa_jwk(&n, &[1, 0, 1]);
    assert_eq!(key_set(&json!({ "keys": [right] })), (1, vec![]));
    assert_eq!(encode([0, 1, 0, 1]), "AAEAAQ");
    let invalid = Reason::ProofJwkInvalid;
    let bad = JwkError::BadMember { name: "e" };
    refuses_key("e", &rsa_jwk(&n, &[0, 1, 0, 1]), invalid, bad);
    refuses_key("empty e", &rsa_jwk(&n, &[]), invalid, bad);
    let bad = JwkError::BadMember { name: "n" };
    let padded = [&[0], &n[..]].concat();
    refuses_key("n", &rsa_jwk(&padded, &[1, 0, 1]), invalid, bad);
}

#[test]
fn jws_10_6_1_refuses_the_hash_of_another_algorithm() {
    assert_eq!(encode(sha1(b"abc")), "qZk-NkcGgWq6PiVxeFDCbJzQ2J0");
    let sign: fn(&[u8]) -> Vec<u8> = |message| {
        let padding = rsa::Pkcs1v15Sign {
            hash_len: Some(20),
            prefix: SHA1_INFO.into(),
        };
        let key = PrivateKey::rsa();
        key.as_rsa().sign(padding, &sha1(message)).unwrap()
    };
    refuses_signature("RS256", sign);
    // A digest alone, without a word on its algorithm.
    let sign: fn(&[u8]) -> Vec<u8> = |message| {
        let padding = rsa::Pkcs1v15Sign::new_unprefixed();
        let digest = decode(&keybound_tests::harness::sha256(message));
        PrivateKey::rsa().as_rsa().sign(padding, &digest).unwrap()
    };
    refuses_signature("RS256", sign);
}

#[test]
fn jwa_3_5_1_accepts_a_salt_as_long_as_the_hash() {
    let service = service_with(&PrivateKey::rsa());
    let token = service.token().header("alg", "PS256");
    let token = with_signature(token, |message| pss(message, 32));
    let proof = service.proof(&token).header("alg", "PS256");
    let proof = with_signature(proof, |message| pss(message, 32));
    let request = service.request_with(&token, &proof);
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn jwa_3_5_1_refuses_a_salt_of_another_length() {
    // 222 octets are what is left of 256 beside the hash and two octets.
    refuses_signature("PS256", |message| pss(message, 0));
    refuses_signature("PS256", |message| pss(message, 31));
    refuses_signature("PS256", |message| pss(message, 33));
    refuses_signature("PS256", |message| pss(message, 222));
    // The padding of the other algorithm.
    refuses_signature("PS256", |message| PrivateKey::rsa().sign("RS256", message));
    refuses_signature("RS256", |message| pss(message, 32));
}

fn pss(message: &[u8], salt: usize) -> Vec<u8> {
    let key = PrivateKey::rsa().as_rsa().clone();
    let key = rsa::pss::SigningKey::<rsa::sha2::Sha256>::new_with_salt_len(key, salt);
    key.sign_with_rng(&mut rsa::rand_core::OsRng, message)
        .to_vec()
}

#[track_caller]
fn refuses_signature(algorithm: &str, sign: fn(&[u8]) -> Vec<u8>) {
    let service = service_with(&PrivateKey::rsa());
    let request = service.request_with_proof(|proof| {
        let proof = proof.header("alg", algorithm);
        let compact = with_signature(proof.clone(), sign);
        proof.encoded_signature(compact.rsplit_once('.').unwrap().1)
    });
    let refused = bad_proof(Reason::ProofSignatureInvalid);
    assert_eq!(service.run(&request), refused);
    let token = with_signature(service.token().header("alg", algorithm), sign);
    let request = service.request_with(&token, &service.proof(&token).compact());
    let refused = bad_token(Reason::TokenSignatureInvalid);
    assert_eq!(service.run(&request), refused);
}

/// The compact form with this signature instead of the key's own.
fn with_signature(jws: Jws, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let compact = jws.encoded_signature("").compact();
    let message = compact.strip_suffix('.').unwrap();
    format!("{compact}{}", encode(sign(message.as_bytes())))
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
    let order = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
    let halves: [fn(&[u8], &[u8]) -> Vec<u8>; 6] = [
        |s, _| [&[0; 32], &s[32..]].concat(),
        |s, _| [&s[..32], &[0; 32]].concat(),
        |_, _| vec![0; 64],
        |s, n| [n, &s[32..]].concat(),
        |s, n| [&s[..32], n].concat(),
        |s, _| [&s[..32], &[0xff; 32]].concat(),
    ];
    let lengths: [fn(&[u8], &[u8]) -> Vec<u8>; 4] = [
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
    assert_eq!(key_set(&json!({ "keys": [jwk] })), (1, vec![]));
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
    for (trimmed, name) in with_zero {
        seen += 1;
        let bad = JwkError::BadMember { name };
        refuses_key("trimmed", &trimmed, Reason::ProofJwkInvalid, bad);
    }
    assert!(seen > 0);
}

fn without(key: &PrivateKey, name: &str) -> Value {
    let mut jwk = key.public_jwk();
    jwk.as_object_mut().unwrap().remove(name).unwrap();
    jwk
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
}

/// What stands before a SHA-1 digest in a signature (RFC 8017 section 9.2).
const SHA1_INFO: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// FIPS 180-4. No crate of the workspace has it, and this is the only place that wants it.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    let bits = u64::try_from(message.len()).unwrap() * 8;
    padded.extend(bits.to_be_bytes());
    let mut state: [u32; 5] = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    for block in padded.chunks(64) {
        let mut w: Vec<u32> = block
            .chunks(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect();
        for at in 16..80 {
            w.push((w[at - 3] ^ w[at - 8] ^ w[at - 14] ^ w[at - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in w.iter().enumerate() {
            let (f, k) = match round / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = [a.rotate_left(5), f, e, k, *word];
            let next = next.into_iter().fold(0_u32, u32::wrapping_add);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, word) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(word);
        }
    }
    let octets: Vec<u8> = state.iter().flat_map(|word| word.to_be_bytes()).collect();
    octets.try_into().unwrap()
}
