//! What does not pass: the answer, the reason, and that the inner service never hears of it.

use keybound::UnixTime;
use keybound::{Algorithm, Reason};
use keybound_client::{Dpop, now};
use keybound_hyper::Outcome;
use std::time::Duration;

use crate::issuer::Issuer;
use crate::message::{Request, Response};
use crate::scene::{AUDIENCE, Scene, proof_of};
use crate::wire::{BOTH, Connection, send, send_raw};

/// Sends a request, and demands that it ends in a refusal that nobody behind the guard sees.
async fn refused(
    request: impl Fn(&Scene) -> Request,
    status: u16,
    reason: Reason,
) -> Vec<Response> {
    let mut responses = Vec::new();
    for version in BOTH {
        let scene = Scene::new().await;
        let request = request(&scene);
        let response = send(&scene.authority, version, &request).await;
        let decision = Some((Outcome::Deny, Some(reason)));
        assert_eq!((response.status, scene.decision()), (status, decision));
        assert_eq!(scene.seen().len(), 0, "{version:?} {reason:?}");
        assert_eq!(scene.store.metrics().live, 0, "{version:?} {reason:?}");
        responses.push(response);
    }
    responses
}

#[tokio::test]
async fn requests_that_lack_something_or_have_it_twice_are_refused() {
    refused(
        |scene| scene.request("/orders").without("authorization"),
        401,
        Reason::CredentialsMissing,
    )
    .await;
    refused(
        |scene| {
            let request = scene.request("/orders");
            let line = request.value("authorization").to_owned();
            request.header("authorization", line)
        },
        400,
        Reason::CredentialsRepeated,
    )
    .await;
    refused(
        |scene| scene.request("/orders").without("dpop"),
        401,
        Reason::ProofMissing,
    )
    .await;
    refused(
        |scene| {
            let request = scene.request("/orders");
            let line = request.value("dpop").to_owned();
            request.header("dpop", line)
        },
        401,
        Reason::ProofRepeated,
    )
    .await;
    refused(
        |scene| scene.request("/orders?access_token=x"),
        400,
        Reason::CredentialsTwoMethods,
    )
    .await;
}

#[tokio::test]
async fn http_5_2_1_refuses_two_proofs_merged_into_one_line() {
    refused(
        |scene| {
            let request = scene.request("/orders");
            let proof = request.value("dpop").to_owned();
            let other = scene.proof("/orders", &scene.token());
            request
                .without("dpop")
                .header("dpop", format!("{proof}, {other}"))
        },
        401,
        Reason::ProofRepeated,
    )
    .await;
}

#[tokio::test]
async fn a_stolen_token_is_refused() {
    refused(
        |scene| {
            Request::get("/orders").header("authorization", format!("Bearer {}", scene.token()))
        },
        401,
        Reason::BindingDowngraded,
    )
    .await;
    refused(
        |scene| {
            let thief = Dpop::generate(Algorithm::Es256).unwrap();
            let token = scene.token();
            scene
                .request_with("/orders", &token)
                .without("dpop")
                .header("dpop", proof_of(&thief, "/orders", &token))
        },
        401,
        Reason::BindingKeyMismatch,
    )
    .await;
}

#[tokio::test]
async fn a_proof_for_something_else_is_refused() {
    refused(
        |scene| scene.request("/orders").path("/orders/8"),
        401,
        Reason::ProofHtuMismatch,
    )
    .await;
    refused(
        |scene| scene.request("/orders").method("DELETE"),
        401,
        Reason::ProofHtmMismatch,
    )
    .await;
    refused(
        |scene| {
            let other = scene.issuer.token_with(&scene.dpop.jkt(), |claims| {
                claims["jti"] = "t-2".into();
            });
            let proof = scene.proof("/orders", &other);
            scene
                .request("/orders")
                .without("dpop")
                .header("dpop", proof)
        },
        401,
        Reason::ProofAthMismatch,
    )
    .await;
    refused(
        |scene| {
            let token = scene.token();
            let past = now().as_secs() - 62;
            let proof = scene
                .dpop
                .proof("GET", &format!("{AUDIENCE}/orders"))
                .access_token(&token)
                .sign(UnixTime::since_unix_epoch(Duration::from_secs(past)));
            let request = scene.request_with("/orders", &token);
            request.without("dpop").header("dpop", proof.unwrap())
        },
        401,
        Reason::ProofIatTooOld,
    )
    .await;
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused() {
    let with = |scene: &Scene, name: &str, value: serde_json::Value| {
        let token = scene
            .issuer
            .token_with(&scene.dpop.jkt(), |claims| claims[name] = value);
        scene.request_with("/orders", &token)
    };
    // Ten seconds beyond the leeway of 30.
    let past = now().as_secs() - 40;
    refused(
        |scene| with(scene, "exp", past.into()),
        401,
        Reason::TokenExpired,
    )
    .await;
    refused(
        |scene| with(scene, "iss", "https://other.example.com".into()),
        401,
        Reason::TokenIssuerUnknown,
    )
    .await;
    refused(
        |scene| with(scene, "aud", "https://other.example.com".into()),
        401,
        Reason::TokenAudienceMismatch,
    )
    .await;
    refused(
        |scene| with(scene, "scope", "other".into()),
        403,
        Reason::ScopeInsufficient,
    )
    .await;
    refused(
        |scene| {
            let token = Issuer::new("k2").token(&scene.dpop.jkt());
            scene.request_with("/orders", &token)
        },
        401,
        Reason::TokenKeyUnknown,
    )
    .await;
    refused(
        |scene| {
            let token = Issuer::new("k1").token(&scene.dpop.jkt());
            scene.request_with("/orders", &token)
        },
        401,
        Reason::TokenSignatureInvalid,
    )
    .await;
}

// rules: DPOP-8-8 (positive)
#[tokio::test]
async fn dpop_7_1_14_sends_challenges_that_a_script_can_read() {
    let without = |_: &Scene| Request::get("/orders").header("origin", "https://app.example.com");
    for response in refused(without, 401, Reason::CredentialsMissing).await {
        assert_eq!(
            response.lines("www-authenticate"),
            [r#"DPoP algs="ES256 EdDSA Ed25519""#]
        );
        assert_eq!(
            response.lines("access-control-expose-headers"),
            ["WWW-Authenticate, DPoP-Nonce"]
        );
        assert_eq!(response.lines("cache-control"), ["no-store"]);
        assert_eq!(response.lines("dpop-nonce"), Vec::<&str>::new());
        assert_eq!(response.lines("date").len(), 1);
    }
}

#[tokio::test]
async fn a_replay_is_refused_on_another_connection_too() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = scene.request("/orders");
        let mut first = Connection::open(&scene.authority, version).await;
        assert_eq!(first.send(&request).await.status, 200);
        let replayed = Some((Outcome::Deny, Some(Reason::ProofReplayed)));
        for other_version in BOTH {
            let again = send(&scene.authority, other_version, &request).await;
            assert_eq!((again.status, scene.decision()), (401, replayed));
        }
        assert_eq!(first.send(&request).await.status, 401);
        assert_eq!(scene.seen().len(), 1);
    }
}

// rules: PROJ-3 (both)
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_copies_at_once_one_is_admitted_and_the_others_are_refused() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = scene.request("/orders");
        let mut connections = Vec::new();
        for _ in 0..50 {
            connections.push(Connection::open(&scene.authority, version).await);
        }
        let tasks: Vec<_> = connections
            .into_iter()
            .map(|mut connection| {
                let request = request.clone();
                tokio::spawn(async move { connection.send(&request).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.unwrap());
        }
        statuses.sort_unstable();
        let mut expected = vec![200];
        expected.extend([401; 49]);
        assert_eq!(statuses, expected, "{version:?}");
        assert_eq!(scene.seen().len(), 1, "{version:?}");
    }
}

// rules: HTTP-7.1-1 (negative), HTTP-7.2-1 (negative)
#[tokio::test]
async fn an_authority_that_is_not_served_is_refused() {
    for path in ["/orders", "/open"] {
        let request = |scene: &Scene| scene.request(path).authority("evil.example.com");
        refused(request, 421, Reason::AuthorityUnknown).await;
    }
}

// rules: HTTP-8470-5.1-1 (negative)
#[tokio::test]
async fn http_8470_3_1_refuses_early_data_where_credentials_are_read() {
    // RFC 8470 knows the value 1 only; any other is taken for the same.
    for value in ["1", "0", ""] {
        let request = |scene: &Scene| scene.request("/orders").header("early-data", value);
        refused(request, 425, Reason::EarlyData).await;
    }
}

#[tokio::test]
async fn paths_that_lead_to_more_than_one_route_or_to_none_are_refused() {
    for path in [
        "/open/..%2forders",
        "/open/%2e%2e/orders",
        "/open//../orders",
        "/open/..;/orders",
    ] {
        refused(|_| Request::get(path), 400, Reason::PathAmbiguous).await;
    }
    refused(|_| Request::get("/open/%"), 400, Reason::PathMalformed).await;
    for path in ["/", "/unknown", "/ordersx", "/OPEN"] {
        refused(|_| Request::get(path), 404, Reason::RouteUnknown).await;
    }
}

#[tokio::test]
async fn http_9_3_7_1_refuses_a_target_that_is_no_path() {
    let scene = Scene::new().await;
    let text = format!(
        "OPTIONS * HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        scene.authority
    );
    assert_eq!(send_raw(&scene.authority, &text).await, 400);
    let expected = Some((Outcome::Deny, Some(Reason::TargetForm)));
    assert_eq!((scene.decision(), scene.seen().len()), (expected, 0));
}

#[tokio::test]
async fn http_9_1_1_refuses_a_method_in_another_case() {
    let request = |scene: &Scene| scene.request("/orders").method("get");
    refused(request, 401, Reason::ProofHtmMismatch).await;
}

#[tokio::test]
async fn http_5_5_1_refuses_a_field_value_with_nul() {
    let scene = Scene::new().await;
    for nul in ["\0", "\r", "\n"] {
        let request = scene.request("/orders");
        let text = format!(
            "GET /orders HTTP/1.1\r\nHost: {}\r\nAuthorization: {}{nul}\r\nDPoP: {}\r\n\
             Connection: close\r\n\r\n",
            scene.authority,
            request.value("authorization"),
            request.value("dpop")
        );
        assert_ne!(send_raw(&scene.authority, &text).await, 200, "{nul:?}");
    }
    assert_eq!(scene.seen().len(), 0);
}

#[tokio::test]
async fn proj_9_refuses_an_unbound_token_beside_a_proof() {
    let request = |scene: &Scene| {
        let token = scene.issuer.sign(&Issuer::claims());
        scene.request_with("/orders", &token)
    };
    refused(request, 401, Reason::BindingKeyAbsent).await;
}

#[tokio::test]
async fn proj_11_refuses_a_token_that_is_not_octet_by_octet_the_proofs() {
    let with = |scene: &Scene, suffix: &str| {
        let request = scene.request("/orders");
        let line = format!("{}{suffix}", request.value("authorization"));
        let request = request.without("authorization");
        request.header("authorization", line)
    };
    refused(|scene| with(scene, "="), 401, Reason::ProofAthMismatch).await;
    refused(|scene| with(scene, " x"), 400, Reason::CredentialsMalformed).await;
}

/// Each step is reached only by what passed the cheaper ones: signatures are counted, and none of
/// these requests came as far as the store.
#[tokio::test]
async fn proj_2_refuses_garbage_before_any_signature_is_checked() {
    let scene = Scene::new().await;
    let request = scene.request("/orders");
    let garbage = [
        request.clone().without("dpop"),
        request.clone().header("dpop", "a.b.c"),
        request.clone().without("dpop").header("dpop", "a.b.c"),
        request.clone().path("/orders/8"),
        request.clone().method("PUT"),
        request.clone().header("early-data", "1"),
        request.clone().path("/open/..%2forders"),
        request.clone().authority("evil.example.com"),
    ];
    for request in garbage {
        for version in BOTH {
            let response = send(&scene.authority, version, &request).await;
            assert!(response.status >= 400);
            assert_eq!(scene.provider.verified(), 0, "{:?}", scene.decision());
        }
    }
    assert_eq!(scene.store.metrics().live, 0);
}
