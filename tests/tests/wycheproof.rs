//! Project Wycheproof's JOSE vectors: every case runs, and a difference is written down with its
//! reason in `wycheproof-exceptions.json`.

use std::collections::BTreeMap;

use keybound::crypto::CryptoProvider;
use keybound::{Algorithm, KeySet, Limits};
use keybound_crypto::IssuerAlgorithms;
use keybound_tests::vectors::{CompactJws, read, rows, text};
use serde_json::{Value, json};

#[test]
fn signatures() {
    run("json_web_signature_test.json", 401, 16);
}

#[test]
fn keys() {
    run("json_web_key_test.json", 26, 2);
}

#[test]
fn signatures_and_encryption() {
    run("json_web_crypto_test.json", 83, 3);
}

/// Runs a file with every provider that knows all algorithms. `cases` and `accepted` are its number
/// of cases, and how many of them pass.
fn run(file: &str, cases: usize, accepted: usize) {
    let providers: [&dyn CryptoProvider; _] = [
        &IssuerAlgorithms,
        #[cfg(feature = "aws-lc")]
        &keybound_crypto::AwsLc,
    ];
    for provider in providers {
        let outcomes = outcomes(file, provider);
        assert_eq!(outcomes.len(), cases);
        let passed = outcomes.values().filter(|(_, ours)| *ours == "valid");
        let passed = passed.count();
        let differences: BTreeMap<u64, (String, &str)> = outcomes
            .into_iter()
            .filter(|(_, (expected, ours))| expected != ours)
            .collect();
        assert_eq!(differences, exceptions(file), "{provider:?}");
        assert_eq!(passed, accepted, "{provider:?}");
    }
}

/// The outcome that each case expects, and ours.
fn outcomes(file: &str, provider: &dyn CryptoProvider) -> BTreeMap<u64, (String, &'static str)> {
    let document = read(&format!("wycheproof/{file}"));
    let mut outcomes = BTreeMap::new();
    let cases = document["numberOfTests"].as_u64().unwrap();
    for group in rows(&document, "testGroups") {
        let keys = key_set(group, provider);
        for case in rows(group, "tests") {
            // A token is a token to whoever receives it: signed, encrypted, or an object.
            let token = match case.get("jws").or(case.get("jwe")) {
                Some(Value::String(token)) => token.clone(),
                Some(object) => object.to_string(),
                None => panic!("{case}"),
            };
            let valid = keys
                .as_ref()
                .is_some_and(|keys| verifies(&token, keys, provider));
            let ours = match valid {
                true => "valid",
                false => "invalid",
            };
            let id = case["tcId"].as_u64().unwrap();
            outcomes.insert(id, (text(case, "result").to_owned(), ours));
        }
    }
    assert_eq!(outcomes.len() as u64, cases);
    outcomes
}

/// The public key of a group, or its public set. Groups of symmetric keys have private ones only,
/// of which no set comes to be.
fn key_set(group: &Value, provider: &dyn CryptoProvider) -> Option<KeySet> {
    let key = group.get("public").unwrap_or(&group["private"]);
    let set = match key.get("keys") {
        Some(_) => key.clone(),
        None => json!({ "keys": [key] }),
    };
    KeySet::parse(set.to_string().as_bytes(), 1, &Limits::DEFAULT, provider).ok()
}

/// As a resource server verifies a token: any key of the set with the header's `kid`, used with its
/// own algorithm only.
fn verifies(jws: &str, keys: &KeySet, provider: &dyn CryptoProvider) -> bool {
    let Some(jws) = CompactJws::parse(jws) else {
        return false;
    };
    let name = jws.header["alg"].as_str();
    let Some(algorithm) = name.and_then(Algorithm::from_name) else {
        return false;
    };
    let kid = jws.header["kid"].as_str();
    keys.keys()
        .iter()
        .filter(|key| kid.is_none() || key.kid() == kid)
        .filter(|key| {
            key.algorithm()
                .is_none_or(|own| own.same_operation(algorithm))
        })
        .any(|key| {
            let message = jws.signing_input.as_bytes();
            provider
                .verify(algorithm, key.key(), message, &jws.signature)
                .is_ok()
        })
}

/// The differences that are known, each with a reason.
fn exceptions(file: &str) -> BTreeMap<u64, (String, &'static str)> {
    let document = read("wycheproof-exceptions.json");
    let mut known = BTreeMap::new();
    for row in rows(&document, "exceptions") {
        assert_ne!(text(row, "reason"), "");
        let ours = match text(row, "actual") {
            "invalid" => "invalid",
            "valid" => "valid",
            other => panic!("{other}"),
        };
        if text(row, "file") == file {
            for id in rows(row, "tcId") {
                let expected = text(row, "expected").to_owned();
                known.insert(id.as_u64().unwrap(), (expected, ours));
            }
        }
    }
    known
}
