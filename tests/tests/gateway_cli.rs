//! The command line: what it says of a configuration, and with which code it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use keybound_tests::binary;
use keybound_tests::gateway::Tls;
use serde_json::Value;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(binary::keybound())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(octets: &[u8]) -> &str {
    std::str::from_utf8(octets).unwrap()
}

const VALID: &str = r#"
[[listener]]
address = "127.0.0.1:0"
authorities = { "api.internal:8080" = "https://api.example.com" }

[[upstream]]
name = "orders"
url = "http://127.0.0.1:9000"

[[route]]
path = "/"
upstream = "orders"
binding = "open"
"#;

/// A folder with the valid file, in which some text is replaced.
fn folder(from: &str, to: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    assert!(VALID.contains(from));
    fs::write(folder.path().join("keybound.toml"), VALID.replace(from, to)).unwrap();
    folder
}

#[test]
fn check_says_where_what_and_which_key_was_meant() {
    for (from, to, expected) in [
        (
            "binding = ",
            "bindng = ",
            "keybound.toml:13:1: unknown key \"bindng\" in [[route]]; did you mean \"binding\"?",
        ),
        (
            "[[upstream]]",
            "[[upstraem]]",
            "keybound.toml:6:3: unknown key \"upstraem\" in the top level; did you mean \"upstream\"?",
        ),
        (
            "upstream = \"orders\"",
            "upstream = \"order\"",
            "keybound.toml:12:12: \"upstream\" names \"order\", which is not defined; did you mean \"orders\"?",
        ),
        (
            "\"open\"",
            "\"dpopp\"",
            "keybound.toml:13:11: unknown value \"dpopp\" of \"binding\"; did you mean \"dpop\"?",
        ),
        (
            "name = \"orders\"",
            "name = 7",
            "keybound.toml:7:8: \"name\" must be a text, not a whole number",
        ),
    ] {
        let folder = folder(from, to);
        let output = run(folder.path(), &["check", "--config", "keybound.toml"]);
        assert_eq!((code(&output), text(&output.stdout)), (1, ""), "{to}");
        let lines: Vec<&str> = text(&output.stderr).lines().collect();
        assert!(lines.contains(&expected), "{lines:#?}");

        let output = run(
            folder.path(),
            &["check", "--json", "--config", "keybound.toml"],
        );
        assert_eq!((code(&output), text(&output.stderr)), (1, ""));
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(outcome["valid"], false);
        let errors = outcome["errors"].as_array().unwrap();
        let whole = |error: &Value| {
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            format!(
                "{}:{}:{}: {}",
                text("file"),
                error["line"],
                error["column"],
                text("message")
            )
        };
        assert!(
            errors.iter().map(whole).any(|error| error == expected),
            "{errors:#?}"
        );
    }
}

// What needs no network is checked, so that a valid file is one that starts.
#[test]
fn check_refuses_what_serve_would_refuse_and_in_the_same_words() {
    let issuer = |keys: &str| {
        format!("[[issuer]]\nissuer = \"urn:a\"\naudience = [\"a\"]\n{keys}\n\n[[upstream]]")
    };
    let tls = "tls = { certificate = \"tls.pem\", key = \"other.key\" }\n\n[[upstream]]";
    for (from, to, expected) in [
        (
            "[[upstream]]",
            tls.to_owned(),
            "keybound.toml:6:40: \"key\" is of no use: keys may not be consistent: KeyMismatch",
        ),
        (
            "url = ",
            "ca_file = \"junk.pem\"\nurl = ".to_owned(),
            "keybound.toml:8:11: \"ca_file\" is of no use: invalid peer certificate: BadEncoding",
        ),
        (
            "[[upstream]]",
            issuer("jwks_uri = \"https://as:0/jwks\""),
            "keybound.toml:9:12: \"jwks_uri\": not an absolute URL of ASCII characters without a fragment",
        ),
        (
            "[[upstream]]",
            issuer("jwks_file = \"junk.json\""),
            "keybound.toml:9:13: \"jwks_file\": junk.json: not a JWK Set: a JSON object with an array \"keys\"",
        ),
        (
            "[[upstream]]",
            issuer("jwks_file = \"none.json\""),
            "keybound.toml:9:13: \"jwks_file\": none.json: No such file or directory (os error 2)",
        ),
    ] {
        let folder = folder(from, &to);
        Tls::generate().write_to(folder.path());
        fs::rename(
            folder.path().join("tls.key"),
            folder.path().join("other.key"),
        )
        .unwrap();
        Tls::generate().write_to(folder.path());
        fs::write(folder.path().join("junk.json"), "{\"junk\":").unwrap();
        fs::write(
            folder.path().join("junk.pem"),
            "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        for command in ["check", "serve"] {
            let output = run(folder.path(), &[command, "--config", "keybound.toml"]);
            assert_eq!((code(&output), text(&output.stdout)), (1, ""), "{command}");
            let said = text(&output.stderr).trim_end();
            assert_eq!(said.trim_start_matches("keybound: "), expected);
        }
    }
}

// No policy is no default.
#[test]
fn proj_17_refuses_a_route_without_a_policy_and_never_starts() {
    let folder = folder("binding = \"open\"", "");
    let expected = "keybound.toml:10:1: [[route]] needs the key \"binding\"";
    for command in ["check", "serve"] {
        let output = run(folder.path(), &[command, "--config", "keybound.toml"]);
        assert_eq!((code(&output), text(&output.stdout)), (1, ""), "{command}");
        let said = text(&output.stderr);
        assert!(
            said.trim_start_matches("keybound: ").starts_with(expected),
            "{said}"
        );
        assert!(!said.contains("listening"));
    }
}

#[test]
fn codes_are_0_for_done_1_for_failed_and_2_for_usage() {
    let folder = folder("open", "open");
    let here = folder.path();
    let rows: &[(i32, &[&str])] = &[
        (0, &["--help"]),
        (0, &["--version"]),
        (0, &["check", "--config", "keybound.toml"]),
        (0, &["check", "--json", "--config", "keybound.toml"]),
        (0, &["key", "generate", "--out", "client.jwk"]),
        (0, &["key", "show", "client.jwk"]),
        (
            0,
            &[
                "proof",
                "--key",
                "client.jwk",
                "--url",
                "https://api.example.com/orders",
            ],
        ),
        (1, &["check", "--config", "none.toml"]),
        (1, &["serve", "--config", "none.toml"]),
        // It exists.
        (1, &["key", "generate", "--out", "client.jwk"]),
        (1, &["key", "show", "none.jwk"]),
        (1, &["key", "show", "keybound.toml"]),
        (
            1,
            &[
                "proof",
                "--key",
                "none.jwk",
                "--url",
                "https://api.example.com/orders",
            ],
        ),
        (1, &["proof", "--key", "client.jwk", "--url", "orders"]),
        (2, &[]),
        (2, &["chekc"]),
        (2, &["check"]),
        (2, &["serve", "--confg", "keybound.toml"]),
        (2, &["key"]),
        (
            2,
            &[
                "key",
                "generate",
                "--out",
                "other.jwk",
                "--algorithm",
                "RS256",
            ],
        ),
        (2, &["proof", "--key", "client.jwk"]),
    ];
    for (expected, arguments) in rows {
        let output = run(here, arguments);
        assert_eq!(
            code(&output),
            *expected,
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        // Whoever pipes the output gets no error text in it.
        if *expected == 1 {
            assert_eq!(text(&output.stdout), "", "{arguments:?}");
        }
    }
}

#[test]
fn serve_refuses_an_address_that_is_taken() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = folder("127.0.0.1:0", &address.to_string());
    let output = run(folder.path(), &["serve", "--config", "keybound.toml"]);
    assert_eq!(code(&output), 1);
    let said = text(&output.stderr);
    assert!(
        said.starts_with(&format!("keybound: cannot listen on {address}: ")),
        "{said}"
    );
}
