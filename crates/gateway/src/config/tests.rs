use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keybound::{Algorithm, Binding, LegacyTypes, Limits, MissingType, NonceRequirement, Window};
use keybound_crypto::IssuerAlgorithms;

use super::error::Problem;
use super::schema::TABLES;
use super::*;
use crate::proxy::Credentials;

mod files;
mod refusals;
mod together;

/// The least that is a configuration.
const LEAST: &str = r#"
[[listener]]
address = "127.0.0.1:8080"
authorities = { "localhost:8080" = "https://api.example.com" }
[[issuer]]
issuer = "https://as.example.com"
audience = ["https://api.example.com"]
discovery = "oauth"
[[upstream]]
name = "orders"
url = "http://127.0.0.1:9000"
[[route]]
path = "/"
upstream = "orders"
binding = "dpop"
"#;

fn parse(text: &str) -> Result<Config, Vec<ConfigError>> {
    Config::parse(text, Path::new("keybound.toml"), &IssuerAlgorithms)
}

/// Where an issuer's metadata or keys are fetched from.
fn location(issuer: &Issuer) -> String {
    match &issuer.keys {
        KeySource::File(path) => path.display().to_string(),
        KeySource::Uri(url) => url.to_string(),
        KeySource::Discovery(discovery) => discovery.location().to_string(),
    }
}

fn route<'c>(config: &'c Config, path: &str) -> &'c Route {
    config
        .routes
        .iter()
        .find(|route| route.path == path)
        .unwrap()
}

#[test]
fn silence_means_the_strict_defaults() {
    let config = parse(LEAST).unwrap();
    assert_eq!(
        *route(&config, "/"),
        Route {
            path: "/".into(),
            upstream: 0,
            binding: Binding::Dpop,
            issuers: vec![0],
            scopes: vec![],
            realm: None,
            nonce: NonceRequirement::Off,
            mode: Mode::Enforce,
            credentials: Credentials::Strip,
        }
    );
    let [issuer] = &config.issuers[..] else {
        panic!("{config:?}")
    };
    assert_eq!(
        location(issuer),
        "https://as.example.com/.well-known/oauth-authorization-server"
    );
    assert_eq!(issuer.profile, Profile::Rfc9068);
    assert_eq!(issuer.algorithms, Algorithm::ALL);
    assert_eq!(issuer.leeway.as_secs(), 30);
    assert_eq!(issuer.max_lifetime, None);
    assert_eq!(issuer.trust, Trust::PublicAuthorities);
    assert_eq!(
        config.proof,
        Proof {
            algorithms: vec![Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519],
            window: Window::new(60, 10),
            nonce_lifetime: core::time::Duration::from_secs(180),
        }
    );
    assert_eq!(
        config.replay,
        Replay {
            capacity: keybound_replay::DEFAULT_CAPACITY,
            after_restart: AfterRestart::RefuseOlder,
        }
    );
    assert_eq!(config.limits, Limits::DEFAULT);
    assert_eq!(config.admin, None);
    let log = Log {
        requests: Requests::All,
        output: Output::Stderr,
    };
    assert_eq!(config.log, log);
    let [listener] = &config.listeners[..] else {
        panic!("{config:?}")
    };
    assert_eq!(listener.address, ([127, 0, 0, 1], 8080).into());
    assert_eq!(listener.http.max_header_bytes, 65_536);
    assert!(listener.tls.is_none());
    let origins: Vec<_> = listener
        .authorities
        .iter()
        .map(|(authority, origin)| (authority.as_str(), origin.as_str()))
        .collect();
    assert_eq!(origins, [("localhost:8080", "https://api.example.com")]);
}

#[test]
fn what_is_said_is_what_is_meant() {
    let text = LEAST.to_owned()
        + r#"
[[issuer]]
issuer = "urn:second"
audience = ["a", "b"]
jwks_uri = "http://127.0.0.1:9/keys"
algorithms = ["PS256"]
profile = "legacy"
legacy = { types = ["JWT", "jwt"], missing_type = "accept" }
leeway = 0
max_lifetime = 60
[[upstream]]
name = "second"
url = "https://[::1]:9443/base/"
connect_timeout = 60
[[route]]
path = "/both"
upstream = "second"
binding = "either"
issuers = ["urn:second"]
scopes = ["orders:read", "!"]
realm = "the api"
nonce = "required"
[[route]]
path = "/verify"
upstream = "second"
binding = "bearer"
mode = "verify_only"
[[route]]
path = "/open"
upstream = "second"
binding = "open"
[proof]
algorithms = ["PS256"]
max_age = 300
max_future = 60
[replay]
capacity = 100_000_000
after_restart = "accept"
[limits]
token = 0x400
[log]
requests = "refused"
output = "stdout"
[admin]
address = "[::]:8081"
"#;
    let config = parse(&text).unwrap();
    let second = &config.issuers[1];
    assert_eq!(second.audience, ["a", "b"]);
    assert_eq!(
        second.profile,
        Profile::Legacy(LegacyTypes::new(["JWT", "jwt"], MissingType::Accept).unwrap())
    );
    let upstream = &config.upstreams[1];
    assert_eq!(
        (
            upstream.name.as_str(),
            upstream.scheme.as_str(),
            upstream.authority.as_str(),
            upstream.prefix.as_str()
        ),
        ("second", "https", "[::1]:9443", "/base")
    );
    let both = route(&config, "/both");
    assert_eq!((both.upstream, &both.issuers[..]), (1, &[1][..]));
    assert_eq!(both.scopes, ["orders:read", "!"]);
    assert_eq!(both.realm.as_deref(), Some("the api"));
    assert_eq!(both.nonce, NonceRequirement::Required);
    let verify = route(&config, "/verify");
    assert_eq!(
        (verify.mode, verify.credentials),
        (Mode::VerifyOnly, Credentials::Keep)
    );
    assert_eq!(verify.issuers, [0, 1]);
    let open = route(&config, "/open");
    assert_eq!((open.binding, &open.issuers[..]), (Binding::Open, &[][..]));
    assert_eq!(config.proof.window, Window::new(300, 60));
    assert_eq!(config.limits.token, 1_024);
    assert_eq!(
        config.warnings,
        [
            Warning::ExposedAdmin,
            Warning::LongLifetimeWithoutNonce {
                issuer: "https://as.example.com".into()
            },
        ]
    );
}

/// DPOP-11.2-1, RFC 9449 section 11.2.
#[test]
fn long_lifetimes_without_nonces_are_a_warning() {
    let warning = Warning::LongLifetimeWithoutNonce {
        issuer: "https://as.example.com".into(),
    };
    for (lifetime, nonce, expected) in [
        ("", "off", vec![warning.clone()]),
        ("max_lifetime = 3599", "off", vec![]),
        ("max_lifetime = 3600", "off", vec![]),
        ("max_lifetime = 3601", "off", vec![warning]),
        ("", "required", vec![]),
    ] {
        let text = LEAST.replace("discovery", &format!("{lifetime}\ndiscovery"))
            + &format!("nonce = \"{nonce}\"");
        assert_eq!(
            parse(&text).unwrap().warnings,
            expected,
            "{lifetime} {nonce}"
        );
    }
}

// rules: BEARER-5.2-1 (negative)
#[test]
fn a_plain_upstream_on_another_host_is_a_warning_sbcp_4_13_2() {
    for (url, count) in [
        ("http://127.0.0.9:9000", 0),
        ("http://[::1]:9000", 0),
        ("http://LOCALHOST", 0),
        ("https://orders.internal", 0),
        ("http://orders.internal", 1),
        ("http://127.0.0.1.example", 1),
        ("http://192.0.2.1", 1),
    ] {
        let text = LEAST
            .replace("http://127.0.0.1:9000", url)
            .replace("discovery", "max_lifetime = 60\ndiscovery");
        assert_eq!(parse(&text).unwrap().warnings.len(), count, "{url}");
    }
}

#[test]
fn the_documentation_has_every_key_of_the_schema_and_no_other() {
    let path = docs().join("configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut documented = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.split('`').nth(1).unwrap_or(heading);
            documented.push((name.to_owned(), BTreeSet::new()));
        } else if let Some(row) = line.strip_prefix("| `") {
            let (_, keys) = documented.last_mut().unwrap();
            keys.insert(row.split('`').next().unwrap_or("").to_owned());
        }
    }
    documented.retain(|(_, keys)| !keys.is_empty());
    let schema: Vec<(String, BTreeSet<String>)> = TABLES
        .iter()
        .map(|table| {
            let keys = table.keys.iter().map(|key| (*key).to_owned());
            (table.name.to_owned(), keys.collect())
        })
        .collect();
    assert_eq!(documented, schema);
}

#[test]
fn the_documentation_tells_the_default_capacity() {
    let text = std::fs::read_to_string(docs().join("configuration.md")).unwrap();
    let row = text.lines().find(|line| line.starts_with("| `capacity` |"));
    let default = row.unwrap().split('|').nth(3).unwrap().trim();
    assert_eq!(
        default.replace(',', "").parse(),
        Ok(keybound_replay::DEFAULT_CAPACITY)
    );
}

#[test]
fn the_example_is_a_configuration() {
    let config = Config::load(&docs().join("keybound.example.toml"), &IssuerAlgorithms).unwrap();
    let expected = Warning::LongLifetimeWithoutNonce {
        issuer: "https://as.example.com".into(),
    };
    assert!(!config.warnings.contains(&expected));
    assert_eq!(config.upstreams.len(), 2);
    assert_eq!(route(&config, "/public").binding, Binding::Open);
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}
