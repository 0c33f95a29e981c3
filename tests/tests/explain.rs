//! `keybound explain`, on requests as they stand on the wire.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use keybound_tests::binary::keybound;
use keybound_tests::gateway::{Request, Scene, now};
use serde_json::Value;

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
