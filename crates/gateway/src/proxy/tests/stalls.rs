//! Uploads and answers that do not go on.

use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config;
use crate::test_support::{Server, head, rest, send, status, until, upstream, within};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
const LONGEST: Duration = Duration::from_millis(500);

async fn gateway(mut upstream: config::Upstream) -> Server {
    upstream.response_timeout = LONGEST;
    Server::gateway(upstream).await
}

async fn post(gateway: &Server, length: usize) -> TcpStream {
    let head = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    send(gateway.address, &head).await
}

fn status_and_code(answer: &str) -> (&str, &str) {
    let code = answer.lines().find_map(|line| line.strip_prefix("code: "));
    (status(answer), code.unwrap_or("none"))
}

#[tokio::test]
async fn a_slow_upload_is_nobodys_fault_while_it_goes_on() {
    let upstream = upstream(|mut stream| async move {
        head(&mut stream).await;
        until(&mut stream, "last").await;
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let gateway = gateway(upstream).await;
    let mut client = post(&gateway, 24).await;
    for part in ["12345", "12345", "12345", "12345", "last"] {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.write_all(part.as_bytes()).await.unwrap();
    }
    let (answer, _) = rest(&mut client).await;
    assert_eq!(status_and_code(&answer), ("200", "none"));
}

#[tokio::test]
async fn a_client_that_stops_within_its_upload_gets_408() {
    for begun in ["", "first"] {
        let upstream = upstream(|mut stream| async move {
            let _end = stream.read_to_end(&mut Vec::new()).await;
        })
        .await;
        let gateway = gateway(upstream).await;
        let mut client = post(&gateway, 9).await;
        client.write_all(begun.as_bytes()).await.unwrap();
        let answer = head(&mut client).await;
        assert_eq!(status_and_code(&answer), ("408", "request_timeout"));
    }
}

#[tokio::test]
async fn an_upstream_that_stops_reading_is_504() {
    let upstream = upstream(|mut stream| async move {
        head(&mut stream).await;
        core::future::pending::<()>().await;
    })
    .await;
    let gateway = gateway(upstream).await;
    let (mut reader, mut writer) = post(&gateway, 50_000_000).await.into_split();
    let upload = tokio::spawn(async move {
        // Ends when the gateway gives up.
        let _written = writer.write_all(&vec![b'x'; 50_000_000]).await;
    });
    let answer = head(&mut reader).await;
    assert_eq!(
        status_and_code(&answer),
        ("504", "upstream_response_timeout")
    );
    within(upload).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_stops_is_broken_off() {
    let upstream = upstream(|mut stream| async move {
        head(&mut stream).await;
        stream.write_all(CHUNKED).await.unwrap();
        core::future::pending::<()>().await;
    })
    .await;
    let gateway = gateway(upstream).await;
    let mut client = send(gateway.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let (answer, end) = rest(&mut client).await;
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    assert_eq!(
        end.map_err(|error| error.kind()),
        Err(io::ErrorKind::ConnectionReset)
    );
}

#[tokio::test]
async fn an_upload_may_pause_while_the_answer_goes_on() {
    let upstream = upstream(|mut stream| async move {
        head(&mut stream).await;
        stream.write_all(CHUNKED).await.unwrap();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            stream.write_all(b"4\r\nmore\r\n").await.unwrap();
        }
        until(&mut stream, "last").await;
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    })
    .await;
    let gateway = gateway(upstream).await;
    let mut client = post(&gateway, 4).await;
    until(&mut client, &"4\r\nmore\r\n".repeat(5)).await;
    client.write_all(b"last").await.unwrap();
    assert_eq!(until(&mut client, "0\r\n\r\n").await, "0\r\n\r\n");
}
