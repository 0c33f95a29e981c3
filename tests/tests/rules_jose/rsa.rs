//! RFC 7518 sections 3.3, 3.5 and 6.3: keys and signatures of RSA.

use ::rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use keybound::{JwkError, Reason};
use keybound_tests::harness::{Calls, Counting, Jws, Outcome, PrivateKey, decode, encode, sha256};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::keys::{read_set, refuses_key};
use crate::{bad_proof, bad_token, service_with};

// rules: JWS-10.6-1 (positive)
#[test]
fn jwa_3_3_1_accepts_2048_bits() {
    let service = service_with(&PrivateKey::rsa());
    assert_eq!(
        decode(service.client.key().public_jwk()["n"].as_str().unwrap()).len(),
        256
    );
    assert_eq!(service.run(&service.request()), Outcome::Allowed);
    // 4096 is the most.
    let jwk = rsa_jwk(&[0xff; 512], &[1, 0, 1]);
    assert_eq!(read_set(&json!({ "keys": [jwk] })), (1, vec![]));
}

#[test]
fn jwa_3_3_1_refuses_keys_that_are_weak_or_dear() {
    let provider = Arc::new(Counting::default());
    let mut service = service_with(&PrivateKey::rsa());
    service.provider = Arc::clone(&provider) as _;
    let n = decode(PrivateKey::rsa().public_jwk()["n"].as_str().unwrap());
    let even = [&n[..255], &[n[255] & 0xfe]].concat();
    let (modulus, exponent) = (JwkError::RsaModulus, JwkError::RsaExponent);
    let too_long = JwkError::BadMember { name: "n" };
    for (what, jwk, error) in [
        ("1024 bits", rsa_jwk(&[0xff; 128], &[1, 0, 1]), modulus),
        (
            "2047 bits",
            rsa_jwk(&[&[0x7f][..], &[0xff; 255]].concat(), &[1, 0, 1]),
            modulus,
        ),
        ("4104 bits", rsa_jwk(&[0xff; 513], &[1, 0, 1]), modulus),
        ("16384 bits", rsa_jwk(&[0xff; 2_048], &[1, 0, 1]), too_long),
        ("an even modulus", rsa_jwk(&even, &[1, 0, 1]), modulus),
        ("e of 1", rsa_jwk(&n, &[1]), exponent),
        ("e of 3", rsa_jwk(&n, &[3]), exponent),
        ("e of 65535", rsa_jwk(&n, &[0xff, 0xff]), exponent),
        ("an even e", rsa_jwk(&n, &[1, 0, 0]), exponent),
        ("e beyond 32 bits", rsa_jwk(&n, &[1, 0, 0, 0, 1]), exponent),
    ] {
        refuses_key(what, &jwk, Reason::ProofJwkInvalid, error);
        let request = service.request_with_proof(|proof| proof.header("jwk", jwk));
        let refused = bad_proof(Reason::ProofJwkInvalid);
        assert_eq!(service.run(&request), refused, "{what}");
        assert_eq!(provider.take(), Calls::default(), "{what}");
    }
}

// rules: JWA-6.3-1 (both)
#[test]
fn an_rsa_number_has_no_leading_zero() {
    let n = decode(PrivateKey::rsa().public_jwk()["n"].as_str().unwrap());
    assert_eq!(encode([1, 0, 1]), "AQAB");
    let right = rsa_jwk(&n, &[1, 0, 1]);
    assert_eq!(read_set(&json!({ "keys": [right] })), (1, vec![]));
    assert_eq!(encode([0, 1, 0, 1]), "AAEAAQ");
    let invalid = Reason::ProofJwkInvalid;
    let bad = JwkError::BadMember { name: "e" };
    refuses_key("e", &rsa_jwk(&n, &[0, 1, 0, 1]), invalid, bad);
    refuses_key("empty e", &rsa_jwk(&n, &[]), invalid, bad);
    let bad = JwkError::BadMember { name: "n" };
    let padded = [&[0], &n[..]].concat();
    refuses_key("n", &rsa_jwk(&padded, &[1, 0, 1]), invalid, bad);
}

#[test]
fn jws_10_6_1_refuses_the_hash_of_another_algorithm() {
    assert_eq!(encode(sha1(b"abc")), "qZk-NkcGgWq6PiVxeFDCbJzQ2J0");
    let sign: fn(&[u8]) -> Vec<u8> = |message| {
        let padding = ::rsa::Pkcs1v15Sign {
            hash_len: Some(20),
            prefix: SHA1_INFO.into(),
        };
        let key = PrivateKey::rsa();
        key.as_rsa().sign(padding, &sha1(message)).unwrap()
    };
    refuses_signature("RS256", sign);
    // A digest alone, without a word on its algorithm.
    let sign: fn(&[u8]) -> Vec<u8> = |message| {
        let padding = ::rsa::Pkcs1v15Sign::new_unprefixed();
        let digest = decode(&sha256(message));
        PrivateKey::rsa().as_rsa().sign(padding, &digest).unwrap()
    };
    refuses_signature("RS256", sign);
}

#[test]
fn jwa_3_5_1_accepts_a_salt_as_long_as_the_hash() {
    let service = service_with(&PrivateKey::rsa());
    let token = service.token().header("alg", "PS256");
    let token = with_signature(token, |message| pss(message, 32));
    let proof = service.proof(&token).header("alg", "PS256");
    let proof = with_signature(proof, |message| pss(message, 32));
    let request = service.request_with(&token, &proof);
    assert_eq!(service.run(&request), Outcome::Allowed);
}

#[test]
fn jwa_3_5_1_refuses_a_salt_of_another_length() {
    // 222 octets are what is left of 256 beside the hash and two octets.
    refuses_signature("PS256", |message| pss(message, 0));
    refuses_signature("PS256", |message| pss(message, 31));
    refuses_signature("PS256", |message| pss(message, 33));
    refuses_signature("PS256", |message| pss(message, 222));
    // The padding of the other algorithm.
    refuses_signature("PS256", |message| PrivateKey::rsa().sign("RS256", message));
    refuses_signature("RS256", |message| pss(message, 32));
}

fn pss(message: &[u8], salt: usize) -> Vec<u8> {
    let key = PrivateKey::rsa().as_rsa().clone();
    let key = ::rsa::pss::SigningKey::<::rsa::sha2::Sha256>::new_with_salt_len(key, salt);
    key.sign_with_rng(&mut ::rsa::rand_core::OsRng, message)
        .to_vec()
}

#[track_caller]
fn refuses_signature(algorithm: &str, sign: fn(&[u8]) -> Vec<u8>) {
    let service = service_with(&PrivateKey::rsa());
    let request = service.request_with_proof(|proof| {
        let proof = proof.header("alg", algorithm);
        let compact = with_signature(proof.clone(), sign);
        proof.encoded_signature(compact.rsplit_once('.').unwrap().1)
    });
    let refused = bad_proof(Reason::ProofSignatureInvalid);
    assert_eq!(service.run(&request), refused);
    let token = with_signature(service.token().header("alg", algorithm), sign);
    let request = service.request_with(&token, &service.proof(&token).compact());
    let refused = bad_token(Reason::TokenSignatureInvalid);
    assert_eq!(service.run(&request), refused);
}

/// The compact form with this signature instead of the key's own.
fn with_signature(jws: Jws, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let compact = jws.encoded_signature("").compact();
    let message = compact.strip_suffix('.').unwrap();
    format!("{compact}{}", encode(sign(message.as_bytes())))
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
}

/// What stands before a SHA-1 digest in a signature (RFC 8017 section 9.2).
const SHA1_INFO: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// FIPS 180-4. No crate of the workspace has it, and this is the only place that wants it.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    let bits = u64::try_from(message.len()).unwrap() * 8;
    padded.extend(bits.to_be_bytes());
    let mut state: [u32; 5] = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    for block in padded.chunks(64) {
        let mut w: Vec<u32> = block
            .chunks(4)
            .map(|word| u32::from_be_bytes(word.try_into().unwrap()))
            .collect();
        for at in 16..80 {
            w.push((w[at - 3] ^ w[at - 8] ^ w[at - 14] ^ w[at - 16]).rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (round, word) in w.iter().enumerate() {
            let (f, k) = match round / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next = [a.rotate_left(5), f, e, k, *word];
            let next = next.into_iter().fold(0_u32, u32::wrapping_add);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, word) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(word);
        }
    }
    let octets: Vec<u8> = state.iter().flat_map(|word| word.to_be_bytes()).collect();
    octets.try_into().unwrap()
}
