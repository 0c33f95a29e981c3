//! Nonces: asked for, used, renewed, and never two in an answer.

use std::thread;
use std::time::Duration;

use keybound_tests::gateway::{Answer, Config, Request, Scene, Upstream, http2, now};

const WANTED: &str = "DPoP error=\"use_dpop_nonce\", error_description=\"Resource server requires nonce in DPoP proof\", algs=\"ES256 EdDSA Ed25519\"";

fn with_nonce(scene: &Scene, path: &str, nonce: &str) -> Request {
    let token = scene.token().compact();
    let proof = scene.proof(path, &token).claim("nonce", nonce).compact();
    scene.request_with(path, &token, &proof)
}

fn assert_asks(answer: &Answer) {
    assert_eq!((answer.status, answer.challenges()), (401, vec![WANTED]));
    assert!(answer.value("dpop-nonce").len() >= 22);
    assert_eq!(answer.value("cache-control"), "no-store");
    let exposed = answer.value("access-control-expose-headers");
    assert_eq!(exposed, "WWW-Authenticate, DPoP-Nonce");
}

#[test]
fn a_client_that_asks_is_given_a_nonce_and_comes_in_with_it() {
    let scene = Scene::new();
    let plain = scene.gateway.plain();
    for (path, send) in [
        (
            "/nonces/1",
            Box::new(|request: &Request| scene.send(request)) as Box<dyn Fn(&Request) -> Answer>,
        ),
        (
            "/nonces/2",
            Box::new(|request: &Request| http2::send(plain, request)),
        ),
    ] {
        let asked = send(&scene.request(path));
        assert_asks(&asked);
        let request = with_nonce(&scene, path, asked.value("dpop-nonce"));
        let admitted = send(&request);
        assert_eq!(admitted.status, 200);
        // It is young.
        assert_eq!(admitted.values("dpop-nonce"), Vec::<&str>::new());
        // The nonce may serve again, and the proof may not.
        assert_eq!(send(&request).status, 401);
        let again = with_nonce(&scene, path, asked.value("dpop-nonce"));
        assert_eq!(send(&again).status, 200);
    }
    assert_eq!(scene.upstream.count(), 4);
}

#[test]
fn every_401_of_a_route_with_nonces_carries_a_fresh_one_and_nothing_else_does() {
    let scene = Scene::new();
    let nonce = scene
        .send(&scene.request("/nonces"))
        .value("dpop-nonce")
        .to_owned();
    let right = || with_nonce(&scene, "/nonces", &nonce);
    let token = scene.token().compact();
    let replayed = right();
    assert_eq!(scene.send(&replayed).status, 200);
    for request in [
        Request::get("/nonces"),
        right().without("DPoP"),
        right().replace("DPoP", "garbage"),
        right().replace("Authorization", "Basic YTpi"),
        right().replace("Authorization", format!("Bearer {token}")),
        right().method("POST"),
        replayed,
        with_nonce(&scene, "/nonces", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        with_nonce(&scene, "/nonces", ""),
    ] {
        let answer = scene.send(&request);
        assert_eq!(answer.status, 401, "{request:?}");
        assert!(answer.value("dpop-nonce").len() >= 22);
        assert_eq!(answer.value("cache-control"), "no-store");
    }
    let malformed = scene.send(&right().line("Authorization", "DPoP x"));
    assert_eq!(
        (malformed.status, malformed.values("dpop-nonce")),
        (400, Vec::new())
    );
    let elsewhere = scene.send(&Request::get("/orders"));
    assert_eq!(
        (elsewhere.status, elsewhere.values("dpop-nonce")),
        (401, Vec::new())
    );
    assert_eq!(scene.upstream.count(), 1);
}

// The nonce says when: the client's clock does not matter, within a day.
#[test]
fn with_a_nonce_a_wrong_clock_is_no_hindrance() {
    let scene = Scene::new();
    let nonce = scene
        .send(&scene.request("/nonces"))
        .value("dpop-nonce")
        .to_owned();
    let token = scene.token().compact();
    let hour = 3_600;
    for (iat, status) in [
        (now() - hour, 200),
        (now() + hour, 200),
        (now() - 25 * hour, 401),
        (now() + 25 * hour, 401),
    ] {
        let proof = scene
            .proof("/nonces", &token)
            .claim("nonce", nonce.as_str());
        let proof = proof.claim("iat", iat).compact();
        let answer = scene.send(&scene.request_with("/nonces", &token, &proof));
        assert_eq!(
            answer.status,
            status,
            "{iat}: {:?}",
            scene.gateway.reasons()
        );
    }
}

// A nonce that is made for one origin says nothing at another.
#[test]
fn a_nonce_is_good_at_its_own_origin() {
    let scene = Scene::new();
    let elsewhere = scene
        .request("/nonces")
        .replace("Host", "other.example.com");
    let token = scene.token().compact();
    let proof = scene
        .proof("/nonces", &token)
        .claim("htu", "https://other.example.com/nonces");
    let nonce = scene.send(&elsewhere.replace("DPoP", proof.compact()));
    assert_asks(&nonce);
    let answer = scene.send(&with_nonce(&scene, "/nonces", nonce.value("dpop-nonce")));
    assert_asks(&answer);
    assert_eq!(scene.upstream.count(), 0);
    assert_eq!(scene.gateway.decision(2)["reason"], "proof_nonce_unknown");
}

// rules: DPOP-8-2 (both)
#[test]
fn dpop_8_2_only_one_nonce_is_in_an_answer_whoever_sets_one() {
    let scene = Scene::with(Config {
        tables: format!("{}\n[proof]\nnonce_lifetime = 30\n", Config::TABLES),
        ..Config::usual()
    });
    let path = "/nonces/nonce";
    let nonce = scene
        .send(&scene.request(path))
        .value("dpop-nonce")
        .to_owned();
    let young = scene.send(&with_nonce(&scene, path, &nonce));
    assert_eq!(
        (young.status, young.values("dpop-nonce")),
        (200, Vec::new())
    );
    let without = scene.send(&scene.request("/orders/nonce"));
    assert_eq!(
        (without.status, without.values("dpop-nonce")),
        (200, Vec::new())
    );
    let verified = scene.send(&scene.request("/verify/nonce"));
    assert_eq!(
        (verified.status, verified.value("dpop-nonce")),
        (200, Upstream::NONCE)
    );

    // Half its life is over: a success carries the next one, and only that.
    thread::sleep(Duration::from_millis(16_000));
    let renewed = scene.send(&with_nonce(&scene, path, &nonce));
    assert_eq!(renewed.status, 200);
    let next = renewed.value("dpop-nonce");
    assert!(next != nonce && next != Upstream::NONCE);
    assert_eq!(renewed.value("cache-control"), "no-store");
    let answer = scene.send(&with_nonce(&scene, path, next));
    assert_eq!(answer.status, 200);
    assert_eq!(scene.upstream.last().values("dpop"), Vec::<&str>::new());
}
