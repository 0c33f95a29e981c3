//! Keys that are fetched: not there, not yet there, and given up on.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::request::Parts;
use keybound::{PeerCertificate, Reason};
use keybound_crypto::RustCrypto;
use keybound_hyper::{Decision, Keys, Outcome};
use keybound_sources::{
    HttpClient, HttpSettings, IssuerKeys, KeySource, PlainHttp, Settings, SourceUrl,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::issuer::Issuer;
use crate::message::Request;
use crate::scene::{Options, Scene};
use crate::wire::{BOTH, send};

#[tokio::test]
async fn keys_that_cannot_be_had_are_no_verdict_on_the_token() {
    let source = KeySource::file("no/such/file.json");
    let keys = IssuerKeys::start(source, Settings::DEFAULT, Arc::new(RustCrypto)).await;
    let scene = Scene::with(Options {
        keys: Some(Keys::Fetched(keys.unwrap())),
        ..Options::default()
    })
    .await;
    for version in BOTH {
        let response = send(&scene.authority, version, &scene.request("/orders")).await;
        let unavailable = Some((Outcome::Fail, Some(Reason::KeysUnavailable)));
        assert_eq!((response.status, scene.decision()), (503, unavailable));
        assert_eq!(response.lines("retry-after"), ["5"]);
        assert_eq!(response.lines("www-authenticate"), Vec::<&str>::new());
    }
    assert_eq!(scene.seen().len(), 0);
    assert_eq!(scene.store.metrics().live, 0);
}

// rules: PROJ-3 (both)
#[tokio::test]
async fn a_request_that_is_given_up_while_keys_are_fetched_records_nothing() {
    let (old, new) = (Issuer::new("k1"), Issuer::new("k2"));
    let (publish, published) = mpsc::channel(1);
    let url = key_server(published).await;
    publish.send(old.jwks()).await.unwrap();
    let mut settings = Settings::DEFAULT;
    settings.refetch_gap = Duration::from_millis(1);
    let client = HttpClient::new(&HttpSettings::default()).unwrap();
    let source = KeySource::jwks(url, client);
    let keys = IssuerKeys::start(source, settings, Arc::new(RustCrypto)).await;
    let scene = Scene::with(Options {
        keys: Some(Keys::Fetched(keys.unwrap())),
        ..Options::default()
    })
    .await;
    tokio::time::sleep(settings.refetch_gap * 2).await;

    // Signed with a key that the issuer has not published yet.
    let token = new.token(&scene.dpop.jkt());
    let head = head(&scene, &scene.request_with("/orders", &token));
    {
        let mut check = pin!(
            scene
                .guard
                .check(&head, PeerCertificate::TerminatedElsewhere)
        );
        let first = poll_fn(|context| Poll::Ready(check.as_mut().poll(context))).await;
        assert!(first.is_pending());
    }
    assert_eq!(scene.store.metrics().live, 0);
    assert_eq!(scene.decision(), None);

    publish.send(new.jwks()).await.unwrap();
    let decisions = [
        scene
            .guard
            .check(&head, PeerCertificate::TerminatedElsewhere)
            .await,
        scene
            .guard
            .check(&head, PeerCertificate::TerminatedElsewhere)
            .await,
    ];
    match &decisions {
        [Decision::Pass(passed), Decision::Refuse(refused)] => {
            assert_eq!(
                passed.admitted().and_then(|own| own.subject()),
                Some("alice")
            );
            assert_eq!(refused.reason(), Reason::ProofReplayed);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(scene.store.metrics().live, 1);
}

fn head(scene: &Scene, request: &Request) -> Parts {
    let mut builder = http::Request::builder()
        .method(request.method)
        .uri(&request.path)
        .header("host", &scene.authority);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let (head, ()) = builder.body(()).unwrap().into_parts();
    head
}

/// Answers each request with the next document, and not before there is one.
async fn key_server(mut documents: mpsc::Receiver<String>) -> SourceUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let Some(document) = documents.recv().await else {
                return;
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/jwk-set+json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n",
                document.len()
            );
            let answer = head + &document;
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    SourceUrl::parse(&url, PlainHttp::DangerAllowOnLoopback).unwrap()
}
