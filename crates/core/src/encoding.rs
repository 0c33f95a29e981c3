//! base64url as JOSE has it: unpadded, canonical, no other octets
//! (JWS-2-1, RFC 7515 section 2).

use alloc::vec::Vec;
use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 32 octets as 43 octets of unpadded base64url, on the stack.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Base64Url([u8; 43]);

impl Base64Url {
    /// The text as octets.
    pub const fn as_bytes(&self) -> &[u8; 43] {
        &self.0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // The alphabet is ASCII, so this cannot fail; an empty text would match nothing.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is not canonical, unpadded base64url.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NotBase64Url;

/// Decodes strictly: no padding, no white space, no other alphabet, and no non-zero spare bits, so
/// that one value has one text (JWS-2-1).
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotBase64Url)
}

/// Decodes exactly `N` octets, without allocating.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], NotBase64Url> {
    let mut octets = [0; N];
    if text.len() != (N * 4).div_ceil(3) {
        return Err(NotBase64Url);
    }
    match URL_SAFE_NO_PAD.decode_slice(text, &mut octets) {
        Ok(length) if length == N => Ok(octets),
        _ => Err(NotBase64Url),
    }
}

/// Whether every octet is an ASCII letter, a digit or one of `others`.
///
/// Nothing is decided before the last octet, so that the compiler can look at many at a time: each
/// token and each proof comes through here.
pub(crate) fn is_alphanumeric_or<const N: usize>(octets: &[u8], others: [u8; N]) -> bool {
    octets.iter().fold(true, |all, octet| {
        all & others
            .iter()
            .fold(octet.is_ascii_alphanumeric(), |any, other| {
                any | (octet == other)
            })
    })
}

/// Encodes 32 octets: a digest.
pub(crate) fn encode_32(octets: &[u8; 32]) -> Base64Url {
    let mut text = [0; 43];
    encode_to(octets, &mut text);
    Base64Url(text)
}

/// Encodes into `room` and returns the part that was written. Empty if `room` is too small.
pub(crate) fn encode_to<'room>(octets: &[u8], room: &'room mut [u8]) -> &'room [u8] {
    let length = URL_SAFE_NO_PAD.encode_slice(octets, room).unwrap_or(0);
    room.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn jws_2_1_only_canonical_unpadded_base64url_decodes() {
        let rows: &[(&str, Option<Vec<u8>>)] = &[
            ("", Some(vec![])),
            ("Zg", Some(vec![0x66])),
            ("Zm8", Some(vec![0x66, 0x6f])),
            ("Zm9v", Some(vec![0x66, 0x6f, 0x6f])),
            ("-_8", Some(vec![0xfb, 0xff])),
            // padding
            ("Zg==", None),
            ("Zm8=", None),
            // spare bits set
            ("Zh", None),
            ("Zm9", None),
            // length 1 mod 4
            ("Z", None),
            ("Zm9vZ", None),
            // the other alphabet, white space, other octets
            ("+/8", None),
            ("Zm 9v", None),
            ("Zm9v\n", None),
            ("Zm\r\n9v", None),
            ("Zm9é", None),
            ("Zm9v.", None),
        ];
        for (text, expected) in rows {
            assert_eq!(decode(text.as_bytes()).ok(), *expected, "{text:?}");
        }
    }

    #[test]
    fn arrays_have_exactly_their_length() {
        assert_eq!(decode_array::<2>("Zm8"), Ok([0x66, 0x6f]));
        assert_eq!(decode_array::<2>("Zg"), Err(NotBase64Url));
        assert_eq!(decode_array::<2>("Zm9v"), Err(NotBase64Url));
        assert_eq!(decode_array::<2>("Zm9"), Err(NotBase64Url));
        assert_eq!(decode_array::<2>("Zm8="), Err(NotBase64Url));
    }

    #[test]
    fn what_does_not_fit_is_empty() {
        assert_eq!(encode_to(b"foo", &mut [0; 4]), b"Zm9v");
        assert_eq!(encode_to(b"foo", &mut [0; 3]), b"");
    }
}
