//! Requests that the gateway refuses. None reaches the upstream, and each is answered with the right
//! status, challenges and `Date`.

use keybound_tests::gateway::{Answer, Request, Scene, now};
use keybound_tests::harness::{PrivateKey, sha256};
use serde_json::{Value, json};

/// What is wrong, the request, the status, the error code on the DPoP challenge, and the reason in
/// the log.
type Row = (
    &'static str,
    Request,
    u16,
    Option<&'static str>,
    &'static str,
);

const PROOF: Option<&str> = Some("invalid_dpop_proof");
const TOKEN: Option<&str> = Some("invalid_token");
const REQUEST: Option<&str> = Some("invalid_request");

fn challenge(error: Option<&str>, reason: &str) -> String {
    let error = error
        .map(|error| format!("error=\"{error}\", "))
        .unwrap_or_default();
    let description = match reason {
        "proof_iat_too_old" | "proof_iat_in_future" => {
            "error_description=\"iat of the proof is outside the accepted window; compare the clock with Date\", "
        }
        _ => "",
    };
    let scope = match reason {
        "scope_insufficient" => "scope=\"admin\", ",
        _ => "",
    };
    format!("DPoP {error}{description}{scope}algs=\"ES256 EdDSA Ed25519\"")
}

/// Sends each row and checks everything that a client and an operator get to see.
fn check(scene: &Scene, rows: Vec<Row>) {
    let before = scene
        .gateway
        .events()
        .iter()
        .filter(|event| event["event"] == "decision")
        .count();
    let reached = scene.upstream.count();
    for (number, (what, request, status, error, reason)) in rows.into_iter().enumerate() {
        let answer = scene.send(&request);
        let decision = scene.gateway.decision(before + number + 1);
        assert_eq!(decision["reason"], reason, "{what}: {answer:?}");
        assert_eq!(answer.status, status, "{what}");
        let expected = match status {
            400 | 401 | 403 => vec![challenge(error, reason)],
            _ => Vec::new(),
        };
        assert_eq!(answer.challenges(), expected, "{what}");
        assert_refused(&answer, what);
        assert_eq!(answer.values("dpop-nonce"), Vec::<&str>::new(), "{what}");
    }
    assert_eq!(scene.upstream.count(), reached);
}

fn assert_refused(answer: &Answer, what: &str) {
    assert!(answer.value("date").ends_with(" GMT"), "{what}");
    assert_eq!(answer.value("cache-control"), "no-store", "{what}");
    assert!(answer.whole, "{what}");
}

#[test]
fn without_credentials_that_can_be_read_there_is_no_way_in() {
    let scene = Scene::new();
    let right = || scene.request("/orders");
    let (token, proof) = {
        let right = right();
        let token = right
            .value("Authorization")
            .trim_start_matches("DPoP ")
            .to_owned();
        (token, right.value("DPoP").to_owned())
    };
    let authorization = |value: String| right().replace("Authorization", value);
    check(
        &scene,
        vec![
            (
                "nothing",
                Request::get("/orders"),
                401,
                None,
                "credentials_missing",
            ),
            (
                "a proof alone",
                right().without("Authorization"),
                401,
                None,
                "credentials_missing",
            ),
            (
                "a token in the query",
                Request::get(&format!("/orders?access_token={token}")),
                401,
                None,
                "credentials_missing",
            ),
            (
                "Basic",
                authorization("Basic YTpi".into()),
                401,
                None,
                "credentials_scheme_unknown",
            ),
            (
                "no scheme",
                authorization(token.clone()),
                401,
                None,
                "credentials_scheme_unknown",
            ),
            (
                "two lines",
                right().line("Authorization", format!("DPoP {token}")),
                400,
                REQUEST,
                "credentials_repeated",
            ),
            (
                "two in one line",
                authorization(format!("DPoP {token}, DPoP {token}")),
                400,
                REQUEST,
                "credentials_repeated",
            ),
            (
                "two schemes in one line",
                authorization(format!("DPoP {token}, Bearer {token}")),
                400,
                REQUEST,
                "credentials_repeated",
            ),
            (
                "two methods",
                right().target(&format!("/orders?access_token={token}")),
                400,
                REQUEST,
                "credentials_two_methods",
            ),
            (
                "no token",
                authorization("DPoP".into()),
                400,
                REQUEST,
                "credentials_malformed",
            ),
            (
                "two tokens",
                authorization(format!("DPoP {token} x")),
                400,
                REQUEST,
                "credentials_malformed",
            ),
            (
                "octets",
                right().replace("Authorization", b"DPoP \xff"),
                400,
                REQUEST,
                "credentials_malformed",
            ),
            (
                "no proof",
                right().without("DPoP"),
                401,
                PROOF,
                "proof_missing",
            ),
            (
                "two proofs",
                right().line("DPoP", &proof),
                401,
                PROOF,
                "proof_repeated",
            ),
            (
                "two proofs in one line",
                right().replace("DPoP", format!("{proof},{proof}")),
                401,
                PROOF,
                "proof_repeated",
            ),
            (
                "garbage as proof",
                right().replace("DPoP", "garbage"),
                401,
                PROOF,
                "proof_malformed",
            ),
            (
                "an empty proof",
                right().replace("DPoP", ""),
                401,
                PROOF,
                "proof_malformed",
            ),
        ],
    );
}

#[test]
fn a_proof_for_something_else_is_no_proof() {
    let scene = Scene::new();
    let token = scene.token().compact();
    let with = |proof: String| scene.request_with("/orders", &token, &proof);
    let proof = || scene.proof("/orders", &token);
    let claim = |name: &str, value: Value| with(proof().claim(name, value).compact());
    let stranger = PrivateKey::p256(77);
    let of_stranger = proof()
        .header("jwk", stranger.public_jwk())
        .signed_by(&stranger)
        .compact();
    let other_token = scene.token().claim("jti", "t-2").compact();
    let origin = "https://api.example.com";
    check(
        &scene,
        vec![
            (
                "other method",
                claim("htm", json!("POST")),
                401,
                PROOF,
                "proof_htm_mismatch",
            ),
            (
                "method in lower case",
                claim("htm", json!("get")),
                401,
                PROOF,
                "proof_htm_mismatch",
            ),
            (
                "other path",
                claim("htu", json!(format!("{origin}/order"))),
                401,
                PROOF,
                "proof_htu_mismatch",
            ),
            (
                "other host",
                claim("htu", json!("https://evil.example/orders")),
                401,
                PROOF,
                "proof_htu_mismatch",
            ),
            (
                "the authority inside",
                claim("htu", json!("http://api.internal:8080/orders")),
                401,
                PROOF,
                "proof_htu_mismatch",
            ),
            (
                "other token",
                claim("ath", json!(sha256(&other_token))),
                401,
                PROOF,
                "proof_ath_mismatch",
            ),
            (
                "stale",
                claim("iat", json!(now() - 70)),
                401,
                PROOF,
                "proof_iat_too_old",
            ),
            (
                "ahead",
                claim("iat", json!(now() + 30)),
                401,
                PROOF,
                "proof_iat_in_future",
            ),
            (
                "no time",
                with(proof().without_claim("iat").compact()),
                401,
                PROOF,
                "proof_claim_missing",
            ),
            (
                "bad signature",
                with(proof().corrupt().compact()),
                401,
                PROOF,
                "proof_signature_invalid",
            ),
            (
                "other key",
                with(of_stranger),
                401,
                TOKEN,
                "binding_key_mismatch",
            ),
            (
                "key of somebody else in the header",
                with(proof().signed_by(&stranger).compact()),
                401,
                PROOF,
                "proof_signature_invalid",
            ),
            (
                "private key",
                with(
                    proof()
                        .header("jwk", scene.client.key().jwk_with("d", "AA"))
                        .compact(),
                ),
                401,
                PROOF,
                "proof_jwk_private",
            ),
            (
                "no algorithm",
                with(proof().header("alg", "none").compact()),
                401,
                PROOF,
                "proof_alg_refused",
            ),
            (
                "a token as proof",
                with(token.clone()),
                401,
                PROOF,
                "proof_typ_wrong",
            ),
        ],
    );
}

#[test]
fn a_token_that_does_not_hold_opens_nothing() {
    let scene = Scene::new();
    let with = |token: String| {
        let proof = scene.proof("/orders", &token).compact();
        scene.request_with("/orders", &token, &proof)
    };
    let token = || scene.token();
    let unbound = scene.unbound_token();
    let wrong_cnf = token().claim("cnf", json!({ "jkt": sha256("other") }));
    let admin = scene.request("/admin");
    check(
        &scene,
        vec![
            (
                "tampered",
                with(token().corrupt().compact()),
                401,
                TOKEN,
                "token_signature_invalid",
            ),
            (
                "expired",
                with(token().claim("exp", now() - 60).compact()),
                401,
                TOKEN,
                "token_expired",
            ),
            (
                "for another service",
                with(token().claim("aud", "https://other.example.com").compact()),
                401,
                TOKEN,
                "token_audience_mismatch",
            ),
            (
                "unknown key",
                with(token().header("kid", "k2").compact()),
                401,
                TOKEN,
                "token_key_unknown",
            ),
            (
                "unknown issuer",
                with(token().claim("iss", "https://evil.example").compact()),
                401,
                TOKEN,
                "token_issuer_unknown",
            ),
            (
                "an ID token",
                with(token().header("typ", "JWT").compact()),
                401,
                TOKEN,
                "token_typ_wrong",
            ),
            (
                "other key",
                with(wrong_cnf.compact()),
                401,
                TOKEN,
                "binding_key_mismatch",
            ),
            (
                "unbound",
                with(unbound.compact()),
                401,
                TOKEN,
                "binding_key_absent",
            ),
            (
                "unenforceable",
                with(unbound.claim("cnf", json!({})).compact()),
                401,
                TOKEN,
                "confirmation_unenforceable",
            ),
            (
                "without the scope",
                admin,
                403,
                Some("insufficient_scope"),
                "scope_insufficient",
            ),
        ],
    );
}
