//! The answer of an introspection endpoint (RFC 7662 section 2.2).

use rustls_pki_types::UnixTime;

use crate::claims::{Claims, check_audience, check_lifetime, check_times};
use crate::enforcer::Enforcer;
use crate::json::{Json, Object, parse_object};
use crate::policy::{IssuerPolicy, RoutePolicy};
use crate::reason::Reason;
use crate::rejection::Fault;

/// Reads an answer. `active` must be `true`; everything else that is there must hold too.
pub(crate) fn read(
    response: &[u8],
    issuer: &IssuerPolicy,
    route: &RoutePolicy,
    enforcer: &Enforcer,
    now: UnixTime,
) -> Result<Claims, Fault> {
    let response = parse_object(response)
        .map_err(|error| Fault::new(Reason::IntrospectionUnavailable).received(error))?;
    check_active(&response)?;
    check_issuer(&response, issuer)?;
    let claims = Claims::read(&response, issuer, enforcer.unknown_confirmation())?;
    check_audience(&claims, route.audience(issuer))?;
    check_times(&claims, issuer, now)?;
    check_lifetime(&claims, issuer)?;
    check_token_type(&response, &claims)?;
    Ok(claims)
}

/// INTRO-2.2-1, RFC 7662 section 2.2: the JSON value `true`. Nothing else in an inactive answer is
/// looked at (INTRO-4-2).
fn check_active(response: &Object<'_>) -> Result<(), Fault> {
    match response.get("active") {
        Some(Json::Bool(true)) => Ok(()),
        _ => Err(Fault::new(Reason::TokenInactive)),
    }
}

/// INTRO-2.2-2, RFC 7662 section 2.2: optional, and checked if it is there.
fn check_issuer(response: &Object<'_>, issuer: &IssuerPolicy) -> Result<(), Fault> {
    match response.string("iss") {
        Ok(None) => Ok(()),
        Ok(Some(name)) if name == issuer.issuer => Ok(()),
        Ok(Some(name)) => Err(Fault::new(Reason::TokenIssuerUnknown).received(name)),
        Err(_) => Err(Fault::new(Reason::TokenIssuerUnknown)),
    }
}

/// DPOP-6.2-3, RFC 9449 section 6.2: `token_type` and `cnf.jkt` say the same, if both speak.
fn check_token_type(response: &Object<'_>, claims: &Claims) -> Result<(), Fault> {
    let bound = claims
        .confirmation
        .as_ref()
        .is_ok_and(|cnf| cnf.jkt().is_some());
    let dpop = match response.string("token_type") {
        Ok(None) => return Ok(()),
        Ok(Some(name)) => name.eq_ignore_ascii_case("DPoP"),
        Err(_) => return Err(Fault::new(Reason::TokenClaimMissing).expected("token_type")),
    };
    match dpop == bound {
        true => Ok(()),
        false => {
            Err(Fault::new(Reason::ConfirmationMalformed).expected("token_type and cnf agree"))
        }
    }
}
