//! A flood of garbage: memory stays flat, and others are served meanwhile.

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keybound_tests::gateway::{Request, Scene, http1};
use keybound_tests::harness::{PrivateKey, encode};
use serde_json::json;

/// What one round of the flood sends, each over a connection of its own.
fn garbage(scene: &Scene, round: usize) -> Vec<Vec<u8>> {
    let token = scene.token().compact();
    let proof = || scene.proof("/orders", &token);
    let with = |proof: &str| scene.request_with("/orders", &token, proof).octets();
    let stranger = PrivateKey::ed25519(u8::try_from(round % 251).unwrap() + 1);
    let unknown = scene
        .token()
        .header("kid", format!("unknown-{round}"))
        .compact();
    let deep = "[".repeat(2_000);
    // Repeatable noise.
    let noise: Vec<u8> = (0..700_usize)
        .map(|at| u8::try_from((at * at * 31 + at * 7 + round * 131) % 256).unwrap())
        .collect();
    vec![
        noise.clone(),
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &noise].concat(),
        [b"\x16\x03\x01\x02\x00".as_slice(), &noise].concat(),
        b"GET /orders HTTP/1.1\r\nHost: api.exa".to_vec(),
        b"POST /orders HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n".to_vec(),
        Request::get("/orders").line("X-Pad", "x".repeat(200_000)).octets(),
        Request::get("/orders").line("DPoP", "x".repeat(9_000)).octets(),
        Request::get(&format!("/{}", "a/".repeat(2_000))).octets(),
        Request::get(&format!("/orders/{}", "%2e%2e/".repeat(500))).octets(),
        with(""),
        with("a.b.c"),
        with(&encode(&noise)),
        with(&proof().corrupt().compact()),
        with(&proof().header("alg", "none").compact()),
        with(&proof().header("jwk", stranger.public_jwk()).header("alg", "EdDSA").signed_by(&stranger).compact()),
        with(&proof().raw_payload(deep.clone()).compact()),
        with(&proof().raw_header(deep).compact()),
        with(&proof().claim("jti", "j".repeat(300)).compact()),
        with(&proof().claim("htu", "h".repeat(4_000)).compact()),
        with(&proof().claim("iat", json!(i64::MAX)).compact()),
        with(&proof().without_claim("jti").compact()),
        scene.request_with("/orders", &unknown, &scene.proof("/orders", &unknown).compact()).octets(),
        scene.request_with("/orders", &scene.token().corrupt().compact(), &proof().compact()).octets(),
        Request::get("/nonces").octets(),
        Request::get("/orders").line("Authorization", "Basic ").octets(),
    ]
}

#[test]
fn memory_stays_flat_in_a_flood_of_garbage_and_others_are_served() {
    let scene = Scene::new();
    let (plain, tls) = (scene.gateway.plain(), scene.gateway.tls());
    let rounds = AtomicUsize::new(0);
    let connections = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let (warm, end, served) = thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let round = rounds.fetch_add(1, Ordering::SeqCst);
                    for (number, octets) in garbage(&scene, round).iter().enumerate() {
                        let address = if (round + number).is_multiple_of(9) {
                            tls
                        } else {
                            plain
                        };
                        let mut stream = http1::connect(address).unwrap();
                        // The gateway may hang up in the middle.
                        let _written = stream.write_all(octets);
                        // One in three waits for an answer; the others are gone.
                        if number % 3 == 0 {
                            let _half = stream.shutdown(std::net::Shutdown::Write);
                            let _answer = std::io::copy(&mut stream, &mut std::io::sink());
                        }
                        connections.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let mut served = 0;
        let mut serve_until = |until: Duration| {
            while begun.elapsed() < until {
                let sent = Instant::now();
                assert_eq!(scene.send(&scene.request("/orders")).status, 200);
                assert!(
                    sent.elapsed() < Duration::from_secs(5),
                    "{:?}",
                    sent.elapsed()
                );
                served += 1;
                thread::sleep(Duration::from_millis(20));
            }
            scene.gateway.resident_kib()
        };
        let warm = serve_until(Duration::from_secs(5));
        let end = serve_until(Duration::from_secs(13));
        over.store(true, Ordering::SeqCst);
        (warm, end, served)
    });
    let connections = connections.into_inner();
    eprintln!("{connections} connections, {served} served, {warm} KiB, then {end} KiB");
    assert!(
        connections > 1_000,
        "{connections} connections in 13 seconds are no flood"
    );
    assert!(served > 50, "{served}");
    assert_eq!(scene.upstream.count(), served);
    // Buffers of connections that are just open, and what the allocator keeps.
    let margin = 16 * 1024;
    assert!(end < warm + margin, "{warm} KiB grew to {end} KiB");
    // It stops in order, and has not panicked on the way.
    let (status, output) = scene.gateway.stop();
    assert!(status.success());
    assert!(!String::from_utf8_lossy(&output).contains("panicked"));
}
