//! Rules of HTTP about method, target and authority that only a socket can show.

use keybound_tests::gateway::{ORIGIN, Request, Scene, http1, http2};

// A proof that was caught at another host is of no use here, whatever Host says.
// rules: HTTP-7.1-1 (negative), HTTP-7.2-1 (negative)
#[test]
fn a_host_that_fits_a_caught_proof_opens_nothing() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let proof = scene
        .proof("/orders", &token)
        .claim("htu", "https://evil.example/orders");
    let caught = scene.request_with("/orders", &token, &proof.compact());
    let answer = scene.send(&caught.clone().replace("Host", "evil.example"));
    assert_eq!((answer.status, answer.challenges()), (421, Vec::new()));
    assert_eq!(scene.send(&caught).status, 401);
    let reasons = ["request_authority_unknown", "proof_htu_mismatch"];
    scene.gateway.decision(2);
    assert_eq!(scene.gateway.reasons(), reasons);
    // Before anything is read of the proof.
    let answer = scene.send(&Request::get("/open").replace("Host", "evil.example"));
    assert_eq!(answer.status, 421);
    assert_eq!(scene.upstream.count(), 0);
}

// The scheme is that of the configured origin, and nobody who connects can change that.
#[test]
fn http_7_1_2_only_the_configuration_names_the_origin() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let spoofed = |request: Request| {
        request
            .line("X-Forwarded-Proto", "http")
            .line("X-Forwarded-Host", "evil.example")
            .line("Forwarded", "proto=http;host=evil.example")
    };
    let proof = scene
        .proof("/orders", &token)
        .claim("htu", "http://evil.example/orders");
    let request = scene.request_with("/orders", &token, &proof.compact());
    assert_eq!(scene.send(&spoofed(request)).status, 401);
    assert_eq!(scene.gateway.decision(1)["reason"], "proof_htu_mismatch");
    assert_eq!(scene.send(&spoofed(scene.request("/orders"))).status, 200);
    let received = scene.upstream.last();
    assert_eq!(received.values("x-forwarded-proto"), ["https"]);
    assert_eq!(received.values("x-forwarded-host"), ["api.example.com"]);
    assert_eq!(received.values("forwarded"), Vec::<&str>::new());
}

#[test]
fn http_9_3_2_1_only_a_proof_for_head_is_good_for_head() {
    let scene = Scene::new();
    let head = scene.request("/orders").method("HEAD");
    assert_eq!(scene.send(&head).status, 401);
    assert_eq!(scene.gateway.decision(1)["reason"], "proof_htm_mismatch");
    let token = scene.token().compact();
    let proof = scene
        .proof("/orders", &token)
        .claim("htm", "HEAD")
        .compact();
    let request = scene.request_with("/orders", &token, &proof);
    let answer = scene.send(&request.clone().method("HEAD"));
    assert_eq!((answer.status, answer.whole), (200, true));
    assert_eq!(answer.value("content-length"), "6");
    assert_eq!(scene.upstream.last().method, "HEAD");
    assert_eq!(scene.send(&request).status, 401);
}

#[test]
fn methods_are_compared_and_forwarded_as_they_are() {
    let scene = Scene::new();
    let token = scene.token().compact();
    for method in ["PATCH", "QUERY", "DELETE", "M-SEARCH", "get"] {
        let proof = scene
            .proof("/orders", &token)
            .claim("htm", method)
            .compact();
        let request = scene.request_with("/orders", &token, &proof).method(method);
        assert_eq!(scene.send(&request).status, 200, "{method}");
        assert_eq!(scene.upstream.last().method, method);
    }
    let overridden = scene
        .request("/orders")
        .method("POST")
        .line("X-HTTP-Method-Override", "GET");
    assert_eq!(scene.send(&overridden).status, 401);
}

#[test]
fn http_9_3_7_1_refuses_options_for_no_resource() {
    let scene = Scene::new();
    let star = Request::get("*").method("OPTIONS");
    assert_eq!(scene.send(&star).status, 400);
    let bare = Request::get("/orders").method("OPTIONS");
    for request in [bare.clone(), bare.line("X-HTTP-Method-Override", "GET")] {
        assert_eq!(scene.send(&request).status, 401);
    }
    assert_eq!(scene.upstream.count(), 0);
}

// A preflight has no credentials. It passes where the route asks for none.
#[test]
fn http_9_3_7_1_passes_options_of_a_resource_as_any_method() {
    let scene = Scene::new();
    let preflight = Request::get("/open")
        .method("OPTIONS")
        .line("Origin", "https://app.example");
    assert_eq!(scene.send(&preflight).status, 200);
    assert_eq!(scene.upstream.last().method, "OPTIONS");
    let token = scene.token().compact();
    let proof = scene
        .proof("/orders", &token)
        .claim("htm", "OPTIONS")
        .compact();
    let request = scene
        .request_with("/orders", &token, &proof)
        .method("OPTIONS");
    assert_eq!(scene.send(&request).status, 200);
}

// rules: HTTP-8470-3-1 (both), HTTP-8470-5.1-1 (positive)
#[test]
fn http_8470_3_1_only_a_full_handshake_carries_credentials() {
    let scene = Scene::new();
    let early = scene.request("/orders").line("Early-Data", "1");
    let answer = scene.send(&early);
    assert_eq!((answer.status, answer.challenges()), (425, Vec::new()));
    assert_eq!(scene.upstream.count(), 0);
    // It burned nothing, and the same is good later.
    assert_eq!(scene.send(&early.without("Early-Data")).status, 200);
    let open = Request::get("/open").line("Early-Data", "1");
    assert_eq!(scene.send(&open).status, 200);
    assert_eq!(scene.upstream.last().values("early-data"), ["1"]);

    // A client that has seen the server before and would send early data is not offered to.
    let first = scene.tls.connect(scene.gateway.tls(), &[b"http/1.1"]);
    let config = scene.tls.client(&[b"http/1.1"]);
    assert_eq!(
        http1::send_over(first, &scene.request("/orders")).status,
        200
    );
    for _ in 0..2 {
        let mut stream = scene.tls.connect_with(scene.gateway.tls(), &config);
        assert!(stream.conn.early_data().is_none());
        assert_eq!(
            http1::send_over(&mut stream, &scene.request("/orders")).status,
            200
        );
    }
}

#[test]
fn http_9112_3_2_1_only_one_host_that_is_one_is_accepted() {
    let scene = Scene::new();
    let right = || scene.request("/orders");
    let host = "api.example.com";
    assert_eq!(scene.send(&right()).status, 200);
    for request in [
        right().without("Host"),
        right().line("Host", host),
        right().line("Host", "api.internal:8080"),
        right().replace("Host", ""),
        right().replace("Host", format!("user@{host}")),
        right().replace("Host", format!("{host}/")),
        right().replace("Host", format!("{host}, {host}")),
    ] {
        assert_eq!(scene.send(&request).status, 400, "{:?}", request.lines);
    }
    assert_eq!(scene.upstream.count(), 1);
}

#[test]
fn http_9112_3_2_2_1_only_the_authority_of_an_absolute_target_counts() {
    let scene = Scene::new();
    let absolute = format!("{ORIGIN}/orders?a=%7e");
    let right = scene.request("/orders").target(&absolute);
    // Host names another origin that is served here as well.
    let answer = scene.send(&right.replace("Host", "other.example.com"));
    assert_eq!(answer.status, 200);
    let received = scene.upstream.last();
    assert_eq!(received.target, "/orders?a=%7e");
    assert_eq!(received.values("x-forwarded-host"), ["api.example.com"]);

    let other = scene
        .request("/orders")
        .target("https://other.example.com/orders");
    assert_eq!(scene.send(&other).status, 401);
    assert_eq!(scene.gateway.decision(2)["reason"], "proof_htu_mismatch");
    let unknown = scene
        .request("/orders")
        .target("https://evil.example/orders");
    assert_eq!(scene.send(&unknown).status, 421);
    assert_eq!(scene.upstream.count(), 1);
}

#[test]
fn http_9113_8_3_1_1_only_a_host_that_agrees_with_the_authority_is_accepted() {
    let scene = Scene::new();
    let plain = scene.gateway.plain();
    let right = || scene.request("/orders").replace("Host", "api.example.com");
    assert_eq!(
        http2::send(plain, &right().line("Host", "api.example.com")).status,
        200
    );
    for host in ["other.example.com", "evil.example"] {
        assert_eq!(
            http2::send(plain, &right().line("Host", host)).status,
            400,
            "{host}"
        );
    }
    assert_eq!(scene.upstream.count(), 1);
}
