//! `DPoP-Nonce` on its way out.

use std::time::Duration;

use keybound::Reason;
use keybound_client::now;
use keybound_hyper::Outcome;

use crate::message::{Request, Response};
use crate::scene::{AUDIENCE, Options, Scene};
use crate::wire::{BOTH, send};

fn with_nonce(scene: &Scene, nonce: &str) -> Request {
    let token = scene.token();
    let uri = format!("{AUDIENCE}/nonces");
    let proof = scene
        .dpop
        .proof("GET", &uri)
        .access_token(&token)
        .nonce(nonce);
    Request::get("/nonces")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof.sign(now()).unwrap())
}

/// The one nonce of an answer.
fn nonce_of(response: &Response) -> String {
    match response.lines("dpop-nonce")[..] {
        [nonce] => nonce.to_owned(),
        ref lines => panic!("{lines:?}"),
    }
}

// rules: DPOP-8.2-3 (positive), DPOP-8-8 (positive)
#[tokio::test]
async fn dpop_8_2_only_one_nonce_and_no_nonce_of_the_inner_service() {
    for version in BOTH {
        let scene = Scene::new().await;
        let refused = send(&scene.authority, version, &scene.request("/nonces")).await;
        let missing = Some((Outcome::Deny, Some(Reason::ProofNonceMissing)));
        assert_eq!((refused.status, scene.decision()), (401, missing));
        let nonce = nonce_of(&refused);
        assert_eq!(refused.lines("cache-control"), ["no-store"]);
        assert_eq!(
            refused.lines("access-control-expose-headers"),
            ["WWW-Authenticate, DPoP-Nonce"]
        );

        // A young nonce is not renewed.
        let admitted = send(&scene.authority, version, &with_nonce(&scene, &nonce)).await;
        assert_eq!(admitted.status, 200);
        assert_eq!(admitted.lines("dpop-nonce"), Vec::<&str>::new());
        let plain = send(&scene.authority, version, &scene.request("/orders")).await;
        assert_eq!(plain.status, 200);
        assert_eq!(plain.lines("dpop-nonce"), Vec::<&str>::new());
        assert_eq!(scene.seen().len(), 2);
    }
}

// rules: DPOP-8.2-3 (both), DPOP-8-8 (positive), DPOP-8-2 (positive)
#[tokio::test]
async fn dpop_8_2_2_sends_a_new_nonce_once_the_old_one_has_lived_half_its_life() {
    for version in BOTH {
        let scene = Scene::with(Options {
            nonce_lifetime: Some(4),
            ..Options::default()
        })
        .await;
        let refused = send(&scene.authority, version, &scene.request("/nonces")).await;
        let nonce = nonce_of(&refused);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        // The inner service's own word about caching gives way.
        let request = with_nonce(&scene, &nonce).header("x-cache", "public");
        let admitted = send(&scene.authority, version, &request).await;
        assert_eq!(admitted.status, 200, "{:?}", scene.decision());
        let renewed = nonce_of(&admitted);
        assert_ne!(renewed, nonce);
        assert_eq!(admitted.lines("cache-control"), ["no-store"]);
        assert_eq!(
            admitted.lines("access-control-expose-headers"),
            ["DPoP-Nonce"]
        );
        let again = send(&scene.authority, version, &with_nonce(&scene, &renewed)).await;
        assert_eq!(again.status, 200);
    }
}

#[tokio::test]
async fn dpop_8_5_refuses_a_foreign_nonce_on_every_route_that_spends() {
    for version in BOTH {
        let (scene, stranger) = (Scene::new().await, Scene::new().await);
        let foreign = send(&stranger.authority, version, &stranger.request("/nonces")).await;
        let request = with_nonce(&scene, &nonce_of(&foreign));
        let refused = send(&scene.authority, version, &request).await;
        let unknown = Some((Outcome::Deny, Some(Reason::ProofNonceUnknown)));
        assert_eq!((refused.status, scene.decision()), (401, unknown));
        assert_eq!(scene.seen().len(), 0);
    }
}
