//! Nothing that opens a door is ever written: each octet that the gateway writes is looked at.

use std::collections::BTreeSet;

use keybound_tests::gateway::{Request, Scene, http1, http2};
use keybound_tests::harness::{PrivateKey, encode};
use serde_json::json;

/// A stretch of base64url that is as long as this was not written by chance.
const SEGMENT: usize = 20;

/// What must not be found, with everything that it is made of.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn add(&mut self, secret: &str) {
        for segment in secret.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_') {
            if segment.len() >= SEGMENT {
                self.0.insert(segment.to_owned());
            }
        }
    }

    fn add_request(&mut self, request: &Request) {
        for name in ["Authorization", "DPoP"] {
            if request.lines.iter().any(|(own, _)| own == name) {
                self.add(request.value(name));
            }
        }
    }

    /// The stretches of the output that are part of a secret. A window is enough: half a token is
    /// as bad as a whole one.
    fn found_in(&self, output: &str) -> BTreeSet<String> {
        let windows: BTreeSet<&str> = self
            .0
            .iter()
            .flat_map(|secret| (0..=secret.len() - SEGMENT).map(|at| &secret[at..at + SEGMENT]))
            .collect();
        let octets = output.as_bytes();
        (0..=octets.len().saturating_sub(SEGMENT))
            .filter_map(|at| output.get(at..at + SEGMENT))
            .filter(|stretch| windows.contains(stretch))
            .map(str::to_owned)
            .collect()
    }
}

/// Every kind of request: admitted, and refused at each stage.
fn traffic(scene: &Scene) -> Vec<Request> {
    let token = scene.token().compact();
    let proof = || scene.proof("/orders", &token);
    let with = |proof: String| scene.request_with("/orders", &token, &proof);
    let other = PrivateKey::p256(40);
    let with_token = |token: String| {
        let proof = scene.proof("/orders", &token).compact();
        scene.request_with("/orders", &token, &proof)
    };
    let admitted = scene.request("/orders");
    vec![
        admitted.clone(),
        admitted,
        scene.request("/kept"),
        scene.request("/verify"),
        scene.request("/admin"),
        scene.request("/open"),
        scene.request("/down"),
        scene.request("/orders/cut-length"),
        scene.request("/nonces"),
        scene.request("/orders").without("DPoP"),
        scene.request("/orders").without("Authorization"),
        // A token where something else is expected, which a careless message would repeat.
        Request::get("/orders").line("Authorization", &token),
        Request::get("/orders").line("Authorization", format!("Token {token}")),
        Request::get("/orders").line("Authorization", format!("DPoP {token}, DPoP {token}")),
        Request::get("/orders").line("Authorization", format!("DPoP {token}@")),
        Request::get(&format!("/orders?access_token={token}")),
        Request::get(&format!("/none?access_token={token}")),
        with(token.clone()),
        with(proof().compact().replace('.', "@")),
        with(format!("{},{}", proof().compact(), proof().compact())),
        with(proof().corrupt().compact()),
        with(proof().claim("htm", "POST").compact()),
        with(proof().claim("htu", "https://evil.example/").compact()),
        with(proof().claim("ath", token.as_str()).compact()),
        with(proof().claim("htm", token.as_str()).compact()),
        with(
            proof()
                .claim("htu", format!("https://evil.example/?token={token}"))
                .compact(),
        ),
        with(proof().claim("nonce", token.as_str()).compact()),
        with(proof().header("typ", token.as_str()).compact()),
        with(
            proof()
                .header("alg", token.as_str())
                .encoded_signature("AA")
                .compact(),
        ),
        with(proof().header("jwk", json!({ "kty": token })).compact()),
        with(
            proof()
                .header("jwk", scene.client.key().jwk_with("d", encode([12; 32])))
                .compact(),
        ),
        with(
            proof()
                .header("jwk", other.public_jwk())
                .signed_by(&other)
                .compact(),
        ),
        with(proof().claim("iat", 1).compact()),
        with_token(scene.token().corrupt().compact()),
        with_token(scene.token().claim("exp", 1).compact()),
        with_token(scene.token().header("kid", token.as_str()).compact()),
        with_token(scene.token().claim("iss", token.as_str()).compact()),
        with_token(scene.token().claim("aud", token.as_str()).compact()),
        with_token(scene.unbound_token().compact()),
        scene.request("/orders").replace("Host", "evil.example"),
        scene
            .request("/orders")
            .replace("Host", format!("{token}.example")),
        scene.request("/orders").line("Early-Data", "1"),
        scene.request("/open/../orders"),
    ]
}

// rules: PROJ-13 (positive), BEARER-5.3-2 (positive)
#[test]
fn no_token_proof_nonce_or_key_is_in_anything_that_the_gateway_writes() {
    let scene = Scene::new();
    let mut secrets = Secrets::default();
    let mut statuses = BTreeSet::new();
    for request in traffic(&scene) {
        for send in [http1::send, http2::send] {
            let answer = send(scene.gateway.plain(), &request);
            statuses.insert(answer.status);
            for nonce in answer.values("dpop-nonce") {
                secrets.add(nonce);
                let token = scene.token().compact();
                let proof = scene
                    .proof("/nonces", &token)
                    .claim("nonce", nonce)
                    .compact();
                let request = scene.request_with("/nonces", &token, &proof);
                assert_eq!(scene.send(&request).status, 200);
                secrets.add_request(&request);
            }
        }
        secrets.add_request(&request);
    }
    assert_eq!(
        statuses,
        BTreeSet::from([200, 400, 401, 403, 404, 421, 425, 502])
    );
    let key = scene.tls.key_pem().replace('\n', "");
    secrets.add(&key);
    for seed in [11, 12, 40] {
        secrets.add(&encode([seed; 32]));
    }

    let decisions = scene.gateway.events().len();
    let jkt = scene.client.jkt();
    let (status, output) = scene.gateway.stop();
    assert!(status.success());
    let output = String::from_utf8(output).unwrap();
    assert!(decisions > 60, "{output}");
    assert_eq!(secrets.found_in(&output), BTreeSet::new(), "{output}");
    // What the operator needs is there: reasons, and enough of a thumbprint to tell keys apart.
    assert!(output.contains(&format!("\"jkt\":\"{}\"", &jkt[..8])));
    assert!(output.contains("\"reason\":\"proof_replayed\""));
    assert!(output.contains("\"iat_offset\":"));
}

/// The search above would also find nothing if it could not see.
#[test]
fn the_search_finds_a_part_of_a_secret() {
    let mut secrets = Secrets::default();
    secrets.add("DPoP eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln");
    let none = BTreeSet::<String>::new();
    assert_eq!(secrets.found_in("reason eyJhbGci proof_replayed"), none);
    let found = secrets.found_in("reason \"hbGciOiJFUzI1NiJ9.ey\" and zdWIiOiJhbGljZSJ9.xx");
    assert_eq!(found, none);
    let found = secrets.found_in("x yJhbGciOiJFUzI1NiJ9 x");
    assert_eq!(found, none);
    let found = secrets.found_in("xeyJhbGciOiJFUzI1NiJ9x");
    assert_eq!(found, BTreeSet::from(["eyJhbGciOiJFUzI1NiJ9".to_owned()]));
}
