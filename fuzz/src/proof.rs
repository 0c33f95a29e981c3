use keybound::Confirmed;

use crate::stage::{self, NOW, Signatures, URL};

/// The `DPoP` header: never a panic, nothing passes without a signature, and what passes with one
/// is, read by another parser, a proof for this request (RFC 9449 section 4.3).
pub fn proof(data: &[u8]) -> bool {
    let mut accepted = false;
    let line = stage::jws(data);
    let authorization = format!("DPoP {}", stage::token());
    for stage in stage::stages() {
        let request = stage.request(authorization.as_bytes(), Some(&line));
        let end = stage.verify(&stage::dpop_route(), request, stage::at(NOW));
        match (stage.signatures, end) {
            (_, Err(_)) => {}
            (Signatures::Always, Ok(Confirmed::Unspent(unspent))) => {
                check(&line);
                accepted = true;
                assert_eq!(unspent.replay_entry().owner(), &stage::jkt(1));
            }
            (_, Ok(end)) => panic!("{end:?}"),
        }
    }
    accepted
}

fn check(line: &[u8]) {
    let (header, payload) = stage::read_jws(line);
    let typ = header["typ"].as_str().unwrap().to_ascii_lowercase();
    assert_eq!(typ.trim_start_matches("application/"), "dpop+jwt");
    assert!(["ES256", "EdDSA", "Ed25519"].contains(&header["alg"].as_str().unwrap()));
    assert_eq!(header.get("crit"), None);
    let jwk = header["jwk"].as_object().unwrap();
    assert_eq!(jwk.get("d"), None);
    assert_eq!(jwk.get("k"), None);

    let text = |name: &str| payload[name].as_str().unwrap();
    assert!((1..=256).contains(&text("jti").len()));
    assert_eq!(text("htm"), "GET");
    let htu = keybound::htu::normalize(text("htu"));
    assert_eq!(htu.as_deref(), Ok(URL));
    assert_eq!(text("ath"), stage::ath(stage::token()));
    if payload.get("nonce").is_none() {
        let iat = payload["iat"].as_f64().unwrap();
        let now = stage::at(NOW).as_secs() as f64;
        assert!((now - 60.0..=now + 10.0).contains(&iat.trunc()), "{iat}");
    }
}
