//! `keybound explain`, on requests as they stand on the wire.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound_tests::binary::keybound;
use keybound_tests::gateway::{Request, Scene, Tls, now};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[test]
fn a_good_request_passes_but_for_what_only_the_gateway_knows() {
    let scene = Scene::new();
    let output = explain(&scene, &scene.request("/orders/a"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.ends_with("\npasses, unless the gateway has seen this proof before\n"),
        "{text}"
    );
    assert!(
        text.contains("held            htm is the request's method\n"),
        "{text}"
    );
    assert!(
        text.contains("not known here  the proof was not used before\n"),
        "{text}"
    );
    assert!(!text.contains("FAILED"), "{text}");
}

#[test]
fn the_rule_that_failed_is_shown_with_what_was_expected_and_received() {
    let scene = Scene::new();
    let request = scene.request("/orders/a").target("/orders/b");
    let output = explain(&scene, &request, &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let failed = "FAILED          htu is the request's target URI\n                \
         DPOP-4.3-9, RFC 9449 section 4.3 check 9\n                \
         expected \"https://api.example.com/orders/b\"\n                \
         received \"https://api.example.com/orders/a\"\n";
    assert!(text.contains(failed), "{text}");
    assert!(
        text.contains("\nrefused: proof_htu_mismatch\nanswer:  401\n"),
        "{text}"
    );
    assert!(!text.contains(request.value("DPoP")), "{text}");
}

#[test]
fn programs_get_the_same_in_json() {
    let scene = Scene::new();
    let output = explain(
        &scene,
        &scene.request("/orders/a").without("DPoP"),
        &["--json"],
    );
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json["passes"], false);
    assert_eq!(json["reason"], "proof_missing");
    assert_eq!(json["status"], 401);
    let outcome = |reason: &str| {
        let checks = json["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["reason"] == reason)
            .unwrap()["outcome"]
            .clone()
    };
    assert_eq!(outcome("credentials_malformed"), "held");
    assert_eq!(outcome("proof_missing"), "failed");
    assert_eq!(outcome("proof_repeated"), "not_reached");
}

#[test]
fn a_request_is_judged_at_the_time_that_is_given() {
    let scene = Scene::new();
    let request = scene.request("/orders/a");
    // The proof was made a moment ago: far enough from the bounds on either side.
    for (later, reason) in [
        (0, Value::Null),
        (50, Value::Null),
        (75, "proof_iat_too_old".into()),
        (600, "proof_iat_too_old".into()),
    ] {
        let at = (now() + later).to_string();
        let output = explain(&scene, &request, &["--json", "--at", &at]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["reason"], reason, "{later}");
    }
}

#[test]
fn all_but_a_nonce_is_judged_and_the_gateway_agrees() {
    let scene = Scene::new();
    let first = scene.send(&scene.request("/nonces"));
    let nonce = first.value("dpop-nonce");
    let token = scene.token().compact();
    // A nonce cures a wrong clock, here as there.
    for (path, late, status, end) in [
        ("/nonces", 0, 200, NONCE_PASSES),
        ("/nonces", 3_600, 200, NONCE_PASSES),
        ("/orders", 0, 200, NONCE_PASSES),
        ("/admin", 0, 403, "\nrefused: scope_insufficient\n"),
        ("/admin", 3_600, 403, "\nrefused: scope_insufficient\n"),
        ("/nonces", 90_000, 401, "\nrefused: proof_iat_too_old\n"),
    ] {
        let proof = scene
            .proof(path, &token)
            .claim("iat", now() - late)
            .claim("nonce", nonce);
        let request = scene.request_with(path, &token, &proof.compact());
        let output = explain(&scene, &request, &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(end), "{path} {late}: {text}");
        let code = if status == 200 { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{path} {late}: {text}");
        if late < 90_000 {
            for check in [
                "the proof's nonce is one of ours",
                "the proof's nonce is recent",
            ] {
                assert!(
                    text.contains(&format!("not known here  {check}\n")),
                    "{text}"
                );
            }
        }
        let answer = scene.send(&request);
        assert_eq!(answer.status, status, "{path} {late}");
    }
}

#[test]
fn a_wrong_nonce_does_not_hide_what_else_is_wrong() {
    let scene = Scene::new();
    let token = scene.token().claim("exp", now() - 60).compact();
    let proof = scene.proof("/nonces", &token).claim("nonce", "n");
    let request = scene.request_with("/nonces", &token, &proof.compact());
    let output = explain(&scene, &request, &["--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["reason"], "token_expired");
    // Where none is there, none is unknown.
    let output = explain(&scene, &scene.request("/nonces"), &["--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["reason"], "proof_nonce_missing");
}

#[test]
fn an_open_route_passes_without_a_condition() {
    let scene = Scene::new();
    let output = explain(&scene, &Request::get("/open"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.ends_with("\npasses\n"), "{text}");
}

#[test]
fn a_certificate_is_there_if_it_is_given() {
    let scene = Scene::new();
    let pem = scene.folder().join("tls.pem");
    let der = CertificateDer::from_pem_file(&pem).unwrap();
    fs::write(scene.folder().join("leaf.der"), &der).unwrap();
    Tls::generate().write_to(scene.folder());
    let other = fs::read(&pem).unwrap();
    fs::write(scene.folder().join("other.pem"), other).unwrap();
    let x5t = URL_SAFE_NO_PAD.encode(Sha256::digest(&der));
    let token = scene
        .unbound_token()
        .claim("cnf", json!({ "x5t#S256": x5t }));
    let request =
        Request::get("/either").line("Authorization", format!("Bearer {}", token.compact()));
    let missing = Value::from("binding_certificate_missing");
    for (file, code, reason) in [
        (None, 1, missing),
        (Some("leaf.der"), 0, Value::Null),
        (Some("other.pem"), 1, "binding_certificate_mismatch".into()),
    ] {
        let path = file.map(|file| scene.folder().join(file));
        let mut arguments = vec!["--json"];
        if let Some(path) = &path {
            arguments.extend(["--certificate", path.to_str().unwrap()]);
        }
        let output = explain(&scene, &request, &arguments);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &json["reason"]),
            (Some(code), &reason)
        );
    }
    let junk = scene.folder().join("keybound.toml");
    let output = explain(&scene, &request, &["--certificate", junk.to_str().unwrap()]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.ends_with("must hold a certificate in PEM or DER\n"),
        "{error}"
    );
}

#[test]
fn what_the_listener_refuses_does_not_pass() {
    let scene = Scene::new();
    for (request, status, reason) in [
        (scene.request("/open").method("TRACE"), 501, "head_method"),
        (
            scene.request("/open").line("Upgrade", "h2c"),
            400,
            "head_upgrade",
        ),
        (
            scene.request("/open").line("Host", "api.example.com"),
            400,
            "head_host_malformed",
        ),
    ] {
        let output = explain(&scene, &request, &["--json"]);
        assert_eq!(output.status.code(), Some(1), "{reason}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["reason"], reason);
        assert_eq!(
            (&json["passes"], &json["status"]),
            (&false.into(), &status.into())
        );
        assert_eq!(scene.send(&request).status, status, "{reason}");
        let output = explain(&scene, &request, &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        let start = format!("\nrefused: {reason} (");
        assert!(text.contains(&start), "{text}");
        assert!(text.ends_with(&format!("\nanswer:  {status}\n")), "{text}");
    }
}

#[test]
fn what_is_no_request_is_said_without_repeating_it() {
    let scene = Scene::new();
    let output = run(
        &scene,
        b"GET /a HTTP/1.1\r\nAuthorization DPoP secret\r\n\r\n",
        &[],
    );
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        error,
        "keybound: line 2 is not a header field such as `Host: api.example.com`\n"
    );
}

fn explain(scene: &Scene, request: &Request, arguments: &[&str]) -> Output {
    run(scene, &request.octets(), arguments)
}

fn run(scene: &Scene, octets: &[u8], arguments: &[&str]) -> Output {
    let config = scene.folder().join("keybound.toml");
    let mut child = Command::new(keybound())
        .arg("explain")
        .arg("--config")
        .arg(config)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(octets).unwrap();
    child.wait_with_output().unwrap()
}

const NONCE_PASSES: &str = "\npasses, if the nonce is a recent one of the gateway's, and unless the gateway has seen this proof before\n";
