//! Key files: what they may be, and who may read them.
#![cfg(test)]

use std::fs;
use std::io::ErrorKind;

use keybound::Algorithm;
use keybound_client::{KeyError, KeyFormat, ProofSigner, SigningKey};

#[test]
fn a_key_survives_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (format, name) in [(KeyFormat::Jwk, "key.jwk"), (KeyFormat::Pem, "key.pem")] {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let path = folder.path().join(format!("{algorithm}-{name}"));
            let key = SigningKey::generate(algorithm).unwrap();
            assert_eq!(key.save_new(&path, format), Ok(()));
            let read = SigningKey::load(&path).unwrap();
            assert_eq!(read.algorithm(), algorithm);
            assert_eq!(read.public_key(), key.public_key());
            assert!(fs::read_to_string(&path).unwrap().ends_with('\n'));
        }
    }
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let first = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(first.save_new(&path, KeyFormat::Jwk), Ok(()));
    for format in [KeyFormat::Jwk, KeyFormat::Pem] {
        let second = SigningKey::generate(Algorithm::Es256).unwrap();
        assert_eq!(
            second.save_new(&path, format),
            Err(KeyError::Write {
                path: path.clone(),
                kind: ErrorKind::AlreadyExists
            })
        );
    }
    let read = SigningKey::load(&path).unwrap();
    assert_eq!(read.public_key(), first.public_key());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing");
    let kind = ErrorKind::NotFound;
    let error = SigningKey::load(&path).unwrap_err();
    assert_eq!(
        error,
        KeyError::Read {
            path: path.clone(),
            kind
        }
    );
    assert!(error.to_string().contains("nothing"), "{error}");

    let path = path.join("key");
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let error = key.save_new(&path, KeyFormat::Pem).unwrap_err();
    assert_eq!(error, KeyError::Write { path, kind });
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    use std::path::Path;

    #[test]
    fn a_new_file_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (format, name) in [(KeyFormat::Jwk, "jwk"), (KeyFormat::Pem, "pem")] {
            let path = folder.path().join(name);
            let key = SigningKey::generate(Algorithm::Es256).unwrap();
            assert_eq!(key.save_new(&path, format), Ok(()));
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600);
        }
    }

    #[test]
    fn a_file_that_others_can_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert_eq!(key.save_new(&path, KeyFormat::Jwk), Ok(()));
        for mode in [0o600, 0o400, 0o700] {
            set_mode(&path, mode);
            let read = SigningKey::load(&path).map(|key| key.algorithm());
            assert_eq!(read, Ok(Algorithm::EdDsa), "{mode:o}");
        }
        for mode in [
            0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o610, 0o601, 0o440, 0o777,
        ] {
            set_mode(&path, mode);
            let error = SigningKey::load(&path).unwrap_err();
            let expected = KeyError::OpenToOthers {
                path: path.clone(),
                mode,
            };
            assert_eq!(error, expected, "{mode:o}");
            let advice = format!("has mode {mode:04o}");
            assert!(error.to_string().contains(&advice), "{error}");
            assert!(error.to_string().contains("run `chmod 600 "), "{error}");
        }
    }

    #[test]
    fn a_file_of_another_size_or_content_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let jwk = key.to_private_jwk();
        let padded = |length: usize| format!("{}{}", " ".repeat(length - jwk.len()), *jwk);
        let too_large = Err(KeyError::FileTooLarge { path: path.clone() });
        let rows: [(Vec<u8>, Result<Algorithm, KeyError>); 7] = [
            (padded(64 * 1024 - 1).into(), Ok(Algorithm::EdDsa)),
            (padded(64 * 1024).into(), Ok(Algorithm::EdDsa)),
            (padded(64 * 1024 + 1).into(), too_large.clone()),
            (vec![b' '; 1024 * 1024], too_large),
            (vec![], Err(KeyError::NotPkcs8Pem)),
            (vec![0xff, 0xfe], Err(KeyError::NotPkcs8Pem)),
            (b" {}".into(), Err(KeyError::MissingMember { name: "kty" })),
        ];
        for (content, expected) in rows {
            write_private(&path, &content);
            let read = SigningKey::load(&path).map(|key| key.algorithm());
            assert_eq!(read, expected);
        }
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn write_private(path: &Path, content: &[u8]) {
        use std::io::Write;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(path).unwrap().write_all(content).unwrap();
    }
}
