//! The compact serialisation of a JWS, and what its header says in any kind of JWT
//! (JWS-7-1, RFC 7515 section 7.1; BCP-3.14-1, rfc8725bis).

use alloc::vec::Vec;

use crate::encoding::{decode, is_alphanumeric_or};
use crate::json::Object;

/// Three segments of the JWT alphabet, not decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'r> {
    /// Header, dot, payload: the octets that were signed, as received.
    pub(crate) signing_input: &'r str,
    pub(crate) header: &'r str,
    pub(crate) payload: &'r str,
    pub(crate) signature: &'r str,
}

/// Why a text is not a compact JWS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CompactError {
    /// An octet that no JWT may hold, or another number of segments, or an empty one.
    Malformed,
    /// Five segments: an encrypted JWT.
    Encrypted,
}

impl<'r> Compact<'r> {
    /// Splits a text. The alphabet is looked at before anything else, so that a JSON serialisation,
    /// white space, a comma or a trailing line feed ends here.
    pub(crate) fn split(text: &'r str) -> Result<Self, CompactError> {
        if !is_alphanumeric_or(text.as_bytes(), *b"-_.") {
            return Err(CompactError::Malformed);
        }
        match text.matches('.').count() {
            2 => {}
            4 => return Err(CompactError::Encrypted),
            _ => return Err(CompactError::Malformed),
        }
        let malformed = || CompactError::Malformed;
        let (signing_input, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or_else(malformed)?;
        if header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(CompactError::Malformed);
        }
        Ok(Self {
            signing_input,
            header,
            payload,
            signature,
        })
    }

    pub(crate) fn decode_header(&self) -> Result<Vec<u8>, CompactError> {
        decode(self.header.as_bytes()).map_err(|_| CompactError::Malformed)
    }

    pub(crate) fn decode_payload(&self) -> Result<Vec<u8>, CompactError> {
        decode(self.payload.as_bytes()).map_err(|_| CompactError::Malformed)
    }

    pub(crate) fn decode_signature(&self) -> Result<Vec<u8>, CompactError> {
        decode(self.signature.as_bytes()).map_err(|_| CompactError::Malformed)
    }
}

/// Whether the header asks for an extension: no extension is understood here, so `crit` in any form
/// ends it (JWS-4.1.11-1, RFC 7515 section 4.1.11), and so does `b64` even where it is not listed
/// (JWS-4.1.11-2, RFC 7797 section 6).
pub(crate) fn asks_for_extension(header: &Object<'_>) -> bool {
    header.contains("crit") || header.contains("b64")
}

/// Compares a `typ` with a media type that is given without its `application/`: one such prefix may
/// stand before it, and case does not matter
/// (JWS-4.1.9-1, RFC 7515 section 4.1.9; BCP-3.11-1, rfc8725bis section 3.11).
pub(crate) fn is_media_type(typ: &str, expected: &str) -> bool {
    const APPLICATION: &str = "application/";
    let subtype = match typ.split_at_checked(APPLICATION.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(APPLICATION) => rest,
        _ => typ,
    };
    subtype.eq_ignore_ascii_case(expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;

    #[test]
    fn jws_7_1_refuses_anything_but_three_segments() {
        use CompactError::{Encrypted, Malformed};
        let rows = [
            ("", Malformed),
            ("a", Malformed),
            ("a.b", Malformed),
            ("..", Malformed),
            ("a.b.", Malformed),
            (".b.c", Malformed),
            ("a..c", Malformed),
            ("a.b.c.d", Malformed),
            ("a.b.c.d.e", Encrypted),
            ("a.b.c.d.e.f", Malformed),
            ("a.b.c\n", Malformed),
            (" a.b.c", Malformed),
            ("a.b.c,a.b.c", Malformed),
            ("a.b.c=", Malformed),
            ("a.b+.c", Malformed),
            ("a.b/.c", Malformed),
            ("{\"payload\":\"a\"}", Malformed),
            ("a.b.\u{e9}", Malformed),
        ];
        for (text, expected) in rows {
            assert_eq!(Compact::split(text).err(), Some(expected), "{text:?}");
        }
        let compact = Compact::split("aa.bb.cc").ok().unwrap();
        assert_eq!(compact.signing_input, "aa.bb");
        assert_eq!(
            (compact.header, compact.payload, compact.signature),
            ("aa", "bb", "cc")
        );
    }

    #[test]
    fn jws_4_1_9_1_accepts_one_prefix_and_any_case() {
        for typ in [
            "dpop+jwt",
            "DPoP+JWT",
            "application/dpop+jwt",
            "APPLICATION/Dpop+Jwt",
        ] {
            assert!(is_media_type(typ, "dpop+jwt"), "{typ}");
        }
    }

    #[test]
    fn jws_4_1_9_1_refuses_other_types() {
        for typ in [
            "",
            "JWT",
            "at+jwt",
            "application/",
            "application/application/dpop+jwt",
            "text/dpop+jwt",
            "dpop+jwt;x=1",
            " dpop+jwt",
            "dpop+jwt+wrongyousee",
            "dpop",
        ] {
            assert!(!is_media_type(typ, "dpop+jwt"), "{typ}");
        }
    }

    #[test]
    fn jws_4_1_11_1_refuses_crit_in_any_form() {
        for header in [
            &br#"{"crit":["b64"]}"#[..],
            br#"{"crit":[]}"#,
            br#"{"crit":"exp"}"#,
            br#"{"crit":null}"#,
            br#"{"crit":["alg"]}"#,
            br#"{"b64":false}"#,
            br#"{"b64":true}"#,
        ] {
            assert!(
                asks_for_extension(&parse_object(header).unwrap()),
                "{header:?}"
            );
        }
        assert!(!asks_for_extension(
            &parse_object(br#"{"Crit":["b64"],"x":1}"#).unwrap()
        ));
    }
}
