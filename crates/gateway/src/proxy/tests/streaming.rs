//! Bodies pass through as they come, in both directions, with their trailers.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use crate::test_support::{Server, head, rest, send, until, upstream, within};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn the_first_octets_of_an_answer_arrive_before_its_last_are_written() {
    let (go, mut wait) = mpsc::channel::<()>(1);
    let (first_seen, seen) = oneshot::channel::<()>();
    let mut seen = Some(seen);
    let (streams, mut accepted) = mpsc::channel(1);
    let upstream = upstream(move |stream| {
        let streams = streams.clone();
        async move { streams.send(stream).await.unwrap() }
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let mut client = send(gateway.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut stream = within(accepted.recv()).await.unwrap();
    tokio::spawn(async move {
        head(&mut stream).await;
        stream.write_all(CHUNKED.as_bytes()).await.unwrap();
        stream.write_all(b"5\r\nfirst\r\n").await.unwrap();
        seen.take().unwrap().await.unwrap();
        stream.write_all(b"4\r\nlast\r\n0\r\n\r\n").await.unwrap();
        wait.recv().await;
    });
    head(&mut client).await;
    assert_eq!(until(&mut client, "first\r\n").await, "5\r\nfirst\r\n");
    first_seen.send(()).unwrap();
    assert_eq!(
        until(&mut client, "0\r\n\r\n").await,
        "4\r\nlast\r\n0\r\n\r\n"
    );
    drop(go);
}

#[tokio::test]
async fn the_first_octets_of_a_request_arrive_before_its_last_are_written() {
    let (firsts, mut first) = mpsc::channel(1);
    let upstream = upstream(move |mut stream| {
        let firsts = firsts.clone();
        async move {
            head(&mut stream).await;
            firsts
                .send(until(&mut stream, "first").await)
                .await
                .unwrap();
            assert_eq!(until(&mut stream, "last").await, "last");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let request =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nConnection: close\r\n\r\nfirst";
    let mut client = send(gateway.address, request).await;
    assert_eq!(within(first.recv()).await.unwrap(), "first");
    client.write_all(b"last").await.unwrap();
    let (answer, _) = rest(&mut client).await;
    assert!(answer.ends_with("\r\n\r\ndone"), "{answer}");
}

#[tokio::test]
async fn an_answer_may_come_before_the_request_is_complete() {
    let upstream = upstream(|mut stream| async move {
        head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        let _rest = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfirst";
    let mut client = send(gateway.address, request).await;
    let answer = head(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_slow_reader_holds_the_writer_back() {
    let (counts, mut written) = mpsc::channel(1);
    let upstream = upstream(move |mut stream| {
        let counts = counts.clone();
        async move {
            head(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
                .await
                .unwrap();
            let mut count = 0_usize;
            let pause = core::time::Duration::from_millis(500);
            while let Ok(Ok(n)) = tokio::time::timeout(pause, stream.write(&[b'x'; 65_536])).await {
                count += n;
            }
            counts.send(count).await.unwrap();
        }
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let mut client = send(gateway.address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    head(&mut client).await;
    let count = within(written.recv()).await.unwrap();
    // What the kernel's buffers hold on two connections, and no more than a little of ours.
    assert!(count < 64 * 1024 * 1024, "{count}");
}

#[tokio::test]
async fn trailers_pass_without_what_is_the_gateways_to_say() {
    let (trailers, mut received) = mpsc::channel(1);
    let upstream = upstream(move |mut stream| {
        let trailers = trailers.clone();
        async move {
            let head = head(&mut stream).await;
            let end = until(&mut stream, "\r\n\r\n").await;
            trailers.send((head, end)).await.unwrap();
            let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\
                          trailer: checksum, dpop-nonce, client-cert\r\n\r\n2\r\nok\r\n0\r\n\
                          checksum: 2\r\ndpop-nonce: n\r\nclient-cert: :AAAA:\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n\
                   Transfer-Encoding: chunked\r\n\
                   Trailer: checksum, keybound-subject, Keybound_Jkt, authorization, dpop\r\n\r\n\
                   4\r\nbody\r\n0\r\nchecksum: 1\r\nkeybound-subject: mallory\r\n\
                   Keybound_Jkt: mallory\r\nauthorization: DPoP t\r\ndpop: p\r\n\r\n";
    let mut client = send(gateway.address, request).await;
    let (answer, end) = rest(&mut client).await;
    assert!(end.is_ok());
    let (head, body) = within(received.recv()).await.unwrap();
    assert!(head.contains("te: trailers\r\n"), "{head}");
    assert_eq!(body, "4\r\nbody\r\n0\r\nchecksum: 1\r\n\r\n");
    assert!(
        answer.ends_with("\r\n\r\n2\r\nok\r\n0\r\nchecksum: 2\r\n\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_client_is_told_to_continue_when_the_upstream_reads() {
    let upstream = upstream(|mut stream| async move {
        let head = head(&mut stream).await;
        assert!(!head.contains("expect"), "{head}");
        assert_eq!(until(&mut stream, "body").await, "body");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
            .unwrap();
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\
                   Connection: close\r\n\r\n";
    let mut client = send(gateway.address, request).await;
    assert_eq!(head(&mut client).await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"body").await.unwrap();
    let (answer, _) = rest(&mut client).await;
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
}
