use keybound::KeySetError;
use keybound_crypto::IssuerAlgorithms;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::*;

/// A folder with a certificate, its key, and files that are neither.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
    std::fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("keys.json"), KEYS).unwrap();
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    folder
}

fn with_tls(tls: &str) -> String {
    LEAST.replace("[[issuer]]", &format!("[listener.tls]\n{tls}\n[[issuer]]"))
}

#[test]
fn files_are_read_from_the_folder_of_the_configuration() {
    let folder = folder();
    let text = with_tls(
        "certificate = \"cert.pem\"\nkey = \"key.pem\"\nclient_certificate = \"request\"\n\
         client_ca_file = \"cert.pem\"",
    )
    .replace("discovery = \"oauth\"", "jwks_file = \"keys.json\"")
    .replace("\"dpop\"", "\"both\"");
    let path = folder.path().join("keybound.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path, &IssuerAlgorithms).unwrap();
    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert_eq!(
        tls.client_certificates,
        ClientCertificates::From(tls.certificates.clone())
    );
    assert!(crate::listener::ServerTls::new(tls).is_ok());
    let keys = folder.path().join("keys.json").display().to_string();
    assert_eq!(location(&config.issuers[0]), keys);
    let shown = format!("{config:?}");
    assert!(shown.contains("secret key elided"), "{shown}");
}

#[test]
fn a_file_that_cannot_be_read_or_is_something_else_is_named() {
    let folder = folder();
    let path = folder.path().join("keybound.toml");
    let in_folder = |name: &str| folder.path().join(name);
    for (tls, problem) in [
        (
            "certificate = \"cert.pem\"\nkey = \"none.pem\"",
            Problem::UnreadableFile {
                key: "key",
                path: in_folder("none.pem"),
                error: NO_FILE.into(),
            },
        ),
        (
            "certificate = \"empty.pem\"\nkey = \"key.pem\"",
            Problem::BadFile {
                key: "certificate",
                path: in_folder("empty.pem"),
                expected: "certificates in PEM",
            },
        ),
        (
            "certificate = \"cert.pem\"\nkey = \"cert.pem\"",
            Problem::BadFile {
                key: "key",
                path: in_folder("cert.pem"),
                expected: "a private key in PEM",
            },
        ),
        (
            "certificate = \"cert.pem\"",
            Problem::MissingKey {
                key: "key",
                table: "[listener.tls]",
            },
        ),
        (
            "certificate = \"cert.pem\"\nkey = \"key.pem\"\nclient_ca_file = \"cert.pem\"",
            Problem::WithoutEffect {
                key: "client_ca_file",
                because: "unless client_certificate = \"request\"",
            },
        ),
    ] {
        let errors = Config::parse(&with_tls(tls), &path, &IssuerAlgorithms).unwrap_err();
        let problems: Vec<Problem> = errors.into_iter().map(|error| error.problem).collect();
        assert_eq!(problems, [problem], "{tls}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_an_error() {
    let path = folder().path().join("keybound.toml");
    let expected = LoadError::Unreadable {
        path: path.clone(),
        error: NO_FILE.into(),
    };
    assert_eq!(
        Config::load(&path, &IssuerAlgorithms).unwrap_err(),
        expected
    );
}

#[test]
fn a_certificate_and_a_key_that_do_not_belong_together_are_refused() {
    let folder = folder();
    let other = generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
    std::fs::write(
        folder.path().join("other.pem"),
        other.signing_key.serialize_pem(),
    )
    .unwrap();
    std::fs::write(folder.path().join("junk.pem"), JUNK).unwrap();
    let path = folder.path().join("keybound.toml");
    for (tls, key) in [
        ("certificate = \"cert.pem\"\nkey = \"other.pem\"", "key"),
        (
            "certificate = \"junk.pem\"\nkey = \"key.pem\"",
            "certificate",
        ),
        (
            "certificate = \"cert.pem\"\nkey = \"key.pem\"\nclient_certificate = \"request\"\n\
             client_ca_file = \"junk.pem\"",
            "client_ca_file",
        ),
    ] {
        let errors = Config::parse(&with_tls(tls), &path, &IssuerAlgorithms).unwrap_err();
        assert_eq!(unusable(&errors), [key], "{errors:?}");
    }
}

#[test]
fn an_authority_that_can_vouch_for_nobody_is_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("junk.pem"), JUNK).unwrap();
    let path = folder.path().join("keybound.toml");
    for table in ["discovery = ", "url = "] {
        let text = LEAST.replace(table, &format!("ca_file = \"junk.pem\"\n{table}"));
        let errors = Config::parse(&text, &path, &IssuerAlgorithms).unwrap_err();
        assert_eq!(unusable(&errors), ["ca_file"], "{errors:?}");
    }
}

#[test]
fn a_file_without_a_usable_key_is_refused() {
    let folder = folder();
    let path = folder.path().join("keybound.toml");
    let keys = folder.path().join("keys.json");
    for (document, error) in [
        ("{\"junk\":", KeySetError::Malformed),
        ("{\"keys\":[]}", KeySetError::NoUsableKey),
        ("{\"keys\":[{\"kty\":\"oct\"}]}", KeySetError::NoUsableKey),
        (
            &KEYS.replace('[', &format!("[{:1024}", "")),
            KeySetError::Oversize,
        ),
    ] {
        std::fs::write(&keys, document).unwrap();
        let text = LEAST.replace("discovery = \"oauth\"", "jwks_file = \"keys.json\"")
            + "[limits]\nkey_set = 1024\n";
        let errors = Config::parse(&text, &path, &IssuerAlgorithms).unwrap_err();
        let [found] = &errors[..] else {
            panic!("{errors:?}")
        };
        let (key, path) = ("jwks_file", keys.clone());
        assert_eq!(found.problem, Problem::BadKeySet { key, path, error });
        assert_eq!((found.line, found.column), (8, 13));
    }
}

/// The keys whose files TLS can do nothing with.
fn unusable(errors: &[ConfigError]) -> Vec<&'static str> {
    let key = |error: &ConfigError| match error.problem {
        Problem::UnusableTls { key, .. } => Some(key),
        _ => None,
    };
    errors
        .iter()
        .map(|error| key(error).unwrap_or(""))
        .collect()
}

const NO_FILE: &str = "No such file or directory (os error 2)";

/// PEM around four octets that are no certificate.
const JUNK: &str = "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n";

/// The key of RFC 7517 appendix A.1.
const KEYS: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"1",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
