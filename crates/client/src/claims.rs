use std::fmt::{self, Write};

/// The payload of a proof, in the order in which RFC 9449 shows it
/// (DPOP-4.2-5, RFC 9449 section 4.2).
pub(crate) struct Claims<'a> {
    pub(crate) jti: &'a str,
    pub(crate) htm: &'a str,
    pub(crate) htu: &'a str,
    /// Unix time in seconds, an integer (DPOP-4.2-9).
    pub(crate) iat: u64,
    pub(crate) ath: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
}

impl Claims<'_> {
    pub(crate) fn to_json(&self) -> String {
        let texts = [
            Some(self.jti),
            Some(self.htm),
            Some(self.htu),
            self.ath,
            self.nonce,
        ];
        let length: usize = texts.iter().flatten().map(|text| text.len()).sum();
        let mut json = String::with_capacity(length + ROOM_FOR_THE_REST);
        // Writing to a String cannot fail.
        let _ = write!(
            json,
            r#"{{"jti":{},"htm":{},"htu":{},"iat":{}"#,
            Quoted(self.jti),
            Quoted(self.htm),
            Quoted(self.htu),
            self.iat
        );
        if let Some(ath) = self.ath {
            let _ = write!(json, r#","ath":{}"#, Quoted(ath));
        }
        if let Some(nonce) = self.nonce {
            let _ = write!(json, r#","nonce":{}"#, Quoted(nonce));
        }
        json.push('}');
        json
    }
}

/// A JSON string (RFC 8259 section 7). The grammars of all claims exclude what would need an escape;
/// that no text can end a string early does not hang on them.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\0'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

/// Names, quotes and a number of 20 digits.
const ROOM_FOR_THE_REST: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dpop_4_2_5_sends_the_payload_of_the_rfc() {
        // RFC 9449, figures 5 and 13
        let token_request = Claims {
            jti: "-BwC3ESc6acc2lTc",
            htm: "POST",
            htu: "https://server.example.com/token",
            iat: 1_562_262_616,
            ath: None,
            nonce: None,
        };
        assert_eq!(
            token_request.to_json(),
            r#"{"jti":"-BwC3ESc6acc2lTc","htm":"POST","htu":"https://server.example.com/token","iat":1562262616}"#
        );
        let resource_request = Claims {
            jti: "e1j3V_bKic8-LAEB",
            htm: "GET",
            htu: "https://resource.example.org/protectedresource",
            iat: 1_562_262_618,
            ath: Some("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"),
            nonce: Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
        };
        assert_eq!(
            resource_request.to_json(),
            concat!(
                r#"{"jti":"e1j3V_bKic8-LAEB","htm":"GET","#,
                r#""htu":"https://resource.example.org/protectedresource","iat":1562262618,"#,
                r#""ath":"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo","#,
                r#""nonce":"eyJ7S_zG.eyJH0-Z.HX4w-7v"}"#
            )
        );
    }

    #[test]
    fn every_character_comes_back_from_a_json_parser() {
        let low: String = ('\0'..='\u{100}').collect();
        for text in [
            "",
            &low,
            "a\"b\\c\n",
            "\u{7f}\u{2028}é😀",
            r#"","htm":"DELETE"#,
        ] {
            let json = Quoted(text).to_string();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn the_payload_is_allocated_once() {
        let claims = Claims {
            jti: "1234567890123456789012",
            htm: "GET",
            htu: "https://h/",
            iat: u64::MAX,
            ath: Some("1234567890123456789012345678901234567890123"),
            nonce: Some("n"),
        };
        let texts = 22 + 3 + 10 + 43 + 1;
        assert!(claims.to_json().len() <= texts + ROOM_FOR_THE_REST);
    }
}
