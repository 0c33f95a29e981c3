use keybound::{Algorithm, PublicKey};

use crate::ecdsa_vectors::{MESSAGE, P256, P384};
use crate::support::{
    array, assert_accepted, assert_flipped_bits_refused, assert_key_accepted, assert_key_refused,
    assert_other_lengths_refused, assert_refused, base64url, difference, hex,
};

/// A signature and key that lead arithmetic into a corner.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) why: &'static str,
    pub(crate) holds: bool,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) r: &'static str,
    pub(crate) s: &'static str,
}

/// A valid signature.
struct Signed {
    algorithm: Algorithm,
    key: PublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// RFC 9449 figures 2, 7 and 13, RFC 7515 appendix A.3, RFC 6979 appendices A.2.5 and A.2.6.
fn known_answers() -> Vec<Signed> {
    let jws = |key: [&str; 2], header: &str, payload: &str, signature: &str| Signed {
        algorithm: Algorithm::Es256,
        key: PublicKey::p256(array(base64url(key[0])), array(base64url(key[1]))),
        message: format!("{header}.{payload}").into_bytes(),
        signature: base64url(signature),
    };
    let p256 = |message: &[u8], rs: &str| Signed {
        algorithm: Algorithm::Es256,
        key: p256_key(RFC_6979_P256[0], RFC_6979_P256[1]),
        message: message.to_vec(),
        signature: hex(rs),
    };
    let p384 = |message: &[u8], rs: &str| Signed {
        algorithm: Algorithm::Es384,
        key: p384_key(RFC_6979_P384[0], RFC_6979_P384[1]),
        message: message.to_vec(),
        signature: hex(rs),
    };
    vec![
        jws(
            RFC_9449_KEY,
            RFC_9449_HEADER,
            "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ",
            "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
        ),
        jws(
            RFC_9449_KEY,
            RFC_9449_HEADER,
            "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ",
            "pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA",
        ),
        figure_13(FIGURE_13_SIGNATURE),
        jws(
            [
                "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            ],
            "eyJhbGciOiJFUzI1NiJ9",
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        p256(
            b"sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        p256(
            b"test",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        ),
        p384(
            b"sample",
            "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
        ),
        p384(
            b"test",
            "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023dbddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5",
        ),
    ]
}

fn figure_13(signature: &str) -> Signed {
    let payload = "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9";
    Signed {
        algorithm: Algorithm::Es256,
        key: PublicKey::p256(
            array(base64url(RFC_9449_KEY[0])),
            array(base64url(RFC_9449_KEY[1])),
        ),
        message: format!("{RFC_9449_HEADER}.{payload}").into_bytes(),
        signature: base64url(signature),
    }
}

#[test]
fn known_answers_are_accepted() {
    for signed in known_answers() {
        assert_key_accepted(&signed.key, "known answer");
        let Signed {
            algorithm,
            key,
            message,
            signature,
        } = &signed;
        assert_accepted(*algorithm, key, message, signature, "known answer");
    }
}

/// JWA-3.4-3, RFC 7518 section 3.4: `s` and the order minus `s` are equally good.
#[test]
fn malleated_signatures_are_accepted() {
    for signed in known_answers() {
        let (r, s) = signed.signature.split_at(signed.signature.len() / 2);
        let other = [r, &difference(&order(signed.algorithm), s)].concat();
        assert_accepted(
            signed.algorithm,
            &signed.key,
            &signed.message,
            &other,
            "n - s",
        );
    }
    let Signed {
        algorithm,
        key,
        message,
        signature,
    } = figure_13(
        "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plel_fuFVO46DNVBNVNqYZjPFpbmdA8d0H3BbGP5h-8jZxQ",
    );
    assert_accepted(algorithm, &key, &message, &signature, "n - s, written out");
}

/// JWA-3.4-1, RFC 7518 section 3.4: not the form that TLS and X.509 use.
#[test]
fn der_signatures_are_refused() {
    let Signed {
        algorithm,
        key,
        message,
        signature,
    } = figure_13(
        "MEYCIQDahb1E_fnJGrOGu00_zov4TLvUQ6m3FGKY89OgDWmV6QIhAICBHqnEcXzLr7KrJWeZzDoXLV2p36N_FJigzGEAmkuM",
    );
    assert_refused(algorithm, &key, &message, &signature, "DER");
}

/// JWA-3.4-1, RFC 7518 section 3.4.
#[test]
fn every_other_length_is_refused() {
    for signed in known_answers() {
        assert_other_lengths_refused(
            signed.algorithm,
            &signed.key,
            &signed.message,
            &signed.signature,
        );
    }
}

#[test]
fn flipped_bits_are_refused() {
    for signed in known_answers() {
        assert_flipped_bits_refused(
            signed.algorithm,
            &signed.key,
            &signed.message,
            &signed.signature,
        );
    }
}

/// FIPS 186-5 section 6.4.2, step 1: r and s are from 1 to the order minus 1.
#[test]
fn scalars_out_of_range_are_refused() {
    for signed in known_answers() {
        let order = order(signed.algorithm);
        let size = order.len();
        let mut beyond_order = order.clone();
        beyond_order[size - 1] += 1;
        let (r, s) = signed.signature.split_at(size);
        for scalar in [vec![0; size], order, beyond_order, vec![0xff; size]] {
            for forged in [
                [&scalar, s].concat(),
                [r, &scalar].concat(),
                [&scalar[..], &scalar].concat(),
            ] {
                assert_refused(
                    signed.algorithm,
                    &signed.key,
                    &signed.message,
                    &forged,
                    "r or s out of range",
                );
            }
        }
    }
}

#[test]
fn corners_of_the_arithmetic_are_right() {
    let p256 = P256.iter().map(|edge| (Algorithm::Es256, edge));
    let p384 = P384.iter().map(|edge| (Algorithm::Es384, edge));
    for (algorithm, edge) in p256.chain(p384) {
        let key = match algorithm {
            Algorithm::Es256 => p256_key(edge.x, edge.y),
            _ => p384_key(edge.x, edge.y),
        };
        let signature = [hex(edge.r), hex(edge.s)].concat();
        assert_key_accepted(&key, edge.why);
        match edge.holds {
            true => assert_accepted(algorithm, &key, MESSAGE, &signature, edge.why),
            false => assert_refused(algorithm, &key, MESSAGE, &signature, edge.why),
        }
    }
}

/// JWA-6.2-1, RFC 7518 section 6.2.1; BCP-3.4-1: a point off the curve must not reach the arithmetic.
#[test]
fn points_that_are_not_on_the_curve_are_refused() {
    for signed in known_answers() {
        let coordinates = match signed.algorithm {
            Algorithm::Es256 => RFC_6979_P256.map(hex),
            _ => RFC_6979_P384.map(hex),
        };
        let [x, y] = &coordinates;
        let zero = vec![0; x.len()];
        let prime = prime(signed.algorithm);
        for (x, y, why) in [
            (x, &altered(y), "y altered"),
            (&altered(x), y, "x altered"),
            (y, x, "swapped"),
            (&zero, &zero, "the origin"),
            (x, &zero, "y is zero"),
            (&zero, y, "x is zero"),
            (&prime, y, "x is the prime"),
            (x, &prime, "y is the prime"),
            (&vec![0xff; x.len()], y, "x is all ones"),
            (x, &vec![0xff; x.len()], "y is all ones"),
        ] {
            let key = key(signed.algorithm, x, y);
            assert_key_refused(&key, why);
            assert_refused(
                signed.algorithm,
                &key,
                &signed.message,
                &signed.signature,
                why,
            );
        }
    }
}

/// One point has one encoding: x = 0 is on both curves, x = prime is not another way to write it.
#[test]
fn coordinates_are_below_the_prime() {
    for (algorithm, y) in [
        (Algorithm::Es256, P256_Y_OF_ZERO),
        (Algorithm::Es384, P384_Y_OF_ZERO),
    ] {
        let y = hex(y);
        let prime = prime(algorithm);
        let zero = vec![0; prime.len()];
        let negative = difference(&prime, &y);
        assert_key_accepted(&key(algorithm, &zero, &y), "x is zero");
        assert_key_accepted(&key(algorithm, &zero, &negative), "x is zero, other y");
        assert_key_refused(&key(algorithm, &prime, &y), "x is the prime");
        assert_key_refused(
            &key(algorithm, &prime, &negative),
            "x is the prime, other y",
        );
    }
}

/// The other point with the same x is a key of its own.
#[test]
fn the_mirrored_key_is_another_key() {
    for (algorithm, [x, y], message, index) in [
        (Algorithm::Es256, RFC_6979_P256, b"sample", 4),
        (Algorithm::Es384, RFC_6979_P384, b"sample", 6),
    ] {
        let mirrored = difference(&prime(algorithm), &hex(y));
        let key = key(algorithm, &hex(x), &mirrored);
        let signature = &known_answers()[index].signature;
        assert_key_accepted(&key, "mirrored");
        assert_refused(algorithm, &key, message, signature, "mirrored key");
    }
}

fn altered(coordinate: &[u8]) -> Vec<u8> {
    let mut altered = coordinate.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    altered
}

fn key(algorithm: Algorithm, x: &[u8], y: &[u8]) -> PublicKey {
    match algorithm {
        Algorithm::Es256 => PublicKey::p256(array(x.to_vec()), array(y.to_vec())),
        _ => PublicKey::p384(array(x.to_vec()), array(y.to_vec())),
    }
}

fn p256_key(x: &str, y: &str) -> PublicKey {
    key(Algorithm::Es256, &hex(x), &hex(y))
}

fn p384_key(x: &str, y: &str) -> PublicKey {
    key(Algorithm::Es384, &hex(x), &hex(y))
}

/// The order of the base point.
fn order(algorithm: Algorithm) -> Vec<u8> {
    hex(match algorithm {
        Algorithm::Es256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        _ => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
    })
}

/// The prime of the field.
fn prime(algorithm: Algorithm) -> Vec<u8> {
    hex(match algorithm {
        Algorithm::Es256 => "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        _ => {
            "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"
        }
    })
}

const RFC_9449_KEY: [&str; 2] = [
    "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
];
const RFC_9449_HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19";
const FIGURE_13_SIGNATURE: &str =
    "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

const RFC_6979_P256: [&str; 2] = [
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
];
const RFC_6979_P384: [&str; 2] = [
    "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
    "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
];

const P256_Y_OF_ZERO: &str = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
const P384_Y_OF_ZERO: &str = "c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42dea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1";
