//! Stolen tokens and copied requests.

use std::thread;

use keybound_tests::gateway::{Answer, Request, Scene, http2};

// DPOP-7.2-1, RFC 9449 section 7.2: a stolen token is of no use as a Bearer token.
#[test]
fn a_bound_token_is_refused_as_bearer_with_and_without_a_proof_beside_it() {
    let scene = Scene::new();
    let bearer = |path: &str, proof: bool| {
        let request = scene.request(path);
        let value = request.value("Authorization").replace("DPoP", "Bearer");
        let request = request.replace("Authorization", value);
        if proof {
            request
        } else {
            request.without("DPoP")
        }
    };
    let algs = r#"algs="ES256 EdDSA Ed25519""#;
    for (path, challenges) in [
        (
            "/orders",
            vec![format!(r#"DPoP error="invalid_token", {algs}"#)],
        ),
        (
            "/either",
            vec![
                format!(r#"DPoP {algs}"#),
                r#"Bearer error="invalid_token""#.to_owned(),
            ],
        ),
        (
            "/bearer",
            vec![
                format!(r#"DPoP {algs}"#),
                r#"Bearer error="invalid_token""#.to_owned(),
            ],
        ),
    ] {
        for with_proof in [true, false] {
            let answer = scene.send(&bearer(path, with_proof));
            assert_eq!(
                (answer.status, answer.challenges()),
                (401, as_texts(&challenges)),
                "{path}"
            );
            assert_refused(&answer);
        }
    }
    assert_eq!(scene.upstream.count(), 0);
    assert_eq!(scene.gateway.decision(6)["reason"], "binding_downgraded");
    assert_eq!(scene.gateway.reasons(), ["binding_downgraded"; 6]);

    // The route for unbound tokens takes one, and a bound one with its proof.
    let token = scene.unbound_token().compact();
    let unbound = Request::get("/bearer").line("Authorization", format!("Bearer {token}"));
    assert_eq!(scene.send(&unbound).status, 200);
    assert_eq!(scene.send(&scene.request("/bearer")).status, 200);
}

/// Nothing is cached, and the time is told.
fn assert_refused(answer: &Answer) {
    assert!(answer.value("date").ends_with(" GMT"));
    assert_eq!(answer.value("cache-control"), "no-store");
    assert!(answer.whole);
}

fn as_texts(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}

#[test]
fn a_proof_is_good_once_in_sequence_in_another_version_and_in_a_crowd() {
    let scene = Scene::new();
    let request = scene.request("/orders");
    assert_eq!(scene.send(&request).status, 200);
    let replayed = r#"DPoP error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519""#;
    for answer in [
        scene.send(&request),
        http2::send(scene.gateway.plain(), &request),
    ] {
        assert_eq!((answer.status, answer.challenges()), (401, vec![replayed]));
        assert_refused(&answer);
    }
    assert_eq!(scene.upstream.count(), 1);

    let request = scene.request("/orders");
    let statuses: Vec<u16> = thread::scope(|scope| {
        let copies: Vec<_> = (0..50)
            .map(|_| scope.spawn(|| scene.send(&request).status))
            .collect();
        copies
            .into_iter()
            .map(|copy| copy.join().unwrap())
            .collect()
    });
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    let refused = statuses.iter().filter(|status| **status == 401).count();
    assert_eq!((admitted, refused), (1, 49));
    assert_eq!(scene.upstream.count(), 2);
}

// A request that is refused for another reason burns nothing.
#[test]
fn a_refused_request_does_not_spend_its_proof() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let proof = scene.proof("/orders", &token).compact();
    let right = scene.request_with("/orders", &token, &proof);
    let tampered = scene.token().corrupt().compact();
    for wrong in [
        right.clone().method("POST"),
        right.clone().target("/orders/1"),
        right
            .clone()
            .replace("Authorization", format!("Bearer {token}")),
        right
            .clone()
            .replace("Authorization", format!("DPoP {tampered}")),
        right.clone().line("Authorization", "DPoP x"),
    ] {
        assert!((400..402).contains(&scene.send(&wrong).status));
    }
    assert_eq!(scene.upstream.count(), 0);
    assert_eq!(scene.send(&right).status, 200);
}
