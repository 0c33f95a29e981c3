//! What a verified token says, from a JWT or from an introspection response.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls_pki_types::UnixTime;

use crate::confirmation::{Confirmation, UnknownConfirmation};
use crate::json::{Json, Object};
use crate::policy::{IssuerPolicy, TokenProfile, is_scope_token};
use crate::reason::Reason;
use crate::rejection::Fault;
use crate::time::NumericDate;

/// What a verified token says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Claims {
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) client_id: Option<Arc<str>>,
    pub(crate) token_id: Option<Box<str>>,
    pub(crate) scope: Box<str>,
    pub(crate) audience: Vec<Box<str>>,
    pub(crate) issued_at: Option<NumericDate>,
    pub(crate) not_before: Option<NumericDate>,
    pub(crate) expires: Option<NumericDate>,
    pub(crate) confirmation: ConfirmationClaim,
}

/// `cnf` is judged after everything else about the token, so that its fault must be kept until then
/// (decision table, precedence).
pub(crate) type ConfirmationClaim = Result<Confirmation, Fault>;

impl Claims {
    /// Reads the claims of a JWT whose signature was verified
    /// (ATJWT-2.2-1, RFC 9068 section 2.2; JWT-4-1: unknown ones are ignored).
    pub(crate) fn read_jwt(
        payload: &Object<'_>,
        issuer: &IssuerPolicy,
        unknown: UnknownConfirmation,
    ) -> Result<Self, Fault> {
        let claims = Self::read(payload, issuer, unknown)?;
        let required: &[(&str, bool)] = match &issuer.profile {
            TokenProfile::Rfc9068 => &[
                ("exp", claims.expires.is_some()),
                ("aud", !claims.audience.is_empty()),
                ("sub", claims.subject.is_some()),
                ("client_id", claims.client_id.is_some()),
                ("iat", claims.issued_at.is_some()),
                ("jti", claims.token_id.is_some()),
            ],
            TokenProfile::Legacy(_) => &[
                ("exp", claims.expires.is_some()),
                ("aud", !claims.audience.is_empty()),
            ],
        };
        match required.iter().find(|(_, present)| !present) {
            Some((name, _)) => Err(missing(name)),
            None => Ok(claims),
        }
    }

    /// Reads what is there. A claim of the wrong type is a fault and never "absent".
    pub(crate) fn read(
        object: &Object<'_>,
        issuer: &IssuerPolicy,
        unknown: UnknownConfirmation,
    ) -> Result<Self, Fault> {
        Ok(Self {
            issuer: issuer.issuer.as_str().into(),
            subject: text(object, "sub")?,
            client_id: text(object, "client_id")?,
            token_id: text(object, "jti")?,
            scope: scope(object, &issuer.profile)?,
            audience: audience(object)?,
            issued_at: date(object, "iat")?,
            not_before: date(object, "nbf")?,
            expires: date(object, "exp")?,
            confirmation: Confirmation::read(object, unknown),
        })
    }

    /// Whether the token has a scope.
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|own| own == scope)
    }
}

/// ATJWT-4-5, RFC 9068 section 4; JWT-4.1.3-1: one whole member, exactly.
pub(crate) fn check_audience(claims: &Claims, accepted: &[String]) -> Result<(), Fault> {
    let ours = |audience: &str| accepted.iter().any(|own| own == audience);
    match claims.audience.iter().any(|audience| ours(audience)) {
        true => Ok(()),
        false => Err(Fault::new(Reason::TokenAudienceMismatch)
            .expected(accepted.join(" "))
            .received(claims.audience.join(" "))),
    }
}

/// ATJWT-4-7 and JWT-4.1.4-1: before `exp`, plus leeway. JWT-4.1.5-1: not before `nbf`, less leeway,
/// of which never more than a minute (FAPI-5.3.2.1-1); the same for an `iat` in the future.
pub(crate) fn check_times(
    claims: &Claims,
    issuer: &IssuerPolicy,
    now: UnixTime,
) -> Result<(), Fault> {
    let now = now.as_secs();
    if let Some(expires) = claims.expires {
        // A fraction is cut: the token does not live longer for it.
        if now >= expires.floor().saturating_add(issuer.leeway) {
            return Err(Fault::new(Reason::TokenExpired)
                .expected(format_args!("exp after {now}"))
                .received(expires.floor()));
        }
    }
    let ahead = now.saturating_add(issuer.leeway.min(MAX_AHEAD));
    if let Some(not_before) = claims.not_before
        && not_before.ceiling() > ahead
    {
        return Err(Fault::new(Reason::TokenNotYetValid)
            .expected(format_args!("nbf at most {ahead}"))
            .received(not_before.ceiling()));
    }
    let ahead = now.saturating_add(MAX_AHEAD);
    match claims.issued_at {
        Some(issued_at) if issued_at.ceiling() > ahead => Err(Fault::new(Reason::TokenNotYetValid)
            .expected(format_args!("iat at most {ahead}"))
            .received(issued_at.ceiling())),
        _ => Ok(()),
    }
}

/// DPOP-11.2-1, RFC 9449 section 11.2. A token that does not say how long it lives is refused where
/// the policy sets a bound.
pub(crate) fn check_lifetime(claims: &Claims, issuer: &IssuerPolicy) -> Result<(), Fault> {
    let Some(most) = issuer.max_lifetime else {
        return Ok(());
    };
    let lifetime = match (claims.expires, claims.issued_at) {
        (Some(expires), Some(issued_at)) => expires.ceiling().saturating_sub(issued_at.floor()),
        _ => u64::MAX,
    };
    match lifetime <= most {
        true => Ok(()),
        false => Err(Fault::new(Reason::TokenLifetime)
            .expected(most)
            .received(lifetime)),
    }
}

fn missing(name: &str) -> Fault {
    Fault::new(Reason::TokenClaimMissing).expected(name)
}

/// A text that says something: an empty `sub` identifies nobody (BCP-3.8-1).
fn text<T: for<'t> From<&'t str>>(object: &Object<'_>, name: &str) -> Result<Option<T>, Fault> {
    match object.string(name) {
        Ok(None) => Ok(None),
        Ok(Some("")) | Err(_) => Err(missing(name)),
        Ok(Some(text)) => Ok(Some(text.into())),
    }
}

fn date(object: &Object<'_>, name: &str) -> Result<Option<NumericDate>, Fault> {
    match object.get(name) {
        None => Ok(None),
        Some(value) => match NumericDate::from_json(value) {
            Some(date) => Ok(Some(date)),
            None => Err(missing(name)),
        },
    }
}

/// ATJWT-2.2.3-1, RFC 9068 section 2.2.3: words with spaces between; an array of words in the legacy
/// profile only. What is no scope-token is refused: it could hold a space, and so two words
/// (BEARER-3-3).
fn scope(object: &Object<'_>, profile: &TokenProfile) -> Result<Box<str>, Fault> {
    let words: Vec<&str> = match (object.get("scope"), profile) {
        (None, _) => return Ok("".into()),
        (Some(Json::String(scope)), _) => {
            scope.split(' ').filter(|word| !word.is_empty()).collect()
        }
        (Some(Json::Array(words)), TokenProfile::Legacy(_)) => {
            strings(words).ok_or_else(|| missing("scope"))?
        }
        (Some(_), _) => return Err(missing("scope")),
    };
    match words.iter().all(|word| is_scope_token(word)) {
        true => Ok(words.join(" ").into()),
        false => Err(missing("scope")),
    }
}

/// ATJWT-4-5: a string or an array of strings.
fn audience(object: &Object<'_>) -> Result<Vec<Box<str>>, Fault> {
    match object.get("aud") {
        None => Ok(Vec::new()),
        Some(Json::String(audience)) => Ok([audience.as_ref().into()].into()),
        Some(Json::Array(members)) => {
            let members = strings(members).ok_or_else(|| missing("aud"))?;
            Ok(members.into_iter().map(Into::into).collect())
        }
        Some(_) => Err(missing("aud")),
    }
}

fn strings<'v>(values: &'v [Json<'_>]) -> Option<Vec<&'v str>> {
    values
        .iter()
        .map(|value| match value {
            Json::String(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect()
}

/// Seconds that a token may be dated ahead, whatever the leeway (FAPI-5.3.2.1-1).
const MAX_AHEAD: u64 = 60;
