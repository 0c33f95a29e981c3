//! RFC 8725 and its successor: best practice for JWT.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use keybound::crypto::CryptoProvider as _;
use keybound::{Algorithm, IssuerPolicy, Limits, PolicyError, ProofPolicy, Reason};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    AUDIENCE, Calls, Counting, ISSUER, Introspection, Issuer, Jws, NOW, Outcome, PrivateKey,
    Response, Service, encode,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What becomes of one altered token.
fn with_token(alter: impl FnOnce(Jws) -> Jws) -> Outcome {
    let service = Service::dpop();
    service.run(&service.request_with_token(alter))
}

/// What becomes of one altered proof.
fn with_proof(alter: impl FnOnce(Jws) -> Jws) -> Outcome {
    let service = Service::dpop();
    service.run(&service.request_with_proof(alter))
}

/// What becomes of any text that is sent as token, with the right proof for it.
fn with_raw(service: &Service, token: &str) -> Outcome {
    service.run(&service.request_with(token, &service.proof(token).compact()))
}

/// A service whose issuer signs with the RSA key, and says this about it.
fn rsa(member: &str, value: impl Into<Value>) -> Service {
    let mut service = Service::dpop();
    let key = PrivateKey::rsa();
    let mut jwk = key.jwk_with("kid", "k1");
    jwk[member] = value.into();
    service.issuer = Issuer::new(ISSUER, key);
    service.jwks = Some(json!({ "keys": [jwk] }));
    service
}

#[test]
fn bcp_3_1_1_accepts_what_the_caller_listed() {
    let mut service = Service::dpop();
    let policy = service.issuer_policy.clone();
    service.issuer_policy = policy.with_algorithms(&[Algorithm::Es256]).unwrap();
    let policy = service.proof_policy.clone();
    service.proof_policy = policy.with_algorithms(&[Algorithm::Es256]).unwrap();
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
}

#[test]
fn bcp_3_1_1_refuses_an_empty_list_and_what_is_not_in_the_list() {
    let policy = IssuerPolicy::new(ISSUER, [AUDIENCE]).unwrap();
    assert_eq!(policy.with_algorithms(&[]), Err(PolicyError::NoAlgorithm));
    let policy = ProofPolicy::default().with_algorithms(&[]);
    assert_eq!(policy, Err(PolicyError::NoAlgorithm));

    let mut service = Service::dpop();
    let policy = service.issuer_policy.clone();
    service.issuer_policy = policy.with_algorithms(&[Algorithm::EdDsa]).unwrap();
    let refused = Outcome::bad_token(Reason::TokenAlgRefused);
    assert_eq!(service.run(&service.request()), refused);

    let mut service = Service::dpop();
    let policy = service.proof_policy.clone();
    service.proof_policy = policy.with_algorithms(&[Algorithm::EdDsa]).unwrap();
    let challenge = r#"DPoP error="invalid_dpop_proof", algs="EdDSA""#;
    let response = Response::challenged(401, &[challenge]);
    let refused = Outcome::Denied(Reason::ProofAlgRefused, response);
    assert_eq!(service.run(&service.request()), refused);
}

#[test]
fn bcp_3_1_2_refuses_the_issuers_public_key_as_a_secret() {
    let service = rsa("alg", "RS256");
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // A secret beyond the block of the hash is hashed first, so that its hash makes the same MAC.
    let secret = service.jwks.as_ref().unwrap()["keys"][0].to_string();
    let secret: [u8; 32] = Sha256::digest(secret).into();
    for name in ["HS256", "HS384", "RS256"] {
        let token = service.token().header("alg", name).compact();
        let (message, _) = token.rsplit_once('.').unwrap();
        let mac = IssuerAlgorithms.hmac_sha256(&secret, &[message.as_bytes()]);
        let token = format!("{message}.{}", encode(mac));
        let reason = match name {
            "RS256" => Reason::TokenSignatureInvalid,
            _ => Reason::TokenAlgRefused,
        };
        assert_eq!(
            with_raw(&service, &token),
            Outcome::bad_token(reason),
            "{name}"
        );
    }
    // A secret in the set is no key for anything.
    let mut service = Service::dpop();
    let mut jwks = service.issuer.jwks();
    let secret = json!({ "kty": "oct", "kid": "k2", "alg": "HS256", "k": encode([7; 32]) });
    jwks["keys"].as_array_mut().unwrap().push(secret);
    service.jwks = Some(jwks);
    let request = service.request_with_token(|token| token.header("kid", "k2"));
    let refused = Outcome::bad_token(Reason::TokenKeyUnknown);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn bcp_3_1_3_refuses_a_second_algorithm_for_one_key() {
    for (own, other) in [("RS256", "PS256"), ("PS256", "RS256")] {
        let service = rsa("alg", own);
        let request = service.request_with_token(|token| token.header("alg", other));
        let refused = Outcome::bad_token(Reason::TokenKeyUnknown);
        assert_eq!(service.run(&request), refused, "{other} by a key for {own}");
        let request = service.request_with_token(|token| token.header("alg", own));
        assert_eq!(service.run(&request), Outcome::Allowed, "{own}");
    }
    // In a proof the key says it of itself.
    let mut service = Service::dpop();
    service.client = keybound_tests::harness::Client::new(PrivateKey::rsa());
    let policy = service.proof_policy.clone();
    let algorithms = [Algorithm::Ps256, Algorithm::Rs256];
    service.proof_policy = policy.with_algorithms(&algorithms).unwrap();
    let jwk = PrivateKey::rsa().jwk_with("alg", "RS256");
    let request =
        service.request_with_proof(|proof| proof.header("alg", "PS256").header("jwk", jwk));
    let challenge = r#"DPoP error="invalid_dpop_proof", algs="PS256 RS256""#;
    let response = Response::challenged(401, &[challenge]);
    let refused = Outcome::Denied(Reason::ProofJwkAlgMismatch, response);
    assert_eq!(service.run(&request), refused);
}

#[test]
fn bcp_3_1_4_refuses_names_that_no_list_of_the_forbidden_would_hold() {
    for name in [
        "none",
        "None",
        "noNE",
        "NONE",
        "n\u{f6}ne",
        "none ",
        "\u{0}none",
        "ES256K",
        "es256",
        "ES256\n",
    ] {
        let outcome = with_proof(|proof| proof.header("alg", name));
        assert_eq!(
            outcome,
            Outcome::bad_proof(Reason::ProofAlgRefused),
            "{name}"
        );
        let outcome = with_token(|token| token.header("alg", name));
        assert_eq!(
            outcome,
            Outcome::bad_token(Reason::TokenAlgRefused),
            "{name}"
        );
    }
}

#[test]
fn bcp_3_3_1_accepts_a_signed_token() {
    assert_eq!(with_token(|token| token), Outcome::Allowed);
}

/// CVE-2023-51774: whoever has a public key can encrypt what they like for it.
#[test]
fn bcp_3_3_1_refuses_an_encrypted_token_whatever_is_in_it() {
    let service = rsa("use", "sig");
    let claims = service.token().payload_json();
    for algorithm in ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "dir", "ES256"] {
        let header = json!({ "typ": "at+jwt", "alg": algorithm, "enc": "A256GCM", "kid": "k1" });
        let header = encode(header.to_string());
        let key = encode([1; 256]);
        let token = format!(
            "{header}.{key}.{}.{}.{}",
            encode([2; 12]),
            encode(&claims),
            encode([4; 16])
        );
        let refused = Outcome::bad_token(Reason::TokenEncrypted);
        assert_eq!(with_raw(&service, &token), refused, "{algorithm}");
        // without a key of its own
        let token = token.replace(&key, "");
        assert_eq!(with_raw(&service, &token), refused, "{algorithm}");
    }
    // One check that fails is enough.
    for alter in [
        Jws::corrupt as fn(Jws) -> Jws,
        |token| token.changed_signature(|octets| octets[1..].to_vec()),
        |token| token.changed_signature(|octets| [&octets[..], &[0]].concat()),
    ] {
        let outcome = with_token(alter);
        assert_eq!(outcome, Outcome::bad_token(Reason::TokenSignatureInvalid));
    }
}

#[test]
fn bcp_3_4_1_refuses_an_invalid_point() {
    let ec = PrivateKey::p256(2);
    let off_curve = ec.jwk_with("y", ec.public_jwk()["x"].clone());
    let zero = json!({ "kty": "EC", "crv": "P-256", "x": encode([0; 32]), "y": encode([0; 32]) });
    // The neutral element and another point of small order.
    let mut one = [0; 32];
    one[0] = 1;
    let okp = |x| json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x) });
    for (algorithm, jwk) in [
        ("ES256", off_curve),
        ("ES256", zero),
        ("EdDSA", okp(one)),
        ("EdDSA", okp([0; 32])),
    ] {
        let outcome = with_proof(|proof| {
            let proof = proof.header("alg", algorithm).header("jwk", jwk.clone());
            proof.changed_signature(|_| vec![0; 64])
        });
        let refused = Outcome::bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(outcome, refused, "{jwk}");
        // In a key set it is no key.
        let mut service = Service::dpop();
        let mut jwks = service.issuer.jwks();
        let mut named = jwk.clone();
        named["kid"] = json!("k2");
        jwks["keys"].as_array_mut().unwrap().push(named);
        service.jwks = Some(jwks);
        let request =
            service.request_with_token(|token| token.header("kid", "k2").header("alg", algorithm));
        let refused = Outcome::bad_token(Reason::TokenKeyUnknown);
        assert_eq!(service.run(&request), refused, "{jwk}");
    }
}

#[test]
fn bcp_3_7_1_refuses_every_other_encoding_of_text() {
    let utf16_le = |octets: &[u8]| -> Vec<u8> { octets.iter().flat_map(|o| [*o, 0]).collect() };
    let utf16_be = |octets: &[u8]| -> Vec<u8> { octets.iter().flat_map(|o| [0, *o]).collect() };
    let changes: [(&str, Change<'_>); 6] = [
        ("UTF-16", &|text| {
            [b"\xff\xfe", &utf16_le(text)[..]].concat()
        }),
        ("UTF-16, big-endian", &|text| {
            [b"\xfe\xff", &utf16_be(text)[..]].concat()
        }),
        ("UTF-16 without a mark", &utf16_le),
        ("a mark of UTF-8", &|text| [b"\xef\xbb\xbf", text].concat()),
        ("Latin 1", &|text| {
            [&text[..text.len() - 1], b",\"a\":\"\xe9\"}"].concat()
        }),
        ("a surrogate", &|text| {
            [&text[..text.len() - 1], b",\"a\":\"\xed\xa0\x80\"}"].concat()
        }),
    ];
    for (what, change) in changes {
        let header = |jws: Jws| {
            let text = change(&jws.header_json());
            jws.raw_header(text)
        };
        let payload = |jws: Jws| {
            let text = change(&jws.payload_json());
            jws.raw_payload(text)
        };
        let refused = Outcome::bad_proof(Reason::ProofHeaderMalformed);
        assert_eq!(with_proof(header), refused, "{what}");
        let refused = Outcome::bad_proof(Reason::ProofPayloadMalformed);
        assert_eq!(with_proof(payload), refused, "{what}");
        let refused = Outcome::bad_token(Reason::TokenMalformed);
        assert_eq!(with_token(header), refused, "{what}");
        assert_eq!(with_token(payload), refused, "{what}");
    }
}

#[test]
fn bcp_3_8_1_refuses_a_token_about_nobody_and_keys_of_another_issuer() {
    let outcome = with_token(|token| token.claim("sub", ""));
    assert_eq!(outcome, Outcome::bad_token(Reason::TokenClaimMissing));
    // Whoever's keys they are, they are not those of the issuer that the token names.
    let service = Service::dpop();
    let other = Issuer::new("https://other.example.com", PrivateKey::p256(9));
    let token = other
        .token()
        .claim("iss", ISSUER)
        .claim("cnf", json!({ "jkt": service.client.jkt() }));
    let refused = Outcome::bad_token(Reason::TokenSignatureInvalid);
    assert_eq!(with_raw(&service, &token.compact()), refused);
}

#[test]
fn bcp_3_10_1_accepts_any_name_of_a_key_as_a_name_and_nothing_else() {
    for kid in NAMES
        .into_iter()
        .map(str::to_owned)
        .chain(["k".repeat(256)])
    {
        let mut service = Service::dpop();
        let jwk = service.issuer.key().jwk_with("kid", kid.as_str());
        service.jwks = Some(json!({ "keys": [jwk] }));
        let request = service.request_with_token(|token| token.header("kid", kid.as_str()));
        assert_eq!(service.run(&request), Outcome::Allowed, "{kid}");
    }
}

#[test]
fn bcp_3_10_1_refuses_a_name_that_is_not_in_the_set() {
    let unknown = Outcome::bad_token(Reason::TokenKeyUnknown);
    let long = [256, 257, 8_000].map(|length| "k".repeat(length));
    let names = NAMES.into_iter().chain(long.iter().map(String::as_str));
    for kid in names.chain(["K1", "k1 ", "", "k1\u{0}", "k"]) {
        let mut service = Service::dpop();
        let counting = Arc::new(Counting::default());
        service.provider = counting.clone();
        let request = service.request_with_token(|token| token.header("kid", kid));
        assert_eq!(service.run(&request), unknown, "{kid}");
        let Calls { verify, .. } = counting.take();
        assert_eq!(verify, 0, "{kid}");
    }
    for kid in [json!(null), json!(1), json!(["k1"]), json!({ "k1": 1 })] {
        let outcome = with_token(|token| token.header("kid", kid.clone()));
        assert_eq!(outcome, unknown, "{kid}");
    }
    // A megabyte ends at the size of the token, and if that is let through, at its own.
    let megabyte = "k".repeat(1 << 20);
    let outcome = with_token(|token| token.header("kid", megabyte.as_str()));
    assert_eq!(outcome, Outcome::bad_token(Reason::TokenOversize));
    let mut service = Service::dpop();
    service.limits.token = 4 << 20;
    let request = service.request_with_token(|token| token.header("kid", megabyte.as_str()));
    assert_eq!(service.run(&request), unknown);
    assert_eq!(Limits::DEFAULT.kid, 256);
}

#[test]
fn bcp_3_10_2_refuses_keys_from_elsewhere_and_never_goes_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let place = format!("http://{}/keys", listener.local_addr().unwrap());
    let key = PrivateKey::p256(9);
    for (name, value) in [
        ("jku", json!(place)),
        ("x5u", json!(place)),
        ("x5c", json!(["MIIB"])),
        ("jwk", key.public_jwk()),
    ] {
        let outcome = with_token(|token| token.header(name, value.clone()).signed_by(&key));
        let refused = Outcome::bad_token(Reason::TokenSignatureInvalid);
        assert_eq!(outcome, refused, "{name} of a token");
        let outcome = with_token(|token| token.header(name, value.clone()));
        assert_eq!(outcome, Outcome::Allowed, "{name} is nothing to us");
        if name != "jwk" {
            let outcome = with_proof(|proof| proof.header(name, value.clone()).signed_by(&key));
            let refused = Outcome::bad_proof(Reason::ProofSignatureInvalid);
            assert_eq!(outcome, refused, "{name} of a proof");
        }
    }
    let nobody = listener.accept().map_err(|error| error.kind());
    assert_eq!(nobody.err(), Some(io::ErrorKind::WouldBlock));
}

// rules: JINTRO-8.1-1 (negative), DPOP-11.5-1 (negative)
#[test]
fn bcp_3_12_1_refuses_each_kind_of_jwt_as_each_other_kind() {
    let service = Service::dpop();
    let token = service.token();
    let proof = service.proof(&token.compact());
    let introspection = service
        .issuer
        .token()
        .header("typ", "token-introspection+jwt")
        .claim("token_introspection", active(&service));
    let wrong = Outcome::bad_token(Reason::TokenTypWrong);
    // as access token; the proof is made to name the issuer, or it would not come so far
    let named = proof.clone().claim("iss", ISSUER);
    assert_eq!(with_raw(&service, &named.compact()), wrong);
    assert_eq!(with_raw(&service, &introspection.compact()), wrong);
    let unknown = Outcome::bad_token(Reason::TokenIssuerUnknown);
    assert_eq!(with_raw(&service, &proof.compact()), unknown);
    // as proof
    for other in [&token, &introspection] {
        let request = service.request_with(&token.compact(), &other.compact());
        let refused = Outcome::bad_proof(Reason::ProofTypWrong);
        assert_eq!(service.run(&request), refused);
    }
    // as introspection response, which is JSON and no JWT
    for other in [&token, &proof, &introspection] {
        let mut service = Service::introspecting(&json!({}));
        service.introspection = Some(Introspection::Answers(other.compact().into_bytes()));
        let refused = Outcome::Denied(
            Reason::IntrospectionUnavailable,
            Response::unavailable(503, 5),
        );
        assert_eq!(with_raw(&service, "opaque-token"), refused);
    }
    // Each is right where it belongs, so that nothing else is what is refused.
    let request = service.request_with(&token.compact(), &proof.compact());
    assert_eq!(service.run(&request), Outcome::Allowed);
    let service = Service::introspecting(&active(&service));
    assert_eq!(with_raw(&service, "opaque-token"), Outcome::Allowed);
}

#[test]
fn bcp_3_14_1_refuses_any_octet_that_no_jwt_has() {
    let service = Service::dpop();
    let token = service.token().compact();
    let proof = service.proof(&token).compact();
    let json_of = |jws: &str| {
        let parts: Vec<&str> = jws.split('.').collect();
        // one signature, so that no comma is taken for a second line
        format!(r#"{{"payload":"{}"}}"#, parts[1])
    };
    let changed = |jws: &str| {
        [
            json_of(jws),
            format!("{jws}\n"),
            format!("{jws}\r\n"),
            format!("{jws} "),
            format!(" {jws}"),
            format!("{jws}="),
            format!("{jws}+"),
            format!("{jws}~"),
            jws.replacen('.', "/.", 1),
            jws.replacen('.', "\u{0}.", 1),
            format!("{jws}\u{e9}"),
        ]
    };
    for line in changed(&proof) {
        let refused = Outcome::bad_proof(Reason::ProofMalformed);
        let request = service.request_with(&token, &line);
        assert_eq!(service.run(&request), refused, "{line:?}");
    }
    // A token is a token68 before it is a JWT; spaces before it belong to the field.
    for text in changed(&token).iter().filter(|text| !text.starts_with(' ')) {
        let token68 = !text.contains(['{', '\n', ' ', '\u{0}', '\u{e9}']);
        let refused = match token68 {
            true => Outcome::bad_token(Reason::TokenMalformed),
            false => Outcome::bad_request(Reason::CredentialsMalformed),
        };
        assert_eq!(with_raw(&service, text), refused, "{text:?}");
    }
    // Nor is any of it read as JWT where opaque tokens are taken: the issuer alone knows it.
    let mut service = Service::introspecting(&json!({}));
    service.introspection = Some(Introspection::Fails);
    let undecided = Outcome::Failed(
        Reason::IntrospectionUnavailable,
        Response::unavailable(503, 5),
    );
    assert_eq!(with_raw(&service, &format!("{token}~")), undecided);
    assert_eq!(with_raw(&service, &token), Outcome::Allowed);
}

#[test]
fn bcp_3_15_1_refuses_what_is_compressed() {
    for value in [json!("DEF"), json!("GZ"), json!(null)] {
        let outcome = with_token(|token| token.header("zip", value.clone()));
        let refused = Outcome::bad_token(Reason::TokenEncrypted);
        assert_eq!(outcome, refused, "{value}");
    }
}

/// Another encoding of a text.
type Change<'c> = &'c dyn Fn(&[u8]) -> Vec<u8>;

/// What an issuer says about a token of the client of this service.
fn active(service: &Service) -> Value {
    json!({
        "active": true,
        "aud": AUDIENCE,
        "exp": NOW + 60,
        "scope": "orders:read",
        "cnf": { "jkt": service.client.jkt() },
    })
}

const NAMES: [&str; 6] = [
    "../../../../etc/passwd",
    "k2' OR '1'='1",
    "'; DROP TABLE keys; --",
    "$(curl 127.0.0.1)",
    "http://127.0.0.1/keys",
    "k\u{f6}y\n\u{202e}",
];
