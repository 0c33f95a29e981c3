//! Sizes and times.

use core::time::Duration;
use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::echo;
use crate::config::HttpSettings;
use crate::test_support::{Server, exchange, head, rest, send, settings, status, within};

const LIMIT: usize = 8192;

/// A request whose head has exactly so many octets.
fn request_of(octets: usize) -> String {
    let frame = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: \r\n\r\n";
    let filler = "x".repeat(octets - frame.len());
    let request = frame.replace("X: ", &format!("X: {filler}"));
    assert_eq!(request.len(), octets);
    request
}

#[tokio::test]
async fn one_octet_over_the_limit_of_a_header_section_is_431() {
    let settings = HttpSettings {
        max_header_bytes: LIMIT,
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    for (octets, expected) in [(LIMIT - 1, "200"), (LIMIT, "200"), (LIMIT + 1, "431")] {
        let answer = exchange(server.address, &request_of(octets)).await;
        assert_eq!(status(&answer), expected, "{octets}");
        assert!(answer.contains("\r\ndate: "), "{answer}");
    }
}

#[tokio::test]
async fn a_header_section_that_never_ends_is_431_at_the_limit() {
    let settings = HttpSettings {
        max_header_bytes: LIMIT,
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    let endless = "GET / HTTP/1.1\r\nHost: a\r\nX: ".to_owned() + &"x".repeat(LIMIT);
    let mut client = send(server.address, &endless).await;
    assert_eq!(status(&head(&mut client).await), "431");
}

#[tokio::test]
async fn more_field_lines_than_anyone_needs_are_431() {
    let server = Server::start(settings(), None, echo).await;
    for (lines, expected) in [(97, "200"), (98, "200"), (99, "431")] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n",
            "X: y\r\n".repeat(lines)
        );
        let answer = exchange(server.address, &request).await;
        assert_eq!(status(&answer), expected, "{lines} and two lines");
    }
}

#[tokio::test]
async fn a_peer_that_dawdles_before_its_header_section_is_complete_is_cut_off() {
    let settings = HttpSettings {
        header_timeout: Duration::from_millis(300),
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    for begun in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "G",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: ",
        // The same between two requests of one connection.
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT",
    ] {
        let began = Instant::now();
        let mut client = send(server.address, begun).await;
        let _end = rest(&mut client).await;
        let passed = began.elapsed();
        assert!(passed > Duration::from_millis(250), "{begun:?} {passed:?}");
        assert!(passed < Duration::from_secs(4), "{begun:?} {passed:?}");
    }
}

#[tokio::test]
async fn slowness_does_not_buy_time() {
    let settings = HttpSettings {
        header_timeout: Duration::from_millis(500),
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    let mut client = send(server.address, "GET / HTTP/1.1\r\nHost: a\r\n").await;
    let began = Instant::now();
    let dribble = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if client.write_all(b"X: y\r\n").await.is_err() {
                return;
            }
        }
    };
    within(dribble).await;
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn beyond_the_limit_connections_wait_their_turn() {
    let settings = HttpSettings {
        max_connections: 1,
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut first = send(server.address, request).await;
    assert_eq!(status(&head(&mut first).await), "200");
    let mut second = send(server.address, request).await;
    let waiting = tokio::time::timeout(Duration::from_millis(300), second.readable()).await;
    assert!(waiting.is_err());
    drop(first);
    assert_eq!(status(&head(&mut second).await), "200");
}

#[tokio::test]
async fn what_a_peer_breaks_is_its_own_connection() {
    let server = Server::start(settings(), None, echo).await;
    for broken in ["\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n\r\n\r\n"] {
        let client = send(server.address, broken).await;
        client.set_zero_linger().unwrap();
        drop(client);
    }
    let reset: io::Result<TcpStream> = TcpStream::connect(server.address).await;
    reset.unwrap().set_zero_linger().unwrap();
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(status(&exchange(server.address, request).await), "200");
}
