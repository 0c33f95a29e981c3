use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use keybound::{JwkError, KeySetError};
use keybound_sources::{FetchError, KeySource, KeysUnavailable, Settings};

use crate::{document, fast, generation, start, until};

#[tokio::test]
async fn a_file_is_followed_through_replacement_damage_and_removal() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    fs::write(&path, document(&["a"])).unwrap();
    let keys = start(KeySource::file(&path), fast()).await;
    assert_eq!(generation(&keys), Ok(1));

    replace(&path, &document(&["a", "b"]));
    until("replaced", || generation(&keys) == Ok(2)).await;

    // Cut off, emptied, removed: the last good set stays, and the reason is told.
    let whole = document(&["a", "c"]);
    let damage: [(&dyn Fn(), FetchError); 5] = [
        (
            &|| fs::write(&path, &whole[..whole.len() - 1]).unwrap(),
            FetchError::BadDocument(KeySetError::Malformed),
        ),
        (
            &|| fs::write(&path, "").unwrap(),
            FetchError::BadDocument(KeySetError::Malformed),
        ),
        (
            &|| replace(&path, r#"{"keys":[]}"#),
            FetchError::BadDocument(KeySetError::NoUsableKey),
        ),
        (
            &|| fs::remove_file(&path).unwrap(),
            FetchError::File(ErrorKind::NotFound),
        ),
        (
            &|| fs::create_dir(&path).unwrap(),
            FetchError::File(ErrorKind::InvalidInput),
        ),
    ];
    for (change, expected) in damage {
        change();
        until("damage is reported", || {
            keys.status().last_error == Some(expected.clone())
        })
        .await;
        assert_eq!(generation(&keys), Ok(2), "{expected}");
        assert!(keys.status().consecutive_failures > 0);
    }

    fs::remove_dir(&path).unwrap();
    fs::write(&path, &whole).unwrap();
    until("restored", || generation(&keys) == Ok(3)).await;
    assert_eq!(keys.status().consecutive_failures, 0);
}

#[tokio::test]
async fn keys_may_come_after_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let keys = start(KeySource::file(&path), fast()).await;
    assert_eq!(generation(&keys), Err(KeysUnavailable::NeverFetched));
    assert_eq!(
        keys.status().last_error,
        Some(FetchError::File(ErrorKind::NotFound))
    );
    replace(&path, &document(&["a"]));
    until("there at last", || generation(&keys) == Ok(1)).await;
}

#[tokio::test]
async fn a_file_has_the_limits_of_a_key_set() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let text = document(&["a"]);
    let limit = text.len();
    let mut settings = Settings::DEFAULT;
    settings.limits.key_set = limit;
    for (padding, expected) in [
        (0, None),
        (1, Some(FetchError::TooLarge { limit })),
        (1_000_000, Some(FetchError::TooLarge { limit })),
    ] {
        fs::write(&path, format!("{text}{}", " ".repeat(padding))).unwrap();
        let keys = start(KeySource::file(&path), settings).await;
        assert_eq!(keys.status().last_error, expected, "{padding}");
    }
}

// rules: JWK-5-1 (positive)
#[tokio::test]
async fn jwk_5_1_keys_of_no_use_are_skipped_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let good = document(&["a"]);
    let mixed = good.replace(
        "[{",
        r#"[{"kty":"oct","k":"AA"},{"kty":"EC","crv":"P-521"},{"#,
    );
    fs::write(&path, mixed).unwrap();
    let keys = start(KeySource::file(&path), fast()).await;
    let status = keys.status();
    assert_eq!(status.keys, 1);
    assert_eq!(
        status.skipped,
        [
            (0, JwkError::PrivateMember),
            (1, JwkError::UnsupportedCurve)
        ]
    );
}

/// As an operator should: written beside, then renamed.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}
