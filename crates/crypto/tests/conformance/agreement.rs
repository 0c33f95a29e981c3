//! Random keys, messages and signatures: all providers give one answer, and none panics.

use keybound::crypto::{CryptoProvider, InvalidSignature};
use keybound::{Algorithm, PublicKey};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;

use crate::rsa::rsa_key;
use crate::rsa_vectors as vectors;
use crate::support::{ROUNDS, Sequence, array, base64url, hex, providers, with_flipped_bit};

/// The answers of one run.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    /// Asks every provider that has the algorithm.
    #[track_caller]
    fn ask(&mut self, algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) {
        let mut answers = having(algorithm).map(|provider| {
            let valid_key = provider.check_key(key);
            let verified = provider.verify(algorithm, key, message, signature);
            (valid_key, verified)
        });
        let Some(first) = answers.next() else {
            return;
        };
        for answer in answers {
            assert_eq!(answer, first, "{algorithm} {key:?} {signature:?}");
        }
        match first {
            (Ok(()), Ok(())) => self.accepted += 1,
            (_, Err(InvalidSignature)) => self.refused += 1,
            (Err(_), Ok(())) => panic!("a signature by an invalid key: {key:?}"),
        }
    }
}

fn having(algorithm: Algorithm) -> impl Iterator<Item = &'static dyn CryptoProvider> {
    providers()
        .into_iter()
        .filter(move |provider| provider.algorithms().contains(&algorithm))
}

#[test]
fn es256() {
    let mut random = Sequence::from_seed(9449);
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let Ok(private) = SigningKey::from_slice(&random.octets(32)) else {
            continue;
        };
        let point = private.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().unwrap(), point.y().unwrap());
        let key = PublicKey::p256((*x).into(), (*y).into());
        let size = random.below(200);
        let message = random.octets(size);
        let signature: p256::ecdsa::Signature = private.sign(&message);
        let signature = signature.to_bytes();
        match round % 4 {
            0 => tally.ask(Algorithm::Es256, &key, &message, &signature),
            1 => {
                let mutated = mutate(&mut random, &signature);
                tally.ask(Algorithm::Es256, &key, &message, &mutated);
            }
            2 => {
                let x = with_flipped_bit(x, random.below(256));
                let key = PublicKey::p256(array(x), (*y).into());
                tally.ask(Algorithm::Es256, &key, &message, &signature);
            }
            _ => {
                let (x, y) = (random.octets(32), random.octets(32));
                let key = PublicKey::p256(array(x), array(y));
                tally.ask(Algorithm::Es256, &key, &message, &random.octets(64));
            }
        }
    }
    assert_eq!(
        (tally.accepted, tally.refused),
        (ROUNDS / 4, 3 * ROUNDS / 4)
    );
}

#[test]
fn ed25519() {
    let mut random = Sequence::from_seed(8037);
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let private = ed25519_dalek::SigningKey::from_bytes(&array(random.octets(32)));
        let encoded = private.verifying_key().to_bytes();
        let key = PublicKey::ed25519(encoded);
        let size = random.below(200);
        let message = random.octets(size);
        let signature = private.sign(&message).to_bytes();
        let algorithm = [Algorithm::EdDsa, Algorithm::Ed25519][random.below(2)];
        match round % 4 {
            0 => tally.ask(algorithm, &key, &message, &signature),
            1 => {
                let mutated = mutate(&mut random, &signature);
                tally.ask(algorithm, &key, &message, &mutated);
            }
            2 => {
                let encoded = with_flipped_bit(&encoded, random.below(256));
                let key = PublicKey::ed25519(array(encoded));
                tally.ask(algorithm, &key, &message, &signature);
            }
            _ => {
                let key = PublicKey::ed25519(array(random.octets(32)));
                tally.ask(algorithm, &key, &message, &random.octets(64));
            }
        }
    }
    assert_eq!(
        (tally.accepted, tally.refused),
        (ROUNDS / 4, 3 * ROUNDS / 4)
    );
}

#[test]
fn es384() {
    let edge = &crate::ecdsa_vectors::P384[0];
    let (x, y) = (hex(edge.x), hex(edge.y));
    let key = PublicKey::p384(array(x.clone()), array(y.clone()));
    let signature = [hex(edge.r), hex(edge.s)].concat();
    let mut random = Sequence::from_seed(7518);
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        match round % 3 {
            0 => {
                let mutated = mutate(&mut random, &signature);
                tally.ask(Algorithm::Es384, &key, b"keybound", &mutated);
            }
            1 => {
                let x = with_flipped_bit(&x, random.below(384));
                let key = PublicKey::p384(array(x), array(y.clone()));
                tally.ask(Algorithm::Es384, &key, b"keybound", &signature);
            }
            _ => {
                let key = PublicKey::p384(array(random.octets(48)), array(random.octets(48)));
                tally.ask(Algorithm::Es384, &key, b"keybound", &random.octets(96));
            }
        }
    }
    assert_eq!(tally.accepted, 0);
    tally.ask(Algorithm::Es384, &key, b"keybound", &signature);
    assert_eq!(tally.accepted, having(Algorithm::Es384).count().min(1));
}

/// The moduli are random odd numbers: nobody's keys, and nothing that a library may stumble over.
#[test]
fn rsa() {
    let key = rsa_key(vectors::A2_N);
    let mut random = Sequence::from_seed(8017);
    let mut tally = Tally::default();
    for (algorithm, signature) in [
        (Algorithm::Rs256, base64url(vectors::RS256)),
        (Algorithm::Ps256, base64url(vectors::PS256_SALT_32)),
    ] {
        for round in 0..ROUNDS {
            match round % 2 {
                0 => {
                    let mutated = mutate(&mut random, &signature);
                    tally.ask(algorithm, &key, b"keybound", &mutated);
                }
                _ => {
                    let size = 256 + random.below(257);
                    let (key, size) = random_rsa_key(&mut random, size);
                    tally.ask(algorithm, &key, b"keybound", &random.octets(size));
                }
            }
        }
        assert_eq!(tally.accepted, 0);
    }
}

fn random_rsa_key(random: &mut Sequence, size: usize) -> (PublicKey, usize) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut n = random.octets(size);
    n[0] |= 0x80;
    n[size - 1] |= 1;
    let e = [0x80 | random.octets(1)[0], 0, 0, 1];
    let jwk = format!(
        r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(&n),
        URL_SAFE_NO_PAD.encode(e)
    );
    (PublicKey::from_jwk(jwk.as_bytes()).unwrap(), size)
}

/// Another signature, of the same or of another length.
fn mutate(random: &mut Sequence, signature: &[u8]) -> Vec<u8> {
    let place = random.below(signature.len());
    let mut mutated = signature.to_vec();
    match random.below(6) {
        0 => mutated.truncate(place),
        1 => mutated.push(0),
        2 => mutated.insert(0, 0),
        3 => mutated[place..].iter_mut().for_each(|octet| *octet ^= 0xff),
        4 => mutated[place] = mutated[place].wrapping_add(1),
        _ => mutated = with_flipped_bit(signature, random.below(signature.len() * 8)),
    }
    mutated
}
