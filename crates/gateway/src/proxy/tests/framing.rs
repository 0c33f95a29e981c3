//! One request in is one request out: nothing that two readers could divide differently.

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use crate::test_support::{
    Server, canned, exchange, head, rest, send, status, until, upstream, within,
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn double_framing_is_chunked_and_ends_the_connection_rfc_9112_6_1() {
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nConnection: keep-alive",
    ] {
        let (requests, mut received) = mpsc::channel(4);
        let upstream = upstream(move |mut stream| {
            let requests = requests.clone();
            async move {
                let head = head(&mut stream).await;
                let body = until(&mut stream, "0\r\n\r\n").await;
                requests.send((head, body)).await.unwrap();
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        })
        .await;
        let gateway = Server::gateway(upstream).await;
        let smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
        let request = format!(
            "POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n4\r\nbody\r\n0\r\n\r\n{smuggled}"
        );
        let mut client = send(gateway.address, &request).await;
        let (answer, _) = rest(&mut client).await;
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{lines:?}: {answer}"
        );
        let (head, body) = within(received.recv()).await.unwrap();
        assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
        assert!(!head.contains("content-length"), "{head}");
        assert_eq!(body, "4\r\nbody\r\n0\r\n\r\n");
        assert!(received.try_recv().is_err());
    }
}

#[tokio::test]
async fn framing_that_is_not_plain_is_400_and_goes_nowhere() {
    for lines in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: 4, 5",
        "Content-Length: +4",
        "Content-Length: -1",
        "Content-Length: 0x4",
        "Content-Length: 99999999999999999999",
        "Content-Length: ",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Content-Length : 4",
        " Content-Length: 4",
        "X: a\r\n Content-Length: 4",
        "X\u{0}: a",
        "X: a\u{0}b",
        "X: a\rContent-Length: 4",
        "(X): a",
        ": a",
    ] {
        let (upstream, mut heads) = canned(OK).await;
        let gateway = Server::gateway(upstream).await;
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\nbody");
        let answer = exchange(gateway.address, &request).await;
        assert_eq!(status(&answer), "400", "{lines:?}: {answer}");
        assert!(heads.try_recv().is_err(), "{lines:?} went upstream");
    }
}

#[tokio::test]
async fn a_head_that_must_not_go_further_does_not() {
    for (request, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", "400"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket, h2c\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            "501",
        ),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "501"),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "501"),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", "400"),
        ("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "400"),
    ] {
        let (upstream, mut heads) = canned(OK).await;
        let gateway = Server::gateway(upstream).await;
        let mut client = send(gateway.address, request).await;
        let answer = head(&mut client).await;
        assert_eq!(status(&answer), expected, "{request:?}: {answer}");
        assert!(heads.try_recv().is_err(), "{request:?} went upstream");
    }
}

#[tokio::test]
async fn an_upgrade_in_http_1_0_is_ignored_ws_6() {
    let (upstream, mut heads) = canned(OK).await;
    let gateway = Server::gateway(upstream).await;
    let answer = exchange(gateway.address, "GET / HTTP/1.0\r\nUpgrade: h2c\r\n\r\n").await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(!heads.recv().await.unwrap().contains("upgrade"));
}

#[tokio::test]
async fn answers_that_have_no_body_stay_without_one() {
    for (method, upstream_answer, lengths) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", 1),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 0),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n",
            0,
        ),
    ] {
        let (upstream, _heads) = canned(upstream_answer).await;
        let gateway = Server::gateway(upstream).await;
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = exchange(gateway.address, &request).await;
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert_eq!(
            answer.matches("content-length").count(),
            lengths,
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_answer_of_http_1_0_is_passed_on_as_1_1() {
    let (upstream, _heads) = canned("HTTP/1.0 200 OK\r\n\r\nold").await;
    let gateway = Server::gateway(upstream).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = exchange(gateway.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.ends_with("\r\n\r\n3\r\nold\r\n0\r\n\r\n"),
        "{answer}"
    );
}
