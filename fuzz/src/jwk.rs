use keybound::{Jkt, KeyMaterial, KeySet, Limits, PublicKey};
use keybound_crypto::RustCrypto;
use serde_json::Value;

use crate::stage::{self, Signatures};

/// A JWK: never a panic; a key that is read has no private member, and written and read again it is
/// the same key with the same thumbprint.
pub fn jwk(data: &[u8]) -> bool {
    let Ok(key) = PublicKey::from_jwk(data) else {
        return false;
    };
    check_round_trip(&key);
    let document: Value = serde_json::from_slice(data).unwrap();
    let members = document.as_object().unwrap();
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(!members.contains_key(private), "{private}");
    }
    true
}

/// A JWK Set: never a panic; it is JSON for another parser too, every key of it is counted, and each
/// that is of use survives being written and read (RFC 7517 section 5).
pub fn key_set(data: &[u8]) -> bool {
    let data = &stage::filled(data);
    let limits = Limits::DEFAULT;
    let set = KeySet::parse(data, 7, &limits, &Signatures::Always);
    // A stricter provider takes no key that a laxer one does not.
    if let Ok(strict) = KeySet::parse(data, 7, &limits, &RustCrypto) {
        assert!(strict.keys().len() <= set.as_ref().map_or(0, |set| set.keys().len()));
    }
    let Ok(set) = set else { return false };
    assert_eq!(set.generation(), 7);
    let document: Value = serde_json::from_slice(data).unwrap();
    let elements = document["keys"].as_array().unwrap();
    assert_eq!(set.keys().len() + set.skipped().len(), elements.len());
    for key in set.keys() {
        check_round_trip(key.key());
    }
    true
}

fn check_round_trip(key: &PublicKey) {
    let again = PublicKey::from_jwk(key.to_jwk().as_bytes());
    assert_eq!(again.as_ref(), Ok(key));
    let jkt = |key| Jkt::of(key, &RustCrypto);
    assert_eq!(again.as_ref().map(jkt), Ok(jkt(key)));
    if let KeyMaterial::Rsa { n, e } = key.material() {
        assert!((256..=512).contains(&n.len()) && e.len() <= 4);
        assert!(n.first() != Some(&0) && n.last().is_some_and(|octet| octet % 2 == 1));
    }
}
