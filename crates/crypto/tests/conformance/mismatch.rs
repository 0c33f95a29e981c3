use keybound::crypto::{InvalidKey, InvalidSignature};
use keybound::{Algorithm, PublicKey};

use crate::rsa::rsa_key;
use crate::rsa_vectors as vectors;
use crate::support::{array, base64url, hex, providers};

/// Every kind of key, with a valid signature over `keybound` by it and the algorithms that it is for.
fn signed() -> [(PublicKey, Vec<u8>, &'static [Algorithm]); 5] {
    let p256 = &crate::ecdsa_vectors::P256[0];
    let p384 = &crate::ecdsa_vectors::P384[0];
    let (ed25519, ed25519_signature) = ed25519_signed();
    [
        (
            PublicKey::p256(array(hex(p256.x)), array(hex(p256.y))),
            [hex(p256.r), hex(p256.s)].concat(),
            &[Algorithm::Es256],
        ),
        (
            PublicKey::p384(array(hex(p384.x)), array(hex(p384.y))),
            [hex(p384.r), hex(p384.s)].concat(),
            &[Algorithm::Es384],
        ),
        (
            ed25519,
            ed25519_signature,
            &[Algorithm::EdDsa, Algorithm::Ed25519],
        ),
        (
            rsa_key(vectors::A2_N),
            base64url(vectors::RS256),
            &[Algorithm::Rs256],
        ),
        (
            rsa_key(vectors::A2_N),
            base64url(vectors::PS256_SALT_32),
            &[Algorithm::Ps256],
        ),
    ]
}

fn ed25519_signed() -> (PublicKey, Vec<u8>) {
    use ed25519_dalek::{Signer, SigningKey};
    let private = SigningKey::from_bytes(&[7; 32]);
    (
        PublicKey::ed25519(private.verifying_key().to_bytes()),
        private.sign(MESSAGE).to_bytes().to_vec(),
    )
}

/// JWA-3.4-2, RFC 7518 section 3.4; OKP-4-1, RFC 8037 section 4; BCP-3.1-2: key, algorithm and
/// signature must be of one kind. Every combination, on every provider.
#[test]
fn key_and_algorithm_must_fit() {
    for (key, _, _) in &signed() {
        for (signer, signature, own) in &signed() {
            for algorithm in Algorithm::ALL {
                for provider in providers() {
                    let fits = own.contains(algorithm)
                        && signer == key
                        && provider.algorithms().contains(algorithm);
                    let expected = match fits {
                        true => Ok(()),
                        false => Err(InvalidSignature),
                    };
                    assert_eq!(
                        provider.verify(*algorithm, key, MESSAGE, signature),
                        expected,
                        "{provider:?} {algorithm} {key:?}"
                    );
                }
            }
        }
    }
}

/// BCP-3.1-1: a provider answers for what it lists, no less and no more.
#[test]
fn a_provider_has_what_it_lists() {
    for provider in providers() {
        let listed = provider.algorithms();
        for (index, algorithm) in listed.iter().enumerate() {
            assert!(!listed[..index].contains(algorithm), "{algorithm} twice");
        }
        for (key, signature, own) in &signed() {
            let has_kind = listed.iter().any(|algorithm| key.fits(*algorithm));
            let expected = match has_kind {
                true => Ok(()),
                false => Err(InvalidKey),
            };
            assert_eq!(provider.check_key(key), expected, "{provider:?} {key:?}");
            for algorithm in *own {
                let verified = provider.verify(*algorithm, key, MESSAGE, signature);
                assert_eq!(verified.is_ok(), listed.contains(algorithm), "{provider:?}");
            }
        }
    }
}

/// What each provider is for: a feature adds a provider and changes no other one.
#[test]
fn features_change_no_provider() {
    use keybound::crypto::CryptoProvider;
    assert_eq!(
        keybound_crypto::RustCrypto.algorithms(),
        [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519]
    );
    for provider in providers().iter().skip(1) {
        assert_eq!(provider.algorithms(), Algorithm::ALL, "{provider:?}");
    }
}

const MESSAGE: &[u8] = b"keybound";
