//! What a client sees of an upstream that fails, and an upstream of a client that goes.

use core::time::Duration;
use std::io;

use http::uri::Scheme;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;

use crate::test_support::{
    Server, canned, exchange, head, rest, send, status, upstream, upstream_at, within,
};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn code(answer: &str) -> &str {
    answer
        .lines()
        .find_map(|line| line.strip_prefix("code: "))
        .unwrap_or("none")
}

#[tokio::test]
async fn an_upstream_that_refuses_is_502() {
    // Bound and never listening: nobody else can have the port.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = closed.local_addr().unwrap();
    let gateway = Server::gateway(upstream_at(address)).await;
    let answer = exchange(gateway.address, GET).await;
    assert_eq!(
        (status(&answer), code(&answer)),
        ("502", "upstream_connect")
    );
    assert!(answer.contains("\r\ndate: "), "{answer}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_502() {
    let mut upstream = upstream_at(([127, 0, 0, 1], 1).into());
    upstream.authority = "upstream.invalid:80".parse().unwrap();
    let gateway = Server::gateway(upstream).await;
    let answer = exchange(gateway.address, GET).await;
    assert_eq!(
        (status(&answer), code(&answer)),
        ("502", "upstream_connect")
    );
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_504() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut upstream = upstream_at(silent.local_addr().unwrap());
    upstream.scheme = Scheme::HTTPS;
    upstream.connect_timeout = Duration::from_millis(200);
    let gateway = Server::gateway(upstream).await;
    let answer = exchange(gateway.address, GET).await;
    assert_eq!(
        (status(&answer), code(&answer)),
        ("504", "upstream_connect_timeout")
    );
}

#[tokio::test]
async fn an_answer_that_never_comes_is_504() {
    let mut upstream = upstream(|mut stream| async move {
        head(&mut stream).await;
        let _rest = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    upstream.response_timeout = Duration::from_millis(200);
    let gateway = Server::gateway(upstream).await;
    let answer = exchange(gateway.address, GET).await;
    assert_eq!(
        (status(&answer), code(&answer)),
        ("504", "upstream_response_timeout")
    );
}

#[tokio::test]
async fn what_is_not_http_is_502() {
    for answer in [
        "",
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
    ] {
        let (upstream, _heads) = canned(answer).await;
        let gateway = Server::gateway(upstream).await;
        let received = exchange(gateway.address, GET).await;
        assert_eq!(
            (status(&received), code(&received)),
            ("502", "upstream_broken"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_switch_of_protocols_that_nobody_asked_for_is_502() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let (upstream, _heads) = canned(answer).await;
    let gateway = Server::gateway(upstream).await;
    let received = exchange(gateway.address, GET).await;
    assert_eq!(status(&received), "502", "{received}");
}

#[tokio::test]
async fn an_answer_that_is_cut_short_never_looks_complete() {
    let lengths = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
    let in_a_chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nfirst";
    for answer in [lengths, chunked, in_a_chunk] {
        for request in [
            GET,
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        ] {
            let (upstream, _heads) = canned(answer).await;
            let gateway = Server::gateway(upstream).await;
            let mut client = send(gateway.address, request).await;
            let (received, end) = rest(&mut client).await;
            assert!(
                !received.ends_with("0\r\n\r\n"),
                "{answer:?} {request:?} {received}"
            );
            let end = end.map_err(|error| error.kind());
            assert_eq!(
                end,
                Err(io::ErrorKind::ConnectionReset),
                "{answer:?} {request:?} {received}"
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_takes_its_request_along() {
    let (ends, mut ended) = mpsc::channel(1);
    let upstream = upstream(move |mut stream| {
        let ends = ends.clone();
        async move {
            head(&mut stream).await;
            let mut more = Vec::new();
            let end = stream
                .read_to_end(&mut more)
                .await
                .map_err(|error| error.kind());
            ends.send((more, end.is_ok())).await.unwrap();
        }
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let client = send(gateway.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(client);
    let (more, _) = within(ended.recv()).await.unwrap();
    assert_eq!(more, b"");
}

#[tokio::test]
async fn an_upload_that_is_cut_short_never_looks_complete() {
    let (ends, mut ended) = mpsc::channel(1);
    let upstream = upstream(move |mut stream| {
        let ends = ends.clone();
        async move {
            head(&mut stream).await;
            let mut body = Vec::new();
            let _end = stream.read_to_end(&mut body).await;
            ends.send(String::from_utf8(body).unwrap()).await.unwrap();
        }
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    for (request, sent) in [
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfirst",
            "first",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
            "5\r\nfirst\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfirst",
            "5\r\nfirst\r\n",
        ),
    ] {
        let client = send(gateway.address, request).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(client);
        assert_eq!(within(ended.recv()).await.unwrap(), sent, "{request:?}");
    }
}

/// Whoever reaches a route must not be able to fake an alarm about the upstream.
#[tokio::test]
async fn a_malformed_chunk_is_the_clients_fault() {
    let upstream = upstream(|mut stream| async move {
        let _head = head(&mut stream).await;
        let _rest = rest(&mut stream).await;
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n";
    let answer = exchange(gateway.address, request).await;
    assert_eq!(
        (status(&answer), code(&answer)),
        ("400", "request_body_broken")
    );
}
