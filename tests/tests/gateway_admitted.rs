//! Requests that the gateway admits, and what the upstream sees of them.

use std::process::Command;

use keybound_tests::gateway::{
    Answer, HOST, ORIGIN, Received, Request, Scene, http1, http2, missing,
};
use keybound_tests::harness::{AUDIENCE, ISSUER};

/// The six fields that say who was admitted, in alphabetical order of their names.
fn identity(received: &Received) -> Vec<(&str, &str)> {
    let mut lines: Vec<(&str, &str)> = received
        .lines
        .iter()
        .filter(|(name, _)| name.starts_with("keybound"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    lines.sort_unstable();
    lines
}

fn nobody() -> Vec<(&'static str, &'static str)> {
    vec![
        ("keybound-client-id", ""),
        ("keybound-issuer", ""),
        ("keybound-jkt", ""),
        ("keybound-scope", ""),
        ("keybound-subject", ""),
        ("keybound-x5t-s256", ""),
    ]
}

#[test]
fn the_upstream_learns_who_was_admitted_and_gets_no_credentials() {
    let scene = Scene::new();
    let answer = scene.send(&scene.request("/orders"));
    assert_eq!((answer.status, &answer.body[..]), (200, &b"served"[..]));
    assert!(answer.whole);
    let received = scene.upstream.last();
    let jkt = scene.client.jkt();
    assert_eq!(
        identity(&received),
        [
            ("keybound-client-id", "shop-app"),
            ("keybound-issuer", ISSUER),
            ("keybound-jkt", jkt.as_str()),
            ("keybound-scope", "orders:read"),
            ("keybound-subject", "alice"),
            ("keybound-x5t-s256", ""),
        ]
    );
    for (name, value) in [
        ("authorization", &[][..]),
        ("dpop", &[]),
        ("x-forwarded-for", &["127.0.0.1"]),
        ("x-forwarded-proto", &["https"]),
        ("x-forwarded-host", &["api.example.com"]),
    ] {
        assert_eq!(received.values(name), value, "{name}");
    }
    let host = scene.upstream.address().to_string();
    assert_eq!(received.values("host"), [host.as_str()]);
    let decision = scene.gateway.decision(1);
    assert_eq!(decision["outcome"], "allow");
    assert_eq!(decision["target"], format!("{AUDIENCE}/orders"));
}

// rules: BEARER-5.2-1 (positive), HTTP-11.6.2-1 (positive)
#[test]
fn credentials_go_upstream_unchanged_where_the_configuration_keeps_them_and_nowhere_else() {
    let scene = Scene::new();
    let request = scene.request("/kept");
    assert_eq!(scene.send(&request).status, 200);
    let received = scene.upstream.last();
    for name in ["authorization", "dpop"] {
        assert_eq!(received.values(name), [request.value(name)], "{name}");
    }
    // DPOP-8-2: who verifies without spending leaves token and proof for the service behind.
    let request = scene.request("/verify");
    assert_eq!(scene.send(&request).status, 200);
    let received = scene.upstream.last();
    for name in ["authorization", "dpop"] {
        assert_eq!(received.values(name), [request.value(name)], "{name}");
    }
    for path in ["/orders", "/open"] {
        assert_eq!(scene.send(&scene.request(path)).status, 200);
        let received = scene.upstream.last();
        for name in ["authorization", "dpop"] {
            assert_eq!(received.values(name), Vec::<&str>::new(), "{path} {name}");
        }
    }
}

#[test]
fn an_open_route_serves_everybody_as_nobody() {
    let scene = Scene::new();
    for request in [
        Request::get("/open/page"),
        scene.request("/open/page"),
        Request::get("/open/page").line("Authorization", "DPoP garbage"),
    ] {
        assert_eq!(scene.send(&request).status, 200);
        assert_eq!(identity(&scene.upstream.last()), nobody());
    }
}

// The proof names the normal form; the upstream gets the octets of the client.
#[test]
fn proj_12_keeps_the_path_and_query_octet_by_octet() {
    let scene = Scene::new();
    let token = scene.token().compact();
    for (target, signed) in [
        ("/orders/%7ea%2fb//c?d=%7e&e", "/orders/~a%2Fb//c"),
        ("/orders?x=%00&y=a+b", "/orders"),
        ("/orders/a;b=c", "/orders/a;b=c"),
        ("/orders/", "/orders/"),
    ] {
        let proof = scene.proof(signed, &token).compact();
        let answer = scene.send(&scene.request_with(target, &token, &proof));
        assert_eq!(
            answer.status,
            200,
            "{target}: {:?}",
            scene.gateway.reasons()
        );
        assert_eq!(scene.upstream.last().target, target);
    }
}

#[test]
fn proj_12_refuses_paths_that_an_upstream_may_read_as_another_route() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let targets = [
        "/open/../admin",
        "/open/%2e%2e/admin",
        "/open/..%2fadmin",
        "/open/..%5cadmin",
        "/open/..;/admin",
        "/open\\..\\admin",
        "//admin",
    ];
    for target in targets {
        let proof = scene.proof("/admin", &token).compact();
        let answer = scene.send(&scene.request_with(target, &token, &proof));
        assert!(
            [400, 401, 403, 404].contains(&answer.status),
            "{target}: {answer:?}"
        );
        let answer = scene.send(&Request::get(target));
        assert!(
            [400, 401, 404].contains(&answer.status),
            "{target}: {answer:?}"
        );
    }
    assert_eq!(scene.upstream.count(), 0);
}

#[test]
fn http_2_is_spoken_with_prior_knowledge_and_by_alpn_and_http_1_1_over_tls() {
    let scene = Scene::new();
    let (plain, tls) = (scene.gateway.plain(), scene.gateway.tls());
    let answers: [(&str, Answer); 3] = [
        (
            "prior knowledge",
            http2::send(plain, &scene.request("/orders")),
        ),
        (
            "ALPN",
            http2::send_over_tls(tls, &scene.tls, &scene.request("/orders")),
        ),
        ("TLS", {
            let stream = scene.tls.connect(tls, &[b"http/1.1"]);
            http1::send_over(stream, &scene.request("/orders"))
        }),
    ];
    for (how, answer) in answers {
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &b"served"[..]),
            "{how}"
        );
        assert!(answer.whole && !answer.value("date").is_empty(), "{how}");
    }
    for received in scene.upstream.received() {
        let jkt = scene.client.jkt();
        assert_eq!(received.values("keybound-jkt"), [jkt.as_str()]);
        assert_eq!(received.values("x-forwarded-proto"), ["https"]);
    }
    assert_eq!(scene.upstream.count(), 3);
}

// A client that nobody here has written.
#[test]
fn curl_is_served_over_http_2_and_http_1_1_and_refused_the_second_time() {
    if Command::new("curl").arg("--version").output().is_err() {
        return missing("curl");
    }
    let scene = Scene::new();
    let certificate = scene.folder().join("tls.pem");
    let port = scene.gateway.tls().port();
    for version in ["--http2", "--http1.1"] {
        let request = scene.request("/orders");
        for status in ["200", "401"] {
            let output = Command::new("curl")
                .args([
                    "--silent",
                    "--show-error",
                    "--max-time",
                    "20",
                    version,
                    "--cacert",
                ])
                .arg(&certificate)
                .args([
                    "--connect-to",
                    &format!("api.example.com:443:127.0.0.2:{port}"),
                ])
                .args(["--write-out", "\n%{http_version} %{http_code}"])
                .args([
                    "--header",
                    &format!("Authorization: {}", request.value("Authorization")),
                ])
                .args(["--header", &format!("DPoP: {}", request.value("DPoP"))])
                .arg(format!("{ORIGIN}/orders"))
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let spoken = if version == "--http2" { "2" } else { "1.1" };
            let last = text.lines().next_back().unwrap();
            assert_eq!(last, format!("{spoken} {status}"), "{:?}", output.stderr);
        }
    }
    assert_eq!(scene.upstream.count(), 2);
}

// rules: HTTP-7.2-1 (positive), HTTP-7.1-1 (positive)
#[test]
fn every_configured_authority_stands_for_its_origin() {
    let scene = Scene::new();
    for host in [
        HOST,
        "API.internal:8080",
        "api.example.com",
        "api.example.com:443",
    ] {
        let answer = scene.send(&scene.request("/orders").replace("Host", host));
        assert_eq!(answer.status, 200, "{host}");
    }
    assert_eq!(scene.upstream.count(), 4);
}

#[test]
fn bodies_and_trailers_go_both_ways() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let proof = |path: &str| scene.proof(path, &token).claim("htm", "POST").compact();
    let request = scene
        .request_with("/orders", &token, &proof("/orders"))
        .method("POST");
    assert_eq!(scene.send(&request.body("a body")).status, 200);
    assert_eq!(scene.upstream.last().body, b"a body");

    let path = "/orders/trailers";
    let request = scene
        .request_with(path, &token, &proof(path))
        .method("POST");
    let request = request
        .line("TE", "trailers")
        .line("Trailer", "Checksum")
        .trailers(&[
            ("Checksum", "2"),
            ("DPoP", "x"),
            ("Keybound-Subject", "mallory"),
        ]);
    let answer = scene.send(&request.replace("Connection", "close, TE"));
    assert_eq!((answer.status, &answer.body[..]), (200, &b"served"[..]));
    assert!(answer.whole);
    let received = scene.upstream.last();
    assert_eq!(received.body, b"body");
    assert_eq!(received.trailers, [("checksum".to_owned(), "2".to_owned())]);
}

#[test]
fn an_upstream_keeps_its_connection_and_its_requests_apart() {
    let scene = Scene::new();
    for number in 0..20 {
        let path = format!("/orders/{number}");
        assert_eq!(scene.send(&scene.request(&path)).status, 200);
    }
    let targets: Vec<String> = scene
        .upstream
        .received()
        .into_iter()
        .map(|one| one.target)
        .collect();
    let expected: Vec<String> = (0..20).map(|number| format!("/orders/{number}")).collect();
    assert_eq!(targets, expected);
}
