//! The proof and the form of a token request (RFC 9449 section 5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use keybound::crypto::CryptoProvider;
use keybound::htu::normalize;
use keybound::{Algorithm, Jkt, PublicKey, UnixTime};
use keybound_crypto::RustCrypto;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Checks the proof of a token request, and returns the thumbprint of the key that made it.
///
/// Core verifies proofs that come with a token; here there is none yet, so the same checks are made
/// on top of core's keys and URIs. What is not remembered is the `jti`: whoever could replay a token
/// request gets a token that is bound to a key he does not have.
pub(super) fn check_proof(
    fields: &HeaderMap,
    endpoint: &str,
    now: UnixTime,
) -> Result<Jkt, &'static str> {
    let mut lines = fields.get_all("dpop").iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err("one DPoP proof is needed");
    };
    let proof = line.to_str().map_err(|_| MALFORMED)?;
    let (signing_input, signature) = proof.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, payload) = signing_input.split_once('.').ok_or(MALFORMED)?;
    let header: Header = decode_json(header)?;
    let claims: Claims = decode_json(payload)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;

    let provider = RustCrypto;
    let algorithm = Algorithm::from_name(&header.alg)
        .filter(|algorithm| provider.algorithms().contains(algorithm))
        .ok_or("alg is not one of ES256, EdDSA and Ed25519")?;
    if header.typ != "dpop+jwt" {
        return Err("typ is not dpop+jwt");
    }
    let key = PublicKey::from_jwk(header.jwk.to_string().as_bytes())
        .map_err(|_| "jwk is no public key")?;
    provider
        .check_key(&key)
        .map_err(|_| "jwk is no usable key")?;
    provider
        .verify(algorithm, &key, signing_input.as_bytes(), &signature)
        .map_err(|_| "the signature does not verify")?;

    if claims.jti.is_empty() {
        return Err("jti is empty");
    }
    if claims.htm != "POST" {
        return Err("htm is not POST");
    }
    if normalize(&claims.htu).ok() != normalize(endpoint).ok() {
        return Err("htu is not the token endpoint");
    }
    let oldest = now.as_secs().saturating_sub(MAX_AGE);
    let newest = now.as_secs().saturating_add(MAX_FUTURE);
    if !(oldest..=newest).contains(&claims.iat) {
        return Err("iat is not recent");
    }
    Ok(Jkt::of(&key, &provider))
}

/// The values of `name` in a form: `application/x-www-form-urlencoded`.
///
/// # Errors
///
/// If the parameter is repeated (RFC 6749 section 3.2), or its value malformed.
pub(super) fn parameter(form: &str, name: &str) -> Result<Option<String>, &'static str> {
    let mut values = form
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| decode_value(value));
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.map(Some).ok_or("a parameter is malformed"),
        (Some(_), Some(_)) => Err("a parameter is repeated"),
    }
}

fn decode_value(value: &str) -> Option<String> {
    let value = value.replace('+', " ");
    let mut octets = Vec::with_capacity(value.len());
    let mut parts = value.split('%');
    octets.extend_from_slice(parts.next()?.as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        octets.push(u8::from_str_radix(digits, 16).ok()?);
        octets.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(octets).ok()
}

fn decode_json<T: DeserializeOwned>(segment: &str) -> Result<T, &'static str> {
    let octets = URL_SAFE_NO_PAD.decode(segment).map_err(|_| MALFORMED)?;
    serde_json::from_slice(&octets).map_err(|_| MALFORMED)
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: serde_json::Value,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: u64,
}

const MALFORMED: &str = "the proof is malformed";

/// Seconds that a proof may be old, or ahead, as at the gateway.
const MAX_AGE: u64 = 60;
const MAX_FUTURE: u64 = 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;
    use keybound_client::Dpop;

    use super::*;

    const ENDPOINT: &str = "http://127.0.0.1:5000/token";

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    fn check(proofs: &[&str], now: u64) -> Result<Jkt, &'static str> {
        let mut fields = HeaderMap::new();
        for proof in proofs {
            fields.append("dpop", HeaderValue::from_str(proof).unwrap());
        }
        check_proof(&fields, ENDPOINT, at(now))
    }

    /// RFC 9449 section 5
    #[test]
    fn a_token_is_bound_to_the_key_of_the_proof() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519] {
            let dpop = Dpop::generate(algorithm).unwrap();
            let proof = dpop.proof("POST", ENDPOINT).sign(at(1_000)).unwrap();
            assert_eq!(check(&[&proof], 1_000), Ok(dpop.jkt()));
        }
    }

    /// DPOP-4.3-11, RFC 9449 section 4.3
    #[test]
    fn a_proof_is_good_from_10_seconds_before_its_time_to_60_after() {
        let dpop = Dpop::generate(Algorithm::Es256).unwrap();
        let proof = dpop.proof("POST", ENDPOINT).sign(at(1_000)).unwrap();
        let late = Err("iat is not recent");
        for (now, expected) in [
            (989, late),
            (990, Ok(dpop.jkt())),
            (1_060, Ok(dpop.jkt())),
            (1_061, late),
        ] {
            assert_eq!(check(&[&proof], now), expected, "{now}");
        }
    }

    /// DPOP-4.3-1, -6, -8 and -9, RFC 9449 section 4.3
    #[test]
    fn a_proof_for_something_else_gets_no_token() {
        let dpop = Dpop::generate(Algorithm::Es256).unwrap();
        let proof = |method, uri| dpop.proof(method, uri).sign(at(1_000)).unwrap();
        let good = proof("POST", ENDPOINT);
        let other = proof("POST", "http://127.0.0.1:5000/other");
        let get = proof("GET", ENDPOINT);
        let (_, signature) = other.rsplit_once('.').unwrap();
        let (signed, _) = good.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{signature}");
        let one = Err("one DPoP proof is needed");
        for (proofs, expected) in [
            (&[][..], one),
            (&[&*good, &*good][..], one),
            (&[&*other][..], Err("htu is not the token endpoint")),
            (&[&*get][..], Err("htm is not POST")),
            (&[&*forged][..], Err("the signature does not verify")),
            (&["a.b"][..], Err(MALFORMED)),
            (&[signed][..], Err(MALFORMED)),
            (&[""][..], Err(MALFORMED)),
        ] {
            assert_eq!(check(proofs, 1_000), expected, "{proofs:?}");
        }
    }

    /// DPOP-4.3-4, -5 and -7, RFC 9449 section 4.3
    #[test]
    fn a_header_that_is_no_proofs_gets_no_token() {
        let dpop = Dpop::generate(Algorithm::Es256).unwrap();
        let jwk = dpop.public_key().to_jwk();
        let private = jwk.replacen('{', r#"{"d":"AA","#, 1);
        let proof = dpop.proof("POST", ENDPOINT).sign(at(1_000)).unwrap();
        let (_, rest) = proof.split_once('.').unwrap();
        let with = |typ: &str, alg: &str, jwk: &str| {
            let header = format!(r#"{{"typ":"{typ}","alg":"{alg}","jwk":{jwk}}}"#);
            let proof = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            check(&[&proof], 1_000)
        };
        let alg = Err("alg is not one of ES256, EdDSA and Ed25519");
        assert_eq!(with("dpop+jwt", "ES256", &jwk), Ok(dpop.jkt()));
        assert_eq!(with("jwt", "ES256", &jwk), Err("typ is not dpop+jwt"));
        assert_eq!(with("dpop+jwt", "none", &jwk), alg);
        assert_eq!(with("dpop+jwt", "HS256", &jwk), alg);
        assert_eq!(
            with("dpop+jwt", "EdDSA", &jwk),
            Err("the signature does not verify")
        );
        assert_eq!(
            with("dpop+jwt", "ES256", &private),
            Err("jwk is no public key")
        );
        assert_eq!(with("dpop+jwt", "ES256", "1"), Err("jwk is no public key"));
    }

    #[test]
    fn reads_a_form() {
        let repeated = Err("a parameter is repeated");
        let malformed = Err("a parameter is malformed");
        for (form, expected) in [
            ("", Ok(None)),
            ("scope", Ok(None)),
            ("a=1&scope=", Ok(Some(""))),
            ("scope=orders:read", Ok(Some("orders:read"))),
            (
                "scope=orders%3Aread+admin%20x",
                Ok(Some("orders:read admin x")),
            ),
            ("scope=a&scope=b", repeated),
            ("scope=%", malformed),
            ("scope=%2", malformed),
            ("scope=%+1", malformed),
            ("scope=%zz", malformed),
            ("scope=%ff", malformed),
        ] {
            let expected = expected.map(|value| value.map(str::to_owned));
            assert_eq!(parameter(form, "scope"), expected, "{form}");
        }
    }
}
