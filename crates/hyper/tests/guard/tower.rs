//! The guard as a tower layer, and what comes with the request's extensions.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use keybound::{Admitted, CertificateThumbprint, PeerCertificate, Reason, VerifiedOnly};
use keybound_hyper::{Decision, GuardLayer, Outcome};
use tower::{Layer, ServiceExt, service_fn};

use crate::scene::Scene;

fn request(scene: &Scene, path: &str, authorization: &str) -> Request<String> {
    Request::get(path)
        .header("host", &scene.authority)
        .header("authorization", authorization)
        .body(String::new())
        .unwrap()
}

// rules: MTLS-3-4 (both), MTLS-3-8 (negative), PROJ-8 (positive)
#[tokio::test]
async fn the_certificate_of_the_connection_comes_with_the_extensions() {
    let scene = Scene::new().await;
    let own = CertificateThumbprint::from_digest([1; 32]);
    let other = CertificateThumbprint::from_digest([2; 32]);
    let token = scene.issuer.certificate_token(&own);
    let rows = [
        (Some(PeerCertificate::Presented(own)), None),
        (
            Some(PeerCertificate::Presented(other)),
            Some(Reason::BindingCertificateMismatch),
        ),
        (
            Some(PeerCertificate::NotPresented),
            Some(Reason::BindingCertificateMissing),
        ),
        (None, Some(Reason::BindingCertificateMissing)),
    ];
    for (certificate, reason) in rows {
        let service =
            GuardLayer::new(scene.guard.clone()).layer(service_fn(|request: Request<String>| {
                let admitted: Option<&Admitted> = request.extensions().get();
                assert_eq!(
                    admitted.and_then(|own| own.x5t_s256()).copied(),
                    Some(CertificateThumbprint::from_digest([1; 32]))
                );
                // Under Bearer a proof is not read, so it does not go on.
                assert!(!request.headers().contains_key("dpop"));
                ready(Ok::<_, Infallible>(Response::new(String::new())))
            }));
        let mut request = request(&scene, "/either", &format!("Bearer {token}"));
        let headers = request.headers_mut();
        headers.insert("dpop", "not read".parse().unwrap());
        // Nobody believes a header.
        headers.insert("x-client-cert", "own".parse().unwrap());
        if let Some(certificate) = certificate {
            request.extensions_mut().insert(certificate);
        }
        let response = service.oneshot(request).await.unwrap();
        let (status, outcome) = match reason {
            None => (200, Outcome::Allow),
            Some(_) => (401, Outcome::Deny),
        };
        assert_eq!(response.status(), status);
        assert_eq!(scene.decision(), Some((outcome, reason)));
    }
}

#[tokio::test]
async fn the_permit_of_an_outer_guard_gives_way() {
    let scene = Scene::new().await;
    let (head, _) = request(&scene, "/open", "none").into_parts();
    let outer = scene
        .guard
        .check(&head, PeerCertificate::NotRequested)
        .await;
    let Decision::Pass(outer) = outer else {
        panic!("{outer:?}");
    };
    let service =
        GuardLayer::new(scene.guard.clone()).layer(service_fn(|request: Request<String>| {
            assert!(request.extensions().get::<Admitted>().is_none());
            assert!(request.extensions().get::<VerifiedOnly>().is_some());
            ready(Ok::<_, Infallible>(Response::new(String::new())))
        }));
    let token = scene.token();
    let mut request = request(&scene, "/verify", &format!("DPoP {token}"));
    let proof = scene.proof("/verify", &token);
    request.headers_mut().insert("dpop", proof.parse().unwrap());
    let admitted = outer.admitted().unwrap().clone();
    request.extensions_mut().insert(admitted);
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}

/// Fails unless the very instance that was polled ready is called.
#[derive(Debug, Default)]
struct NeedsPolling {
    is_ready: bool,
}

impl Clone for NeedsPolling {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl tower::Service<Request<String>> for NeedsPolling {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        ready(match std::mem::take(&mut self.is_ready) {
            true => Ok(Response::new(String::new())),
            false => Err("not ready"),
        })
    }
}

#[tokio::test]
async fn the_inner_service_that_was_ready_is_the_one_that_is_called() {
    let scene = Scene::new().await;
    let mut service = GuardLayer::new(scene.guard.clone()).layer(NeedsPolling::default());
    for _ in 0..2 {
        let ready = service.ready().await.unwrap();
        let response = tower::Service::call(ready, request(&scene, "/open", "none"));
        assert_eq!(
            response.await.map(|answer| answer.status().as_u16()),
            Ok(200)
        );
    }
}

#[tokio::test]
async fn proj_8_refuses_a_bound_token_under_bearer_beside_a_valid_proof() {
    let scene = Scene::new().await;
    let token = scene.token();
    let mut request = request(&scene, "/either", &format!("Bearer {token}"));
    let proof = scene.proof("/either", &token);
    request.headers_mut().insert("dpop", proof.parse().unwrap());
    let (head, _) = request.into_parts();
    let decision = scene
        .guard
        .check(&head, PeerCertificate::NotRequested)
        .await;
    assert!(matches!(decision, Decision::Refuse(refused)
        if refused.reason() == Reason::BindingDowngraded));
}
