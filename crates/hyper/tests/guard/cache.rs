//! The cache of verified tokens: what it saves, and what it must not.

use http::Version;
use keybound::Reason;
use keybound_hyper::{Keys, Outcome};

use crate::issuer::Issuer;
use crate::scene::{Options, Scene};
use crate::wire::{BOTH, send};

async fn status(scene: &Scene, path: &str, token: &str) -> u16 {
    let request = scene.request_with(path, token);
    send(&scene.authority, Version::HTTP_11, &request)
        .await
        .status
}

#[tokio::test]
async fn a_known_token_saves_one_signature_check() {
    for version in BOTH {
        let scene = Scene::new().await;
        let token = scene.token();
        for signatures in [2, 1, 1] {
            let request = scene.request_with("/orders", &token);
            let response = send(&scene.authority, version, &request).await;
            assert_eq!(
                (response.status, scene.provider.verified()),
                (200, signatures)
            );
        }
        // Another token of the same client is another token.
        let other = scene.issuer.token_with(&scene.dpop.jkt(), |claims| {
            claims["jti"] = "t-2".into();
        });
        assert_eq!(status(&scene, "/orders", &other).await, 200);
        assert_eq!(scene.provider.verified(), 2);
    }
}

#[tokio::test]
async fn without_room_every_token_is_verified() {
    let scene = Scene::with(Options {
        cached_tokens: Some(0),
        ..Options::default()
    })
    .await;
    let token = scene.token();
    for _ in 0..2 {
        assert_eq!(status(&scene, "/orders", &token).await, 200);
        assert_eq!(scene.provider.verified(), 2);
    }
}

#[tokio::test]
async fn a_known_token_is_held_to_the_route_it_is_used_on() {
    let scene = Scene::new().await;
    let token = scene.token();
    assert_eq!(status(&scene, "/orders", &token).await, 200);
    let rows = [
        ("/other", 401, Reason::TokenAudienceMismatch),
        ("/admin", 403, Reason::ScopeInsufficient),
    ];
    for (path, expected, reason) in rows {
        assert_eq!(status(&scene, path, &token).await, expected);
        assert_eq!(scene.decision(), Some((Outcome::Deny, Some(reason))));
    }
    assert_eq!(scene.seen().len(), 1);
}

#[tokio::test]
async fn a_known_token_is_refused_once_it_has_expired() {
    let scene = Scene::new().await;
    // The leeway is 30 seconds: this token has two left.
    let expires = keybound_client::now().as_secs() - 28;
    let token = scene.issuer.token_with(&scene.dpop.jkt(), |claims| {
        claims["exp"] = expires.into();
    });
    assert_eq!(status(&scene, "/orders", &token).await, 200);
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(status(&scene, "/orders", &token).await, 401);
    let expired = Some((Outcome::Deny, Some(Reason::TokenExpired)));
    assert_eq!(scene.decision(), expired);
}

#[tokio::test]
async fn a_reload_verifies_tokens_anew_and_remembers_proofs() {
    let scene = Scene::new().await;
    let token = scene.token();
    let used = scene.request_with("/orders", &token);
    let response = send(&scene.authority, Version::HTTP_11, &used).await;
    assert_eq!((response.status, scene.provider.verified()), (200, 2));

    // With a new number or with the old one.
    for generation in [2, 2] {
        scene.reload(Keys::Fixed(scene.issuer.keys(1)), generation);
        assert_eq!(status(&scene, "/orders", &token).await, 200);
        assert_eq!(scene.provider.verified(), 2);

        let response = send(&scene.authority, Version::HTTP_11, &used).await;
        let replayed = Some((Outcome::Deny, Some(Reason::ProofReplayed)));
        assert_eq!((response.status, scene.decision()), (401, replayed));
        assert_eq!(scene.provider.verified(), 1);
    }
}

#[tokio::test]
async fn a_known_token_is_refused_once_its_key_was_withdrawn() {
    // With a new generation of keys, and with one that was forgotten to be counted up.
    for generation in [2, 1] {
        let scene = Scene::new().await;
        let token = scene.token();
        assert_eq!(status(&scene, "/orders", &token).await, 200);
        scene.reload(Keys::Fixed(Issuer::new("k2").keys(generation)), 1);
        assert_eq!(status(&scene, "/orders", &token).await, 401);
        let unknown = Some((Outcome::Deny, Some(Reason::TokenKeyUnknown)));
        assert_eq!(scene.decision(), unknown);
    }
}
