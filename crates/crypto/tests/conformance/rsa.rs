use keybound::{Algorithm, PublicKey};

use crate::rsa_vectors as vectors;
use crate::support::{
    assert_accepted, assert_flipped_bits_refused, assert_key_accepted,
    assert_other_lengths_refused, assert_refused, base64url,
};

const MESSAGE: &[u8] = b"keybound";

/// RFC 7515 appendix A.2.
#[test]
fn the_example_of_rfc_7515_is_accepted() {
    let key = rsa_key(vectors::A2_N);
    let signature = base64url(vectors::A2_SIGNATURE);
    let message = vectors::A2_MESSAGE.as_bytes();
    assert_key_accepted(&key, "RFC 7515 A.2");
    assert_accepted(Algorithm::Rs256, &key, message, &signature, "RFC 7515 A.2");
    assert_refused(Algorithm::Ps256, &key, message, &signature, "other padding");
}

/// JWA-3.3-1, RFC 7518 section 3.3: 2048 bits and more. 2049 bits leave the top octet of a PSS block
/// without a bit of its own (RFC 8017 section 8.1.2, step 2c).
#[test]
fn every_size_of_key_is_accepted() {
    for (n, rs256, ps256) in [
        (vectors::A2_N, vectors::RS256, vectors::PS256_SALT_32),
        (vectors::N_2049, vectors::RS256_2049, vectors::PS256_2049),
        (vectors::N_3072, vectors::RS256_3072, vectors::PS256_3072),
        (vectors::N_4096, vectors::RS256_4096, vectors::PS256_4096),
    ] {
        let key = rsa_key(n);
        let why = format!("{} octets", key.signature_length());
        let (rs256, ps256) = (base64url(rs256), base64url(ps256));
        assert_key_accepted(&key, &why);
        assert_accepted(Algorithm::Rs256, &key, MESSAGE, &rs256, &why);
        assert_accepted(Algorithm::Ps256, &key, MESSAGE, &ps256, &why);
        assert_refused(Algorithm::Rs256, &key, MESSAGE, &ps256, &why);
        assert_refused(Algorithm::Ps256, &key, MESSAGE, &rs256, &why);
    }
}

/// JWA-3.5-1, RFC 7518 section 3.5: the salt is as long as the hash, MGF1 uses the same hash.
#[test]
fn other_parameters_of_pss_are_refused() {
    let key = rsa_key(vectors::A2_N);
    for (signature, why) in [
        (vectors::PS256_SALT_0, "no salt"),
        (vectors::PS256_SALT_31, "salt of 31 octets"),
        (vectors::PS256_SALT_33, "salt of 33 octets"),
        (vectors::PS256_SALT_MAX, "longest salt"),
        (vectors::PS256_MGF1_SHA1, "MGF1 with SHA-1"),
        (vectors::PS384, "SHA-384"),
    ] {
        assert_refused(Algorithm::Ps256, &key, MESSAGE, &base64url(signature), why);
    }
}

/// JWS-10.6-1, RFC 7515 section 10.6, and RFC 8017 section 8.2.2: the one encoding is compared whole.
#[test]
fn other_encodings_of_pkcs1_are_refused() {
    let key = rsa_key(vectors::A2_N);
    for (signature, why) in [
        (vectors::RS1, "SHA-1"),
        (vectors::RS384, "SHA-384"),
        (vectors::RS256_WITHOUT_NULL, "no NULL"),
        (vectors::RS256_GARBAGE_BEHIND, "octets behind the hash"),
        (vectors::RS256_BARE_HASH, "no DigestInfo"),
        (vectors::RS256_BLOCK_TYPE_2, "block type 2"),
        (vectors::RS256_PADDING_BYTE, "padding"),
    ] {
        assert_refused(Algorithm::Rs256, &key, MESSAGE, &base64url(signature), why);
    }
}

/// RFC 8017 section 5.2.2, step 1: the signature is below the modulus.
#[test]
fn numbers_out_of_range_are_refused() {
    let key = rsa_key(vectors::A2_N);
    let honest = base64url(vectors::RS256_PLUS_MODULUS_HONEST);
    assert_accepted(Algorithm::Rs256, &key, b"keybound 0", &honest, "below");
    let n = base64url(vectors::A2_N);
    let mut below_n = n.clone();
    below_n[255] -= 1;
    let mut one = vec![0; 256];
    one[255] = 1;
    for (signature, why) in [
        (base64url(vectors::RS256_PLUS_MODULUS), "plus the modulus"),
        (vec![0; 256], "zero"),
        (one, "one"),
        (below_n, "the modulus minus one"),
        (n, "the modulus"),
        (vec![0xff; 256], "all ones"),
    ] {
        for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
            assert_refused(algorithm, &key, b"keybound 0", &signature, why);
        }
    }
}

/// RFC 8017 sections 8.1.2 and 8.2.2, step 1: as long as the modulus, even where the number is the
/// same.
#[test]
fn every_other_length_is_refused() {
    let key = rsa_key(vectors::A2_N);
    for (algorithm, signature) in [
        (Algorithm::Rs256, base64url(vectors::RS256)),
        (Algorithm::Ps256, base64url(vectors::PS256_SALT_32)),
    ] {
        assert_other_lengths_refused(algorithm, &key, MESSAGE, &signature);
        for length in [131, 192, 254, 255, 257, 258, 512, 513, 4096] {
            let mut behind = signature.clone();
            behind.resize(length, 0);
            assert_refused(algorithm, &key, MESSAGE, &behind, "zeros behind");
            let mut front = vec![0; length.saturating_sub(signature.len())];
            front.extend(&signature[signature.len().saturating_sub(length)..]);
            assert_refused(algorithm, &key, MESSAGE, &front, "zeros in front");
        }
    }
}

#[test]
fn flipped_bits_are_refused() {
    let key = rsa_key(vectors::A2_N);
    for (algorithm, signature) in [
        (Algorithm::Rs256, base64url(vectors::RS256)),
        (Algorithm::Ps256, base64url(vectors::PS256_SALT_32)),
    ] {
        assert_flipped_bits_refused(algorithm, &key, MESSAGE, &signature);
    }
}

/// A signature for one exponent is none for another one.
#[test]
fn another_exponent_is_another_key() {
    let key = rsa_key_with_exponent(vectors::A2_N, "AQAD");
    assert_key_accepted(&key, "65539");
    for (algorithm, signature) in [
        (Algorithm::Rs256, base64url(vectors::RS256)),
        (Algorithm::Ps256, base64url(vectors::PS256_SALT_32)),
    ] {
        assert_refused(algorithm, &key, MESSAGE, &signature, "65539");
    }
}

pub(crate) fn rsa_key(n: &str) -> PublicKey {
    rsa_key_with_exponent(n, "AQAB")
}

fn rsa_key_with_exponent(n: &str, e: &str) -> PublicKey {
    let jwk = format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#);
    PublicKey::from_jwk(jwk.as_bytes()).unwrap()
}
