//! What a proof holds (RFC 9449 section 4.2), read by hand and checked by other code than ours.
#![cfg(test)]

use std::collections::{BTreeSet, HashSet};
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Verifier;
use keybound::crypto::CryptoProvider;
use keybound::{Algorithm, PublicKey, UnixTime, UriError};
use keybound_client::{Dpop, KeyError, ProofError, ProofSigner, SignError, SigningKey, now};
use keybound_crypto::RustCrypto;
use serde_json::{Value, json};

#[test]
fn dpop_4_1_only_fresh_proofs() {
    for dpop in every_kind() {
        let one = dpop.proof("GET", URI).sign(at(IAT)).unwrap();
        let other = dpop.proof("GET", URI).sign(at(IAT)).unwrap();
        assert_ne!(
            Parsed::of(&one).payload["jti"],
            Parsed::of(&other).payload["jti"]
        );
        assert_ne!(one, other);
    }
}

#[test]
fn dpop_4_1_2_sends_the_compact_alphabet() {
    for dpop in every_kind() {
        let proof = dpop.proof("GET", URI).nonce("!#~").sign(at(IAT)).unwrap();
        let compact = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet);
        assert!(proof.bytes().all(compact), "{proof}");
    }
}

#[test]
fn dpop_4_2_1_sends_typ_dpop_jwt() {
    for dpop in every_kind() {
        let header = Parsed::of(&dpop.proof("GET", URI).sign(at(IAT)).unwrap()).header;
        assert_eq!(header["typ"], "dpop+jwt");
        assert_eq!(members(&header), ["alg", "jwk", "typ"]);
    }
}

#[test]
fn dpop_4_2_2_sends_the_algorithm_of_the_key() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519] {
        let dpop = Dpop::generate(algorithm).unwrap();
        let header = Parsed::of(&dpop.proof("GET", URI).sign(at(IAT)).unwrap()).header;
        assert_eq!(header["alg"], algorithm.name());
        assert_eq!(dpop.algorithm(), algorithm);
    }
    for algorithm in [Algorithm::Es384, Algorithm::Ps256, Algorithm::Rs256] {
        assert_eq!(
            Dpop::generate(algorithm).map(|_| ()),
            Err(KeyError::UnsupportedAlgorithm { algorithm })
        );
    }
}

#[test]
fn dpop_4_2_2_refuses_an_algorithm_that_does_not_fit_the_key() {
    for algorithm in Algorithm::ALL.iter().copied() {
        let made = Dpop::from_signer(Fixed { algorithm, ..K1 }).map(|dpop| dpop.algorithm());
        let expected = match algorithm {
            Algorithm::Es256 => Ok(algorithm),
            _ => Err(KeyError::AlgorithmMismatch { algorithm }),
        };
        assert_eq!(made, expected);
    }
}

#[test]
fn dpop_4_2_3_sends_exactly_the_thumbprint_members() {
    for dpop in every_kind() {
        let header = Parsed::of(&dpop.proof("GET", URI).sign(at(IAT)).unwrap()).header;
        let expected: &[&str] = match dpop.algorithm() {
            Algorithm::Es256 => &["crv", "kty", "x", "y"],
            _ => &["crv", "kty", "x"],
        };
        assert_eq!(members(&header["jwk"]), expected);
        assert_eq!(
            PublicKey::from_jwk(header["jwk"].to_string().as_bytes()).as_ref(),
            Ok(dpop.public_key())
        );
    }
}

#[test]
fn dpop_4_2_4_never_sends_a_private_member_or_value() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519] {
        for _ in 0..50 {
            let key = SigningKey::generate(algorithm).unwrap();
            let jwk: Value = serde_json::from_str(&key.to_private_jwk()).unwrap();
            let d = jwk["d"].as_str().unwrap().to_owned();
            let dpop = Dpop::from_signer(key).unwrap();
            let parsed = Parsed::of(&dpop.proof("GET", URI).sign(at(IAT)).unwrap());
            for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert_eq!(parsed.header.get(name), None, "{name}");
                assert_eq!(parsed.header["jwk"].get(name), None, "{name}");
            }
            assert!(!parsed.header.to_string().contains(&d));
            assert!(!parsed.payload.to_string().contains(&d));
        }
    }
}

#[test]
fn dpop_4_2_5_sends_the_four_claims() {
    for dpop in every_kind() {
        let payload = Parsed::of(&dpop.proof("POST", URI).sign(at(IAT)).unwrap()).payload;
        assert_eq!(members(&payload), ["htm", "htu", "iat", "jti"]);
        assert!(payload["jti"].is_string());
        assert_eq!(payload["htm"], "POST");
        assert_eq!(payload["htu"], URI);
        assert_eq!(payload["iat"], json!(IAT));
    }
}

#[test]
fn dpop_4_2_6_sends_a_unique_jti_of_22_chars() {
    let dpop = Dpop::from_signer(K1).unwrap();
    let mut seen = HashSet::new();
    for _ in 0..100_000 {
        let payload = Parsed::of(&dpop.proof("GET", URI).sign(at(IAT)).unwrap()).payload;
        let jti = payload["jti"].as_str().unwrap();
        assert_eq!(jti.len(), 22);
        assert_eq!(URL_SAFE_NO_PAD.decode(jti).unwrap().len(), 16);
        assert!(seen.insert(jti.to_owned()), "{jti} came twice");
    }
}

#[test]
fn dpop_4_2_7_only_the_method_octet_by_octet() {
    let dpop = Dpop::from_signer(K1).unwrap();
    for method in ["GET", "PATCH", "HEAD", "QUERY", "get", "M-SEARCH", "X'`|~"] {
        let payload = Parsed::of(&dpop.proof(method, URI).sign(at(IAT)).unwrap()).payload;
        assert_eq!(payload["htm"], method);
    }
    for method in [
        "", " ", "GET ", "GET\n", "G\"T", "G\\T", "É", "GET,POST", "GET\0",
    ] {
        assert_eq!(
            dpop.proof(method, URI).sign(at(IAT)),
            Err(ProofError::Method),
            "{method:?}"
        );
    }
}

#[test]
fn dpop_4_2_8_only_the_normal_form_without_query_and_fragment() {
    let dpop = Dpop::from_signer(K1).unwrap();
    let rows = [
        ("https://rs.example/a?x=1#f", Ok("https://rs.example/a")),
        ("https://rs.example/a?x=\"1", Ok("https://rs.example/a")),
        ("https://rs.example/a#?", Ok("https://rs.example/a")),
        ("https://rs.example?x", Ok("https://rs.example/")),
        (
            "HTTPS://RS.Example:443/%7euser/./a/../b%2fc",
            Ok("https://rs.example/~user/b%2Fc"),
        ),
        ("http://127.0.0.1:8080/", Ok("http://127.0.0.1:8080/")),
        ("https://user@rs.example/a", Err(UriError::Userinfo)),
        (
            "https://user:password@rs.example/a",
            Err(UriError::Userinfo),
        ),
        ("/a", Err(UriError::NotAbsolute)),
        ("", Err(UriError::NotAbsolute)),
        ("wss://rs.example/a", Err(UriError::Scheme)),
        ("https:///a", Err(UriError::EmptyHost)),
        ("https://rs.example/a b", Err(UriError::IllegalOctet)),
        ("https://rs.example/a\"b", Err(UriError::IllegalOctet)),
        ("https://rs.example/a\\b", Err(UriError::IllegalOctet)),
        ("https://rs.example/é", Err(UriError::NonAscii)),
        ("https://rs.example/%zz", Err(UriError::Escape)),
    ];
    for (uri, expected) in rows {
        let proof = dpop.proof("GET", uri).sign(at(IAT));
        let htu = proof.map(|proof| Parsed::of(&proof).payload["htu"].clone());
        let expected = expected.map(Value::from).map_err(ProofError::Uri);
        assert_eq!(htu, expected, "{uri:?}");
    }
}

#[test]
fn dpop_4_2_9_sends_the_given_time_in_whole_seconds() {
    let dpop = Dpop::from_signer(K1).unwrap();
    for seconds in [0, 1, IAT, u64::MAX] {
        let payload = Parsed::of(&dpop.proof("GET", URI).sign(at(seconds)).unwrap()).payload;
        assert_eq!(payload["iat"].as_u64(), Some(seconds));
    }
    let late = UnixTime::since_unix_epoch(Duration::from_millis(IAT * 1000 + 999));
    let payload = Parsed::of(&dpop.proof("GET", URI).sign(late).unwrap()).payload;
    assert_eq!(payload["iat"].as_u64(), Some(IAT));
}

#[test]
fn now_is_the_time_of_the_system() {
    let seconds = || {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap().as_secs()
    };
    let before = seconds();
    let read = now().as_secs();
    assert!((before..=seconds()).contains(&read));
}

#[test]
fn dpop_4_2_10_only_the_token_itself_is_hashed() {
    let dpop = Dpop::from_signer(K1).unwrap();
    let proof = dpop.proof("GET", URI).access_token(TOKEN).sign(at(IAT));
    let payload = Parsed::of(&proof.unwrap()).payload;
    // RFC 9449, figure 13
    assert_eq!(
        payload["ath"],
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    );
    assert_eq!(members(&payload), ["ath", "htm", "htu", "iat", "jti"]);

    let with_scheme = format!("DPoP {TOKEN}");
    for token in [&with_scheme, "", "=", "a b", "a,b", "tokén", "a\n", "a=b"] {
        assert_eq!(
            dpop.proof("GET", URI).access_token(token).sign(at(IAT)),
            Err(ProofError::AccessToken),
            "{token:?}"
        );
    }
}

#[test]
fn dpop_4_2_11_sends_the_nonce_as_it_came() {
    let dpop = Dpop::from_signer(K1).unwrap();
    let longest = "n".repeat(1024);
    for nonce in ["eyJ7S_zG.eyJH0-Z.HX4w-7v", "!#[]~", "1", &longest] {
        let proof = dpop.proof("GET", URI).nonce(nonce).sign(at(IAT)).unwrap();
        let payload = Parsed::of(&proof).payload;
        assert_eq!(payload["nonce"], nonce);
        assert_eq!(members(&payload), ["htm", "htu", "iat", "jti", "nonce"]);
    }
}

#[test]
fn dpop_8_1_1_refuses_a_nonce_outside_the_grammar() {
    let dpop = Dpop::from_signer(K1).unwrap();
    let too_long = "n".repeat(1025);
    for nonce in [
        "", " ", "a b", "a\"b", "a\\b", "é", "a\n", "\u{7f}", &too_long,
    ] {
        assert_eq!(
            dpop.proof("GET", URI).nonce(nonce).sign(at(IAT)),
            Err(ProofError::Nonce),
            "{nonce:?}"
        );
    }
}

#[test]
fn signatures_verify_with_the_libraries_and_with_our_provider() {
    for dpop in every_kind() {
        for _ in 0..20 {
            let proof = dpop.proof("GET", URI).access_token(TOKEN).sign(at(IAT));
            let parsed = Parsed::of(&proof.unwrap());
            parsed.verify_by_library();
            let key = PublicKey::from_jwk(parsed.header["jwk"].to_string().as_bytes()).unwrap();
            let input = parsed.signing_input.as_bytes();
            assert_eq!(RustCrypto.check_key(&key), Ok(()));
            assert_eq!(
                RustCrypto.verify(dpop.algorithm(), &key, input, &parsed.signature),
                Ok(())
            );
        }
    }
}

#[test]
fn a_signer_that_fails_makes_no_proof() {
    let failing = Fixed {
        signature: || Err(SignError::new("the token is locked")),
        ..K1
    };
    let dpop = Dpop::from_signer(failing).unwrap();
    let error = dpop.proof("GET", URI).sign(at(IAT)).unwrap_err();
    assert_eq!(
        error,
        ProofError::Sign(SignError::new("the token is locked"))
    );
    assert_eq!(error.to_string(), "the signer failed: the token is locked");
}

#[test]
fn a_signature_of_another_length_makes_no_proof() {
    let rows: [(Answer, usize); 4] = [
        (|| Ok(vec![]), 0),
        (|| Ok(vec![1; 63]), 63),
        (|| Ok(vec![1; 65]), 65),
        (|| Ok(vec![0x30; 71]), 71),
    ];
    for (signature, actual) in rows {
        let dpop = Dpop::from_signer(Fixed { signature, ..K1 }).unwrap();
        assert_eq!(
            dpop.proof("GET", URI).sign(at(IAT)),
            Err(ProofError::SignatureLength {
                expected: 64,
                actual
            })
        );
    }
}

#[test]
fn the_jkt_is_that_of_the_published_keys() {
    let k1 = Dpop::from_signer(K1).unwrap();
    // RFC 9449, figure 8
    assert_eq!(
        k1.jkt().to_string(),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    // RFC 8037, appendix A.3
    let rfc_8037 = Dpop::from_signer(rfc_8037_key()).unwrap();
    assert_eq!(
        rfc_8037.jkt().to_string(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    let renamed = rfc_8037_key().with_algorithm(Algorithm::Ed25519).unwrap();
    assert_eq!(Dpop::from_signer(renamed).unwrap().jkt(), rfc_8037.jkt());
}

#[test]
fn the_signature_of_rfc_8037_comes_out_again() {
    // RFC 8037, appendix A.4
    let signature = rfc_8037_key()
        .sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
        .unwrap();
    assert_eq!(
        URL_SAFE_NO_PAD.encode(signature),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn fsa_4_1_2_1_sends_either_name_as_computed_elsewhere() {
    let payload = concat!(
        "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxl",
        "Lm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0Ji",
        "MHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9"
    );
    let rows = [
        (
            Algorithm::EdDsa,
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkRFNBIiwiandrIjp7Imt0eSI6Ik9LUCIsImNydiI6IkVkMjU1MTkiLCJ4IjoiMTFxWUFZS3hDcmZWU183VHlXUUhPZzdoY3ZQYXBpTWxyd0lhYVBjSFVSbyJ9fQ",
            "HT_ODsyeKy4NkTQifMzdXe-Zet3ticEkOY3RxYjUstq7rXWmDenh5eF1YtrtYmo7JpAiT43FT6waZN0DD0UkCA",
        ),
        (
            Algorithm::Ed25519,
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVkMjU1MTkiLCJqd2siOnsia3R5IjoiT0tQIiwiY3J2IjoiRWQyNTUxOSIsIngiOiIxMXFZQVlLeENyZlZTXzdUeVdRSE9nN2hjdlBhcGlNbHJ3SWFhUGNIVVJvIn19",
            "NJ6p1LWJyxZ9_IOQSmho1jNxGMOEzNfOpWYSYtREwkaCqksoH7i2xMXcY-gowgcnDVSjTgIMFbXGxVimBz1iAw",
        ),
    ];
    for (algorithm, header, signature) in rows {
        let key = rfc_8037_key().with_algorithm(algorithm).unwrap();
        let signed = key.sign(format!("{header}.{payload}").as_bytes()).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(signed), signature);
        let dpop = Dpop::from_signer(key).unwrap();
        let proof = dpop.proof("GET", URI).sign(at(IAT)).unwrap();
        assert_eq!(proof.split('.').next(), Some(header));
    }
}

#[test]
fn nothing_secret_prints() {
    let dpop = Dpop::from_signer(K1).unwrap();
    assert_eq!(
        format!("{dpop:?}"),
        "Dpop { algorithm: Es256, jkt: Jkt(0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I), .. }"
    );
    let builder = dpop
        .proof("GET", URI)
        .access_token(TOKEN)
        .nonce("secretish");
    let printed = format!("{builder:?}");
    assert!(
        !printed.contains(TOKEN) && !printed.contains("secretish"),
        "{printed}"
    );
}

#[test]
fn a_handle_is_shared_between_threads() {
    fn shared<T: Clone + Debug + Send + Sync + 'static>() {}
    shared::<Dpop>();
    let dpop = Dpop::generate(Algorithm::EdDsa).unwrap();
    let copy = dpop.clone();
    let thread = std::thread::spawn(move || copy.proof("GET", URI).sign(at(IAT)));
    let parsed = Parsed::of(&thread.join().unwrap().unwrap());
    let key = PublicKey::from_jwk(parsed.header["jwk"].to_string().as_bytes());
    assert_eq!(key.as_ref(), Ok(dpop.public_key()));
}

fn every_kind() -> [Dpop; 3] {
    [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519]
        .map(|algorithm| Dpop::generate(algorithm).unwrap())
}

/// RFC 8037, appendix A.1.
fn rfc_8037_key() -> SigningKey {
    SigningKey::from_private_jwk(
        br#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    )
    .unwrap()
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn members(object: &Value) -> Vec<&str> {
    let names: BTreeSet<_> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.into_iter().collect()
}

/// A compact JWS, taken apart without any code of ours.
struct Parsed {
    header: Value,
    payload: Value,
    signing_input: String,
    signature: Vec<u8>,
}

impl Parsed {
    fn of(proof: &str) -> Self {
        let parts: Vec<_> = proof.split('.').collect();
        let [header, payload, signature] = parts.try_into().unwrap();
        let json = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        Self {
            header: json(header),
            payload: json(payload),
            signing_input: format!("{header}.{payload}"),
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap(),
        }
    }

    fn verify_by_library(&self) {
        let member = |name: &str| -> [u8; 32] {
            let text = self.header["jwk"][name].as_str().unwrap();
            URL_SAFE_NO_PAD.decode(text).unwrap().try_into().unwrap()
        };
        let input = self.signing_input.as_bytes();
        if self.header["alg"] == "ES256" {
            let point = [&[4][..], &member("x"), &member("y")].concat();
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
            let signature = p256::ecdsa::Signature::from_slice(&self.signature).unwrap();
            key.verify(input, &signature).unwrap();
        } else {
            let key = ed25519_dalek::VerifyingKey::from_bytes(&member("x")).unwrap();
            let signature = ed25519_dalek::Signature::from_slice(&self.signature).unwrap();
            key.verify_strict(input, &signature).unwrap();
        }
    }
}

type Answer = fn() -> Result<Vec<u8>, SignError>;

/// A signer outside this process, with the key of RFC 9449, whose private half nobody has.
#[derive(Debug)]
struct Fixed {
    public: PublicKey,
    algorithm: Algorithm,
    signature: Answer,
}

impl ProofSigner for Fixed {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        (self.signature)()
    }
}

const K1: Fixed = Fixed {
    public: PublicKey::p256(
        [
            0x97, 0xcb, 0x45, 0xae, 0x1c, 0x7e, 0xdf, 0x8b, 0x55, 0xde, 0x14, 0x48, 0x09, 0x10,
            0xd8, 0xf7, 0x30, 0xa4, 0x0e, 0x5a, 0x41, 0x84, 0x5e, 0x36, 0x51, 0x05, 0x1f, 0x59,
            0x50, 0x16, 0x04, 0x5b,
        ],
        [
            0xf5, 0x51, 0x38, 0x8d, 0xff, 0xce, 0x93, 0xfa, 0x3a, 0xe3, 0x36, 0xd3, 0x4e, 0x57,
            0x2e, 0x34, 0x96, 0xa3, 0x1e, 0x6b, 0x7a, 0xbf, 0xd4, 0xc3, 0x56, 0xb5, 0x34, 0x09,
            0xdb, 0xc6, 0x44, 0x30,
        ],
    ),
    algorithm: Algorithm::Es256,
    signature: || Ok(vec![1; 64]),
};

const URI: &str = "https://resource.example.org/protectedresource";
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const IAT: u64 = 1_562_262_618;
