//! The `cnf` claim (RFC 7800): what a token is bound to.

use alloc::boxed::Box;

use crate::json::{Json, Object};
use crate::reason::Reason;
use crate::rejection::Fault;

/// What a token is bound to. The texts are compared as they stand and never decoded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Confirmation {
    jkt: Option<Box<str>>,
    x5t_s256: Option<Box<str>>,
}

/// What to do with a member of `cnf` that this crate does not know, beside one that it enforces.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a policy is one or the other")]
pub enum UnknownConfirmation {
    /// Ignored, as RFC 7800 section 3.1 has it (CNF-3.1-2).
    #[default]
    Ignore,
    /// Refused.
    Refuse,
}

impl Confirmation {
    /// The thumbprint of the key (RFC 9449 section 6.1).
    pub(crate) fn jkt(&self) -> Option<&str> {
        self.jkt.as_deref()
    }

    /// The thumbprint of the certificate (RFC 8705 section 3.1).
    pub(crate) fn x5t_s256(&self) -> Option<&str> {
        self.x5t_s256.as_deref()
    }

    /// Whether the token has no `cnf` at all. A `cnf` that cannot be enforced never gets here
    /// (DPOP-6-1, RFC 9449 section 6).
    pub(crate) const fn is_unbound(&self) -> bool {
        self.jkt.is_none() && self.x5t_s256.is_none()
    }

    /// Reads the top-level `cnf` of a token or of an introspection response (DPOP-6.2-1). A `cnf`
    /// anywhere else, for instance inside `act`, is not looked at (TX-4.1-2).
    pub(crate) fn read(claims: &Object<'_>, unknown: UnknownConfirmation) -> Result<Self, Fault> {
        let cnf = match claims.get("cnf") {
            None => return Ok(Self::default()),
            Some(Json::Object(cnf)) => cnf,
            Some(_) => return Err(Fault::new(Reason::ConfirmationMalformed)),
        };
        check_one_key(cnf)?;
        let confirmation = Self {
            jkt: thumbprint(cnf, JKT)?,
            x5t_s256: thumbprint(cnf, X5T_S256)?,
        };
        check_enforceable(&confirmation)?;
        check_unknown(cnf, unknown)?;
        Ok(confirmation)
    }
}

/// CNF-3.1-1, RFC 7800 section 3.1: at most one of the members that name a key by value or place.
fn check_one_key(cnf: &Object<'_>) -> Result<(), Fault> {
    match ["jwk", "jwe", "jku"]
        .iter()
        .filter(|name| cnf.contains(name))
        .count()
    {
        0 | 1 => Ok(()),
        _ => Err(Fault::new(Reason::ConfirmationMalformed)),
    }
}

/// A member that we know has its type, or the token is refused: never "absent".
fn thumbprint(cnf: &Object<'_>, name: &str) -> Result<Option<Box<str>>, Fault> {
    match cnf.string(name) {
        Ok(text) => Ok(text.map(Into::into)),
        Err(_) => Err(Fault::new(Reason::ConfirmationMalformed)),
    }
}

/// CNF-3.1-3, RFC 7800 section 3.1: a token whose `cnf` holds nothing that we can enforce (`{}`,
/// `jwk`, `kid`, `x5t#S512`, `jkt#S512`, anything unknown) is bound to something, and not to what
/// this request shows (also CNF-3.2-1, CNF-3.4-1; CNF-3.5-1: no URI in it is ever followed).
fn check_enforceable(confirmation: &Confirmation) -> Result<(), Fault> {
    match confirmation.is_unbound() {
        true => Err(Fault::new(Reason::ConfirmationUnenforceable)),
        false => Ok(()),
    }
}

fn check_unknown(cnf: &Object<'_>, unknown: UnknownConfirmation) -> Result<(), Fault> {
    let found = cnf
        .iter()
        .map(|(name, _)| name)
        .find(|name| ![JKT, X5T_S256].contains(name));
    match (unknown, found) {
        (UnknownConfirmation::Refuse, Some(name)) => {
            Err(Fault::new(Reason::ConfirmationUnenforceable).received(name))
        }
        _ => Ok(()),
    }
}

const JKT: &str = "jkt";
const X5T_S256: &str = "x5t#S256";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;
    use crate::rejection::Facts;
    use alloc::format;
    use alloc::string::String;

    fn outcome(cnf: &str, unknown: UnknownConfirmation) -> Result<String, Reason> {
        let claims = format!("{{\"cnf\":{cnf}}}");
        Confirmation::read(&parse_object(claims.as_bytes()).unwrap(), unknown)
            .map(|cnf| format!("{:?} {:?}", cnf.jkt(), cnf.x5t_s256()))
            .map_err(|fault| fault.with(&Facts::default()).reason())
    }

    #[test]
    fn cnf_3_1_2_accepts_unknown_members_beside_an_enforced_one() {
        let ignore = |cnf| outcome(cnf, UnknownConfirmation::Ignore);
        assert_eq!(ignore(r#"{"jkt":"a"}"#), Ok("Some(\"a\") None".into()));
        assert_eq!(ignore(r#"{"x5t#S256":"b"}"#), Ok("None Some(\"b\")".into()));
        assert_eq!(
            ignore(r#"{"jkt":"a","x5t#S256":"b","foo":{}}"#),
            Ok("Some(\"a\") Some(\"b\")".into())
        );
        assert_eq!(
            ignore(r#"{"jkt":"a","kid":"b"}"#),
            Ok("Some(\"a\") None".into())
        );
        assert_eq!(
            outcome(r#"{"jkt":"a","foo":1}"#, UnknownConfirmation::Refuse),
            Err(Reason::ConfirmationUnenforceable)
        );
        let unbound = Confirmation::read(&parse_object(b"{}").unwrap(), Default::default());
        assert_eq!(unbound, Ok(Confirmation::default()));
    }

    #[test]
    fn cnf_3_1_3_refuses_what_cannot_be_enforced() {
        use Reason::{ConfirmationMalformed as Malformed, ConfirmationUnenforceable as Nothing};
        let rows = [
            ("{}", Nothing),
            (r#"{"foo":1}"#, Nothing),
            (r#"{"jwk":{"kty":"EC"}}"#, Nothing),
            (r#"{"kid":"a"}"#, Nothing),
            (r#"{"jku":"https://127.0.0.1/"}"#, Nothing),
            (r#"{"x5t#S512":"a"}"#, Nothing),
            (r#"{"jkt#S512":"a"}"#, Nothing),
            (r#"{"x5t":"a"}"#, Nothing),
            (r#"{"x5t#s256":"a"}"#, Nothing),
            (r#"{"JKT":"a"}"#, Nothing),
            (r#"{"htsk":"a"}"#, Nothing),
            ("null", Malformed),
            ("[]", Malformed),
            (r#"[{"jkt":"a"}]"#, Malformed),
            ("\"a\"", Malformed),
            ("false", Malformed),
            (r#"{"jkt":1}"#, Malformed),
            (r#"{"jkt":null}"#, Malformed),
            (r#"{"jkt":"a","x5t#S256":null}"#, Malformed),
            (r#"{"x5t#S256":"a","jkt":["a"]}"#, Malformed),
            (r#"{"jwk":{},"jku":"a"}"#, Malformed),
            (r#"{"jkt":"a","jwk":{},"jwe":"a"}"#, Malformed),
        ];
        for (cnf, reason) in rows {
            assert_eq!(
                outcome(cnf, UnknownConfirmation::Ignore),
                Err(reason),
                "{cnf}"
            );
        }
    }
}
