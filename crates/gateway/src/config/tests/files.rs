use std::io;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::*;

/// A folder with a certificate, its key, and files that are neither.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
    std::fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("keys.json"), "{\"keys\":[]}").unwrap();
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
    let config = Config::load(&path, SUPPORTED).unwrap();
    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert_eq!(
        tls.client_certificates,
        ClientCertificates::From(tls.certificates.clone())
    );
    assert!(crate::listener::ServerTls::new(tls).is_ok());
    assert_eq!(
        config.issuers[0].keys,
        KeySource::File {
            path: folder.path().join("keys.json"),
            document: b"{\"keys\":[]}".to_vec(),
        }
    );
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
                kind: io::ErrorKind::NotFound,
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
        let errors = Config::parse(&with_tls(tls), &path, SUPPORTED).unwrap_err();
        let problems: Vec<Problem> = errors.into_iter().map(|error| error.problem).collect();
        assert_eq!(problems, [problem], "{tls}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_an_error() {
    let path = folder().path().join("keybound.toml");
    let kind = io::ErrorKind::NotFound;
    let expected = LoadError::Unreadable {
        path: path.clone(),
        kind,
    };
    assert_eq!(Config::load(&path, SUPPORTED).unwrap_err(), expected);
}
