use core::fmt;

use rustls_pki_types::UnixTime;

use super::{Examined, Validated};
use crate::access_token::{TokenHeader, UnverifiedJwt};
use crate::introspection;
use crate::key_set::KeySet;
use crate::policy::IssuerPolicy;
use crate::reason::Reason;
use crate::rejection::{Fault, Rejection};
use crate::verdict::Unavailable;
use crate::verified_token::VerifiedToken;

/// A JWT that names its issuer and its key. Nothing else in it has been looked at.
pub struct UnverifiedToken<'r> {
    examined: Examined<'r>,
    jwt: UnverifiedJwt<'r>,
    header: TokenHeader<'r>,
}

impl<'r> UnverifiedToken<'r> {
    pub(super) const fn new(
        examined: Examined<'r>,
        jwt: UnverifiedJwt<'r>,
        header: TokenHeader<'r>,
    ) -> Self {
        Self {
            examined,
            jwt,
            header,
        }
    }

    /// The issuer whose keys are needed: one of the configured ones.
    pub fn issuer(&self) -> &'r IssuerPolicy {
        self.header.issuer
    }

    /// The key that the token names, as claimed by whoever made it: a map key and nothing else
    /// (BCP-3.10-1, rfc8725bis section 3.10).
    pub fn kid(&self) -> Option<&str> {
        self.header.kid()
    }

    pub(crate) fn refuse(&self, reason: Reason) -> Rejection {
        self.examined.context.refuse(Fault::new(reason))
    }

    /// Gives up, since the issuer's keys cannot be had. `retry_after` is in seconds.
    pub fn without_keys(self, retry_after: Option<u64>) -> Unavailable {
        let facts = self.examined.context.facts;
        Unavailable::new(Reason::KeysUnavailable, retry_after, facts)
    }

    /// Fourth stage: verifies the token's signature with its issuer's keys, and then its claims.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for row 7 of the decision table.
    pub fn validate(self, keys: &KeySet, now: UnixTime) -> Result<Validated<'r>, Rejection> {
        let Self {
            mut examined,
            jwt,
            header,
        } = self;
        let (enforcer, route) = (examined.context.enforcer, examined.context.route);
        match jwt.verify(&header, keys, route, enforcer, now) {
            Ok(claims) => {
                examined.context.facts.client_id = claims.client_id.clone();
                let generation = Some(keys.generation());
                let hash = examined.hash;
                let token = VerifiedToken::new(hash, claims, generation, enforcer.generation());
                Ok(Validated::new(examined, token))
            }
            Err(fault) => Err(examined.context.refuse(fault)),
        }
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("issuer", &self.header.issuer.issuer)
            .field("kid", &self.header.kid())
            .finish_non_exhaustive()
    }
}

/// A token that only its issuer can read.
pub struct OpaqueToken<'r> {
    examined: Examined<'r>,
    issuer: &'r IssuerPolicy,
}

impl<'r> OpaqueToken<'r> {
    pub(super) const fn new(examined: Examined<'r>, issuer: &'r IssuerPolicy) -> Self {
        Self { examined, issuer }
    }

    pub(crate) fn refuse(&self, reason: Reason) -> Rejection {
        self.examined.context.refuse(Fault::new(reason))
    }

    /// Fourth stage: verifies the proof's signature, before anyone is asked, so that garbage costs
    /// the issuer nothing (PROJ-2).
    ///
    /// # Errors
    ///
    /// A [`Rejection`] if the proof's signature does not verify.
    pub fn prove(self) -> Result<Proven<'r>, Rejection> {
        let Self { examined, issuer } = self;
        if let Some(proof) = &examined.proof {
            proof
                .check_signature(examined.context.enforcer.provider())
                .map_err(|fault| examined.context.refuse(fault))?;
        }
        Ok(Proven { examined, issuer })
    }
}

impl fmt::Debug for OpaqueToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueToken")
            .field("issuer", &self.issuer.issuer)
            .finish_non_exhaustive()
    }
}

/// An opaque token that came with a proof whose signature holds, or as Bearer.
pub struct Proven<'r> {
    examined: Examined<'r>,
    issuer: &'r IssuerPolicy,
}

impl<'r> Proven<'r> {
    /// The issuer to ask.
    pub const fn issuer(&self) -> &'r IssuerPolicy {
        self.issuer
    }

    /// The token, to be sent to that issuer and to nobody else. The proof is not sent
    /// (DPOP-6.2-2, RFC 9449 section 6.2).
    pub const fn token(&self) -> &'r str {
        self.examined.token
    }

    /// Gives up, since the issuer could not be asked. `retry_after` is in seconds.
    pub fn without_answer(self, retry_after: Option<u64>) -> Unavailable {
        let facts = self.examined.context.facts;
        Unavailable::new(Reason::IntrospectionUnavailable, retry_after, facts)
    }

    /// Fifth stage: reads the issuer's answer (RFC 7662 section 2.2).
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for row 7 of the decision table, with
    /// [`IntrospectionUnavailable`](crate::Reason::IntrospectionUnavailable) if the answer is not
    /// one: that is answered with 503, for it says nothing about the token.
    pub fn introspected(self, response: &[u8], now: UnixTime) -> Result<Validated<'r>, Rejection> {
        let Self {
            mut examined,
            issuer,
        } = self;
        let (enforcer, route) = (examined.context.enforcer, examined.context.route);
        match introspection::read(response, issuer, route, enforcer, now) {
            Ok(claims) => {
                examined.context.facts.client_id = claims.client_id.clone();
                let hash = examined.hash;
                let token = VerifiedToken::new(hash, claims, None, enforcer.generation());
                Ok(Validated::proven(examined, token))
            }
            Err(fault) => Err(examined.context.refuse(fault)),
        }
    }
}

impl fmt::Debug for Proven<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven")
            .field("issuer", &self.issuer.issuer)
            .finish_non_exhaustive()
    }
}
