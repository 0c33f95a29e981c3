//! Private keys as JWK, as PEM and in files.
#![cfg(test)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keybound::Algorithm;
use keybound_client::{KeyError, ProofSigner, SigningKey};

#[test]
fn a_key_survives_as_jwk_and_as_pem() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519] {
        let key = SigningKey::generate(algorithm).unwrap();
        let jwk = key.to_private_jwk();
        let from_jwk = SigningKey::from_private_jwk(jwk.as_bytes()).unwrap();
        assert_eq!(from_jwk.algorithm(), algorithm);
        assert_eq!(from_jwk.public_key(), key.public_key());
        assert_eq!(from_jwk.sign(b"m"), key.sign(b"m"));

        let pem = key.to_pkcs8_pem().unwrap();
        let from_pem = SigningKey::from_pkcs8_pem(&pem).unwrap();
        // PEM does not keep the name, and the usual one is the default.
        assert!(from_pem.algorithm().same_operation(algorithm));
        assert_ne!(from_pem.algorithm(), Algorithm::Ed25519);
        assert_eq!(from_pem.public_key(), key.public_key());
        assert_eq!(from_pem.sign(b"m"), key.sign(b"m"));
    }
}

#[test]
fn the_text_of_a_jwk_is_fixed() {
    let key = SigningKey::from_private_jwk(RFC_8037.as_bytes()).unwrap();
    assert_eq!(
        *key.to_private_jwk(),
        concat!(
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","#,
            r#""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","alg":"EdDSA"}"#
        )
    );
}

#[test]
fn jwks_are_read_strictly() {
    let okp = |from: &str, to: &str| {
        assert!(RFC_8037.contains(from), "{from}");
        RFC_8037.replacen(from, to, 1)
    };
    let ec = |from: &str, to: &str| {
        assert!(RFC_7515.contains(from), "{from}");
        RFC_7515.replacen(from, to, 1)
    };
    let missing = |name| Err(KeyError::MissingMember { name });
    let bad = |name| Err(KeyError::BadMember { name });
    let mismatch = |algorithm| Err(KeyError::AlgorithmMismatch { algorithm });
    let zero = URL_SAFE_NO_PAD.encode([0; 32]);
    let d = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
    let rows: Vec<(String, Result<Algorithm, KeyError>)> = vec![
        (RFC_8037.into(), Ok(Algorithm::EdDsa)),
        (RFC_7515.into(), Ok(Algorithm::Es256)),
        (okp("{", r#"{"kid":"1","n":null,"#), Ok(Algorithm::EdDsa)),
        (
            okp("{", r#"{"use":"sig","key_ops":["sign","verify"],"#),
            Ok(Algorithm::EdDsa),
        ),
        (okp("{", r#"{"alg":"Ed25519","#), Ok(Algorithm::Ed25519)),
        (okp("{", r#"{"alg":"EdDSA","#), Ok(Algorithm::EdDsa)),
        (ec("{", r#"{"alg":"ES256","#), Ok(Algorithm::Es256)),
        // alg
        (ec("{", r#"{"alg":"EdDSA","#), mismatch(Algorithm::EdDsa)),
        (ec("{", r#"{"alg":"ES384","#), mismatch(Algorithm::Es384)),
        (okp("{", r#"{"alg":"ES256","#), mismatch(Algorithm::Es256)),
        (okp("{", r#"{"alg":"eddsa","#), bad("alg")),
        (okp("{", r#"{"alg":"none","#), bad("alg")),
        (okp("{", r#"{"alg":"HS256","#), bad("alg")),
        (okp("{", r#"{"alg":null,"#), Err(KeyError::NotAJwk)),
        // use and key_ops
        (okp("{", r#"{"use":"enc","#), Err(KeyError::NotForSigning)),
        (okp("{", r#"{"use":"","#), Err(KeyError::NotForSigning)),
        (
            okp("{", r#"{"key_ops":["verify"],"#),
            Err(KeyError::NotForSigning),
        ),
        (okp("{", r#"{"key_ops":[],"#), Err(KeyError::NotForSigning)),
        (okp("{", r#"{"key_ops":"sign","#), Err(KeyError::NotAJwk)),
        // no JSON object with unique string members
        (String::new(), Err(KeyError::NotAJwk)),
        ("null".into(), Err(KeyError::NotAJwk)),
        (format!("[{RFC_8037}]"), Err(KeyError::NotAJwk)),
        (format!("{RFC_8037}x"), Err(KeyError::NotAJwk)),
        (format!("{RFC_8037}{RFC_8037}"), Err(KeyError::NotAJwk)),
        (okp("{", r#"{"kty":"EC","#), Err(KeyError::NotAJwk)),
        (okp("{", r#"{"kty":"OKP","#), Err(KeyError::NotAJwk)),
        (okp("{", r#"{"crv":"Ed25519","#), Err(KeyError::NotAJwk)),
        (okp("{", r#"{"d":"","#), Err(KeyError::NotAJwk)),
        (okp(r#""OKP""#, r#"["OKP"]"#), Err(KeyError::NotAJwk)),
        (okp(r#""nWGx"#, r#""\u006eWGx"#), Err(KeyError::NotAJwk)),
        // other kinds
        (
            okp(r#""OKP""#, r#""oct""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            okp(r#""OKP""#, r#""RSA""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            okp(r#""OKP""#, r#""okp""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            okp(r#""OKP""#, r#""EC""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            okp(r#""Ed25519""#, r#""X25519""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            okp(r#""Ed25519""#, r#""Ed448""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            ec(r#""P-256""#, r#""P-384""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        (
            ec(r#""P-256""#, r#""secp256k1""#),
            Err(KeyError::UnsupportedKeyType),
        ),
        // missing members
        ("{}".into(), missing("kty")),
        (okp(r#""kty""#, r#""Kty""#), missing("kty")),
        (okp(r#""crv""#, r#""Crv""#), missing("crv")),
        (okp(r#""d""#, r#""D""#), missing("d")),
        (okp(r#""x""#, r#""X""#), missing("x")),
        (ec(r#""x""#, r#""X""#), missing("x")),
        (ec(r#""y""#, r#""Y""#), missing("y")),
        (ec(r#""d""#, r#""D""#), missing("d")),
        // length and encoding
        (okp("nWGx", "nWG"), bad("d")),
        (okp("nWGx", ""), bad("d")),
        (okp("nWGx", "nWGxA"), bad("d")),
        (okp("nWGx", "nWGxAAAA"), bad("d")),
        (okp("yuf2A", "yuf2A="), bad("d")),
        (okp("yuf2A", "yuf2B"), bad("d")),
        (okp("ne_9", "ne/9"), bad("d")),
        (okp("11qY", "11q"), bad("x")),
        (ec("f83O", "f83"), bad("x")),
        (ec("x_FE", "x_F"), bad("y")),
        (ec("jpsQ", "AAAAjpsQ"), bad("d")),
        // out of range
        (ec(d, &zero), Err(KeyError::OutOfRange)),
        (
            ec(d, &URL_SAFE_NO_PAD.encode(P256_ORDER)),
            Err(KeyError::OutOfRange),
        ),
        (
            ec(d, &URL_SAFE_NO_PAD.encode([0xff; 32])),
            Err(KeyError::OutOfRange),
        ),
        // the public part of another key
        (okp("11qY", "21qY"), Err(KeyError::PublicPartMismatch)),
        (okp("nWGx", "nWGy"), Err(KeyError::PublicPartMismatch)),
        (ec("f83O", "g83O"), Err(KeyError::PublicPartMismatch)),
        (ec("x_FE", "y_FE"), Err(KeyError::PublicPartMismatch)),
        (ec("jpsQ", "kpsQ"), Err(KeyError::PublicPartMismatch)),
    ];
    for (document, expected) in rows {
        let key = SigningKey::from_private_jwk(document.as_bytes());
        assert_eq!(key.map(|key| key.algorithm()), expected, "{document}");
    }
}

#[test]
fn a_refusal_does_not_repeat_the_key() {
    for document in [
        RFC_8037.replacen("\"nWGx", "[\"nWGx", 1),
        RFC_8037.replacen("nWGx", "nWGy", 1),
        RFC_8037.replacen("yuf2A", "yuf2A=", 1),
    ] {
        let error = SigningKey::from_private_jwk(document.as_bytes()).unwrap_err();
        let printed = format!("{error} {error:?}");
        assert!(!printed.contains("ne_9WmC6"), "{printed}");
    }
}

#[test]
fn pems_of_other_tools_are_read() {
    let rows = [
        // RFC 8410 section 10.3, without and with the public key
        (
            RFC_8410,
            Algorithm::EdDsa,
            "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE",
        ),
        (
            RFC_8410_V2,
            Algorithm::EdDsa,
            "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE",
        ),
        // RFC 9500 section 2.3, made PKCS #8 by OpenSSL 3
        (
            RFC_9500,
            Algorithm::Es256,
            "QiVI-I-3gv-17KN0RFLHKh5Vj71vc75eSOkyMsxFxbE",
        ),
    ];
    for (pem, algorithm, x) in rows {
        let key = SigningKey::from_pkcs8_pem(pem).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let jwk = key.public_key().to_jwk();
        assert!(jwk.contains(&format!(r#""x":"{x}""#)), "{jwk}");
        assert!(SigningKey::from_pkcs8_pem(&pem.replace('\n', "\r\n")).is_ok());
    }
}

#[test]
fn pems_are_read_strictly() {
    let relabel = |label: &str| RFC_9500.replace("PRIVATE KEY", label);
    let rows: Vec<(String, KeyError)> = vec![
        (String::new(), KeyError::NotPkcs8Pem),
        ("no key".into(), KeyError::NotPkcs8Pem),
        (relabel("EC PRIVATE KEY"), KeyError::NotPkcs8Pem),
        (relabel("ENCRYPTED PRIVATE KEY"), KeyError::NotPkcs8Pem),
        (relabel("PUBLIC KEY"), KeyError::NotPkcs8Pem),
        (relabel("CERTIFICATE"), KeyError::NotPkcs8Pem),
        (
            RFC_9500.replacen("-----END", "----END", 1),
            KeyError::NotPkcs8Pem,
        ),
        (RFC_9500.replacen("MIGH", "MI!H", 1), KeyError::NotPkcs8Pem),
        (pem(b""), KeyError::NotPkcs8Pem),
        (pem(&[0x30, 0x00]), KeyError::Pkcs8),
        (
            pem(&patched(RFC_9500, |der| der.truncate(100))),
            KeyError::NotPkcs8Pem,
        ),
        (
            pem(&patched(RFC_9500, |der| der.push(0))),
            KeyError::NotPkcs8Pem,
        ),
        // the private number: zero, the order, another one
        (
            pem(&patched(RFC_9500, |der| der[36..68].fill(0))),
            KeyError::Pkcs8,
        ),
        (
            pem(&patched(RFC_9500, |der| {
                der[36..68].copy_from_slice(&P256_ORDER)
            })),
            KeyError::Pkcs8,
        ),
        (pem(&patched(RFC_9500, |der| der[67] ^= 1)), KeyError::Pkcs8),
        // the public point: not on the curve
        (
            pem(&patched(RFC_9500, |der| *der.last_mut().unwrap() ^= 1)),
            KeyError::Pkcs8,
        ),
        (
            pem(&patched(RFC_8410_V2, |der| *der.last_mut().unwrap() ^= 1)),
            KeyError::Pkcs8,
        ),
        (pem(&patched(RFC_8410, |der| der[15] = 31)), KeyError::Pkcs8),
        // X25519 for Ed25519; secp256k1 (1.3.132.0.10) is shorter, so another arc will do for P-256
        (
            pem(&patched(RFC_8410, |der| der[11] = 110)),
            KeyError::UnsupportedKeyType,
        ),
        (
            pem(&patched(RFC_9500, |der| der[25] = 6)),
            KeyError::UnsupportedKeyType,
        ),
    ];
    for (text, expected) in rows {
        let key = SigningKey::from_pkcs8_pem(&text);
        assert_eq!(key.map(|key| key.algorithm()), Err(expected), "{text}");
    }
}

fn patched(text: &str, patch: fn(&mut Vec<u8>)) -> Vec<u8> {
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = STANDARD.decode(body).unwrap();
    patch(&mut der);
    der
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    let body = STANDARD.encode(der);
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}

/// RFC 8037, appendix A.1.
const RFC_8037: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// RFC 7515, appendix A.3.
const RFC_7515: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

const RFC_8410: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

const RFC_8410_V2: &str = "\
-----BEGIN PRIVATE KEY-----
MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB
Z9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PRIVATE KEY-----
";

const RFC_9500: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5stb3YCqRa6clejB
VHZnn/7JU8FoUecR50OTlYnGT8GhRANCAARCJUj4j7eC/7Xso3REUscqHlWPvW9z
vl5I6TIyzEXFsWxM0QxMuNW4oXE56UiCyJklcpk0JfQUGat+kKQqSUJy
-----END PRIVATE KEY-----
";

/// SEC 2 section 2.4.2.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
