//! An issuer's server that is down, slow, lying or flooded, and a key that is rotated meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keybound_tests::gateway::{Answer, Config, Document, IssuerServer, Request, Scene};
use keybound_tests::harness::{ISSUER, Issuer, PrivateKey};
use serde_json::{Value, json};

fn config(server: &IssuerServer) -> Config {
    Config {
        keys: format!("jwks_uri = \"{}\"\n", server.url("/keys")),
        ..Config::usual()
    }
}

/// What the scene's issuer publishes.
fn keys() -> Value {
    Issuer::new(ISSUER, PrivateKey::p256(11)).jwks()
}

fn assert_unavailable(scene: &Scene, answer: &Answer) {
    assert_eq!(
        (answer.status, answer.challenges()),
        (503, Vec::new()),
        "{answer:?}"
    );
    assert!(answer.value("date").ends_with(" GMT"));
    let seconds: u64 = answer.value("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    scene
        .gateway
        .event("a reason", |event| event["reason"] == "keys_unavailable");
    assert_eq!(scene.upstream.count(), 0);
}

/// Waits until a request is admitted, and returns how long that took.
fn until_admitted(scene: &Scene, request: impl Fn() -> Request) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = scene.send(&request());
        if answer.status == 200 {
            return begun.elapsed();
        }
        assert!([401, 503].contains(&answer.status), "{answer:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            scene.gateway.reasons()
        );
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_server_that_is_down_at_the_start_is_503_until_it_is_up_and_no_harm_when_it_goes() {
    // Its port is free again once it is dropped.
    let server = IssuerServer::start(Document::HangUp);
    let (config, address) = (config(&server), server.address());
    drop(server);
    let scene = Scene::with(config);
    let event = scene
        .gateway
        .event("keys", |event| event["event"] == "keys_unavailable");
    let message = event["message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("{ISSUER}: no connection: ")),
        "{message}"
    );
    assert_unavailable(&scene, &scene.send(&scene.request("/orders")));
    // Routes without tokens are served.
    assert_eq!(scene.send(&Request::get("/open")).status, 200);
    // Nothing malformed is kept waiting for keys.
    assert_eq!(
        scene.send(&scene.request("/orders").without("DPoP")).status,
        401
    );

    let server = IssuerServer::start_at(address, Document::Json(keys()));
    let upstream = scene.upstream.count();
    until_admitted(&scene, || scene.request("/orders"));
    assert_eq!(scene.upstream.count(), upstream + 1);

    drop(server);
    let unknown = scene.token().header("kid", "unknown").compact();
    for _ in 0..3 {
        let proof = scene.proof("/orders", &unknown).compact();
        let answer = scene.send(&scene.request_with("/orders", &unknown, &proof));
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(scene.send(&scene.request("/orders")).status, 200);
    }
}

#[test]
fn a_server_that_lies_is_503_and_the_log_says_why() {
    let html = b"<!doctype html><title>Maintenance</title>".to_vec();
    let huge = json!({ "keys": [], "pad": "x".repeat(600_000) });
    let symmetric = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0", "kid": "k1" }] });
    for (document, why) in [
        (Document::Octets(html), "check what the issuer publishes"),
        (
            Document::Octets(b"{\"keys\": [".to_vec()),
            "check what the issuer publishes",
        ),
        (
            Document::Json(json!({ "keys": "none" })),
            "check what the issuer publishes",
        ),
        (Document::Json(json!([])), "check what the issuer publishes"),
        (Document::Json(symmetric), "check what the issuer publishes"),
        (Document::Json(huge), "more than 524288 octets"),
        (Document::Status(500), "the answer has status 500, not 200"),
        (Document::Status(302), "the answer is a redirect"),
        (Document::HangUp, "the answer is not whole HTTP/1.1"),
    ] {
        let server = IssuerServer::start(document.clone());
        let scene = Scene::with(config(&server));
        assert_unavailable(&scene, &scene.send(&scene.request("/orders")));
        let event = scene
            .gateway
            .event("keys", |event| event["event"] == "keys_unavailable");
        let message = event["message"].as_str().unwrap();
        assert!(message.contains(why), "{document:?}: {message}");
    }
}

#[test]
fn metadata_of_another_issuer_lead_to_no_keys() {
    let server = IssuerServer::start(Document::HangUp);
    let issuer = server.url("");
    // One document for both places.
    let document = |name: &str| {
        let mut document = keys();
        document["issuer"] = name.into();
        document["jwks_uri"] = server.url("/keys").into();
        Document::Json(document)
    };
    let config = || Config {
        keys: "discovery = \"oauth\"\n".into(),
        ..Config::usual()
    };
    server.publish(document("https://evil.example"));
    let scene = Scene::with_issuer(config(), &issuer);
    assert_unavailable(&scene, &scene.send(&scene.request("/orders")));
    let event = scene
        .gateway
        .event("keys", |event| event["event"] == "keys_unavailable");
    let expected = format!("is of issuer \"https://evil.example\", configured is \"{issuer}\"");
    let message = event["message"].as_str().unwrap();
    assert!(message.contains(&expected), "{message}");

    server.publish(document(&issuer));
    let scene = Scene::with_issuer(config(), &issuer);
    assert_eq!(scene.send(&scene.request("/orders")).status, 200);
}

#[test]
fn a_slow_server_holds_up_nobody_whose_key_is_known() {
    let server = IssuerServer::start(Document::Json(keys()));
    let scene = Scene::with(config(&server));
    assert_eq!(scene.send(&scene.request("/orders")).status, 200);
    server.publish(Document::Late(Duration::from_secs(4), keys()));
    // The gap since the first fetch has to pass before another one is due.
    thread::sleep(Duration::from_secs(10));
    let unknown = scene.token().header("kid", "unknown").compact();
    let request = || {
        scene.request_with(
            "/orders",
            &unknown,
            &scene.proof("/orders", &unknown).compact(),
        )
    };
    thread::scope(|scope| {
        let waiting = scope.spawn(|| scene.send(&request()).status);
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            let sent = Instant::now();
            assert_eq!(scene.send(&scene.request("/orders")).status, 200);
            assert!(sent.elapsed() < Duration::from_secs(2));
        }
        assert_eq!(waiting.join().unwrap(), 401);
    });
    assert_eq!(server.fetches().len(), 2);
}

#[test]
fn a_rotation_in_a_flood_of_unknown_keys_is_seen_within_the_gap_and_costs_few_fetches() {
    let server = IssuerServer::start(Document::Json(keys()));
    let scene = Scene::with(config(&server));
    let begun = Instant::now();
    let over = AtomicBool::new(false);
    let new_key = PrivateKey::p256(99);
    let seen = thread::scope(|scope| {
        for thread in 0..2 {
            let (scene, over) = (&scene, &over);
            scope.spawn(move || {
                let mut number = 0;
                while !over.load(Ordering::SeqCst) {
                    number += 1;
                    let kid = format!("unknown-{thread}-{number}");
                    let token = scene.token().header("kid", kid).compact();
                    let proof = scene.proof("/orders", &token).compact();
                    let answer = scene.send(&scene.request_with("/orders", &token, &proof));
                    assert_eq!(answer.status, 401, "{answer:?}");
                }
            });
        }
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                assert_eq!(scene.send(&scene.request("/orders")).status, 200);
            }
        });
        thread::sleep(Duration::from_secs(1));
        let mut both = keys();
        let new_jwk = new_key.jwk_with("kid", "k2");
        both["keys"].as_array_mut().unwrap().push(new_jwk);
        server.publish(Document::Json(both));
        let seen = until_admitted(&scene, || {
            let token = scene
                .token()
                .header("kid", "k2")
                .signed_by(&new_key)
                .compact();
            let proof = scene.proof("/orders", &token).compact();
            scene.request_with("/orders", &token, &proof)
        });
        over.store(true, Ordering::SeqCst);
        seen
    });
    // 10 seconds between fetches, and time to wait for one.
    assert!(seen < Duration::from_secs(13), "{seen:?}");
    let fetches = server.fetches();
    let most = begun.elapsed().as_secs() / 10 + 2;
    assert!(
        u64::try_from(fetches.len()).unwrap() <= most,
        "{} fetches",
        fetches.len()
    );
    // One at the start, and then never two within the gap.
    for pair in fetches.windows(2) {
        let gap = pair[1] - pair[0];
        assert!(gap >= Duration::from_secs(9), "{gap:?}");
    }
}
