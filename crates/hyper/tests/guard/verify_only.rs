//! A route whose proofs are spent by the service behind.

use keybound::Reason;
use keybound_hyper::Outcome;

use crate::message::Request;
use crate::scene::Scene;
use crate::wire::{BOTH, NONCE_OF_INNER, send};

#[tokio::test]
async fn a_proof_that_is_only_verified_passes_twice_and_is_never_taken_for_admitted() {
    for version in BOTH {
        let scene = Scene::new().await;
        let request = scene.request("/verify");
        for _ in 0..2 {
            let response = send(&scene.authority, version, &request).await;
            assert_eq!(response.status, 200, "{version:?}");
            assert_eq!(scene.decision(), Some((Outcome::VerifyOnly, None)));
            // The nonces there are the service's.
            assert_eq!(response.lines("dpop-nonce"), [NONCE_OF_INNER]);
            assert_eq!(response.lines("cache-control"), ["no-store"]);
        }
        let seen = scene.seen();
        assert_eq!(seen.len(), 2);
        for seen in seen {
            assert!(seen.admitted.is_none());
            let verified = seen.verified_only.unwrap();
            assert_eq!(verified.subject(), Some("alice"));
            assert_eq!(verified.jkt(), Some(&scene.dpop.jkt()));
            assert_eq!(seen.headers["dpop"], request.value("dpop"));
        }
        assert_eq!(scene.store.metrics().live, 0);
    }
}

#[tokio::test]
async fn verification_is_complete_all_the_same() {
    for version in BOTH {
        let scene = Scene::new().await;
        let stolen = scene.request("/verify");
        let bearer = stolen.value("authorization").replace("DPoP", "Bearer");
        let rows = [
            (
                Request::get("/verify").header("authorization", bearer),
                Reason::BindingDowngraded,
            ),
            (
                stolen.clone().path("/verify/other"),
                Reason::ProofHtuMismatch,
            ),
            (stolen.without("dpop"), Reason::ProofMissing),
        ];
        for (request, reason) in rows {
            let response = send(&scene.authority, version, &request).await;
            let expected = Some((Outcome::Deny, Some(reason)));
            assert_eq!((response.status, scene.decision()), (401, expected));
        }
        assert_eq!(scene.seen().len(), 0);
    }
}
