//! RFC 9449 section 4.3, checks 1 to 7: the shape, the header and the signature of a proof.

use std::sync::Arc;

use keybound::{Algorithm, Reason};
use keybound_tests::harness::{
    Calls, Client, Counting, Fixed, Jws, NOW, Outcome, PrivateKey, Request, Service, URL, decode,
    encode,
};
use serde_json::{Value, json};

/// One row: what is wrong, and how it is made so.
type Row = (&'static str, fn(Jws) -> Jws);

/// Alters the right proof, one row at a time, and expects one refusal.
fn refuses(service: &Service, refused: &Outcome, rows: &[Row]) {
    for (what, alter) in rows {
        let request = service.request_with_proof(alter);
        assert_eq!(service.run(&request), *refused, "{what}");
    }
    assert_eq!(service.store.asked(), [], "nothing was remembered");
}

#[test]
fn dpop_4_3_1_accepts_one_line() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_4_3_1_refuses_two_lines_even_of_one_proof() {
    let service = Service::dpop();
    let token = service.token().compact();
    let first = service.proof(&token).compact();
    let second = service.proof(&token).claim("jti", "p-2").compact();
    let request = || Request::get().authorization(format!("DPoP {token}"));
    let rows = [
        request().dpop(&first).dpop(&first),
        request().dpop(&first).dpop(&second),
        request().dpop(&first).dpop(""),
        request().dpop(format!("{first}, {second}")),
        request().dpop(format!("{first},{first}")),
        request().dpop(format!("{first},")),
        request().dpop(format!(",{first}")),
    ];
    for request in rows {
        let refused = Outcome::bad_proof(Reason::ProofRepeated);
        assert_eq!(service.run(&request), refused, "{:?}", request.dpop);
    }
    assert_eq!(service.store.asked(), []);
}

#[test]
fn dpop_4_3_2_accepts_one_well_formed_jwt() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_4_3_2_refuses_what_is_not_three_segments() {
    let service = Service::dpop();
    let token = service.token().compact();
    let proof = service.proof(&token).compact();
    let (message, signature) = proof.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let rows = [
        String::new(),
        header.to_owned(),
        message.to_owned(),
        format!("{message}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{proof}."),
        format!("{proof}.{signature}"),
        format!("{proof}.{payload}.{signature}"),
        format!("{proof} "),
        format!("{proof}\n"),
        format!("{proof}="),
        // one octet more in a segment can make no whole octet
        format!("{header}A.{payload}.{signature}"),
        json!({ "protected": header, "payload": payload, "signature": signature })
            .to_string()
            .replace(',', ";"),
    ];
    for line in rows {
        let refused = Outcome::bad_proof(Reason::ProofMalformed);
        assert_eq!(
            service.run(&service.request_with(&token, &line)),
            refused,
            "{line}"
        );
    }
}

#[test]
fn dpop_4_3_2_refuses_a_header_that_is_no_object() {
    let service = Service::dpop();
    refuses(
        &service,
        &Outcome::bad_proof(Reason::ProofHeaderMalformed),
        &[
            ("no JSON", |proof| proof.raw_header("dpop+jwt")),
            ("an array", |proof| proof.raw_header("[]")),
            ("a string", |proof| proof.raw_header("\"{}\"")),
            ("two objects", |proof| proof.raw_header("{}{}")),
            ("not UTF-8", |proof| proof.raw_header(b"{\"typ\":\"\xff\"}")),
            ("a byte order mark", |proof| {
                let header = proof.header_json();
                proof.raw_header([b"\xef\xbb\xbf", &header[..]].concat())
            }),
            ("trailing octets", |proof| {
                let header = proof.header_json();
                proof.raw_header([&header[..], b"x"].concat())
            }),
            ("a member twice", |proof| {
                proof.header_text(r#""typ":"dpop+jwt""#)
            }),
            ("a member twice, once escaped", |proof| {
                proof.header_text(r#""t\u0079p":"dpop+jwt""#)
            }),
            ("a member of jwk twice", |proof| {
                proof.header_text(r#""foo":{"a":1,"a":1}"#)
            }),
            ("nine deep", |proof| {
                proof.header_text(r#""a":[[[[[[[[1]]]]]]]]"#)
            }),
        ],
    );
}

#[test]
fn dpop_4_3_2_refuses_a_payload_that_is_no_object() {
    let service = Service::dpop();
    refuses(
        &service,
        &Outcome::bad_proof(Reason::ProofPayloadMalformed),
        &[
            ("no JSON", |proof| proof.raw_payload("jti")),
            ("an array", |proof| {
                let payload = proof.payload_json();
                proof.raw_payload([b"[", &payload[..], b"]"].concat())
            }),
            ("null", |proof| proof.raw_payload("null")),
            ("not UTF-8", |proof| {
                proof.raw_payload(b"{\"jti\":\"\xc3\x28\"}")
            }),
            ("trailing octets", |proof| {
                let payload = proof.payload_json();
                proof.raw_payload([&payload[..], b"}"].concat())
            }),
            ("a claim twice", |proof| proof.claim_text(r#""htm":"GET""#)),
            ("nine deep", |proof| {
                proof.claim_text(r#""a":[[[[[[[[1]]]]]]]]"#)
            }),
        ],
    );
}

// rules: PROJ-1 (positive)
#[test]
fn dpop_4_3_2_accepts_documents_eight_deep() {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| {
        proof
            .header_text(r#""a":[[[[[[[1]]]]]]]"#)
            .claim_text(r#""a":[[[[[[[1]]]]]]]"#)
    });
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_4_3_3_accepts_a_proof_with_every_claim() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_4_3_3_refuses_a_missing_claim_and_a_wrong_type() {
    let wrong: [(&str, &[Value]); 6] = [
        ("jti", &[json!(null), json!(1), json!(["p-1"])]),
        ("htm", &[json!(null), json!(1), json!(["GET"])]),
        ("htu", &[json!(null), json!({}), json!([URL])]),
        (
            "iat",
            &[
                json!(null),
                json!(NOW.to_string()),
                json!(true),
                json!([NOW]),
            ],
        ),
        ("ath", &[json!(null), json!(0), json!([""])]),
        ("nonce", &[json!(null), json!(1), json!([])]),
    ];
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofClaimMissing);
    for (name, values) in wrong {
        if name != "nonce" {
            let request = service.request_with_proof(|proof| proof.without_claim(name));
            assert_eq!(service.run(&request), refused, "without {name}");
        }
        for value in values {
            let request = service.request_with_proof(|proof| proof.claim(name, value.clone()));
            assert_eq!(service.run(&request), refused, "{name} {value}");
        }
    }
    // A claim of another case is another claim.
    let request = service.request_with_proof(|proof| proof.without_claim("jti").claim("JTI", "p"));
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_4_3_4_accepts_the_type_as_a_media_type() {
    for typ in ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.header("typ", typ));
        assert_eq!(service.run(&request), Outcome::Allowed, "{typ}");
    }
}

#[test]
fn dpop_4_3_4_refuses_every_other_type() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofTypWrong);
    for typ in [
        json!("JWT"),
        json!("jwt"),
        json!("at+jwt"),
        json!("dpop"),
        json!("dpop+jwt "),
        json!("dpop+jwt;v=1"),
        json!("text/dpop+jwt"),
        json!("application/application/dpop+jwt"),
        json!(""),
        json!(null),
        json!(1),
        json!(["dpop+jwt"]),
    ] {
        let request = service.request_with_proof(|proof| proof.header("typ", typ.clone()));
        assert_eq!(service.run(&request), refused, "{typ}");
    }
    let request = service.request_with_proof(|proof| proof.without_header("typ"));
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_4_3_5_accepts_what_the_policy_allows() {
    let keys = [
        ("ES256", PrivateKey::p256(9)),
        ("EdDSA", PrivateKey::ed25519(9)),
        ("Ed25519", PrivateKey::ed25519(9)),
        ("ES384", PrivateKey::p384(9)),
        ("PS256", PrivateKey::rsa()),
        ("RS256", PrivateKey::rsa()),
    ];
    for (name, key) in keys {
        let mut service = Service::dpop();
        let algorithm = Algorithm::from_name(name).unwrap();
        let policy = service.proof_policy.clone();
        service.proof_policy = policy.with_algorithms(&[algorithm]).unwrap();
        service.client = Client::new(key);
        let request = service.request_with_proof(|proof| proof.header("alg", name));
        assert_eq!(service.run(&request), Outcome::Allowed, "{name}");
    }
}

#[test]
fn dpop_4_3_5_refuses_every_other_algorithm() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofAlgRefused);
    for alg in [
        json!("none"),
        json!("nOnE"),
        json!("NONE"),
        json!(""),
        json!("HS256"),
        json!("HS512"),
        json!("RS1"),
        json!("RS256"),
        json!("PS256"),
        json!("ES384"),
        json!("ES512"),
        json!("ES256K"),
        json!("es256"),
        json!("ES256 "),
        json!("dir"),
        json!(null),
        json!(7),
        json!(["ES256"]),
    ] {
        let request = service.request_with_proof(|proof| proof.header("alg", alg.clone()));
        assert_eq!(service.run(&request), refused, "{alg}");
    }
    let request = service.request_with_proof(|proof| proof.without_header("alg"));
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_4_3_5_refuses_before_the_key_is_touched() {
    let provider = Arc::new(Counting::default());
    let mut service = Service::dpop();
    service.provider = Arc::clone(&provider) as _;
    let request =
        service.request_with_proof(|proof| proof.header("alg", "none").without_header("jwk"));
    let refused = Outcome::bad_proof(Reason::ProofAlgRefused);
    assert_eq!(service.run(&request), refused);
    assert_eq!(provider.take(), Calls::default());
}

#[test]
fn dpop_4_3_6_accepts_a_signature_by_the_key_in_the_header() {
    for client in [PrivateKey::p256(3), PrivateKey::ed25519(3)] {
        let mut service = Service::dpop();
        service.client = Client::new(client);
        assert_eq!(service.run(&service.request()), Outcome::Allowed);
    }
}

// rules: JWA-3.4-3 (positive)
#[test]
fn dpop_4_3_6_accepts_high_and_low_s() {
    let mut seen = [false, false];
    for number in 0..16 {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| {
            let proof = proof.claim("jti", number.to_string());
            let high = signature(&proof)[32] >= 0x80;
            seen[usize::from(high)] = true;
            proof
        });
        assert_eq!(service.run(&request), Outcome::Allowed);
        let other = service.request_with_proof(|proof| {
            let proof = proof.claim("jti", format!("n{number}"));
            proof.changed_signature(negate_s)
        });
        assert_eq!(service.run(&other), Outcome::Allowed);
    }
    assert_eq!(seen, [true, true]);
}

#[test]
fn dpop_4_3_6_refuses_another_signature() {
    let service = Service::dpop();
    refuses(
        &service,
        &Outcome::bad_proof(Reason::ProofSignatureInvalid),
        &[
            ("one bit", |proof| proof.corrupt()),
            ("another key", |proof| proof.signed_by(&PrivateKey::p256(3))),
            ("another key, named by kid", |proof| {
                proof.signed_by(&PrivateKey::p256(1)).header("kid", "k1")
            }),
            ("another key, named by jku and x5u", |proof| {
                proof
                    .signed_by(&PrivateKey::p256(1))
                    .header("jku", "https://as.example.com/jwks")
                    .header("x5u", "https://as.example.com/x5u")
                    .header("x5c", json!(["MAA="]))
            }),
            ("zeros", |proof| {
                proof.changed_signature(|s| vec![0; s.len()])
            }),
            ("of another payload", |proof| {
                let other = proof.clone().claim("foo", 1).compact();
                proof.encoded_signature(other.rsplit_once('.').unwrap().1)
            }),
            ("of another header", |proof| {
                let other = proof.clone().header("foo", 1).compact();
                proof.encoded_signature(other.rsplit_once('.').unwrap().1)
            }),
        ],
    );
}

// rules: JWA-3.4-1 (negative)
#[test]
fn dpop_4_3_6_refuses_a_signature_of_another_form() {
    let mut service = Service::dpop();
    // Even if the library took it.
    service.provider = Arc::new(Fixed::EverythingHolds);
    refuses(
        &service,
        &Outcome::bad_proof(Reason::ProofSignatureLength),
        &[
            ("63 octets", |proof| {
                proof.changed_signature(|s| s[..63].to_vec())
            }),
            ("65 octets", |proof| {
                proof.changed_signature(|s| [&s[..], b"\0"].concat())
            }),
            ("one octet", |proof| proof.changed_signature(|_| vec![1])),
            ("DER", |proof| proof.changed_signature(der)),
            ("96 octets", |proof| {
                proof.changed_signature(|s| [&s[..], &[0; 32]].concat())
            }),
        ],
    );
    refuses(
        &service,
        &Outcome::bad_proof(Reason::ProofMalformed),
        &[
            ("no base64url", |proof| proof.encoded_signature("A")),
            ("with spare bits", |proof| {
                // 64 octets leave two spare bits in the last of 86 characters.
                let segment = encode([0; 64]);
                proof.encoded_signature(format!("{}B", &segment[..85]))
            }),
        ],
    );
}

#[test]
fn dpop_4_3_6_refuses_a_proof_without_a_usable_key() {
    let service = Service::dpop();
    let missing = Outcome::bad_proof(Reason::ProofJwkMissing);
    let request = service.request_with_proof(|proof| proof.without_header("jwk"));
    assert_eq!(service.run(&request), missing);
    let key = service.client.key();
    let x = encode([1; 32]);
    let rows = [
        ("no object", json!("jwk")),
        ("null", json!(null)),
        ("an array", json!([key.public_jwk()])),
        ("empty", json!({})),
        ("no kty", without(key, "kty")),
        ("no crv", without(key, "crv")),
        ("no x", without(key, "x")),
        ("no y", without(key, "y")),
        ("kty of another case", key.jwk_with("kty", "ec")),
        ("a number for x", key.jwk_with("x", 1)),
        ("another curve", key.jwk_with("crv", "secp256k1")),
        ("P-521", key.jwk_with("crv", "P-521")),
        ("x padded", key.jwk_with("x", format!("{x}="))),
        ("x of 31 octets", key.jwk_with("x", encode([1; 31]))),
        ("x of 33 octets", key.jwk_with("x", encode([1; 33]))),
        ("not on the curve", key.jwk_with("x", x.clone())),
        ("at infinity", {
            let mut jwk = key.jwk_with("x", encode([0; 32]));
            jwk["y"] = encode([0; 32]).into();
            jwk
        }),
        ("for encryption", key.jwk_with("use", "enc")),
        ("for signing only", key.jwk_with("key_ops", json!(["sign"]))),
        ("X25519", json!({ "kty": "OKP", "crv": "X25519", "x": x })),
    ];
    for (what, jwk) in rows {
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk.clone()));
        let refused = Outcome::bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(service.run(&request), refused, "{what}");
    }
}

// rules: OKP-4-1 (negative), JWA-3.4-2 (negative)
#[test]
fn dpop_4_3_6_refuses_a_key_that_does_not_go_with_the_algorithm() {
    let service = Service::dpop();
    let ed25519 = PrivateKey::ed25519(2);
    let ec = service.client.key();
    let rows = [
        ("EdDSA", ec.public_jwk()),
        ("Ed25519", ec.public_jwk()),
        ("ES256", ed25519.public_jwk()),
        ("ES256", PrivateKey::p384(2).public_jwk()),
        ("ES256", PrivateKey::rsa().public_jwk()),
        ("ES256", ec.jwk_with("alg", "ES384")),
        ("ES256", ec.jwk_with("alg", "none")),
        ("ES256", ec.jwk_with("alg", json!(null))),
        ("EdDSA", ed25519.jwk_with("alg", "ES256")),
    ];
    for (alg, jwk) in rows {
        let request =
            service.request_with_proof(|proof| proof.header("alg", alg).header("jwk", jwk.clone()));
        let refused = Outcome::bad_proof(Reason::ProofJwkAlgMismatch);
        assert_eq!(service.run(&request), refused, "{alg} {jwk}");
    }
}

#[test]
fn dpop_4_3_7_accepts_public_members() {
    let service = Service::dpop();
    let jwk = service.client.key().jwk_with("kid", "mine");
    let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_4_3_7_refuses_a_private_member_of_any_type() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofJwkPrivate);
    let key = service.client.key();
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!(encode([3; 32])), json!(""), json!(null), json!([])] {
            let jwk = key.jwk_with(name, value.clone());
            let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
            assert_eq!(service.run(&request), refused, "{name} {value}");
        }
    }
    for jwk in [
        PrivateKey::ed25519(2).jwk_with("d", json!(null)),
        PrivateKey::rsa().jwk_with("dp", "AQAB"),
        json!({ "kty": "oct", "k": "AQAB" }),
    ] {
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk.clone()));
        assert_eq!(service.run(&request), refused, "{jwk}");
    }
}

fn without(key: &PrivateKey, name: &str) -> Value {
    let mut jwk = key.public_jwk();
    jwk.as_object_mut().unwrap().remove(name).unwrap();
    jwk
}

fn signature(proof: &Jws) -> Vec<u8> {
    decode(proof.compact().rsplit_once('.').unwrap().1)
}

/// The other signature that verifies as well: `n - s` instead of `s`.
fn negate_s(signature: Vec<u8>) -> Vec<u8> {
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let mut negated = signature.clone();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i32::from(order[at]) - i32::from(signature[32 + at]) - borrow;
        borrow = i32::from(difference < 0);
        negated[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    negated
}

/// `r` and `s` as ASN.1 integers.
fn der(signature: Vec<u8>) -> Vec<u8> {
    let signature = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    signature.to_der().as_bytes().to_vec()
}
