//! What passes, and what the inner service learns of it.

use http::Version;
use keybound::Reason;
use keybound_client::now;
use keybound_hyper::Outcome;

use crate::message::Request;
use crate::scene::{AUDIENCE, ISSUER, Scene};
use crate::wire::{BOTH, send, send_raw};

#[tokio::test]
async fn an_admitted_request_arrives_with_its_permit() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = scene.request("/orders/7");
        let response = send(&scene.authority, version, &request).await;
        assert_eq!(response.status, 200, "{version:?}");
        assert_eq!(scene.decision(), Some((Outcome::Allow, None)));

        let seen = scene.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].path, "/orders/7");
        assert!(seen[0].verified_only.is_none());
        let admitted = seen[0].admitted.as_ref().unwrap();
        assert_eq!(admitted.subject(), Some("alice"));
        assert_eq!(admitted.client_id(), Some("shop-app"));
        assert_eq!(admitted.issuer(), Some(ISSUER));
        assert_eq!(admitted.scope(), "orders:read orders:write");
        assert_eq!(admitted.jkt(), Some(&scene.dpop.jkt()));
        assert_eq!(admitted.x5t_s256(), None);
        // Both stay for an inner service that wants to look for itself.
        assert!(seen[0].headers.contains_key("authorization"));
        assert!(seen[0].headers.contains_key("dpop"));
    }
}

// rules: DPOP-4.1-1 (positive)
#[tokio::test]
async fn http_5_1_1_accepts_field_names_and_the_scheme_in_any_case() {
    let scene = Scene::new().await;
    let request = scene.request("/orders");
    let authorization = request.value("authorization").replace("DPoP", "dPOP");
    let text = format!(
        "GET /orders HTTP/1.1\r\nhOST: {}\r\nAUTHORIZATION: {authorization}\r\ndpOP: {}\r\n\
         Connection: close\r\n\r\n",
        scene.authority,
        request.value("dpop")
    );
    assert_eq!(send_raw(&scene.authority, &text).await, 200);
    assert_eq!(scene.seen().len(), 1);
}

#[tokio::test]
async fn an_open_route_takes_credentials_off_and_gives_no_permit() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = scene.request("/open/a").header("dpop", "a second one");
        let response = send(&scene.authority, version, &request).await;
        assert_eq!(response.status, 200, "{version:?}");
        assert_eq!(response.lines("cache-control"), Vec::<&str>::new());

        let seen = scene.seen();
        assert!(!seen[0].headers.contains_key("authorization"));
        assert!(!seen[0].headers.contains_key("dpop"));
        // A handler that asks for a permit finds none.
        assert!(seen[0].admitted.is_none());
        // Nothing was recorded: the same proof is good where it belongs.
        assert_eq!(scene.store.metrics().live, 0);
    }
}

// rules: HTTP-8470-5.1-1 (positive)
#[tokio::test]
async fn http_8470_3_1_passes_early_data_where_no_credentials_are_read() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = Request::get("/open").header("early-data", "1");
        let response = send(&scene.authority, version, &request).await;
        assert_eq!(response.status, 200, "{version:?}");
        assert_eq!(scene.seen()[0].headers["early-data"], "1");
    }
}

#[tokio::test]
async fn http_5_3_2_ignores_a_proof_in_the_trailers() {
    for version in BOTH {
        let scene = Scene::new().await;
        // By POST: the client here drops the body of a GET.
        let token = scene.token();
        let uri = format!("{AUDIENCE}/orders");
        let proof = || {
            let proof = scene.dpop.proof("POST", &uri).access_token(&token);
            proof.sign(now()).unwrap()
        };
        let without = Request::get("/orders")
            .method("POST")
            .header("authorization", format!("DPoP {token}"));

        // Not in place of the header, and not as a second one.
        let moved = without.clone().trailer("dpop", proof());
        let response = send(&scene.authority, version, &moved).await;
        let missing = Some((Outcome::Deny, Some(Reason::ProofMissing)));
        assert_eq!((response.status, scene.decision()), (401, missing));
        assert_eq!(scene.seen().len(), 0, "{version:?}");

        let added = without.header("dpop", proof()).trailer("dpop", proof());
        let response = send(&scene.authority, version, &added).await;
        assert_eq!(response.status, 200, "{version:?}");
        let seen = scene.seen();
        assert!(seen[0].trailers.as_ref().unwrap().contains_key("dpop"));
    }
}

#[tokio::test]
async fn http_12_5_5_1_keeps_answers_out_of_caches_unless_the_service_says_otherwise() {
    for version in BOTH {
        let scene = Scene::new().await;
        let response = send(&scene.authority, version, &scene.request("/orders")).await;
        assert_eq!(response.lines("cache-control"), ["no-store"], "{version:?}");

        let request = scene.request("/orders").header("x-cache", "public");
        let response = send(&scene.authority, version, &request).await;
        assert_eq!(response.lines("cache-control"), ["public"], "{version:?}");
    }
}

// rules: HTTP-7.1-1 (positive), HTTP-7.1-2 (both)
#[tokio::test]
async fn http_7_2_1_accepts_a_served_authority_and_no_header_that_claims_another() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = scene
            .request("/orders")
            .header("x-forwarded-host", "evil.example.com")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example.com;proto=http");
        let response = send(&scene.authority, version, &request).await;
        assert_eq!((response.status, scene.seen().len()), (200, 1));
    }
}

#[tokio::test]
async fn http_9112_3_2_2_1_only_the_absolute_target_counts_and_not_host() {
    let scene = Scene::new().await;
    let text = |absolute: &str, host: &str| {
        let request = scene.request("/orders");
        format!(
            "GET http://{absolute}/orders HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}\r\n\
             DPoP: {}\r\nConnection: close\r\n\r\n",
            request.value("authorization"),
            request.value("dpop")
        )
    };
    let (own, other) = (scene.authority.as_str(), "evil.example.com");
    assert_eq!(send_raw(own, &text(own, other)).await, 200);
    assert_eq!(send_raw(own, &text(other, own)).await, 421);
    let seen = scene.seen();
    assert_eq!(seen.len(), 1);
    // And nobody behind the guard reads the other one.
    assert_eq!(seen[0].headers["host"], own);
}

#[tokio::test]
async fn http_9113_8_3_1_1_only_a_host_that_says_the_same() {
    for (host, status) in [("own", 200), ("evil.example.com", 400)] {
        let scene = Scene::new().await;
        let host = host.replace("own", &scene.authority);
        let request = scene.request("/orders").header("host", host);
        let response = send(&scene.authority, Version::HTTP_2, &request).await;
        assert_eq!(response.status, status);
    }
}

#[tokio::test]
async fn http_9_3_2_1_only_a_proof_for_head_goes_with_head() {
    for version in BOTH {
        let scene = Scene::new().await;
        let token = scene.token();
        let uri = format!("{AUDIENCE}/orders");
        let proof = scene.dpop.proof("HEAD", &uri).access_token(&token);
        let right = Request::get("/orders")
            .method("HEAD")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof.sign(now()).unwrap());
        let wrong = scene.request("/orders").method("HEAD");
        for (request, status) in [(wrong, 401), (right, 200)] {
            let response = send(&scene.authority, version, &request).await;
            assert_eq!(response.status, status, "{version:?}");
        }
        assert_eq!(scene.seen().len(), 1);
    }
}
