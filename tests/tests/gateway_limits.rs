//! What is too large, too slow or too many, one below, at and one above each bound.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use keybound_tests::gateway::{Answer, Config, Request, Scene, http1, http2};
use keybound_tests::harness::{Client, Jws, PrivateKey};
use serde_json::json;

/// Pads a token or a proof until it has exactly this length.
fn sized(jws: &Jws, length: usize) -> String {
    let with_header = |in_header: usize| {
        let jws = jws.clone().header("pad", "x".repeat(in_header));
        let padded = |octets: usize| jws.clone().claim("pad", "x".repeat(octets)).compact();
        // Three octets more are four more of base64url.
        let octets = (length - padded(0).len()) / 4 * 3;
        (octets..octets + 3)
            .map(padded)
            .find(|text| text.len() == length)
    };
    // base64url has no length of 4n + 1, so that one of the two may not do.
    (0..4).find_map(with_header).unwrap()
}

#[test]
fn a_proof_of_the_limit_is_taken_and_one_octet_more_is_not() {
    let scene = Scene::new();
    let token = scene.token().compact();
    for (length, status) in [(8_191, 200), (8_192, 200), (8_193, 401)] {
        let proof = sized(&scene.proof("/orders", &token), length);
        assert_eq!(proof.len(), length);
        let answer = scene.send(&scene.request_with("/orders", &token, &proof));
        assert_eq!(answer.status, status, "{length}");
    }
    assert_eq!(scene.gateway.decision(3)["reason"], "proof_oversize");
    assert_eq!(scene.upstream.count(), 2);
}

#[test]
fn a_token_of_16_kib_works_and_one_octet_more_does_not() {
    let scene = Scene::new();
    for (length, status) in [(16_383, 200), (16_384, 200), (16_385, 401)] {
        let token = sized(&scene.token(), length);
        let proof = sized(&scene.proof("/orders", &token), 8_192);
        for send in [http1::send, http2::send] {
            let request = scene.request_with("/orders", &token, &proof);
            let answer = send(scene.gateway.plain(), &request);
            assert!(
                answer.status == status || answer.status == 401,
                "{length}: {answer:?}"
            );
        }
    }
    // Of each pair the second is a replay.
    scene.gateway.decision(6);
    assert_eq!(
        scene.gateway.reasons(),
        [
            "proof_replayed",
            "proof_replayed",
            "token_oversize",
            "token_oversize"
        ]
    );
    assert_eq!(scene.upstream.count(), 2);
}

#[test]
fn a_header_section_of_the_limit_is_taken_and_one_octet_more_is_431() {
    let limit = 40_000;
    let scene = Scene::with(Config {
        listener: format!("max_header_bytes = {limit}\n"),
        ..Config::usual()
    });
    let padded = |octets: usize| {
        let request = scene.request("/orders");
        let bare = request.clone().line("X-Pad", "").octets().len();
        request.line("X-Pad", "x".repeat(octets - bare))
    };
    for (octets, status) in [
        (limit - 1, 200),
        (limit, 200),
        (limit + 1, 431),
        (2 * limit, 431),
    ] {
        let request = padded(octets);
        assert_eq!(request.octets().len(), octets);
        assert_eq!(scene.send(&request).status, status, "{octets}");
    }
    // RFC 9113 section 6.5.2: 32 octets more for each field, of which four are pseudo-fields.
    let listed = |octets: usize| {
        let request = scene.request("/orders");
        let pseudo = ":method".len()
            + "GET".len()
            + ":scheme".len()
            + "https".len()
            + ":authority".len()
            + request.value("Host").len()
            + ":path".len()
            + "/orders".len()
            + 4 * 32;
        let fields: usize = request
            .lines
            .iter()
            .filter(|(name, _)| name != "Host")
            .map(|(name, value)| name.len() + value.len() + 32)
            .sum();
        request.line(
            "X-Pad",
            "x".repeat(octets - pseudo - fields - "x-pad".len() - 32),
        )
    };
    for (octets, status) in [
        (limit - 1, 200),
        (limit, 200),
        (limit + 1, 431),
        (2 * limit, 431),
    ] {
        let answer = http2::send(scene.gateway.plain(), &listed(octets));
        assert_eq!(answer.status, status, "{octets}");
    }
    assert_eq!(scene.upstream.count(), 4);
}

#[test]
fn slow_clients_are_cut_off_and_others_are_served_meanwhile() {
    let scene = Scene::with(Config {
        listener: "header_timeout = 1\n".into(),
        ..Config::usual()
    });
    let begun = Instant::now();
    let beginnings: [&[u8]; 5] = [
        b"",
        b"G",
        b"GET /orders HTTP/1.1\r\nHost: a",
        b"PRI * HTT",
        b"\x16\x03\x01",
    ];
    let mut slow: Vec<TcpStream> = Vec::new();
    for address in [scene.gateway.plain(), scene.gateway.tls()] {
        for beginning in beginnings {
            let mut stream = http1::connect(address).unwrap();
            stream.write_all(beginning).unwrap();
            slow.push(stream);
        }
    }
    // Never done, and never silent for long.
    let mut dripping = http1::connect(scene.gateway.plain()).unwrap();
    dripping.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    let drip = thread::spawn(move || {
        while begun.elapsed() < Duration::from_secs(10) && dripping.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
        begun.elapsed()
    });
    for _ in 0..5 {
        assert_eq!(scene.send(&scene.request("/orders")).status, 200);
    }
    for mut stream in slow {
        let mut octets = Vec::new();
        // Closed, with an answer or without.
        match stream.read_to_end(&mut octets) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert!(drip.join().unwrap() < Duration::from_secs(8));
    assert_eq!(scene.upstream.count(), 5);
}

#[test]
fn beyond_the_connection_limit_clients_wait_until_one_leaves() {
    let scene = Scene::with(Config {
        listener: "max_connections = 3\n".into(),
        ..Config::usual()
    });
    let address = scene.gateway.plain();
    let mut held: Vec<TcpStream> = (0..3).map(|_| http1::connect(address).unwrap()).collect();
    for stream in &mut held {
        // Served, so that the place is surely taken.
        let request = Request::get("/open").line("Connection", "keep-alive");
        stream.write_all(&request.octets()).unwrap();
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
    }
    let mut waiting = http1::connect(address).unwrap();
    waiting
        .write_all(&scene.request("/orders").octets())
        .unwrap();
    waiting
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut octets = Vec::new();
    let nothing = waiting
        .read_to_end(&mut octets)
        .map_err(|error| error.kind());
    assert_eq!((nothing, octets.len()), (Err(ErrorKind::WouldBlock), 0));
    assert_eq!(scene.upstream.count(), 3);

    drop(held.pop());
    waiting
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    waiting.read_to_end(&mut octets).unwrap();
    assert_eq!(Answer::read(&octets, false).unwrap().status, 200);
}

#[test]
fn proj_3_refuses_when_the_store_is_full_and_admits_while_it_is_not() {
    let scene = Scene::with(Config {
        tables: "[replay]\nafter_restart = \"accept\"\ncapacity = 11\n".into(),
        ..Config::usual()
    });
    // One key may hold a tenth of what is free, and always one.
    assert_eq!(scene.send(&scene.request("/orders")).status, 200);
    let answer = scene.send(&scene.request("/orders"));
    assert_eq!((answer.status, answer.challenges()), (429, Vec::new()));
    assert!(!answer.value("retry-after").is_empty());
    let mut statuses = Vec::new();
    for seed in 20..32 {
        let client = Client::new(PrivateKey::p256(seed));
        let token = scene
            .unbound_token()
            .claim("cnf", json!({ "jkt": client.jkt() }))
            .compact();
        let proof = scene
            .proof("/orders", &token)
            .header("jwk", client.key().public_jwk());
        let proof = proof.signed_by(client.key()).compact();
        let answer = scene.send(&scene.request_with("/orders", &token, &proof));
        statuses.push(answer.status);
    }
    let mut expected = vec![200; 10];
    expected.extend([503, 503]);
    assert_eq!(statuses, expected);
    assert_eq!(scene.upstream.count(), 11);
}
