//! Points as octets (SEC 1 section 2.3.3).

/// An uncompressed point: `04 || x || y`, where `N` is 1 and twice the size of the field.
pub(crate) fn uncompressed_point<const N: usize>(x: &[u8], y: &[u8]) -> [u8; N] {
    let mut point = [UNCOMPRESSED; N];
    for (to, from) in point.iter_mut().skip(1).zip(x.iter().chain(y)) {
        *to = *from;
    }
    point
}

pub(crate) const P256_POINT: usize = 1 + 2 * 32;
#[cfg(any(feature = "aws-lc", feature = "issuer-algorithms"))]
pub(crate) const P384_POINT: usize = 1 + 2 * 48;

const UNCOMPRESSED: u8 = 4;
