//! The `Authorization` field: a scheme, spaces, a token68
//! (DPOP-7.1-2, RFC 9449 section 7.1; HTTP-11.1-1, RFC 9110 section 11.4).

use core::fmt;

use crate::encoding::is_alphanumeric_or;
use crate::reason::Reason;
use crate::rejection::Fault;
use crate::request::FieldLines;

/// An authentication scheme that carries an access token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "every answer names each scheme")]
pub enum Scheme {
    /// RFC 9449 section 7.1.
    Dpop,
    /// RFC 6750 section 2.1.
    Bearer,
}

impl Scheme {
    /// The name as challenges write it. Recipients compare it without regard to case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpop => "DPoP",
            Self::Bearer => "Bearer",
        }
    }

    /// BEARER-2.1-2, OAuth 2.1 section 5.1.1: without regard to case.
    fn from_name(name: &str) -> Option<Self> {
        [Self::Dpop, Self::Bearer]
            .into_iter()
            .find(|scheme| name.eq_ignore_ascii_case(scheme.name()))
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Credentials that have the right shape. The token is the very octets that were received
/// (PROJ-11).
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'r> {
    pub(crate) scheme: Scheme,
    pub(crate) token: &'r str,
}

/// A refusal, and the scheme that was used if that could be told.
type Refusal = (Fault, Option<Scheme>);

/// Reads the field. Grammar first, then size, so that an oversize token still names its scheme.
pub(crate) fn parse<'r>(lines: FieldLines<'r>, limit: usize) -> Result<Credentials<'r>, Refusal> {
    let line = match lines {
        FieldLines::Absent => return Err((Fault::new(Reason::CredentialsMissing), None)),
        // DPOP-7.2-5, RFC 9449 section 7.2
        FieldLines::Repeated => return Err((Fault::new(Reason::CredentialsRepeated), None)),
        FieldLines::One(line) => line,
    };
    let (name, rest) = split_scheme(line);
    let Ok(name) = core::str::from_utf8(name) else {
        return Err((Fault::new(Reason::SchemeUnknown), None));
    };
    let Some(scheme) = Scheme::from_name(name) else {
        return Err((unknown_scheme(name, line), None));
    };
    let malformed = |reason| Err((Fault::new(reason), Some(scheme)));
    // 1*SP, so neither nothing nor a tab
    let token = skip_spaces(rest);
    if token.len() == rest.len() || !is_token68(token) {
        // HTTP-5.2-1, RFC 9110 section 5.2: an intermediary may have merged two lines into one.
        return malformed(match token.contains(&b',') {
            true => Reason::CredentialsRepeated,
            false => Reason::CredentialsMalformed,
        });
    }
    if token.len() > limit {
        return malformed(Reason::TokenOversize);
    }
    match core::str::from_utf8(token) {
        Ok(token) => Ok(Credentials { scheme, token }),
        // token68 is ASCII
        Err(_) => malformed(Reason::CredentialsMalformed),
    }
}

/// The scheme ends at the first octet that no auth-scheme may hold.
fn split_scheme(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line
        .iter()
        .position(|octet| !is_tchar(*octet))
        .unwrap_or(line.len());
    line.split_at_checked(end).unwrap_or((line, &[]))
}

/// Something else than DPoP and Bearer: two merged credentials if a comma is followed by one of our
/// schemes, an unknown scheme otherwise (`Digest` parameters hold commas).
fn unknown_scheme(name: &str, line: &[u8]) -> Fault {
    let merged = line.split(|octet| *octet == b',').skip(1).any(|part| {
        let (name, _) = split_scheme(part.trim_ascii());
        core::str::from_utf8(name).is_ok_and(|name| Scheme::from_name(name).is_some())
    });
    let unknown = Fault::new(Reason::SchemeUnknown);
    match (merged, line.get(name.len())) {
        (true, _) => Fault::new(Reason::CredentialsRepeated),
        // Without a space it may be a token whose scheme was forgotten, and no token is evidence.
        (false, Some(b' ')) if name.len() <= LONGEST_SCHEME => unknown.received(name),
        (false, _) => unknown,
    }
}

fn skip_spaces(octets: &[u8]) -> &[u8] {
    let spaces = octets.iter().take_while(|octet| **octet == b' ').count();
    octets.get(spaces..).unwrap_or_default()
}

/// RFC 9110 section 11.2: `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_token68(octets: &[u8]) -> bool {
    let padding = octets
        .iter()
        .rev()
        .take_while(|octet| **octet == b'=')
        .count();
    let body = octets
        .len()
        .checked_sub(padding)
        .and_then(|end| octets.get(..end));
    body.is_some_and(|body| !body.is_empty() && is_alphanumeric_or(body, *b"-._~+/"))
}

/// RFC 9110 section 5.6.2: an octet of a token.
fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// Octets of a scheme that a log line shows. Registered ones have at most 13.
const LONGEST_SCHEME: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const LIMIT: usize = 32;

    fn outcome(line: &str) -> Result<(Scheme, &str), (Reason, Option<Scheme>)> {
        parse(FieldLines::One(line.as_bytes()), LIMIT)
            .map(|credentials| (credentials.scheme, credentials.token))
            .map_err(|(fault, scheme)| (fault.with(&Default::default()).reason(), scheme))
    }

    #[test]
    fn dpop_7_1_2_accepts_any_case_and_any_number_of_spaces() {
        for (line, scheme) in [
            ("DPoP mF_9.B5f-4.1JqM", Scheme::Dpop),
            ("dpop mF_9.B5f-4.1JqM", Scheme::Dpop),
            ("DPOP   mF_9.B5f-4.1JqM", Scheme::Dpop),
            ("Bearer mF_9.B5f-4.1JqM", Scheme::Bearer),
            ("bEaReR  mF_9.B5f-4.1JqM", Scheme::Bearer),
        ] {
            assert_eq!(outcome(line), Ok((scheme, "mF_9.B5f-4.1JqM")), "{line}");
        }
        assert_eq!(outcome("DPoP a~+/=="), Ok((Scheme::Dpop, "a~+/==")));
    }

    #[test]
    fn dpop_7_1_2_refuses_everything_else() {
        use Reason::{CredentialsMalformed as Malformed, CredentialsRepeated as Repeated};
        let dpop = Some(Scheme::Dpop);
        let bearer = Some(Scheme::Bearer);
        let rows = [
            ("DPoP", Malformed, dpop),
            ("DPoP ", Malformed, dpop),
            ("DPoP\ttok", Malformed, dpop),
            ("DPoP \ttok", Malformed, dpop),
            ("DPoP a b", Malformed, dpop),
            ("DPoP tok ", Malformed, dpop),
            ("DPoP token=tok", Malformed, dpop),
            ("DPoP \"tok\"", Malformed, dpop),
            ("DPoP ==", Malformed, dpop),
            ("DPoP a=b", Malformed, dpop),
            ("DPoP a%20b", Malformed, dpop),
            ("DPoP t\u{f6}k", Malformed, dpop),
            ("Bearer", Malformed, bearer),
            ("Bearer\t tok", Malformed, bearer),
            ("Bearer a b", Malformed, bearer),
            ("DPoP tok, Bearer x", Repeated, dpop),
            ("DPoP tok,tok", Repeated, dpop),
            ("Bearer x,DPoP y", Repeated, bearer),
            ("Basic QQ==, DPoP y", Repeated, None),
            ("Basic QQ==", Reason::SchemeUnknown, None),
            ("Digest a=\"b\", c=\"d\"", Reason::SchemeUnknown, None),
            ("DPoP:tok", Malformed, dpop),
            ("DPoPtok x", Reason::SchemeUnknown, None),
            ("\u{fe}", Reason::SchemeUnknown, None),
            ("", Reason::SchemeUnknown, None),
            (" DPoP tok", Reason::SchemeUnknown, None),
        ];
        for (line, reason, scheme) in rows {
            assert_eq!(outcome(line), Err((reason, scheme)), "{line:?}");
        }
    }

    #[test]
    fn a_token_without_its_scheme_is_no_evidence() {
        let long = "a".repeat(LONGEST_SCHEME);
        let rows = [
            ("Basic QQ==", Some("Basic")),
            ("Basic", None),
            ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln", None),
            ("c2VjcmV0==", None),
            (&format!("{long} x"), Some(&*long)),
            (&format!("{long}a x"), None),
        ];
        for (line, received) in rows {
            let (fault, _) = parse(FieldLines::One(line.as_bytes()), LIMIT)
                .err()
                .unwrap();
            let rejection = fault.with(&Default::default());
            assert_eq!(rejection.reason(), Reason::SchemeUnknown, "{line}");
            assert_eq!(rejection.received(), received, "{line}");
        }
    }

    #[test]
    fn proj_1_refuses_a_token_beyond_its_limit() {
        for (length, expected) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false)] {
            let line = format!("Bearer {}", "a".repeat(length));
            let refused = Err((Reason::TokenOversize, Some(Scheme::Bearer)));
            match expected {
                true => assert!(outcome(&line).is_ok(), "{length}"),
                false => assert_eq!(outcome(&line), refused, "{length}"),
            }
        }
    }
}
