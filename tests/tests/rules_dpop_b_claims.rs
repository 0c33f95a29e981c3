//! RFC 9449 section 4.3, checks 8 to 12: what a proof claims; and the order of the checks.

use std::sync::Arc;

use keybound::{NonceKey, NonceKeys, Reason};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::harness::{
    AUDIENCE, Calls, Client, Counting, NOW, Nonce, Outcome, PrivateKey, Service, URL, decode,
    sha256, time,
};
use serde_json::json;

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
    service.nonces = service.nonces.rotated(NonceKey::new(2, [8; 32]));
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

    let now = time(NOW);
    let elsewhere = service
        .nonces
        .issue("https://other.example", now, &IssuerAlgorithms);
    let forged = NonceKeys::new(NonceKey::new(1, [6; 32]));
    let forged = forged.issue(AUDIENCE, now, &IssuerAlgorithms);
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
    let thief = Client::new(PrivateKey::p256(4));
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
