use keybound::Confirmed;
use serde_json::Value;

use crate::stage::{self, ISSUER, NOW, ORIGIN, SCOPE, Signatures};

/// A JWT access token: never a panic, nothing passes without a signature, and what passes with one
/// is, read by another parser, a token of this issuer for this service and this client
/// (RFC 9068 section 4, RFC 9449 section 6.1).
pub fn token(data: &[u8]) -> bool {
    let mut accepted = false;
    let token = stage::jws(data);
    // Whoever sends it can make a proof for it, if it is text at all.
    let text = String::from_utf8_lossy(&token);
    let proof = stage::proof_for(&text);
    let authorization = [b"DPoP ", token.as_slice()].concat();
    for stage in stage::stages() {
        let request = stage.request(&authorization, Some(proof.as_bytes()));
        let end = stage.verify(&stage::dpop_route(), request, stage::at(NOW));
        match (stage.signatures, end) {
            (_, Err(_)) => {}
            (Signatures::Always, Ok(Confirmed::Unspent(_))) => {
                check(&token);
                accepted = true;
            }
            (_, Ok(end)) => panic!("{end:?}"),
        }
    }
    accepted
}

fn check(token: &[u8]) {
    let (header, payload) = stage::read_jws(token);
    let typ = header["typ"].as_str().unwrap().to_ascii_lowercase();
    assert_eq!(typ.trim_start_matches("application/"), "at+jwt");
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header.get("crit"), None);
    assert_eq!(header.get("kid"), None);

    assert_eq!(payload["iss"], ISSUER);
    assert!(names(&payload["aud"], ORIGIN));
    let now = NOW as f64;
    assert!(payload["exp"].as_f64().unwrap() > now - 31.0);
    assert!(payload["iat"].as_f64().unwrap() < now + 31.0);
    if let Some(nbf) = payload.get("nbf") {
        assert!(nbf.as_f64().unwrap() < now + 31.0);
    }
    assert_eq!(payload["cnf"]["jkt"], stage::jkt(1).to_string());
    assert_eq!(payload["cnf"].get("x5t#S256"), None);
    let mut scopes = payload["scope"].as_str().unwrap().split(' ');
    assert!(scopes.any(|scope| scope == SCOPE));
    for name in ["sub", "client_id", "jti"] {
        assert!(payload[name].is_string(), "{name}");
    }
}

/// RFC 7519 section 4.1.3: a string, or an array of strings.
pub(crate) fn names(aud: &Value, audience: &str) -> bool {
    match aud {
        Value::String(name) => name == audience,
        Value::Array(names) => names.iter().any(|name| name == audience),
        _ => false,
    }
}
