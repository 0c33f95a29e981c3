use keybound::{Algorithm, PublicKey};

use crate::ed25519_vectors::{
    CASES, NON_CANONICAL, NOT_ON_CURVE, SMALL_ORDER, SMALL_ORDER_NON_CANONICAL,
};
use crate::support::{
    array, assert_accepted, assert_flipped_bits_refused, assert_key_accepted, assert_key_refused,
    assert_other_lengths_refused, assert_refused, base64url, difference, hex,
};

/// A key and signature on which libraries disagree.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) class: Class,
    pub(crate) key: &'static str,
    pub(crate) message: &'static str,
    pub(crate) r: &'static str,
    pub(crate) s: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// A plain key and signature.
    Honest,
    /// The key and R have parts of small order, and the equation holds as it stands.
    MixedOrder,
    /// The key is of small order; the equation holds for the message.
    SmallOrderKey,
    /// R is of small order; the equation holds up to R's encoding.
    SmallOrderR,
    /// Key and R are of small order, and S is zero.
    SmallOrderBoth,
    /// The equation holds only after multiplication by the cofactor.
    CofactorOnly,
    /// S is the honest one plus a multiple of the order.
    ScalarTooLarge,
}

/// RFC 8037 appendix A and RFC 8032 section 7.1, tests 1 and 2: key, message, signature.
fn known_answers() -> [(PublicKey, Vec<u8>, Vec<u8>); 3] {
    [
        (
            PublicKey::ed25519(array(base64url(
                "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            ))),
            b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_vec(),
            base64url(
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
            ),
        ),
        (
            ed25519_key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
            Vec::new(),
            hex(
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
        ),
        (
            ed25519_key("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
            vec![0x72],
            hex(
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ),
    ]
}

/// FSA-2.2-1, RFC 9864 section 2.2: both names are one operation.
#[test]
fn known_answers_are_accepted_under_both_names() {
    for (key, message, signature) in known_answers() {
        assert_key_accepted(&key, "known answer");
        for algorithm in NAMES {
            assert_accepted(algorithm, &key, &message, &signature, "known answer");
        }
    }
}

#[test]
fn every_other_length_is_refused() {
    for (key, message, signature) in known_answers() {
        for algorithm in NAMES {
            assert_other_lengths_refused(algorithm, &key, &message, &signature);
        }
    }
}

#[test]
fn flipped_bits_are_refused() {
    for (key, message, signature) in known_answers() {
        for algorithm in NAMES {
            assert_flipped_bits_refused(algorithm, &key, &message, &signature);
        }
    }
}

/// RFC 8032 section 5.1.7, step 1: S is below the order. 0 and the order are the boundary.
#[test]
fn scalars_at_and_beyond_the_order_are_refused() {
    let mut order = hex(ORDER);
    order.reverse(); // little-endian
    let mut beyond = order.clone();
    beyond[0] += 1;
    for (key, message, signature) in known_answers() {
        let r = &signature[..32];
        for scalar in [vec![0; 32], order.clone(), beyond.clone(), vec![0xff; 32]] {
            let forged = [r, &scalar].concat();
            for algorithm in NAMES {
                assert_refused(algorithm, &key, &message, &forged, "S out of range");
            }
        }
    }
}

/// Negating S or R gives no second signature: replay keys do not hang on it, but `verify_strict` says
/// that Ed25519 signatures cannot be malleated.
#[test]
fn negated_parts_are_refused() {
    let order = hex(ORDER);
    for (key, message, signature) in known_answers() {
        let mut s = signature[32..].to_vec();
        s.reverse();
        let mut negative_s = difference(&order, &s);
        negative_s.reverse();
        let mut negative_r = signature[..32].to_vec();
        negative_r[31] ^= 0x80;
        for forged in [
            [&signature[..32], &negative_s].concat(),
            [&negative_r, &signature[32..]].concat(),
            [&negative_r[..], &negative_s].concat(),
        ] {
            for algorithm in NAMES {
                assert_refused(algorithm, &key, &message, &forged, "negated");
            }
        }
    }
}

/// Exactly what `verify_strict` of ed25519-dalek accepts, whatever the provider.
#[test]
fn libraries_that_disagree_elsewhere_agree_here() {
    for case in CASES {
        let key = ed25519_key(case.key);
        let signature = [hex(case.r), hex(case.s)].concat();
        let message = case.message.as_bytes();
        let why = format!("{case:?}");
        match case.class {
            Class::SmallOrderKey | Class::SmallOrderBoth => assert_key_refused(&key, &why),
            _ => assert_key_accepted(&key, &why),
        }
        for algorithm in NAMES {
            match case.class {
                Class::Honest | Class::MixedOrder => {
                    assert_accepted(algorithm, &key, message, &signature, &why);
                }
                _ => assert_refused(algorithm, &key, message, &signature, &why),
            }
        }
    }
}

/// BCP-3.4-1, rfc8725bis section 3.4: with such a key anyone can sign.
#[test]
fn keys_of_small_order_are_refused() {
    assert_eq!(SMALL_ORDER.len() + SMALL_ORDER_NON_CANONICAL.len(), 14);
    for encoded in SMALL_ORDER.iter().chain(SMALL_ORDER_NON_CANONICAL) {
        assert_key_refused(&ed25519_key(encoded), encoded);
    }
}

/// RFC 8032 section 5.1.3, steps 1 and 4.
#[test]
fn keys_that_do_not_decode_are_refused() {
    for encoded in NON_CANONICAL.iter().chain(NOT_ON_CURVE) {
        assert_key_refused(&ed25519_key(encoded), encoded);
    }
}

/// The largest y that a point of large order has: the check for a canonical encoding stops there.
#[test]
fn the_largest_canonical_keys_are_accepted() {
    for encoded in [
        "eaffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eaffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_key_accepted(&ed25519_key(encoded), encoded);
    }
}

fn ed25519_key(encoded: &str) -> PublicKey {
    PublicKey::ed25519(array(hex(encoded)))
}

const NAMES: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Ed25519];

/// The order of the base point, big-endian.
const ORDER: &str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
