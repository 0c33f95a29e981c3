//! What a method, an access token and a nonce may consist of.

/// A method is a token: `1*tchar` (RFC 9110 sections 5.6.2 and 9.1).
pub(crate) fn is_method(text: &str) -> bool {
    let tchar = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    !text.is_empty() && text.bytes().all(tchar)
}

/// What may follow the scheme `DPoP` is a token68 (RFC 9449 section 7.1, RFC 9110 section 11.2).
pub(crate) fn is_token68(text: &str) -> bool {
    let octet = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet);
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(octet)
}

/// DPOP-8.1-1, RFC 9449 section 8.1: `1*NQCHAR`, visible ASCII without `"` and `\`, of a size that
/// leaves room for the rest of a proof.
pub(crate) fn is_nonce(text: &str) -> bool {
    let nqchar = |octet: u8| matches!(octet, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.len() <= MAX_NONCE && text.bytes().all(nqchar)
}

/// Octets of a nonce that a client takes from a server: 1 KiB (DPOP-8.1-1).
const MAX_NONCE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// The ASCII characters that make up a valid text of one character.
    fn admitted(check: fn(&str) -> bool) -> String {
        (0..128_u8)
            .map(char::from)
            .filter(|c| check(&c.to_string()))
            .collect()
    }

    #[test]
    fn a_method_is_a_token() {
        assert_eq!(
            admitted(is_method),
            "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~"
        );
        for method in ["GET", "get", "QUERY", "M-SEARCH", "X!"] {
            assert!(is_method(method), "{method:?}");
        }
        for method in ["", " GET", "GET ", "GET\r\n", "GE\"T", "GE\\T", "É", "GET/"] {
            assert!(!is_method(method), "{method:?}");
        }
    }

    #[test]
    fn an_access_token_is_a_token68() {
        assert_eq!(
            admitted(is_token68),
            "+-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"
        );
        for token in ["a=", "a==", "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"] {
            assert!(is_token68(token), "{token:?}");
        }
        for token in ["", "=", "a=b", "DPoP abc", "abc\n", "a,b", "é"] {
            assert!(!is_token68(token), "{token:?}");
        }
    }

    #[test]
    fn dpop_8_1_1_only_1_to_1024_nqchars() {
        let expected: String = ('!'..='~').filter(|c| !"\"\\".contains(*c)).collect();
        assert_eq!(admitted(is_nonce), expected);
        assert!(is_nonce("eyJ7S_zG.eyJH0-Z.HX4w-7v"));
        let rows = [
            (0, false),
            (1, true),
            (1023, true),
            (1024, true),
            (1025, false),
        ];
        for (length, expected) in rows {
            assert_eq!(is_nonce(&"n".repeat(length)), expected, "{length}");
        }
        for nonce in ["a b", " a", "a\"b", "a\\b", "a\n", "é", "\u{7f}"] {
            assert!(!is_nonce(nonce), "{nonce:?}");
        }
    }
}
