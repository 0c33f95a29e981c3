//! Upstreams that are down, slow or break off. A client never takes half an answer for a whole one.

use keybound_tests::gateway::{Answer, Config, Scene, http1, http2};

fn assert_failed(scene: &Scene, answer: &Answer, status: u16, reason: &str) {
    assert_eq!(
        (answer.status, answer.body.len()),
        (status, 0),
        "{answer:?}"
    );
    assert!(answer.whole);
    assert!(answer.value("date").ends_with(" GMT"));
    assert_eq!(answer.challenges(), Vec::<&str>::new());
    let event = scene
        .gateway
        .event(reason, |event| event["reason"] == reason);
    assert_eq!(event["event"], "upstream");
    assert_eq!(event["status"], status);
}

#[test]
fn an_upstream_that_is_down_is_502() {
    let scene = Scene::new();
    for send in [http1::send, http2::send] {
        let answer = send(scene.gateway.plain(), &scene.request("/down"));
        assert_failed(&scene, &answer, 502, "upstream_connect");
    }
    // Whoever is refused does not learn that.
    assert_eq!(
        scene.send(&scene.request("/down").without("DPoP")).status,
        401
    );
    // Others are served.
    assert_eq!(scene.send(&scene.request("/orders")).status, 200);
}

#[test]
fn an_upstream_that_is_slow_is_504() {
    let scene = Scene::with(Config {
        upstream: "response_timeout = 1\n".into(),
        ..Config::usual()
    });
    for send in [http1::send, http2::send] {
        let answer = send(scene.gateway.plain(), &scene.request("/orders/slow"));
        assert_failed(&scene, &answer, 504, "upstream_response_timeout");
    }
    assert_eq!(scene.upstream.count(), 2);
}

#[test]
fn an_answer_that_breaks_off_is_broken_for_the_client_too() {
    let scene = Scene::new();
    let (plain, tls) = (scene.gateway.plain(), scene.gateway.tls());
    for path in ["/orders/cut-length", "/orders/cut-chunked"] {
        let octets = || scene.request(path).octets();
        let stream = scene.tls.connect(tls, &[b"http/1.1"]);
        for (how, read) in [
            ("HTTP/1.1", http1::exchange(plain, &octets())),
            ("TLS", http1::exchange_over(stream, &octets())),
        ] {
            // The reset may overtake what came before it: then there is no answer at all.
            let answer = read.ok().and_then(|read| Answer::read(&read, false));
            let read = answer.map_or((200, false), |answer| (answer.status, answer.whole));
            assert_eq!(read, (200, false), "{path} over {how}");
        }
        let answer = http2::send(plain, &scene.request(path));
        assert_eq!((answer.status, answer.whole), (200, false), "{path}");
    }
    // The same clients see a whole answer where there is one.
    assert!(http1::send(plain, &scene.request("/orders")).whole);
    assert!(http2::send(plain, &scene.request("/orders")).whole);
    assert_eq!(scene.upstream.count(), 8);
}
