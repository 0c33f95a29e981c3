use std::time::{Duration, Instant};

use ::http::HeaderValue;
use keybound_sources::{Answer, FetchError};

use crate::server::{Reply, Server};
use crate::{TOTAL, client, url};

#[tokio::test]
async fn the_request_asks_for_one_plain_document() {
    let server = Server::start().await;
    server.reply("/jwks?tenant=a", Reply::ok("body"));
    let answer = get(&server, "/jwks?tenant=a", 4).await.unwrap();
    assert_eq!((&*answer.body, answer.max_age), (&b"body"[..], None));
    let port = server.port;
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /jwks?tenant=a HTTP/1.1\r\naccept: application/json\r\naccept-encoding: identity\r\n\
         user-agent: keybound/{version}\r\nhost: 127.0.0.1:{port}\r\n\r\n"
    );
    assert_eq!(server.requests(), [expected]);
}

#[tokio::test]
async fn a_body_is_as_large_as_the_limit_or_refused() {
    let server = Server::start().await;
    for length in [0, 9_999, 10_000, 10_001, 1_000_000] {
        let body = "x".repeat(length);
        let chunked = body.as_bytes().chunks(1_000).fold(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            |text, chunk| {
                let part = str::from_utf8(chunk).unwrap();
                format!("{text}{:x}\r\n{part}\r\n", chunk.len())
            },
        ) + "0\r\n\r\n";
        let until_close = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
        server.reply("/length", Reply::ok(&body));
        server.reply("/chunked", Reply::Octets(chunked.into()));
        server.reply("/close", Reply::Octets(until_close.into()));
        for path in ["/length", "/chunked", "/close"] {
            let outcome = get(&server, path, 10_000).await.map(|answer| answer.body);
            let expected = match length <= 10_000 {
                true => Ok(body.clone().into()),
                false => Err(FetchError::TooLarge { limit: 10_000 }),
            };
            assert_eq!(outcome, expected, "{path} {length}");
        }
    }
}

#[tokio::test]
async fn a_length_beyond_the_limit_is_refused_before_the_body_comes() {
    let server = Server::start().await;
    for length in ["11", "1000000000000", "18446744073709551613"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        server.reply("/", Reply::Hang(head.into()));
        let began = Instant::now();
        let refused = get(&server, "/", 10).await;
        assert_eq!(refused, Err(FetchError::TooLarge { limit: 10 }), "{length}");
        assert!(began.elapsed() < TOTAL / 2, "{length}");
    }
}

#[tokio::test]
async fn an_endless_body_is_left_at_the_limit() {
    let server = Server::start().await;
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n12345678901";
    server.reply("/", Reply::Hang(head.to_vec()));
    let refused = get(&server, "/", 10).await;
    assert_eq!(refused, Err(FetchError::TooLarge { limit: 10 }));
    crate::until("the client hangs up", || server.gone() == 1).await;
}

#[tokio::test]
async fn other_answers_than_200_are_refused() {
    let server = Server::start().await;
    let location = format!("Location: {}\r\n", server.url("/target"));
    server.reply("/target", Reply::ok("body"));
    let rows = [
        ("201 Created", FetchError::Status(201)),
        ("204 No Content", FetchError::Status(204)),
        ("206 Partial Content", FetchError::Status(206)),
        ("300 Multiple Choices", FetchError::Status(300)),
        ("301 Moved Permanently", FetchError::Redirect),
        ("302 Found", FetchError::Redirect),
        ("303 See Other", FetchError::Redirect),
        ("304 Not Modified", FetchError::Status(304)),
        ("307 Temporary Redirect", FetchError::Redirect),
        ("308 Permanent Redirect", FetchError::Redirect),
        ("404 Not Found", FetchError::Status(404)),
        ("429 Too Many Requests", FetchError::Status(429)),
        ("500 Internal Server Error", FetchError::Status(500)),
        ("503 Service Unavailable", FetchError::Status(503)),
    ];
    for (status, expected) in &rows {
        server.reply("/", Reply::with(status, &location, ""));
        let refused = get(&server, "/", 100).await;
        assert_eq!(refused.as_ref(), Err(expected), "{status}");
    }
    // No redirect was followed, nothing was asked twice.
    assert_eq!(server.requests().len(), rows.len());
}

#[tokio::test]
async fn a_content_encoding_is_refused_whatever_it_is() {
    let server = Server::start().await;
    for encoding in ["gzip", "br", "identity", ""] {
        let header = format!("Content-Encoding: {encoding}\r\n");
        server.reply("/", Reply::with("200 OK", &header, "{}"));
        let refused = get(&server, "/", 100).await;
        assert_eq!(refused, Err(FetchError::Encoding), "{encoding:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_or_not_http_is_refused() {
    let server = Server::start().await;
    let rows: &[&[u8]] = &[
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123456789",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"{\"keys\":[]}",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ];
    for octets in rows {
        server.reply("/", Reply::Octets(octets.to_vec()));
        let refused = get(&server, "/", 100).await;
        let text = String::from_utf8_lossy(octets);
        assert_eq!(refused, Err(FetchError::BrokenAnswer), "{text}");
    }
}

#[tokio::test]
async fn octets_beyond_the_announced_length_are_not_read() {
    let server = Server::start().await;
    let octets = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}{}";
    server.reply("/", Reply::Octets(octets.to_vec()));
    let answer = get(&server, "/", 100).await.unwrap();
    assert_eq!(&*answer.body, b"{}");
}

#[tokio::test]
async fn a_header_section_has_its_bounds() {
    let server = Server::start().await;
    let too_large = FetchError::TooLarge { limit: 32 * 1024 };
    // `Content-Length` is one field more.
    for (fields, expected) in [
        (98, None),
        (99, None),
        (100, Some(too_large.clone())),
        (3_000, Some(too_large.clone())),
    ] {
        let headers = "a: b\r\n".repeat(fields);
        server.reply("/", Reply::with("200 OK", &headers, ""));
        assert_eq!(get(&server, "/", 1).await.err(), expected, "{fields}");
    }
    for (length, expected) in [(30_000, None), (66_000, Some(too_large))] {
        let headers = format!("a: {}\r\n", "b".repeat(length));
        server.reply("/", Reply::with("200 OK", &headers, ""));
        assert_eq!(get(&server, "/", 1).await.err(), expected, "{length}");
    }
}

#[tokio::test]
async fn the_time_is_bounded_whichever_part_is_slow() {
    let server = Server::start().await;
    let total = Duration::from_millis(400);
    let pause = Duration::from_millis(50);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
    let rows = [
        Reply::Hang(Vec::new()),
        Reply::Hang(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Reply::Hang(head.clone()),
        // Each wait is short, the sum is not.
        Reply::Drip(Vec::new(), head.clone(), pause),
        Reply::Drip(head, vec![b' '; 1_000], pause),
        Reply::Drip(
            Vec::new(),
            b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100),
            Duration::from_millis(2),
        ),
    ];
    for (index, reply) in rows.into_iter().enumerate() {
        server.reply("/", reply);
        let began = Instant::now();
        let target = url(&server.url("/"));
        let refused = client(total).get(&target, JSON, 1_000_000).await;
        assert_eq!(refused, Err(FetchError::Timeout), "row {index}");
        assert!(began.elapsed() >= total, "row {index}");
        assert!(began.elapsed() < total + TOTAL, "row {index}");
        // The connection does not live on.
        crate::until("the client hangs up", || server.gone() == index + 1).await;
    }
}

#[tokio::test]
async fn nobody_listening_is_no_connection() {
    let server = Server::start().await;
    let gone = server.url("/");
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let refused = client(TOTAL).get(&url(&gone), JSON, 1).await;
    assert_eq!(refused, Err(FetchError::Connect));
}

#[tokio::test]
async fn no_connection_is_kept() {
    let server = Server::start().await;
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    server.reply("/", Reply::Hang(whole.to_vec()));
    let client = client(TOTAL);
    for answered in 1..=2 {
        let answer = client.get(&url(&server.url("/")), JSON, 2).await.unwrap();
        assert_eq!(&*answer.body, b"{}");
        crate::until("the client hangs up", || server.gone() == answered).await;
    }
}

#[tokio::test]
async fn max_age_is_told() {
    let server = Server::start().await;
    let header = "Cache-Control: public, max-age=77\r\n";
    server.reply("/", Reply::with("200 OK", header, "{}"));
    let answer = get(&server, "/", 100).await.unwrap();
    assert_eq!(answer.max_age, Some(Duration::from_secs(77)));
}

async fn get(server: &Server, path: &str, limit: usize) -> Result<Answer, FetchError> {
    client(TOTAL)
        .get(&url(&server.url(path)), JSON, limit)
        .await
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
