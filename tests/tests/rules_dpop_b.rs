//! RFC 9449 section 4.3: the twelve checks, in their order.

use keybound::Reason;
use keybound_tests::harness::{
    AUDIENCE, Calls, Counting, Fixed, Jws, NOW, Nonce, Outcome, PrivateKey, Request, Service, URL,
    decode, encode, sha256,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Alters the right proof, one row at a time, and expects one refusal.
fn refuses(service: &Service, refused: &Outcome, rows: &[(&str, fn(Jws) -> Jws)]) {
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
        let algorithm = keybound::Algorithm::from_name(name).unwrap();
        let policy = service.proof_policy.clone();
        service.proof_policy = policy.with_algorithms(&[algorithm]).unwrap();
        service.client = keybound_tests::harness::Client::new(key);
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
        service.client = keybound_tests::harness::Client::new(client);
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

#[test]
fn dpop_4_3_8_accepts_the_method_of_the_request() {
    for method in ["GET", "POST", "PATCH", "QUERY", "HEAD", "get", "M-SEARCH"] {
        let service = Service::dpop();
        let request = service
            .request_with_proof(|proof| proof.claim("htm", method))
            .method(method);
        assert_eq!(service.run(&request), Outcome::Allowed, "{method}");
    }
}

#[test]
fn dpop_4_3_8_refuses_another_method() {
    let service = Service::dpop();
    for (htm, method) in [
        ("POST", "GET"),
        ("get", "GET"),
        ("Get", "GET"),
        ("GET", "get"),
        ("GET", "HEAD"),
        ("HEAD", "GET"),
        ("GET ", "GET"),
        (" GET", "GET"),
        ("", "GET"),
        ("GETS", "GET"),
        ("GE", "GET"),
        ("*", "GET"),
        ("GET,POST", "GET"),
    ] {
        let request = service
            .request_with_proof(|proof| proof.claim("htm", htm))
            .method(method);
        let refused = Outcome::bad_proof(Reason::ProofHtmMismatch);
        assert_eq!(service.run(&request), refused, "{htm} {method}");
    }
}

#[test]
fn dpop_4_3_9_accepts_the_uri_without_query_and_fragment() {
    for (htu, url) in [
        (URL.to_owned(), URL.to_owned()),
        (URL.to_owned(), format!("{URL}?a=1&b=2")),
        (format!("{URL}?a=1"), URL.to_owned()),
        (format!("{URL}?a=1"), format!("{URL}?b=2")),
        (format!("{URL}#part"), URL.to_owned()),
        (format!("{URL}?#"), format!("{URL}?")),
        (AUDIENCE.to_owned(), format!("{AUDIENCE}/")),
    ] {
        let service = Service::dpop();
        let request = service
            .request_with_proof(|proof| proof.claim("htu", htu.as_str()))
            .url(&url);
        assert_eq!(service.run(&request), Outcome::Allowed, "{htu} {url}");
    }
}

#[test]
fn dpop_4_3_9_refuses_another_uri() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofHtuMismatch);
    for htu in [
        "https://api.example.com",
        "https://api.example.com/",
        "https://api.example.com/order",
        "https://api.example.com/orders/",
        "https://api.example.com/orders/1",
        "https://api.example.com//orders",
        "https://api.example.com/ORDERS",
        "https://api.example.com:8443/orders",
        "https://api.example.com:80/orders",
        "https://api.example.com./orders",
        "https://example.com/orders",
        "https://evil.example/orders",
        "https://api.example.com.evil.example/orders",
        "http://api.example.com/orders",
        "https://evil.example/?https://api.example.com/orders",
        "https://evil.example/#https://api.example.com/orders",
    ] {
        let request = service.request_with_proof(|proof| proof.claim("htu", htu));
        assert_eq!(service.run(&request), refused, "{htu}");
    }
}

// rules: PROJ-18 (negative)
#[test]
fn dpop_4_3_9_refuses_what_is_no_absolute_uri() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofHtuMalformed);
    for htu in [
        "",
        "/orders",
        "orders",
        "//api.example.com/orders",
        "api.example.com/orders",
        "https:/api.example.com/orders",
        "https:///orders",
        "https://user@api.example.com/orders",
        "https://api.example.com@evil.example/orders",
        "ftp://api.example.com/orders",
        "https://api.example.com:x/orders",
        "https://api.example.com:65536/orders",
        "https://api.example.com/orders ",
        " https://api.example.com/orders",
        "https://api.example.com/ord\ters",
        "https://api.example.com/\\orders",
        "https://api.example.com/%zzorders",
        "https://api.example.com/\u{f6}rders",
        "https://\u{e4}pi.example.com/orders",
    ] {
        let request = service.request_with_proof(|proof| proof.claim("htu", htu));
        assert_eq!(service.run(&request), refused, "{htu}");
    }
}

// rules: PROJ-1 (both)
#[test]
fn an_htu_has_at_most_2048_octets() {
    for (length, expected) in [
        (2_047, Outcome::Allowed),
        (2_048, Outcome::Allowed),
        (2_049, Outcome::bad_proof(Reason::ProofHtuMalformed)),
    ] {
        let service = Service::dpop();
        let htu = format!("{URL}?{}", "a".repeat(length - URL.len() - 1));
        assert_eq!(htu.len(), length);
        let request = service.request_with_proof(|proof| proof.claim("htu", htu));
        assert_eq!(service.run(&request), expected, "{length}");
    }
}

#[test]
fn dpop_4_3_10_accepts_a_nonce_of_ours() {
    let mut service = Service::with_nonces();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // Of the keys before, and of a window before.
    service.nonces = service.nonces.rotated(keybound::NonceKey::new(2, [8; 32]));
    let older = Service::with_nonces().nonce_of(NOW - 179);
    let request = service.request_with_proof(|proof| proof.claim("jti", "2").claim("nonce", older));
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn dpop_4_3_10_challenges_every_other_nonce() {
    let service = Service::with_nonces();
    let request = service.request_with_proof(|proof| proof.without_claim("nonce"));
    let wanted = Outcome::wants_nonce(Reason::ProofNonceMissing);
    assert_eq!(service.run(&request), wanted);

    let stale = service.nonce_of(NOW - 181);
    let request = service.request_with_proof(|proof| proof.claim("nonce", stale));
    let wanted = Outcome::wants_nonce(Reason::ProofNonceStale);
    assert_eq!(service.run(&request), wanted);

    let now = keybound::UnixTime::since_unix_epoch(std::time::Duration::from_secs(NOW));
    let elsewhere = service.nonces.issue(
        "https://other.example",
        now,
        &keybound_crypto::IssuerAlgorithms,
    );
    let forged = keybound::NonceKeys::new(keybound::NonceKey::new(1, [6; 32]));
    let forged = forged.issue(AUDIENCE, now, &keybound_crypto::IssuerAlgorithms);
    for nonce in [elsewhere, forged, String::new(), NOW.to_string()] {
        let request = service.request_with_proof(|proof| proof.claim("nonce", nonce.as_str()));
        let wanted = Outcome::wants_nonce(Reason::ProofNonceUnknown);
        assert_eq!(service.run(&request), wanted, "{nonce}");
    }
}

#[test]
fn dpop_4_3_11_accepts_the_window_with_both_its_ends() {
    for iat in [
        json!(NOW - 60),
        json!(NOW - 59),
        json!(NOW),
        json!(NOW + 9),
        json!(NOW + 10),
    ] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| proof.claim("iat", iat.clone()));
        assert_eq!(service.run(&request), Outcome::Allowed, "{iat}");
    }
    // A fraction counts against the sender on both sides (JWT-2-1).
    for iat in ["1799999940.5", "1800000009.5", "1.8e9"] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| {
            proof
                .without_claim("iat")
                .claim_text(&format!("\"iat\":{iat}"))
        });
        assert_eq!(service.run(&request), Outcome::Allowed, "{iat}");
    }
}

#[test]
fn dpop_4_3_11_refuses_what_lies_outside() {
    let (old, ahead) = (Reason::ProofIatTooOld, Reason::ProofIatInFuture);
    let missing = Outcome::bad_proof(Reason::ProofClaimMissing);
    for (iat, refused) in [
        ("1799999939", Outcome::bad_time(old)),
        ("1799999939.9", Outcome::bad_time(old)),
        ("0", Outcome::bad_time(old)),
        ("1800000011", Outcome::bad_time(ahead)),
        ("1800000010.1", Outcome::bad_time(ahead)),
        ("1800000061", Outcome::bad_time(ahead)),
        ("253402300799", Outcome::bad_time(ahead)),
        ("253402300800", missing.clone()),
        ("1800000000000", missing.clone()),
        ("-1", missing.clone()),
        ("1e18", missing.clone()),
        ("18446744073709551616", missing),
        ("1e400", Outcome::bad_proof(Reason::ProofPayloadMalformed)),
        ("NaN", Outcome::bad_proof(Reason::ProofPayloadMalformed)),
        (
            "01800000000",
            Outcome::bad_proof(Reason::ProofPayloadMalformed),
        ),
    ] {
        let service = Service::dpop();
        let request = service.request_with_proof(|proof| {
            proof
                .without_claim("iat")
                .claim_text(&format!("\"iat\":{iat}"))
        });
        assert_eq!(service.run(&request), refused, "{iat}");
    }
}

#[test]
fn dpop_4_3_12a_accepts_the_hash_of_this_token() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_4_3_12a_refuses_every_other_hash() {
    let service = Service::dpop();
    let token = service.token().compact();
    let other = service.token().claim("jti", "t-2").compact();
    let right = sha256(&token);
    let hex: String = decode(&right).iter().map(|o| format!("{o:02x}")).collect();
    let refused = Outcome::bad_proof(Reason::ProofAthMismatch);
    for ath in [
        sha256(&other),
        sha256(format!("DPoP {token}")),
        sha256(format!("{token}\n")),
        sha256(""),
        String::new(),
        format!("{right}="),
        right[..42].to_owned(),
        format!("{right}A"),
        right.to_lowercase(),
        hex,
        token.clone(),
    ] {
        let proof = service.proof(&token).claim("ath", ath.as_str()).compact();
        let request = service.request_with(&token, &proof);
        assert_eq!(service.run(&request), refused, "{ath}");
    }
    let proof = service.proof(&other).compact();
    assert_eq!(service.run(&service.request_with(&token, &proof)), refused);
}

#[test]
fn dpop_4_3_12b_accepts_the_key_of_the_token() {
    let service = Service::dpop();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn dpop_4_3_12b_refuses_another_key() {
    let service = Service::dpop();
    let jkt = service.client.jkt();
    for other in [
        PrivateKey::p256(3).jkt(),
        service.issuer.key().jkt(),
        format!("{jkt}="),
        jkt[..42].to_owned(),
        jkt.to_lowercase(),
        String::new(),
    ] {
        let request = service
            .request_with_token(|token| token.claim("cnf", json!({ "jkt": other.as_str() })));
        let refused = Outcome::bad_token(Reason::BindingKeyMismatch);
        assert_eq!(service.run(&request), refused, "{other}");
    }
    let request = service.request_with_token(|token| token.without_claim("cnf"));
    let refused = Outcome::bad_token(Reason::BindingKeyAbsent);
    assert_eq!(service.run(&request), refused);
    // A thief with a key of his own.
    let token = service.token().compact();
    let thief = keybound_tests::harness::Client::new(PrivateKey::p256(4));
    let request = service.request_with(&token, &thief.proof(&token).compact());
    let refused = Outcome::bad_token(Reason::BindingKeyMismatch);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn dpop_4_3_13_accepts_another_way_of_writing_the_same_uri() {
    let url = "https://rs.example/~a";
    for htu in [
        "https://rs.example/~a",
        "HTTPS://RS.Example:443/%7Ea",
        "https://rs.example:/%7ea",
        "https://rs.example/./~a",
        "https://rs.example/b/../~a",
        "https://rs.example:00443/~a",
    ] {
        let service = Service::dpop();
        let request = service
            .request_with_proof(|proof| proof.claim("htu", htu))
            .url(url);
        assert_eq!(service.run(&request), Outcome::Allowed, "{htu}");
    }
}

#[test]
fn dpop_4_3_13_refuses_what_is_only_similar() {
    let service = Service::dpop();
    let refused = Outcome::bad_proof(Reason::ProofHtuMismatch);
    for (htu, url) in [
        ("https://rs.example/a/", "https://rs.example/a"),
        ("https://rs.example/a", "https://rs.example/a/"),
        ("https://rs.example/A", "https://rs.example/a"),
        ("https://rs.example/a%2Fb", "https://rs.example/a/b"),
        ("https://rs.example/a/b", "https://rs.example/a%2fb"),
        ("https://rs.example//a", "https://rs.example/a"),
        ("https://rs.example/a;b", "https://rs.example/a"),
        ("https://rs.example/a%2E", "https://rs.example/a"),
        ("https://rs.example/a%00", "https://rs.example/a"),
    ] {
        let request = service
            .request_with_proof(|proof| proof.claim("htu", htu))
            .url(url);
        assert_eq!(service.run(&request), refused, "{htu} {url}");
    }
}

#[test]
fn dpop_4_3_14_accepts_nothing_costly_before_what_is_cheap() {
    let provider = Arc::new(Counting::default());
    let mut service = Service::dpop();
    service.provider = Arc::clone(&provider) as _;
    let token = service.token().compact();
    let oversize = "a".repeat(8 * 1024 + 1);
    assert_eq!(
        service.run(&service.request_with(&token, &oversize)),
        Outcome::bad_proof(Reason::ProofOversize)
    );
    assert_eq!(provider.take(), Calls::default());
    // A key is looked at; what the proof claims is wrong; no signature is checked.
    let request = service.request_with_proof(|proof| proof.claim("htm", "POST"));
    assert_eq!(
        service.run(&request),
        Outcome::bad_proof(Reason::ProofHtmMismatch)
    );
    let hashes = Calls {
        sha256: 2,
        check_key: 1,
        ..Calls::default()
    };
    assert_eq!(provider.take(), hashes);
    // All is right: the token's signature and the proof's.
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    let all = Calls {
        sha256: 3,
        check_key: 1,
        verify: 2,
        ..Calls::default()
    };
    assert_eq!(provider.take(), all);
}

#[test]
fn dpop_4_3_14_never_remembers_a_proof_that_fails_later() {
    let service = Service::dpop();
    let scope = service.request_with_token(|token| token.claim("scope", "orders:write"));
    let rows = [
        service.request_with_proof(|proof| proof.corrupt()),
        service.request_with_token(|token| token.corrupt()),
        service.request_with_token(|token| token.without_claim("cnf")),
        service.request_with_token(|token| token.claim("exp", NOW - 100)),
        scope,
    ];
    for request in rows {
        assert!(matches!(service.run(&request), Outcome::Denied(..)));
    }
    assert_eq!(service.store.asked(), []);
    // All of them had the jti of this one.
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    assert_eq!(service.store.asked().len(), 1);
}

#[test]
fn no_refusal_of_a_proof_carries_a_nonce_where_none_is_required() {
    let service = Service::dpop();
    let request = service.request_with_proof(|proof| proof.claim("htm", "POST"));
    let Outcome::Denied(_, response) = service.run(&request) else {
        panic!("it passes");
    };
    assert_eq!(response.nonce, Nonce::Absent);
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
    let order = [
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
