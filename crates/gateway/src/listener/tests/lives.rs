//! Connections that go on, are idle, or are told to end.

use core::time::Duration;
use std::io;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::echo;
use crate::config::HttpSettings;
use crate::listener::Peer;
use crate::proxy::Body;
use crate::test_support::{Server, exchange, head, rest, send, settings, status, until, within};

const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_connection_carries_many_requests_and_the_handler_is_made_once() {
    let (made, mut count) = mpsc::unbounded_channel();
    let server = Server::start(settings(), None, move |peer: &Peer| {
        made.send(peer.address.ip()).unwrap();
        echo(peer)
    })
    .await;
    let mut client = send(server.address, &GET.repeat(3)).await;
    for _ in 0..3 {
        let answer = head(&mut client).await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains("\r\ndate: "), "{answer}");
        assert_eq!(until(&mut client, "/a").await, "/a");
    }
    assert_eq!(count.recv().await.unwrap().to_string(), "127.0.0.1");
    assert!(count.try_recv().is_err());
}

/// A server that reports each request when it comes, and answers after a while.
async fn slow(settings: HttpSettings, wait: Duration) -> (Server, mpsc::UnboundedReceiver<()>) {
    let (came, requests) = mpsc::unbounded_channel();
    let server = Server::start(settings, None, move |_: &Peer| {
        let came = came.clone();
        move |_: Request<Incoming>| {
            came.send(()).unwrap();
            async move {
                tokio::time::sleep(wait).await;
                Response::new(Body::full("slow"))
            }
        }
    })
    .await;
    (server, requests)
}

#[tokio::test]
async fn at_the_signal_what_is_under_way_is_finished_and_nothing_new_begun() {
    let (server, mut requests) = slow(settings(), Duration::from_millis(400)).await;
    let address = server.address;
    let mut busy = send(address, GET).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    within(requests.recv()).await.unwrap();
    let began = Instant::now();
    let stopping = tokio::spawn(server.stop());
    let (answer, end) = rest(&mut busy).await;
    assert!(answer.ends_with("slow") && end.is_ok(), "{answer}");
    assert_eq!(rest(&mut idle).await.0, "");
    within(stopping).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn after_the_drain_time_what_is_left_is_cut_off() {
    let settings = HttpSettings {
        drain_timeout: Duration::from_millis(200),
        ..settings()
    };
    let (server, mut requests) = slow(settings, Duration::from_secs(3600)).await;
    let mut busy = send(server.address, GET).await;
    within(requests.recv()).await.unwrap();
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert!(began.elapsed() < Duration::from_secs(4));
    assert_eq!(rest(&mut busy).await.0, "");
}

#[tokio::test]
async fn a_long_answer_is_not_idleness() {
    let settings = HttpSettings {
        idle_timeout: Duration::from_millis(200),
        ..settings()
    };
    let (server, _requests) = slow(settings, Duration::from_millis(600)).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = exchange(server.address, request).await;
    assert!(answer.ends_with("slow"), "{answer}");
}

fn short_lived() -> HttpSettings {
    HttpSettings {
        idle_timeout: Duration::from_millis(500),
        ..settings()
    }
}

async fn large(_: Request<Incoming>) -> Response<Body> {
    Response::new(Body::full(vec![b'x'; 100_000_000]))
}

#[tokio::test]
async fn a_client_that_reads_none_of_its_answers_is_cut_off() {
    let server = Server::start(short_lived(), None, echo).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    // Small answers, more of them than all buffers hold; nothing is under way when writing stops.
    let target = "x".repeat(4_000);
    let requests = format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(100);
    let pipeline = async { while client.write_all(requests.as_bytes()).await.is_ok() {} };
    within(pipeline).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_a_large_answer_is_reset() {
    let server = Server::start(short_lived(), None, |_: &Peer| large).await;
    let mut client = send(server.address, GET).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (_, end) = rest(&mut client).await;
    assert_eq!(
        end.map_err(|error| error.kind()),
        Err(io::ErrorKind::ConnectionReset)
    );
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_of_its_answer() {
    let server = Server::start(short_lived(), None, |_: &Peer| large).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut client = send(server.address, request).await;
    head(&mut client).await;
    let (mut buffer, mut read) = (vec![0; 10_000_000], 0);
    loop {
        let mut part = 0;
        while part < buffer.len() {
            match within(client.read(&mut buffer[part..])).await.unwrap() {
                0 => break,
                octets => part += octets,
            }
        }
        if part == 0 {
            break;
        }
        read += part;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(read, 100_000_000);
}
