//! RFC 7638 and RFC 8037: thumbprints and Ed25519 keys.

use std::collections::HashSet;

use keybound::{Algorithm, PublicKey, Reason};
use keybound_tests::harness::{
    Client, NOW, Outcome, PrivateKey, Response, Service, decode, encode, sha256,
};
use keybound_tests::vectors;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

/// A service that takes proofs of every algorithm, and a client with this key.
fn service_of(key: &PrivateKey) -> Service {
    let mut service = Service::dpop();
    service.client = Client::new(key.clone());
    let policy = service.proof_policy.clone();
    service.proof_policy = policy.with_algorithms(Algorithm::ALL).unwrap();
    service
}

/// What such a service answers.
fn refused(reason: Reason, error: &str) -> Outcome {
    let challenge =
        format!(r#"DPoP error="{error}", algs="ES256 EdDSA Ed25519 ES384 PS256 RS256""#);
    Outcome::Denied(reason, Response::challenged(401, &[&challenge]))
}

fn bad_proof(reason: Reason) -> Outcome {
    refused(reason, "invalid_dpop_proof")
}

/// What becomes of a proof by `key` that carries this key.
fn with_jwk(key: &PrivateKey, jwk: &Value) -> Outcome {
    let service = service_of(key);
    service.run(&service.request_with_proof(|proof| proof.header("jwk", jwk.clone())))
}

/// What becomes of a right proof by `key` if the token names this thumbprint.
fn with_jkt(key: &PrivateKey, jkt: &str) -> Outcome {
    let service = service_of(key);
    let cnf = json!({ "jkt": jkt });
    service.run(&service.request_with_token(|token| token.claim("cnf", cnf)))
}

fn member(key: &PrivateKey, name: &str) -> String {
    key.public_jwk()[name].as_str().unwrap().to_owned()
}

fn hex(octets: impl AsRef<[u8]>) -> String {
    let octets = octets.as_ref().iter();
    octets.map(|octet| format!("{octet:02x}")).collect()
}

/// The canonical string, written by hand once more.
fn canonical(key: &PrivateKey) -> String {
    let text = |name| member(key, name);
    match text("kty").as_str() {
        "EC" => format!(
            r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
            text("crv"),
            text("x"),
            text("y")
        ),
        "OKP" => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text("x")),
        _ => format!(r#"{{"e":"AQAB","kty":"RSA","n":"{}"}}"#, text("n")),
    }
}

/// Neither base64url nor what it decodes to is the only thing that tells two texts apart: the last
/// digit of 32 octets has two bits to spare.
fn with_spare_bits(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = text.split_at(text.len() - 1);
    let value = DIGITS.iter().position(|digit| [*digit] == last.as_bytes());
    format!("{rest}{}", char::from(DIGITS[value.unwrap() + 1]))
}

fn keys() -> [PrivateKey; 4] {
    [
        PrivateKey::p256(2),
        PrivateKey::p384(2),
        PrivateKey::ed25519(2),
        PrivateKey::rsa(),
    ]
}

// rules: JKT-3-1 (positive), JKT-3.2-1 (positive), JKT-3.2-2 (positive), OKP-2-3 (positive)
#[test]
fn jkt_3_2_accepts_the_hash_of_the_canonical_string() {
    for key in keys() {
        let jkt = sha256(canonical(&key));
        assert_eq!(with_jkt(&key, &jkt), Outcome::Allowed, "{key:?}");
    }
}

#[test]
fn jkt_3_2_refuses_a_hash_of_anything_else() {
    let (ec, okp) = (PrivateKey::p256(2), PrivateKey::ed25519(2));
    let point = [decode(&member(&ec, "x")), decode(&member(&ec, "y"))].concat();
    let ec_spki = [&EC_SPKI[..], &point].concat();
    let okp_spki = [&OKP_SPKI[..], &decode(&member(&okp, "x"))].concat();
    for (key, spki) in [(ec, ec_spki), (okp, okp_spki)] {
        let canonical = canonical(&key);
        let digest = decode(&sha256(&canonical));
        for (what, jkt) in [
            ("in hex", hex(&digest)),
            ("of hex", sha256(hex(&canonical))),
            ("of the hash", sha256(&digest)),
            ("of DER", sha256(&spki)),
            ("of DER in hex", hex(decode(&sha256(&spki)))),
            ("of the point", sha256(&spki[spki.len() - 32..])),
            (
                "of the proof's header",
                sha256(key.public_jwk().to_string() + " "),
            ),
        ] {
            let refused = refused(Reason::BindingKeyMismatch, "invalid_token");
            assert_eq!(with_jkt(&key, &jkt), refused, "{what} {key:?}");
        }
    }
}

// rules: JKT-3-1 (negative), JKT-3.2-1 (negative), OKP-2-3 (negative)
#[test]
fn jkt_3_2_2_refuses_another_order_other_members_and_white_space() {
    let [ec, _, okp, rsa] = keys();
    let (x, y, n) = (member(&ec, "x"), member(&ec, "y"), member(&rsa, "n"));
    let ed = member(&okp, "x");
    for (key, text) in [
        (
            &ec,
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#),
        ),
        (
            &ec,
            format!(r#"{{"crv":"P-256","kty":"EC","y":"{y}","x":"{x}"}}"#),
        ),
        (&ec, format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}"}}"#)),
        (
            &ec,
            format!(r#"{{"crv":"P-256", "kty":"EC", "x":"{x}", "y":"{y}"}}"#),
        ),
        (
            &ec,
            format!(r#"{{"alg":"ES256","crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
        ),
        (
            &okp,
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ed}"}}"#),
        ),
        (
            &okp,
            format!(r#"{{"crv":"Ed25519","x":"{ed}","kty":"OKP"}}"#),
        ),
        (&rsa, format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)),
        (&rsa, format!(r#"{{"n":"{n}","e":"AQAB","kty":"RSA"}}"#)),
        (&rsa, format!(r#"{{"e":"AQAB","n":"{n}","kty":"RSA"}}"#)),
        (
            &rsa,
            format!("{{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"{n}\"}}\n"),
        ),
    ] {
        let refused = refused(Reason::BindingKeyMismatch, "invalid_token");
        assert_eq!(with_jkt(key, &sha256(&text)), refused, "{text}");
    }
}

#[test]
fn jkt_3_2_3_refuses_a_symmetric_key_in_a_proof() {
    let key = PrivateKey::p256(2);
    let symmetric = json!({ "kty": "oct", "k": encode([7; 32]) });
    let refused = bad_proof(Reason::ProofJwkPrivate);
    assert_eq!(with_jwk(&key, &symmetric), refused);
    let nothing_secret = bad_proof(Reason::ProofJwkInvalid);
    assert_eq!(with_jwk(&key, &json!({ "kty": "oct" })), nothing_secret);
    // Nor does an algorithm of secrets lead to one.
    let service = service_of(&key);
    let request = service.request_with_proof(|proof| {
        proof
            .header("alg", "HS256")
            .header("jwk", symmetric.clone())
    });
    assert_eq!(service.run(&request), bad_proof(Reason::ProofAlgRefused));
}

// rules: JKT-3.2.2-1 (positive)
#[test]
fn jkt_3_2_2_1_accepts_a_key_with_and_without_optional_members() {
    for key in keys() {
        for (name, value) in [
            ("alg", json!(key.algorithm())),
            ("use", json!("sig")),
            ("kid", json!("2011-04-29")),
            ("key_ops", json!(["verify"])),
            ("x5c", json!(["MIIB"])),
            (
                "x5t#S256",
                json!("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"),
            ),
            ("iat", json!(NOW)),
        ] {
            let jwk = key.jwk_with(name, value);
            assert_eq!(with_jwk(&key, &jwk), Outcome::Allowed, "{jwk}");
        }
    }
}

#[test]
fn jkt_3_2_2_1_refuses_the_hash_of_a_key_with_its_optional_members() {
    for key in keys() {
        let jwk = key.jwk_with("kid", "2011-04-29");
        let service = service_of(&key);
        let cnf = json!({ "jkt": sha256(jwk.to_string()) });
        let token = service.token().claim("cnf", cnf).compact();
        let proof = service.proof(&token).header("jwk", jwk).compact();
        let refused = refused(Reason::BindingKeyMismatch, "invalid_token");
        let request = service.request_with(&token, &proof);
        assert_eq!(service.run(&request), refused, "{key:?}");
    }
}

#[test]
fn jkt_3_3_1_accepts_a_key_whose_text_is_escaped() {
    let key = PrivateKey::p256(2);
    for (plain, escaped) in [
        (r#""P-256""#, r#""\u0050-256""#),
        (r#""kty""#, r#""\u006bty""#),
        (r#""EC""#, r#""\u0045\u0043""#),
    ] {
        let service = service_of(&key);
        let request = service.request_with_proof(|proof| {
            let header = String::from_utf8(proof.header_json()).unwrap();
            assert!(header.contains(plain));
            proof.raw_header(header.replace(plain, escaped))
        });
        assert_eq!(service.run(&request), Outcome::Allowed, "{escaped}");
    }
}

#[test]
fn jkt_3_3_1_refuses_a_value_that_needs_an_escape() {
    let key = PrivateKey::p256(2);
    let x = member(&key, "x");
    for (name, value) in [
        ("kty", "EC\"".to_owned()),
        ("kty", "\\EC".to_owned()),
        ("crv", "P-256\"".to_owned()),
        ("crv", "P\\-256".to_owned()),
        ("crv", r#"P-256","kty":"EC"#.to_owned()),
        ("x", format!("{x}\"")),
        ("x", format!("\\{x}")),
        ("x", format!("{x}\n")),
        ("y", "\u{0}".to_owned()),
        ("y", "\u{e9}".to_owned()),
    ] {
        let jwk = key.jwk_with(name, value);
        let refused = bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(with_jwk(&key, &jwk), refused, "{jwk}");
    }
}

#[test]
fn jkt_3_4_1_refuses_another_hash() {
    let key = PrivateKey::p256(2);
    let sha512 = Sha512::digest(canonical(&key));
    let truncated = &sha512[..32];
    for jkt in [encode(sha512), encode(truncated), hex(sha512)] {
        let refused = refused(Reason::BindingKeyMismatch, "invalid_token");
        assert_eq!(with_jkt(&key, &jkt), refused, "{jkt}");
    }
    let service = service_of(&key);
    let cnf = json!({ "jkt#S512": encode(sha512) });
    let request = service.request_with_token(|token| token.claim("cnf", cnf));
    let refused = refused(Reason::ConfirmationUnenforceable, "invalid_token");
    assert_eq!(service.run(&request), refused);
}

#[test]
fn jkt_7_1_accepts_a_key_in_its_one_encoding() {
    for key in keys() {
        assert_eq!(
            with_jwk(&key, &key.public_jwk()),
            Outcome::Allowed,
            "{key:?}"
        );
    }
}

// rules: OKP-2-1 (negative)
#[test]
fn jkt_7_1_refuses_every_other_encoding_of_the_key() {
    let [ec, p384, okp, rsa] = keys();
    let octets = |key: &PrivateKey, name| decode(&member(key, name));
    let shorter = |key, name| encode(&octets(key, name)[1..]);
    let longer = |key, name| encode([&[0], &octets(key, name)[..]].concat());
    let mut rows = vec![
        (&rsa, "n", longer(&rsa, "n")),
        (&rsa, "e", "AAEAAQ".to_owned()),
        (&rsa, "e", "AQ".to_owned()),
        (&rsa, "e", "AQAA".to_owned()),
        (&rsa, "e", "AQAC".to_owned()),
        (&rsa, "e", String::new()),
        (&rsa, "n", shorter(&rsa, "n")),
    ];
    for (key, name) in [
        (&ec, "x"),
        (&ec, "y"),
        (&p384, "x"),
        (&p384, "y"),
        (&okp, "x"),
    ] {
        let text = member(key, name);
        rows.extend([
            (key, name, shorter(key, name)),
            (key, name, longer(key, name)),
            (key, name, encode([&octets(key, name)[..], &[0]].concat())),
            (key, name, format!("{text}=")),
            (key, name, format!(" {text}")),
            (key, name, format!("{text}A")),
            (key, name, hex(octets(key, name))),
        ]);
    }
    // 48 octets leave no bits to spare
    for (key, name) in [(&ec, "x"), (&ec, "y"), (&okp, "x")] {
        rows.push((key, name, with_spare_bits(&member(key, name))));
    }
    for (key, name, text) in rows {
        let jwk = key.jwk_with(name, text);
        let refused = bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(with_jwk(key, &jwk), refused, "{jwk}");
    }
}

#[test]
fn jkt_7_1_refuses_a_point_off_the_curve() {
    let key = PrivateKey::p256(2);
    for (name, value) in [
        ("y", member(&key, "x")),
        ("x", encode([0; 32])),
        ("y", encode([0xff; 32])),
    ] {
        let jwk = key.jwk_with(name, value);
        // It is a point in form, or this would be another refusal.
        assert!(PublicKey::from_jwk(jwk.to_string().as_bytes()).is_ok());
        let refused = bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(with_jwk(&key, &jwk), refused, "{jwk}");
    }
}

// rules: FSA-5-1 (positive), FSA-7-1 (positive), BCP-3.2-3 (positive), OKP-3.1-1 (positive)
#[test]
fn okp_2_1_accepts_the_example_key_under_both_names_with_one_thumbprint() {
    let file = vectors::read("proofs.json");
    let mut spent = HashSet::new();
    for id in ["V8-EdDSA", "V8-Ed25519"] {
        let rows = vectors::rows(&file, "proofs");
        let row = rows.iter().find(|row| row["id"] == id).unwrap();
        let mut service = Service::introspecting(&json!({
            "active": true,
            "aud": "https://api.example.com",
            "scope": "orders:read",
            "cnf": { "jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
        }));
        service.now = 1_562_262_618;
        let (token, proof) = (vectors::text(row, "token"), vectors::text(row, "proof"));
        let request = service
            .request_with(token, proof)
            .url("https://resource.example.org/protectedresource");
        assert_eq!(service.run(&request), Outcome::Allowed, "{id}");
        let [entry] = &service.store.asked()[..] else {
            panic!("one proof was spent");
        };
        let jkt = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        assert_eq!(entry.owner().to_string(), jkt);
        spent.insert(*entry.key().as_bytes());
    }
    // The other name does not make another proof of it.
    assert_eq!(spent.len(), 1);
}

// rules: FSA-2.2-1 (negative)
#[test]
fn okp_3_1_1_refuses_other_curves_and_other_kinds_of_key() {
    let okp = PrivateKey::ed25519(2);
    let mut ed448 = okp.jwk_with("crv", "Ed448");
    let short = ed448.clone();
    ed448["x"] = json!(encode([7; 57]));
    let ec = PrivateKey::p256(2).public_jwk();
    let mut ec_on_25519 = ec.clone();
    ec_on_25519["crv"] = json!("Ed25519");
    let okp_on_p256 = okp.jwk_with("crv", "P-256");
    let (invalid, mismatch) = (Reason::ProofJwkInvalid, Reason::ProofJwkAlgMismatch);
    for (jwk, reason) in [
        (&ed448, invalid),
        (&short, invalid),
        (&ec_on_25519, invalid),
        (&okp_on_p256, invalid),
        (&ec, mismatch),
        (&PrivateKey::rsa().public_jwk(), mismatch),
    ] {
        for name in ["EdDSA", "Ed25519"] {
            let service = service_of(&okp);
            let request = service
                .request_with_proof(|proof| proof.header("alg", name).header("jwk", jwk.clone()));
            assert_eq!(service.run(&request), bad_proof(reason), "{name} {jwk}");
        }
    }
}

#[test]
fn okp_3_2_1_accepts_a_key_for_signing() {
    let key = PrivateKey::ed25519(2);
    assert_eq!(with_jwk(&key, &key.public_jwk()), Outcome::Allowed);
}

#[test]
fn okp_3_2_1_refuses_a_key_for_key_agreement() {
    let key = PrivateKey::ed25519(2);
    let x448 = json!({ "kty": "OKP", "crv": "X448", "x": encode([7; 56]) });
    for jwk in [key.jwk_with("crv", "X25519"), x448] {
        let refused = bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(with_jwk(&key, &jwk), refused, "{jwk}");
    }
}

// rules: JWA-3.4-2 (both)
#[test]
fn okp_4_1_only_a_key_that_goes_with_the_algorithm_holds() {
    for key in keys() {
        for algorithm in Algorithm::ALL {
            let service = service_of(&key);
            let request = service.request_with_proof(|proof| proof.header("alg", algorithm.name()));
            let fits = match key.algorithm() {
                "EdDSA" => ["EdDSA", "Ed25519"].contains(&algorithm.name()),
                "RS256" => ["RS256", "PS256"].contains(&algorithm.name()),
                own => own == algorithm.name(),
            };
            let expected = match fits {
                true => Outcome::Allowed,
                false => bad_proof(Reason::ProofJwkAlgMismatch),
            };
            assert_eq!(service.run(&request), expected, "{algorithm} {key:?}");
        }
    }
}

/// SubjectPublicKeyInfo of a P-256 key up to its coordinates.
const EC_SPKI: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// SubjectPublicKeyInfo of an Ed25519 key up to the key.
const OKP_SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
