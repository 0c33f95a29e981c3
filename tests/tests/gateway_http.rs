//! Rules of HTTP about fields that only a socket can show.

use std::io::{Read, Write};

use keybound_tests::gateway::{Answer, Request, Scene, Upstream, http1};

/// The answer to octets.
fn raw(scene: &Scene, octets: &[u8]) -> Answer {
    let octets = http1::exchange(scene.gateway.plain(), octets).unwrap();
    Answer::read(&octets, false).unwrap()
}

// rules: HTTP-5.1-1 (positive), DPOP-4.1-1 (positive)
#[test]
fn http_5_1_1_accepts_field_names_in_any_case() {
    let scene = Scene::new();
    for (authorization, dpop, scheme) in [
        ("AUTHORIZATION", "DPOP", "dpop"),
        ("authorization", "dpop", "DPOP"),
        ("aUtHoRiZaTiOn", "dPoP", "dPoP"),
    ] {
        let right = scene.request("/orders");
        let token = right.value("Authorization").replace("DPoP", scheme);
        let request = Request::get("/orders")
            .line(authorization, token)
            .line(dpop, right.value("DPoP"));
        assert_eq!(scene.send(&request).status, 200, "{dpop}");
        assert_eq!(scene.upstream.last().values("dpop"), Vec::<&str>::new());
    }
}

// A front proxy may have merged what were two lines.
// rules: HTTP-5.2-1 (both)
#[test]
fn http_5_2_1_only_a_single_proof_is_a_proof() {
    let scene = Scene::new();
    let right = scene.request("/orders");
    let other = scene.request("/orders");
    for separator in [",", ", ", " , "] {
        let merged = format!("{}{separator}{}", right.value("DPoP"), other.value("DPoP"));
        let answer = scene.send(&right.clone().replace("DPoP", merged));
        assert_eq!(answer.status, 401, "{separator:?}");
    }
    assert_eq!(scene.gateway.decision(3)["reason"], "proof_repeated");
    assert_eq!(scene.gateway.reasons(), ["proof_repeated"; 3]);
    assert_eq!(scene.upstream.count(), 0);
    assert_eq!(scene.send(&right).status, 200);
}

#[test]
fn http_5_3_2_ignores_credentials_in_trailers() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let proof = scene
        .proof("/orders", &token)
        .claim("htm", "POST")
        .compact();
    let authorization = format!("DPoP {token}");
    let post = Request::get("/orders").method("POST");
    let with_token = post.clone().line("Authorization", &authorization);
    for (request, reason) in [
        (
            post.line("Trailer", "Authorization, DPoP")
                .trailers(&[("Authorization", &authorization), ("DPoP", &proof)]),
            "credentials_missing",
        ),
        (
            with_token
                .line("Trailer", "DPoP")
                .trailers(&[("DPoP", &proof)]),
            "proof_missing",
        ),
    ] {
        assert_eq!(scene.send(&request).status, 401);
        scene
            .gateway
            .event(reason, |event| event["reason"] == reason);
    }
    assert_eq!(scene.upstream.count(), 0);
}

#[test]
fn http_5_5_1_refuses_nul_and_bare_cr_in_a_value() {
    let scene = Scene::new();
    let right = scene.request("/orders");
    for octet in [b"\0".as_slice(), b"\r", b"\x01", b"\x7f"] {
        for name in ["Authorization", "DPoP", "X-Other"] {
            let mut value = b"DPoP a".to_vec();
            value.extend_from_slice(octet);
            value.extend_from_slice(b"b");
            let answer = scene.send(&right.clone().replace(name, &value));
            assert_eq!(answer.status, 400, "{name} with {octet:?}");
        }
    }
    // Line folding is no way around it, either.
    let folded = "GET /orders HTTP/1.1\r\nHost: api.example.com\r\nDPoP: a\r\n b\r\n\r\n";
    assert_eq!(raw(&scene, folded.as_bytes()).status, 400);
    assert_eq!(scene.upstream.count(), 0);
}

#[test]
fn http_7_6_1_1_strips_what_connection_lists_and_only_then_adds_its_own() {
    let scene = Scene::new();
    let request = scene
        .request("/orders")
        .line("X-Hop", "1")
        .line("Keep-Alive", "timeout=5")
        .line("Keybound-Subject", "mallory")
        .line("Keybound_Jkt", "mallory")
        .line(
            "Connection",
            "close, x-hop, keybound-subject, keybound-jkt, authorization, dpop",
        );
    // What Connection lists is checked all the same: it is removed on the way out.
    assert_eq!(scene.send(&request).status, 200);
    let received = scene.upstream.last();
    for name in [
        "x-hop",
        "keep-alive",
        "keybound_jkt",
        "dpop",
        "authorization",
    ] {
        assert_eq!(received.values(name), Vec::<&str>::new(), "{name}");
    }
    assert_eq!(received.values("keybound-subject"), ["alice"]);
    assert_eq!(
        received.values("keybound-jkt"),
        [scene.client.jkt().as_str()]
    );
    let without = scene
        .request("/orders")
        .without("DPoP")
        .line("Connection", "close, dpop");
    assert_eq!(scene.send(&without).status, 401);
}

// rules: HTTP-7.6.1-1 (positive)
#[test]
fn a_connection_stays_open_unless_connection_says_close() {
    let scene = Scene::new();
    let kept = scene
        .request("/orders")
        .line("Connection", "keep-alive")
        .octets();
    let closed = scene.request("/orders").octets();
    let mut stream = http1::connect(scene.gateway.plain()).unwrap();
    stream.write_all(&kept).unwrap();
    stream.write_all(&closed).unwrap();
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).unwrap();
    let text = String::from_utf8(octets).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text}");
}

// rules: HTTP-11.6.1-1 (both)
#[test]
fn http_11_6_1_1_keeps_the_challenges_of_an_upstream_and_never_adds_its_own() {
    let scene = Scene::new();
    for path in ["/orders/challenge", "/open/challenge", "/verify/challenge"] {
        let answer = scene.send(&scene.request(path));
        assert_eq!(answer.status, 401);
        assert_eq!(answer.challenges(), Upstream::CHALLENGES, "{path}");
    }
    assert_eq!(scene.upstream.count(), 3);
}

#[test]
fn http_12_5_5_1_only_an_upstream_that_says_so_lets_answers_be_cached() {
    let scene = Scene::new();
    let answer = scene.send(&scene.request("/orders"));
    assert_eq!(answer.value("cache-control"), "no-store");
    let answer = scene.send(&scene.request("/orders/public"));
    assert_eq!(answer.value("cache-control"), "public, max-age=60");
    let answer = scene.send(&Request::get("/open"));
    assert_eq!(answer.values("cache-control"), Vec::<&str>::new());
}

// rules: DPOP-7.1-15 (negative)
#[test]
fn dpop_7_1_15_never_reads_credentials_for_proxies() {
    let scene = Scene::new();
    let right = scene.request("/orders");
    let authorization = right.value("Authorization").to_owned();
    let request = right
        .without("Authorization")
        .line("Proxy-Authorization", authorization);
    let answer = scene.send(&request);
    let bare = r#"DPoP algs="ES256 EdDSA Ed25519""#;
    assert_eq!((answer.status, answer.challenges()), (401, vec![bare]));
    assert_eq!(answer.values("proxy-authenticate"), Vec::<&str>::new());
    assert_eq!(scene.upstream.count(), 0);
}

#[test]
fn bearer_2_2_1_ignores_a_token_in_a_form() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let proof = scene
        .proof("/orders", &token)
        .claim("htm", "POST")
        .compact();
    let request = Request::get("/orders")
        .method("POST")
        .line("DPoP", proof)
        .line("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("access_token={token}"));
    assert_eq!(scene.send(&request).status, 401);
    assert_eq!(scene.gateway.decision(1)["reason"], "credentials_missing");
    assert_eq!(scene.upstream.count(), 0);
}

#[test]
fn proj_10_strips_what_a_client_says_of_itself_in_every_spelling() {
    let scene = Scene::new();
    let names = [
        "Keybound-Subject",
        "KEYBOUND_SUBJECT",
        "keybound.subject",
        "Keybound-Anything",
        "X-Forwarded-User",
        "X_Forwarded_For",
        "Forwarded",
        "X-Real-IP",
        "Client-Cert",
        "Client_Cert",
        "X-Client-Cert",
        "X-SSL-Client-Verify",
        "X-Original-URL",
    ];
    for path in ["/orders", "/open", "/verify", "/kept"] {
        let mut request = scene.request(path);
        for name in names {
            request = request.line(name, "mallory");
        }
        assert_eq!(scene.send(&request).status, 200, "{path}");
        let received = scene.upstream.last();
        let told = received
            .lines
            .iter()
            .find(|(_, value)| value.contains("mallory"));
        assert_eq!(told, None, "{path}");
    }
}
