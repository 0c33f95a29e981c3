//! The list of providers, and what every test asks of each.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{Algorithm, PublicKey};

pub(crate) fn providers() -> Vec<&'static dyn CryptoProvider> {
    vec![
        &keybound_crypto::RustCrypto,
        #[cfg(feature = "issuer-algorithms")]
        &keybound_crypto::IssuerAlgorithms,
        #[cfg(feature = "aws-lc")]
        &keybound_crypto::AwsLc,
    ]
}

/// Every provider that has the algorithm accepts; every other one refuses.
#[track_caller]
pub(crate) fn assert_accepted(
    algorithm: Algorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
    why: &str,
) {
    for provider in providers() {
        let expected = match provider.algorithms().contains(&algorithm) {
            true => Ok(()),
            false => Err(InvalidSignature),
        };
        assert_eq!(
            provider.verify(algorithm, key, message, signature),
            expected,
            "{provider:?} {algorithm}: {why}"
        );
    }
}

/// Every provider refuses.
#[track_caller]
pub(crate) fn assert_refused(
    algorithm: Algorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
    why: &str,
) {
    for provider in providers() {
        assert_eq!(
            provider.verify(algorithm, key, message, signature),
            Err(InvalidSignature),
            "{provider:?} {algorithm}: {why}"
        );
    }
}

/// Every provider that has an algorithm for the key accepts the key; every other one refuses it.
#[track_caller]
pub(crate) fn assert_key_accepted(key: &PublicKey, why: &str) {
    for provider in providers() {
        let expected = match provider.algorithms().iter().any(|own| key.fits(*own)) {
            true => Ok(()),
            false => Err(InvalidKey),
        };
        assert_eq!(provider.check_key(key), expected, "{provider:?}: {why}");
    }
}

/// Every provider refuses the key.
#[track_caller]
pub(crate) fn assert_key_refused(key: &PublicKey, why: &str) {
    for provider in providers() {
        assert_eq!(
            provider.check_key(key),
            Err(InvalidKey),
            "{provider:?}: {why}"
        );
    }
}

/// Signatures of every length from 0 to 130 octets, made from the valid one, are refused, except
/// itself.
#[track_caller]
pub(crate) fn assert_other_lengths_refused(
    algorithm: Algorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) {
    for length in (0..=130).filter(|length| *length != signature.len()) {
        let repeated: Vec<u8> = signature.iter().copied().cycle().take(length).collect();
        assert_refused(algorithm, key, message, &repeated, "cut or repeated");
        let mut padded = signature.to_vec();
        padded.resize(length, 0);
        assert_refused(algorithm, key, message, &padded, "zeros behind");
        let zeros = length.saturating_sub(signature.len());
        let cut = signature.len().saturating_sub(length);
        let mut shifted = vec![0; zeros];
        shifted.extend(&signature[cut..]);
        assert_refused(algorithm, key, message, &shifted, "zeros in front");
    }
}

/// No bit of the signature or of the message can be another one.
#[track_caller]
pub(crate) fn assert_flipped_bits_refused(
    algorithm: Algorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) {
    let step = match cfg!(debug_assertions) {
        true => 13, // a check takes milliseconds without optimisation
        false => 1,
    };

    for bit in (0..signature.len() * 8).step_by(step) {
        let flipped = with_flipped_bit(signature, bit);
        assert_refused(algorithm, key, message, &flipped, "a bit of the signature");
    }
    for bit in (0..message.len() * 8).step_by(step) {
        let flipped = with_flipped_bit(message, bit);
        assert_refused(algorithm, key, &flipped, signature, "a bit of the message");
    }
}

pub(crate) fn with_flipped_bit(octets: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = octets.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

pub(crate) fn base64url(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub(crate) fn array<const N: usize>(octets: Vec<u8>) -> [u8; N] {
    octets.try_into().unwrap()
}

/// `a - b`, big-endian and of the same size, where `a` is not below `b`.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0_i32;
    let mut octets: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            let digit = i32::from(*a) - i32::from(*b) - borrow;
            borrow = i32::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        })
        .collect();
    assert_eq!(borrow, 0, "the difference is negative");
    octets.reverse();
    octets
}

/// How often a random test is repeated: more often in a build with optimisation, which is a hundred
/// times as fast (`cargo test --release`).
pub(crate) const ROUNDS: usize = match cfg!(debug_assertions) {
    true => 200,
    false => 8000,
};

/// A generator of test data that is the same in every run (SplitMix64).
#[derive(Debug)]
pub(crate) struct Sequence(u64);

impl Sequence {
    pub(crate) const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}
