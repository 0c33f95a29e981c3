use http::{HeaderMap, HeaderName, HeaderValue};

/// What the gateway tells an upstream about the client that it admitted.
///
/// All six fields are always sent, empty if unknown, so that an upstream never has to tell "the
/// gateway said nothing" from "the client said something".
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Identity {
    /// `sub` of the token.
    pub(crate) subject: String,
    /// `client_id` of the token.
    pub(crate) client_id: String,
    /// `iss` of the token.
    pub(crate) issuer: String,
    /// `scope` of the token: scope tokens divided by spaces.
    pub(crate) scope: String,
    /// The thumbprint of the proof's key, if a proof was checked.
    pub(crate) jkt: String,
    /// The thumbprint of the client certificate, if one was checked.
    pub(crate) x5t_s256: String,
}

impl Identity {
    pub(super) fn insert_into(&self, headers: &mut HeaderMap) {
        let scopes: Vec<String> = self
            .scope
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(encode)
            .collect();
        for (name, value) in [
            (SUBJECT, encode(&self.subject)),
            (CLIENT_ID, encode(&self.client_id)),
            (ISSUER, encode(&self.issuer)),
            (SCOPE, scopes.join(" ")),
            (JKT, encode(&self.jkt)),
            (X5T_S256, encode(&self.x5t_s256)),
        ] {
            // Encoded text is visible ASCII and spaces, always a field value; were it not, the
            // field would be sent empty rather than left to the client.
            let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(""));
            headers.insert(name, value);
        }
    }
}

/// Percent-encodes octets outside visible ASCII, and `%` itself so that decoding gives back exactly
/// what the token said (RFC 3986 section 2.1).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_graphic() && octet != b'%' {
            encoded.push(char::from(octet));
        } else {
            encoded.push('%');
            for nibble in [octet >> 4, octet & 0x0f] {
                let digit = char::from_digit(u32::from(nibble), 16).unwrap_or_default();
                encoded.push(digit.to_ascii_uppercase());
            }
        }
    }
    encoded
}

const SUBJECT: HeaderName = HeaderName::from_static("keybound-subject");
const CLIENT_ID: HeaderName = HeaderName::from_static("keybound-client-id");
const ISSUER: HeaderName = HeaderName::from_static("keybound-issuer");
const SCOPE: HeaderName = HeaderName::from_static("keybound-scope");
const JKT: HeaderName = HeaderName::from_static("keybound-jkt");
const X5T_S256: HeaderName = HeaderName::from_static("keybound-x5t-s256");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_outside_visible_ascii_is_percent_encoded() {
        for (text, encoded) in [
            ("", ""),
            ("alice", "alice"),
            ("!~", "!~"),
            ("a b", "a%20b"),
            ("a%20b", "a%2520b"),
            ("\r\nKeybound-Jkt: x", "%0D%0AKeybound-Jkt:%20x"),
            ("zo\u{eb}", "zo%C3%AB"),
            ("\u{0}\u{7f}", "%00%7F"),
        ] {
            assert_eq!(encode(text), encoded, "{text:?}");
        }
    }

    #[test]
    fn all_six_fields_are_always_set_and_replace_what_was_there() {
        let mut headers = HeaderMap::new();
        headers.append(SUBJECT, HeaderValue::from_static("mallory"));
        headers.append(SUBJECT, HeaderValue::from_static("eve"));
        Identity {
            scope: "orders:read  \u{e9}".into(),
            ..Identity::default()
        }
        .insert_into(&mut headers);
        let expected: HeaderMap = [
            (SUBJECT, ""),
            (CLIENT_ID, ""),
            (ISSUER, ""),
            (SCOPE, "orders:read %C3%A9"),
            (JKT, ""),
            (X5T_S256, ""),
        ]
        .into_iter()
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .collect();
        assert_eq!(headers, expected);
    }
}
