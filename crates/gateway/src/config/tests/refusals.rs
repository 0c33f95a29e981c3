use keybound::{PolicyError, RouteError, UriError};
use keybound_crypto::RustCrypto;
use keybound_sources::UrlError;

use super::*;

/// Parses, and gives each error as line, column and problem.
pub(super) fn errors(text: &str) -> Vec<(usize, usize, Problem)> {
    parse(text)
        .unwrap_err()
        .into_iter()
        .map(|error| {
            assert_eq!(error.file, Path::new("keybound.toml"));
            (error.line, error.column, error.problem)
        })
        .collect()
}

/// The one error that a change of the least configuration makes, as it is shown.
fn shown(text: &str) -> Vec<String> {
    let errors = parse(text).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_one() {
    let text = LEAST.replace("binding = ", "bindng = ");
    assert_eq!(
        shown(&text),
        [
            "keybound.toml:12:1: [[route]] needs the key \"binding\"",
            "keybound.toml:15:1: unknown key \"bindng\" in [[route]]; did you mean \"binding\"?",
        ]
    );
    let text = LEAST.to_owned() + "  colour = 1\n[prof]\nmax_age = 1\n";
    assert_eq!(
        errors(&text),
        [
            (
                16,
                3,
                Problem::UnknownKey {
                    key: "colour".into(),
                    table: "[[route]]",
                    nearest: None,
                }
            ),
            (
                17,
                2,
                Problem::UnknownKey {
                    key: "prof".into(),
                    table: "the top level",
                    nearest: Some("proof"),
                }
            ),
        ]
    );
}

#[test]
fn all_errors_are_shown_at_once_in_the_order_of_the_file() {
    let text = r#"
[[listener]]
address = "localhost:8080"
authorities = { "a b" = "https://a", "c" = "c", "d" = "http://d" }
max_connections = 0
[[issuer]]
issuer = "https://as.example.com"
audience = []
[[upstream]]
name = "orders"
url = "ftp://a"
[[route]]
path = "/a/"
upstream = "order"
binding = "dpopp"
scopes = ["a b", 1]
"#;
    let not_normal = RouteError::NotNormal {
        prefix: "/a/".into(),
    };
    assert_eq!(
        shown(text),
        [
            "keybound.toml:3:11: \"address\" must be an IP address and a port",
            "keybound.toml:4:17: \"a b\" is not a host with an optional port",
            &format!(
                "keybound.toml:4:44: not an origin: {}",
                UriError::NotAbsolute
            ),
            "keybound.toml:4:55: an http origin lets tokens and proofs be read on the way; if that is meant, set danger_plain_http_origin = true",
            "keybound.toml:5:19: \"max_connections\" must lie between 1 and 1000000",
            "keybound.toml:6:1: exactly one is needed of \"jwks_file\", \"jwks_uri\", \"discovery\"",
            "keybound.toml:8:12: \"audience\" must not be empty",
            "keybound.toml:11:7: \"url\" must be an http or https URL without user, query and fragment",
            &format!("keybound.toml:13:8: {not_normal}"),
            "keybound.toml:14:12: \"upstream\" names \"order\", which is not defined; did you mean \"orders\"?",
            "keybound.toml:15:11: unknown value \"dpopp\" of \"binding\"; did you mean \"dpop\"?",
            "keybound.toml:16:11: \"a b\" is not a scope",
            "keybound.toml:16:18: \"scopes\" must be a list of texts, not a whole number",
        ]
    );
}

#[test]
fn an_empty_file_needs_the_three_tables() {
    let missing = |key| {
        let table = "the top level";
        (1, 1, Problem::MissingKey { key, table })
    };
    assert_eq!(errors(""), ["listener", "upstream", "route"].map(missing));
}

#[test]
fn what_is_not_toml_is_said_with_its_place() {
    let errors = errors("a = 1\nb = = 2\na = 3\n");
    let places: Vec<_> = errors
        .iter()
        .map(|(line, column, _)| (*line, *column))
        .collect();
    assert!(places.contains(&(2, 5)), "{errors:?}");
    assert!(
        errors
            .iter()
            .all(|(_, _, problem)| matches!(problem, Problem::Syntax(_)))
    );
}

/// Each row changes one line of the least configuration.
#[test]
fn what_a_value_may_not_be() {
    let rows: &[(&str, &str, Problem)] = &[
        (
            "address = \"127.0.0.1:8080\"",
            "address = 8080",
            Problem::WrongType {
                key: "address",
                expected: "a text",
                found: "a whole number",
            },
        ),
        (
            "address = \"127.0.0.1:8080\"",
            "address = \"\"",
            Problem::Empty { key: "address" },
        ),
        (
            "{ \"localhost:8080\" = \"https://api.example.com\" }",
            "{}",
            Problem::Empty { key: "authorities" },
        ),
        (
            "localhost:8080",
            "u@localhost",
            Problem::NotAnAuthority {
                authority: "u@localhost".into(),
            },
        ),
        (
            "localhost:8080",
            "https://localhost",
            Problem::NotAnAuthority {
                authority: "https://localhost".into(),
            },
        ),
        (
            "\"https://api.example.com\" }",
            "\"https://a?x\" }",
            Problem::NotAnOrigin {
                error: UriError::NotAnOrigin,
            },
        ),
        (
            "\"https://api.example.com\" }",
            "\"http://a\" }",
            Problem::PlainHttpOrigin,
        ),
        (
            "{ \"localhost:8080\"",
            "{ \"LOCALHOST:8080\" = \"https://a\", \"localhost:8080\"",
            Problem::Duplicate {
                key: "authorities",
                value: "localhost:8080".into(),
            },
        ),
        (
            "[\"https://api.example.com\"]",
            "[\"\"]",
            Problem::Empty { key: "audience" },
        ),
        (
            "[\"https://api.example.com\"]",
            "[\"a\", \"a\"]",
            Problem::Duplicate {
                key: "audience",
                value: "a".into(),
            },
        ),
        (
            "discovery = \"oauth\"",
            "",
            Problem::ExactlyOne {
                keys: &["jwks_file", "jwks_uri", "discovery"],
            },
        ),
        (
            "discovery = \"oauth\"",
            "discovery = \"oauth\"\njwks_uri = \"https://a\"",
            Problem::ExactlyOne {
                keys: &["jwks_file", "jwks_uri", "discovery"],
            },
        ),
        (
            "discovery = \"oauth\"",
            "jwks_uri = \"http://as.example.com/k\"",
            Problem::BadKeyUrl {
                key: "jwks_uri",
                error: UrlError::Insecure,
            },
        ),
        (
            "discovery = \"oauth\"",
            "jwks_uri = \"https://as:0/jwks\"",
            Problem::BadKeyUrl {
                key: "jwks_uri",
                error: UrlError::Malformed,
            },
        ),
        (
            "discovery = \"oauth\"",
            "jwks_uri = \"https://as/jwks#a\"",
            Problem::BadKeyUrl {
                key: "jwks_uri",
                error: UrlError::Malformed,
            },
        ),
        (
            "discovery = \"oauth\"",
            "jwks_uri = \"https://u@as/jwks\"",
            Problem::BadKeyUrl {
                key: "jwks_uri",
                error: UrlError::UserInfo,
            },
        ),
        (
            "issuer = \"https://as.example.com\"",
            "issuer = \"https://as.example.com?a\"",
            Problem::BadKeyUrl {
                key: "issuer",
                error: UrlError::Query,
            },
        ),
        (
            "issuer = \"https://as.example.com\"",
            "issuer = \"http://a\"",
            Problem::BadKeyUrl {
                key: "issuer",
                error: UrlError::Insecure,
            },
        ),
        (
            "issuer = \"https://as.example.com\"",
            "issuer = \"urn:a\"",
            Problem::BadKeyUrl {
                key: "issuer",
                error: UrlError::Malformed,
            },
        ),
        (
            "\"oauth\"",
            "\"openid\"",
            Problem::UnknownValue {
                key: "discovery",
                value: "openid".into(),
                allowed: vec!["oauth", "oidc"],
                nearest: None,
            },
        ),
        (
            "\"oauth\"",
            "\"oauth\"\nalgorithms = [\"HS256\"]",
            Problem::UnknownValue {
                key: "algorithms",
                value: "HS256".into(),
                allowed: Algorithm::ALL.iter().map(|one| one.name()).collect(),
                nearest: Some("ES256"),
            },
        ),
        (
            "\"oauth\"",
            "\"oauth\"\nalgorithms = []",
            Problem::Empty { key: "algorithms" },
        ),
        (
            "\"oauth\"",
            "\"oauth\"\nleeway = 121",
            Problem::OutOfRange {
                key: "leeway",
                min: 0,
                max: 120,
            },
        ),
        (
            "\"oauth\"",
            "\"oauth\"\nleeway = 1.5",
            Problem::WrongType {
                key: "leeway",
                expected: "a whole number",
                found: "a fraction",
            },
        ),
        (
            "\"oauth\"",
            "\"oauth\"\nprofile = \"legacy\"\nlegacy = { types = [\"JWT\", \"dpop+jwt\"] }",
            Problem::Policy(PolicyError::LegacyType("dpop+jwt".into())),
        ),
        (
            "\"oauth\"",
            "\"oauth\"\nlegacy = {}",
            Problem::WithoutEffect {
                key: "legacy",
                because: "unless profile = \"legacy\"",
            },
        ),
        (
            "http://127.0.0.1:9000",
            "http://u@127.0.0.1",
            Problem::NotAUrl { key: "url" },
        ),
        (
            "http://127.0.0.1:9000",
            "http://127.0.0.1/?a",
            Problem::NotAUrl { key: "url" },
        ),
        (
            "http://127.0.0.1:9000",
            "http://127.0.0.1:0",
            Problem::NotAUrl { key: "url" },
        ),
        (
            "http://127.0.0.1:9000",
            "http://192.0.2.1:65536",
            Problem::NotAUrl { key: "url" },
        ),
        (
            "http://127.0.0.1:9000",
            "http://127.0.0.1/#a",
            Problem::NotAUrl { key: "url" },
        ),
        (
            "http://127.0.0.1:9000",
            "/a",
            Problem::NotAUrl { key: "url" },
        ),
        (
            "upstream = \"orders\"",
            "upstream = \"orderz\"",
            Problem::UnknownName {
                key: "upstream",
                name: "orderz".into(),
                nearest: Some("orders".into()),
            },
        ),
        (
            "\"dpop\"",
            "\"DPoP\"",
            Problem::UnknownValue {
                key: "binding",
                value: "DPoP".into(),
                allowed: vec!["dpop", "certificate", "either", "both", "bearer", "open"],
                nearest: Some("dpop"),
            },
        ),
        (
            "\"dpop\"",
            "\"certificate\"",
            Problem::NoCertificates {
                binding: "certificate",
            },
        ),
        (
            "\"dpop\"",
            "\"both\"",
            Problem::NoCertificates { binding: "both" },
        ),
        (
            "\"dpop\"",
            "\"dpop\"\nissuers = [\"urn:other\"]",
            Problem::UnknownName {
                key: "issuers",
                name: "urn:other".into(),
                nearest: None,
            },
        ),
        (
            "\"dpop\"",
            "\"dpop\"\nscopes = [\"a\\\"\"]",
            Problem::NotAScope {
                scope: "a\"".into(),
            },
        ),
        (
            "\"dpop\"",
            "\"dpop\"\nscopes = [\"\u{e9}\"]",
            Problem::NotAScope {
                scope: "\u{e9}".into(),
            },
        ),
        (
            "\"dpop\"",
            "\"dpop\"\nrealm = \"a\\\"b\"",
            Problem::BadRealm,
        ),
        ("\"dpop\"", "\"dpop\"\nrealm = \"a\\nb\"", Problem::BadRealm),
        (
            "\"dpop\"",
            "\"open\"\nscopes = [\"a\"]",
            Problem::WithoutEffect {
                key: "scopes",
                because: "on an open route, which reads no credential",
            },
        ),
        (
            "\"dpop\"",
            "\"open\"\nnonce = \"off\"",
            Problem::WithoutEffect {
                key: "nonce",
                because: "on an open route, which reads no credential",
            },
        ),
        (
            "\"dpop\"",
            "\"dpop\"\nmode = \"verify_only\"\nnonce = \"required\"",
            Problem::WithoutEffect {
                key: "nonce",
                because: "with mode = \"verify_only\": nonces are the upstream's there",
            },
        ),
        (
            "\"dpop\"",
            "\"dpop\"\nmode = \"verify_only\"\ncredentials = \"strip\"",
            Problem::WithoutEffect {
                key: "credentials",
                because: "with mode = \"verify_only\": the upstream needs them",
            },
        ),
        (
            "path = \"/\"",
            "path = \"a\"",
            Problem::BadPath(RouteError::Malformed {
                prefix: "a".into(),
                error: UriError::NotAPath,
            }),
        ),
        (
            "path = \"/\"",
            "path = \"/a%2Fb\"",
            Problem::BadPath(RouteError::NotNormal {
                prefix: "/a%2Fb".into(),
            }),
        ),
    ];
    for (from, to, problem) in rows {
        assert!(LEAST.contains(from), "{from}");
        let found = errors(&LEAST.replacen(from, to, 1));
        let problems: Vec<&Problem> = found.iter().map(|(_, _, problem)| problem).collect();
        assert_eq!(problems, [problem], "{to}");
    }
}

#[test]
fn an_algorithm_that_the_provider_does_not_have_is_refused() {
    let text = LEAST.replace("\"oauth\"", "\"oauth\"\nalgorithms = [\"RS256\"]");
    let errors = Config::parse(&text, Path::new("keybound.toml"), &RustCrypto).unwrap_err();
    let problems: Vec<Problem> = errors.into_iter().map(|error| error.problem).collect();
    assert_eq!(
        problems,
        [Problem::UnsupportedAlgorithm { algorithm: "RS256" }]
    );
}

/// Some issuers name a policy there.
#[test]
fn the_url_of_keys_may_have_a_query() {
    let url = "https://as.example.com/keys?p=b2c_1_sign_in";
    let text = LEAST.replace("discovery = \"oauth\"", &format!("jwks_uri = \"{url}\""));
    assert_eq!(location(&parse(&text).unwrap().issuers[0]), url);
}
