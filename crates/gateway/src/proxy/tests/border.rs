//! What may cross, in the header sections of both directions.

use crate::proxy::{Credentials, UpstreamNonces};
use crate::test_support::{Server, canned, exchange, lines, status};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Sends one request, and returns what the upstream read.
async fn forwarded(request: &str) -> String {
    let (upstream, mut heads) = canned(OK).await;
    let gateway = Server::gateway(upstream).await;
    let answer = exchange(gateway.address, request).await;
    assert_eq!(status(&answer), "200", "{answer}");
    heads.recv().await.unwrap()
}

// rules: PROJ-10 (negative)
#[tokio::test]
async fn proj_10_a_client_cannot_say_who_it_is_in_any_spelling() {
    let head = forwarded(
        "GET / HTTP/1.1\r\nHost: api.example.com\r\n\
         Connection: close, keybound-subject, via, host, x-forwarded-for\r\n\
         Keybound-Subject: mallory\r\nKeybound_Subject: mallory\r\nkeybound.subject: mallory\r\n\
         KEYBOUND-JKT: mallory\r\nClient-Cert: :AAAA:\r\nX-Forwarded-Client-Cert: Hash=00\r\n\
         X-Forwarded-For: 127.0.0.9\r\nForwarded: for=127.0.0.9\r\nX-Real-IP: 127.0.0.9\r\n\
         X-Original-URL: /admin\r\nAuthorization: DPoP token\r\nDPoP: proof\r\n\
         Proxy-Authorization: Basic AAAA\r\nAccept: text/plain\r\n\r\n",
    )
    .await;
    let host = lines(&head)
        .into_iter()
        .find(|line| line.starts_with("host: 127.0.0.1:"))
        .unwrap();
    assert_eq!(
        lines(&head),
        [
            "accept: text/plain",
            host,
            "keybound-client-id: ",
            "keybound-issuer: ",
            "keybound-jkt: ",
            "keybound-scope: ",
            "keybound-subject: alice",
            "keybound-x5t-s256: ",
            "via: 1.1 keybound",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: api.example.com",
            "x-forwarded-proto: https",
        ]
    );
}

// rules: PROJ-12 (positive)
#[tokio::test]
async fn proj_12_the_path_goes_upstream_octet_by_octet() {
    for (prefix, target, expected) in [
        ("", "/", "/"),
        (
            "",
            "/a%2Fb/./c/../d//e;f/%7E%7e?x=%20&y=/../",
            "/a%2Fb/./c/../d//e;f/%7E%7e?x=%20&y=/../",
        ),
        ("", "//evil.example/a", "//evil.example/a"),
        ("", "/a?", "/a?"),
        ("", "/a\\b|c\"d", "/a\\b|c\"d"),
        ("", "http://api.example.com/a?b", "/a?b"),
        ("", "http://api.example.com?b", "/?b"),
        ("/base", "/a", "/base/a"),
        ("/base", "/", "/base/"),
        ("/base", "/../a", "/base/../a"),
    ] {
        let (mut upstream, mut heads) = canned(OK).await;
        upstream.prefix = prefix.into();
        let gateway = Server::gateway(upstream).await;
        let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = exchange(gateway.address, &request).await;
        assert_eq!(status(&answer), "200", "{target}: {answer}");
        let head = heads.recv().await.unwrap();
        assert_eq!(
            head.lines().next(),
            Some(&*format!("GET {expected} HTTP/1.1"))
        );
    }
}

#[tokio::test]
async fn methods_go_upstream_as_they_are() {
    for method in ["GET", "HEAD", "PATCH", "QUERY", "OPTIONS", "PURGE", "get"] {
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let head = forwarded(&request).await;
        assert_eq!(head.lines().next(), Some(&*format!("{method} / HTTP/1.1")));
    }
}

// rules: DPOP-8-2 (negative)
#[tokio::test]
async fn dpop_8_2_an_upstreams_nonce_reaches_the_client_only_in_verify_only_mode() {
    let answer = "HTTP/1.1 401 Unauthorized\r\nDPoP-Nonce: n\r\nClient-Cert: :AAAA:\r\n\
                  Keep-Alive: timeout=5\r\nX-Hop: 1\r\nConnection: x-hop\r\n\
                  WWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\nWWW-Authenticate: Bearer\r\n\
                  Date: Tue, 24 Nov 2026 13:00:00 GMT\r\nContent-Length: 0\r\n\r\n";
    let kept = [
        "connection: close",
        "content-length: 0",
        "date: Tue, 24 Nov 2026 13:00:00 GMT",
        "www-authenticate: Bearer",
        "www-authenticate: DPoP error=\"use_dpop_nonce\"",
    ];
    let request = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: DPoP t\r\nDPoP: p\r\n\
                   Connection: close\r\n\r\n";

    let (upstream, mut heads) = canned(answer).await;
    let gateway = Server::gateway(upstream).await;
    let received = exchange(gateway.address, request).await;
    assert_eq!(lines(&received), kept);
    let head = heads.recv().await.unwrap();
    assert!(
        !head.contains("authorization") && !head.contains("dpop"),
        "{head}"
    );

    let (upstream, mut heads) = canned(answer).await;
    let gateway = Server::gateway_with(upstream, Credentials::Keep, UpstreamNonces::Pass).await;
    let received = exchange(gateway.address, request).await;
    let mut expected = kept.to_vec();
    expected.insert(3, "dpop-nonce: n");
    assert_eq!(lines(&received), expected);
    let head = heads.recv().await.unwrap();
    assert!(
        head.contains("authorization: DPoP t\r\n") && head.contains("dpop: p\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn http_1_0_clients_are_served() {
    let head = forwarded("GET /a HTTP/1.0\r\n\r\n").await;
    assert_eq!(head.lines().next(), Some("GET /a HTTP/1.1"));
    assert!(head.contains("via: 1.0 keybound\r\n"), "{head}");
    assert!(head.contains("x-forwarded-host: none\r\n"), "{head}");
}
