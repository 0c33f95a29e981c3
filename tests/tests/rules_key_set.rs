//! RFC 7517 section 5 and rfc8725bis section 3.1: which key of an issuer's set verifies a token.

use std::sync::Arc;

use keybound::{Algorithm, JwkError, KeySet, KeySetError, Limits, Reason};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    Calls, Counting, Jws, Outcome, PrivateKey, Response, Service, encode,
};
use serde_json::{Value, json};

/// What becomes of a token that is right but for this, if the issuer has these keys; and how many
/// signatures were checked, of which the last one is the proof's if the token's holds.
fn with_keys(keys: &[Value], alter: impl FnOnce(Jws) -> Jws) -> (Outcome, usize) {
    let mut service = Service::dpop();
    let counting = Arc::new(Counting::default());
    service.provider = counting.clone();
    service.jwks = Some(json!({ "keys": keys }));
    let outcome = service.run(&service.request_with_token(alter));
    let Calls { verify, .. } = counting.take();
    (outcome, verify)
}

/// A token by this key, which is called this.
fn by(key: &PrivateKey, kid: &str) -> impl FnOnce(Jws) -> Jws {
    move |token| {
        let token = token.header("alg", key.algorithm()).header("kid", kid);
        token.signed_by(key)
    }
}

/// A token by this key, which is not called anything.
fn nameless(key: &PrivateKey) -> impl FnOnce(Jws) -> Jws {
    move |token| {
        let token = token.header("alg", key.algorithm());
        token.without_header("kid").signed_by(key)
    }
}

fn unknown() -> Outcome {
    Outcome::bad_token(Reason::TokenKeyUnknown)
}

fn invalid() -> Outcome {
    Outcome::bad_token(Reason::TokenSignatureInvalid)
}

/// The key under this name.
fn named(key: &PrivateKey, kid: &str) -> Value {
    key.jwk_with("kid", kid)
}

fn parse(document: &Value) -> Result<KeySet, KeySetError> {
    let limits = Limits::DEFAULT;
    KeySet::parse(
        document.to_string().as_bytes(),
        1,
        &limits,
        &IssuerAlgorithms,
    )
}

// rules: BCP-3.1-2 (positive), FAPI-5.4.2-1 (positive)
#[test]
fn keys_of_one_name_are_told_apart_by_their_algorithms() {
    let keys = [
        PrivateKey::p256(1),
        PrivateKey::p384(1),
        PrivateKey::ed25519(1),
        PrivateKey::rsa(),
    ];
    let mut set: Vec<Value> = keys.iter().map(|key| named(key, "k1")).collect();
    for (jwk, key) in set.iter_mut().zip(&keys) {
        jwk["alg"] = json!(key.algorithm());
    }
    for key in &keys {
        // one signature for the token, one for the proof
        assert_eq!(
            with_keys(&set, by(key, "k1")),
            (Outcome::Allowed, 2),
            "{key:?}"
        );
        assert_eq!(
            with_keys(&set, nameless(key)),
            (Outcome::Allowed, 2),
            "{key:?}"
        );
    }
    let other = PrivateKey::ed25519(9);
    assert_eq!(with_keys(&set, by(&other, "k1")), (invalid(), 1));
}

// rules: BCP-3.1-2 (negative), JWA-3.4-2 (negative)
#[test]
fn a_key_is_asked_only_for_its_own_algorithm() {
    let set = [
        named(&PrivateKey::p256(1), "k1"),
        named(&PrivateKey::rsa(), "k2"),
    ];
    for (kid, algorithm) in [
        ("k1", "ES384"),
        ("k1", "EdDSA"),
        ("k1", "RS256"),
        ("k2", "ES256"),
        ("k2", "EdDSA"),
    ] {
        let outcome = with_keys(&set, |token| {
            token.header("alg", algorithm).header("kid", kid)
        });
        assert_eq!(outcome, (unknown(), 0), "{algorithm} by {kid}");
    }
    let pinned = |algorithm: &str| {
        let mut jwk = named(&PrivateKey::p256(1), "k1");
        jwk["alg"] = json!(algorithm);
        [jwk, named(&PrivateKey::p256(9), "k2")]
    };
    let key = PrivateKey::p256(1);
    let outcome = with_keys(&pinned("ES256"), by(&key, "k1"));
    assert_eq!(outcome, (Outcome::Allowed, 2));
    for own in ["ES384", "RS256", "EdDSA", "HS256", "es256", "none", ""] {
        assert_eq!(
            with_keys(&pinned(own), by(&key, "k1")),
            (unknown(), 0),
            "{own}"
        );
    }
}

// rules: FAPI-5.4.2-1 (both)
#[test]
fn four_keys_are_tried_and_no_fifth() {
    let keys: Vec<PrivateKey> = (11..=16).map(PrivateKey::p256).collect();
    let set: Vec<Value> = keys.iter().map(|key| named(key, "k1")).collect();
    let four = &set[..4];
    for (tried, key) in (1..=4).zip(&keys) {
        for set in [four, &set] {
            let expected = (Outcome::Allowed, tried + 1);
            assert_eq!(with_keys(set, by(key, "k1")), expected, "{tried}");
            assert_eq!(with_keys(set, nameless(key)), expected, "{tried}");
        }
    }
    for key in &keys[4..] {
        assert_eq!(with_keys(&set, by(key, "k1")), (invalid(), 4));
        assert_eq!(with_keys(&set, nameless(key)), (invalid(), 4));
    }
    // Those that do not fit are not among the four.
    let mut mixed: Vec<Value> = (1..=9)
        .map(|seed| named(&PrivateKey::ed25519(seed), "k1"))
        .collect();
    mixed.extend((21..=25).map(|seed| named(&PrivateKey::p256(seed), "k2")));
    mixed.push(named(&keys[0], "k1"));
    assert_eq!(with_keys(&mixed, by(&keys[0], "k1")), (Outcome::Allowed, 2));
    assert_eq!(with_keys(&mixed, nameless(&keys[0])), (invalid(), 4));
}

// rules: ATJWT-4-6 (both)
#[test]
fn a_name_is_compared_if_the_token_has_one() {
    let key = PrivateKey::p256(1);
    let allowed = (Outcome::Allowed, 2);
    // The token names none.
    assert_eq!(with_keys(&[key.public_jwk()], nameless(&key)), allowed);
    assert_eq!(with_keys(&[named(&key, "k1")], nameless(&key)), allowed);
    // The key has none.
    let outcome = with_keys(&[key.public_jwk()], by(&key, "k1"));
    assert_eq!(outcome, (unknown(), 0));
    assert_eq!(with_keys(&[named(&key, "")], by(&key, "")), allowed);
    let outcome = with_keys(&[key.public_jwk()], by(&key, ""));
    assert_eq!(outcome, (unknown(), 0));
    // The right key under another name.
    for kid in ["K1", "k1 ", "k", "k11"] {
        let outcome = with_keys(&[named(&key, "k1")], by(&key, kid));
        assert_eq!(outcome, (unknown(), 0), "{kid}");
    }
}

// rules: JWS-5.2-1 (negative)
#[test]
fn a_signature_of_another_length_reaches_no_key() {
    let key = PrivateKey::p256(1);
    let changes: [fn(Vec<u8>) -> Vec<u8>; 3] = [
        |octets| octets[..63].to_vec(),
        |octets| [&octets[..], &[0]].concat(),
        |octets| vec![0; octets.len() + 32],
    ];
    for change in changes {
        let token = |token: Jws| token.changed_signature(change);
        assert_eq!(with_keys(&[named(&key, "k1")], token), (invalid(), 0));
    }
}

// rules: BCP-3.10-1 (both)
#[test]
fn a_name_has_at_most_256_octets() {
    let key = PrivateKey::p256(1);
    let spare = named(&PrivateKey::p256(9), "spare");
    for length in [255, 256] {
        let kid = "k".repeat(length);
        let set = [named(&key, &kid), spare.clone()];
        assert_eq!(
            with_keys(&set, by(&key, &kid)),
            (Outcome::Allowed, 2),
            "{length}"
        );
    }
    let kid = "k".repeat(257);
    let set = [named(&key, &kid), spare.clone()];
    assert_eq!(with_keys(&set, by(&key, &kid)), (unknown(), 0));
    // Nor is it a key without a name.
    assert_eq!(with_keys(&set, nameless(&key)), (invalid(), 1));
    // It is refused before anyone is asked for keys.
    let mut service = Service::dpop();
    service.jwks = None;
    let response = Response::unavailable(503, 5);
    let without_keys = Outcome::Failed(Reason::KeysUnavailable, response);
    for (length, expected) in [(256, without_keys), (257, unknown())] {
        let kid = "k".repeat(length);
        let request = service.request_with_token(|token| token.header("kid", kid));
        assert_eq!(service.run(&request), expected, "{length}");
    }
    let skipped = parse(&json!({ "keys": set })).unwrap();
    assert_eq!(
        skipped.skipped(),
        [(0, JwkError::BadMember { name: "kid" })]
    );
}

#[test]
fn jwk_5_1_keys_of_no_use_are_ignored_and_the_others_kept() {
    use JwkError::{
        AlgorithmMismatch, BadMember, MissingMember, NotAnObject, NotForSignatures, NotInGroup,
        PrivateMember, RsaModulus, UnsupportedCurve, UnsupportedKeyType,
    };
    let key = PrivateKey::p256(9);
    let with = |name: &str, value: Value| key.jwk_with(name, value);
    let rows = [
        (with("d", json!("AQ")), PrivateMember),
        (with("d", json!(null)), PrivateMember),
        (with("k", json!("AQ")), PrivateMember),
        (json!({ "kty": "oct", "k": encode([7; 32]) }), PrivateMember),
        (PrivateKey::rsa().jwk_with("oth", json!([])), PrivateMember),
        (with("use", json!("enc")), NotForSignatures),
        (with("use", json!("")), NotForSignatures),
        (with("use", json!(["sig"])), NotForSignatures),
        (with("key_ops", json!(["sign"])), NotForSignatures),
        (with("key_ops", json!([])), NotForSignatures),
        (with("key_ops", json!("verify")), NotForSignatures),
        (with("kty", json!("AKP")), UnsupportedKeyType),
        (with("kty", json!("ec")), UnsupportedKeyType),
        (with("kty", json!(1)), BadMember { name: "kty" }),
        (with("crv", json!("P-521")), UnsupportedCurve),
        (with("crv", json!("secp256k1")), UnsupportedCurve),
        (
            json!({ "kty": "EC", "crv": "P-256" }),
            MissingMember { name: "x" },
        ),
        (with("x", json!("AQ")), BadMember { name: "x" }),
        (with("y", key.public_jwk()["x"].clone()), NotInGroup),
        (json!({ "kty": "RSA", "n": "AQ", "e": "AQAB" }), RsaModulus),
        (with("alg", json!("HS256")), AlgorithmMismatch),
        (with("alg", json!(["ES256"])), AlgorithmMismatch),
        (with("kid", json!(1)), BadMember { name: "kid" }),
        (json!("no key"), NotAnObject),
        (json!(null), NotAnObject),
    ];
    let right = PrivateKey::p256(1);
    for (jwk, error) in rows {
        let set = [jwk.clone(), named(&right, "k1")];
        let parsed = parse(&json!({ "keys": set })).unwrap();
        assert_eq!(parsed.skipped(), [(0, error)], "{jwk}");
        assert_eq!(parsed.keys().len(), 1, "{jwk}");
        assert_eq!(
            with_keys(&set, by(&right, "k1")),
            (Outcome::Allowed, 2),
            "{jwk}"
        );
        // The key is not there for a token that it signed.
        assert_eq!(with_keys(&set, nameless(&key)), (invalid(), 1), "{jwk}");
        // A set of such keys alone is none, so that whoever fetched it keeps the last good one.
        let alone = parse(&json!({ "keys": [jwk] })).err();
        assert_eq!(alone, Some(KeySetError::NoUsableKey));
    }
    for name in ["use", "key_ops", "alg", "x5c", "foo"] {
        let value = match name {
            "use" => json!("sig"),
            "alg" => json!("ES256"),
            "key_ops" => json!(["sign", "verify"]),
            _ => json!([1]),
        };
        let set = [key.jwk_with(name, value)];
        assert_eq!(
            with_keys(&set, nameless(&key)),
            (Outcome::Allowed, 2),
            "{name}"
        );
    }
}

#[test]
fn jwk_5_1_refuses_what_is_no_set_or_too_large_a_one() {
    let key = PrivateKey::p256(1).public_jwk();
    for document in [
        json!([key]),
        key.clone(),
        json!({ "keys": key }),
        json!({ "keys": null }),
        json!({ "Keys": [key] }),
        json!("keys"),
    ] {
        assert_eq!(
            parse(&document).err(),
            Some(KeySetError::Malformed),
            "{document}"
        );
    }
    assert_eq!(
        parse(&json!({ "keys": [] })).err(),
        Some(KeySetError::NoUsableKey)
    );
    let limits = Limits::DEFAULT;
    let of_text = |text: &str| KeySet::parse(text.as_bytes(), 1, &limits, &IssuerAlgorithms);
    for text in [
        String::new(),
        format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#),
        format!(r#"{{"keys":[{key}],"a":{{"b":1,"b":1}}}}"#),
        format!(r#"{{"keys":[{key}]}}x"#),
    ] {
        assert_eq!(of_text(&text).err(), Some(KeySetError::Malformed), "{text}");
    }
    // So many keys, and so many octets.
    let keys = |count| json!({ "keys": vec![key.clone(); count] });
    assert_eq!(parse(&keys(512)).unwrap().keys().len(), 512);
    assert_eq!(parse(&keys(513)).err(), Some(KeySetError::TooManyKeys));
    let document = keys(1).to_string();
    let padded = |length: usize| document.clone() + &" ".repeat(length - document.len());
    assert_eq!(of_text(&padded(512 * 1024)).unwrap().keys().len(), 1);
    let oversize = of_text(&padded(512 * 1024 + 1)).err();
    assert_eq!(oversize, Some(KeySetError::Oversize));
}

#[test]
fn a_set_says_what_is_in_it() {
    let mut first = named(&PrivateKey::p256(1), "k1");
    first["alg"] = json!("ES256");
    let set = parse(&json!({ "keys": [first, PrivateKey::rsa().public_jwk()] })).unwrap();
    let keys: Vec<_> = set
        .keys()
        .iter()
        .map(|key| (key.kid(), key.algorithm()))
        .collect();
    assert_eq!(keys, [(Some("k1"), Some(Algorithm::Es256)), (None, None)]);
    assert_eq!((set.generation(), set.skipped()), (1, &[][..]));
}
