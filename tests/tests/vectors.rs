//! The vectors of the specifications against the library, one provider after the other.

use keybound::crypto::{CryptoProvider, InvalidSignature};
use keybound::{
    Algorithm, CertificateThumbprint, Jkt, JwkError, KeySet, Limits, PublicKey, TokenHash,
};
use keybound_crypto::{IssuerAlgorithms, RustCrypto};
use keybound_tests::vectors::{CompactJws, read, rows, text};
use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};

fn providers() -> Vec<&'static dyn CryptoProvider> {
    vec![
        &RustCrypto,
        &IssuerAlgorithms,
        #[cfg(feature = "aws-lc")]
        &keybound_crypto::AwsLc,
    ]
}

// rules: DPOP-6.1-1 (positive), JKT-3-2 (positive), JKT-3.2-1 (positive), JKT-3.2-2 (positive),
// OKP-2-3 (positive)
#[test]
fn jkt_3_1_accepts_the_canonical_string_and_no_other() {
    for row in rows(&read("thumbprints.json"), "thumbprints") {
        let key = public_key(&row["jwk"]).unwrap();
        for provider in providers() {
            let jkt = Jkt::of(&key, provider);
            assert_eq!(jkt.encoded().as_str(), text(row, "jkt"), "{row}");
            assert!(jkt.matches(text(row, "jkt")));
            let canonical = provider.sha256(&[text(row, "canonical").as_bytes()]);
            assert_eq!(*jkt.as_bytes(), canonical, "{row}");
        }
    }
}

// rules: JKT-3.2.2-1 (both), JKT-3.3-1 (positive)
#[test]
fn jkt_3_1_ignores_order_white_space_escapes_and_optional_members() {
    let file = read("thumbprints.json");
    for row in rows(&file, "same_key") {
        let key = PublicKey::from_jwk(text(row, "jwk_text").as_bytes()).unwrap();
        let of = rows(&file, "thumbprints")
            .iter()
            .find(|other| other["id"] == row["of"]);
        let jkt = Jkt::of(&key, &RustCrypto);
        assert_eq!(jkt.encoded().as_str(), text(of.unwrap(), "jkt"), "{row}");
    }
}

// rules: JKT-3.2-1 (negative), JKT-3.2-3 (negative), OKP-2-1 (negative), JWA-6.2-1 (negative),
// JWA-6.3-1 (negative), JWK-4-1 (negative), DPOP-4.3-7 (negative)
#[test]
fn jkt_7_1_refuses_every_other_encoding_of_a_key() {
    for row in rows(&read("thumbprints.json"), "refused") {
        let error = PublicKey::from_jwk(text(row, "jwk_text").as_bytes());
        let code = match error {
            Err(JwkError::NotAnObject) => "not_an_object".to_owned(),
            Err(JwkError::PrivateMember) => "private_member".to_owned(),
            Err(JwkError::MissingMember { name }) => format!("missing_member {name}"),
            Err(JwkError::BadMember { name }) => format!("bad_member {name}"),
            other => format!("{other:?}"),
        };
        assert_eq!(code, text(row, "error"), "{row}");
    }
}

#[test]
fn dpop_4_3_12a_only_the_hash_of_the_octets_as_sent_is_an_ath() {
    let file = read("ath.json");
    let token_of = |id: &Value| {
        let row = rows(&file, "tokens").iter().find(|row| row["id"] == *id);
        text(row.unwrap(), "token")
    };
    for provider in providers() {
        for row in rows(&file, "tokens") {
            let hash = TokenHash::of(text(row, "token"), provider);
            assert_eq!(hash.encoded().as_str(), text(row, "ath"), "{row}");
            assert!(hash.matches(text(row, "ath")), "{row}");
        }
        for row in rows(&file, "refused") {
            let hash = TokenHash::of(token_of(&row["of"]), provider);
            assert!(!hash.matches(text(row, "ath")), "{row}");
        }
    }
}

#[test]
fn certificates_are_hashed_as_der_and_compared_as_text() {
    let file = read("certificates.json");
    let thumbprint_of = |id: &Value, provider| {
        let certificates = rows(&file, "certificates");
        let row = certificates.iter().find(|row| row["id"] == *id).unwrap();
        CertificateThumbprint::of(&CertificateDer::from(der(text(row, "der"))), provider)
    };
    for provider in providers() {
        for row in rows(&file, "certificates") {
            let thumbprint = thumbprint_of(&row["id"], provider);
            assert_eq!(thumbprint.encoded().as_str(), text(row, "x5t#S256"));
            assert!(thumbprint.matches(text(row, "x5t#S256")), "{row}");
        }
        for row in rows(&file, "refused") {
            let thumbprint = thumbprint_of(&row["of"], provider);
            assert!(!thumbprint.matches(text(row, "x5t#S256")), "{row}");
        }
    }
}

#[test]
fn the_headers_of_rfc_9440_hold_the_certificates_in_order() {
    let file = read("certificates.json");
    for row in rows(&file, "headers") {
        let list = format!(
            "{}, {}",
            text(row, "Client-Cert"),
            text(row, "Client-Cert-Chain")
        );
        let items: Vec<&str> = list
            .split(", ")
            .map(|item| item.trim_matches(':'))
            .collect();
        let ids = rows(row, "certificates").iter();
        let certificates: Vec<&str> = ids
            .map(|id| {
                let all = rows(&file, "certificates");
                text(all.iter().find(|row| row["id"] == *id).unwrap(), "der")
            })
            .collect();
        assert_eq!(items, certificates);
    }
}

#[test]
fn example_tokens_confirm_the_example_keys() {
    let file = read("tokens.json");
    let key = public_key(&rows(&read("thumbprints.json"), "thumbprints")[0]["jwk"]).unwrap();
    for row in rows(&file, "tokens") {
        let token = CompactJws::parse(text(row, "token")).unwrap();
        let claims: Value = serde_json::from_slice(&token.payload).unwrap();
        assert_eq!((&token.header, &claims), (&row["header"], &row["claims"]));
        let jkt = text(&claims["cnf"], "jkt");
        assert!(Jkt::of(&key, &RustCrypto).matches(jkt), "{row}");
    }
    // V13 is not canonical: no certificate has this thumbprint, whatever a lax decoder makes of it.
    for row in rows(&file, "claim_sets") {
        let hash = text(&row["confirms"], "x5t#S256");
        assert_eq!(hash, "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
        let jws = format!("e30.e30.{hash}");
        assert_eq!(CompactJws::parse(&jws), None);
    }
}

// rules: JWA-3.4-2 (negative), OKP-4-1 (both), FSA-2.2-1 (positive), FSA-7-1 (positive),
// JWA-3.4-3 (positive), OKP-3.1-1 (positive)
#[test]
fn jwa_3_4_1_only_signatures_of_the_right_form_verify() {
    for provider in providers() {
        for row in rows(&read("jws.json"), "signatures") {
            let key = public_key(&row["key"]).unwrap();
            let jws = CompactJws::parse(text(row, "jws")).unwrap();
            let algorithm = Algorithm::from_name(text(row, "alg")).unwrap();
            let message = jws.signing_input.as_bytes();
            let expected = match text(row, "outcome") {
                "valid" => Ok(()),
                "bad_signature" => Err(InvalidSignature),
                other => panic!("{other}"),
            };
            assert_eq!(provider.check_key(&key), Ok(()));
            assert_eq!(
                provider.verify(algorithm, &key, message, &jws.signature),
                expected,
                "{provider:?} {row}"
            );
        }
    }
}

#[test]
fn jwa_3_6_1_refuses_none_by_having_no_name_for_it() {
    for row in rows(&read("jws.json"), "refused") {
        let jws = text(row, "jws");
        assert_eq!(CompactJws::parse(jws), None, "{row}");
        let signed = CompactJws::parse(&format!("{jws}AA")).unwrap();
        assert_eq!(Algorithm::from_name(text(&signed.header, "alg")), None);
        assert!(signed.header["crit"].is_array());
    }
}

#[test]
fn example_proofs_verify_with_the_key_they_carry() {
    for provider in providers() {
        for row in rows(&read("proofs.json"), "proofs") {
            let parsed = CompactJws::parse(text(row, "proof"));
            let outcome = text(row, "outcome");
            assert_eq!(parsed.is_none(), outcome == "malformed", "{row}");
            let Some(proof) = parsed else {
                continue;
            };
            assert_eq!(proof.header["typ"], "dpop+jwt");
            assert_eq!(proof.header["jwk"], row["key"]);
            let key = public_key(&proof.header["jwk"]).unwrap();
            assert!(Jkt::of(&key, provider).matches(text(row, "jkt")), "{row}");
            let algorithm = Algorithm::from_name(text(&proof.header, "alg")).unwrap();
            let message = proof.signing_input.as_bytes();
            let expected = match outcome {
                "valid" => Ok(()),
                _ => Err(InvalidSignature),
            };
            assert_eq!(
                provider.verify(algorithm, &key, message, &proof.signature),
                expected,
                "{provider:?} {row}"
            );
            let claims: Value = serde_json::from_slice(&proof.payload).unwrap();
            assert_eq!(claims["htm"], row["method"]);
            assert_eq!(claims["htu"], row["uri"]);
            assert_eq!(claims["iat"], row["iat"]);
            assert_eq!(claims["jti"], row["jti"]);
            match row["token"].as_str() {
                Some(token) => {
                    let hash = TokenHash::of(token, provider);
                    assert!(hash.matches(text(&claims, "ath")), "{row}");
                }
                None => assert_eq!(claims.get("ath"), None, "{row}"),
            }
        }
    }
}

#[test]
fn jwk_5_1_accepts_a_set_of_all_the_example_keys_and_skips_the_others() {
    let file = read("thumbprints.json");
    let mut keys: Vec<Value> = rows(&file, "thumbprints")
        .iter()
        .map(|row| row["jwk"].clone())
        .collect();
    let usable = keys.len();
    keys.push(json!({ "kty": "oct", "k": "AyM1" }));
    keys.push(json!({ "kty": "EC", "crv": "P-256", "x": "AA" }));
    keys.push(json!("no key"));
    let document = json!({ "keys": keys }).to_string();
    let set = KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &IssuerAlgorithms).unwrap();
    let jkts: Vec<String> = set
        .keys()
        .iter()
        .map(|key| Jkt::of(key.key(), &RustCrypto).to_string())
        .collect();
    let expected: Vec<&str> = rows(&file, "thumbprints")
        .iter()
        .map(|row| text(row, "jkt"))
        .collect();
    assert_eq!(jkts, expected);
    assert_eq!(
        set.skipped(),
        [
            (usable, JwkError::PrivateMember),
            (usable + 1, JwkError::BadMember { name: "x" }),
            (usable + 2, JwkError::NotAnObject),
        ]
    );
}

fn public_key(jwk: &Value) -> Result<PublicKey, JwkError> {
    PublicKey::from_jwk(jwk.to_string().as_bytes())
}

fn der(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}
