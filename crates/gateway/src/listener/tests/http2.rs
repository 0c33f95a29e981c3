//! HTTP/2 by prior knowledge.

use core::time::Duration;

use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{Builder, SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::echo;
use crate::config::HttpSettings;
use crate::listener::Peer;
use crate::proxy::Body;
use crate::test_support::{Server, settings, upstream, within};

async fn connect(server: &Server) -> (SendRequest<Empty<Bytes>>, JoinHandle<()>) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let task = tokio::spawn(async move {
        let _end = connection.await;
    });
    (client, task)
}

fn get(lines: &[(&str, &str)]) -> Request<Empty<Bytes>> {
    let mut request = Request::get("http://a/");
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    request.body(Empty::new()).unwrap()
}

async fn text(body: Incoming) -> String {
    let octets = within(body.collect()).await.unwrap().to_bytes();
    String::from_utf8(octets.to_vec()).unwrap()
}

#[tokio::test]
async fn prior_knowledge_is_http_2_with_a_date() {
    let server = Server::start(settings(), None, echo).await;
    let (mut client, _task) = connect(&server).await;
    let answer = client.send_request(get(&[])).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert!(answer.headers().contains_key("date"));
    assert_eq!(text(answer.into_body()).await, "http://a/");
}

/// The size of a header list is that of its names and values, and 32 for each field (RFC 9113
/// section 6.5.2).
#[tokio::test]
async fn one_octet_over_the_limit_of_a_header_list_is_431() {
    let limit = 40_000;
    let settings = HttpSettings {
        max_header_bytes: limit,
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    let pseudo = ":method".len()
        + "GET".len()
        + ":scheme".len()
        + "http".len()
        + ":authority".len()
        + "a".len()
        + ":path".len()
        + "/".len()
        + 4 * 32;
    for (size, expected) in [
        (limit - 1, StatusCode::OK),
        (limit, StatusCode::OK),
        (limit + 1, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        (limit + 65_536, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
    ] {
        let (mut client, _task) = connect(&server).await;
        let filler = "x".repeat(size - pseudo - 32 - 1);
        let answer = client.send_request(get(&[("x", &filler)])).await.unwrap();
        assert_eq!(answer.status(), expected, "{size}");
        // Far above the limit it is the parser that answers.
        let far_above = size > limit + 1;
        assert_eq!(answer.headers().contains_key("date"), !far_above, "{size}");
    }
}

#[tokio::test]
async fn a_host_that_differs_from_the_authority_is_400() {
    let server = Server::start(settings(), None, echo).await;
    for (lines, expected) in [
        (&[("host", "a")][..], StatusCode::OK),
        (&[("host", "b")], StatusCode::BAD_REQUEST),
        (&[("host", "a"), ("host", "a")], StatusCode::BAD_REQUEST),
    ] {
        let (mut client, _task) = connect(&server).await;
        let answer = client.send_request(get(lines)).await.unwrap();
        assert_eq!(answer.status(), expected, "{lines:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let settings = HttpSettings {
        idle_timeout: Duration::from_millis(300),
        ..settings()
    };
    let server = Server::start(settings, None, echo).await;
    let (mut client, task) = connect(&server).await;
    let answer = client.send_request(get(&[])).await.unwrap();
    text(answer.into_body()).await;
    let began = Instant::now();
    within(task).await.unwrap();
    assert!(began.elapsed() > Duration::from_millis(250));
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn an_answer_that_is_cut_short_resets_its_stream_and_no_other() {
    use tokio::io::AsyncWriteExt;

    let upstream = upstream(|mut stream| async move {
        crate::test_support::head(&mut stream).await;
        let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst";
        stream.write_all(cut).await.unwrap();
    })
    .await;
    let gateway = Server::gateway(upstream).await;
    let (mut client, _task) = connect(&gateway).await;
    for _ in 0..2 {
        let answer = client.send_request(get(&[])).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let error = within(answer.into_body().collect()).await.unwrap_err();
        assert!(!error.is_closed(), "{error:?}");
    }
}

#[tokio::test]
async fn a_client_that_opens_no_window_is_cut_off_though_it_answers_pings() {
    let settings = HttpSettings {
        idle_timeout: Duration::from_millis(300),
        ..settings()
    };
    for size in [1, 1_000_000] {
        let server = Server::start(settings.clone(), None, move |_: &Peer| {
            move |_: Request<Incoming>| async move { Response::new(Body::full(vec![b'x'; size])) }
        })
        .await;
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut client, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(0)
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let task = tokio::spawn(connection);
        let answer = within(client.send_request(get(&[]))).await.unwrap();
        let _ended = within(task).await.unwrap();
        drop(answer);
    }
}
