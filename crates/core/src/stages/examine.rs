use core::fmt;

use rustls_pki_types::UnixTime;

use super::{Context, OpaqueToken, UnverifiedToken, Validated};
use crate::access_token::UnverifiedJwt;
use crate::claims::check_times;
use crate::proof::ExaminedProof;
use crate::reason::Reason;
use crate::rejection::{Fault, Rejection};
use crate::thumbprint::TokenHash;
use crate::verified_token::VerifiedToken;

/// A request whose proof, if it has one, claims what it should. Neither token nor proof is verified.
pub struct Examined<'r> {
    pub(super) context: Context<'r>,
    pub(super) token: &'r str,
    pub(super) hash: TokenHash,
    pub(super) proof: Option<ExaminedProof<'r>>,
}

/// What became of a cached token.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it holds or it does not")]
pub enum Resumed<'r> {
    /// It still holds.
    Validated(Validated<'r>),
    /// It was verified with other keys or under another policy: verify it anew.
    Outdated(Examined<'r>),
}

/// How the token is to be verified.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller must be able to do each")]
pub enum TokenStage<'r> {
    /// With the keys of its issuer.
    Jwt(UnverifiedToken<'r>),
    /// By asking its issuer.
    Opaque(OpaqueToken<'r>),
}

impl<'r> Examined<'r> {
    pub(super) const fn new(
        context: Context<'r>,
        token: &'r str,
        hash: TokenHash,
        proof: Option<ExaminedProof<'r>>,
    ) -> Self {
        Self {
            context,
            token,
            hash,
            proof,
        }
    }

    /// The hash of the token as received: the key of a cache of verified tokens.
    pub const fn token_hash(&self) -> &TokenHash {
        &self.hash
    }

    /// Third stage, for a token that was verified before: checks again everything that may have
    /// changed since, which is its times, the issuers and the audience of this route, the policy, and
    /// the issuer's keys, whose generation the caller tells (`None` for an introspected token).
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for row 7 of the decision table.
    pub fn resume(
        mut self,
        token: &VerifiedToken,
        key_generation: Option<u64>,
        now: UnixTime,
    ) -> Result<Resumed<'r>, Rejection> {
        let enforcer = self.context.enforcer;
        if !token.is_current(&self.hash, key_generation, enforcer.generation()) {
            return Ok(Resumed::Outdated(self));
        }
        let claims = token.claims();
        self.context.facts.issuer = Some(claims.issuer.clone());
        self.context.facts.client_id = claims.client_id.clone();
        let checked = enforcer
            .issuers()
            .iter()
            .find(|issuer| *issuer.issuer == *claims.issuer)
            .filter(|issuer| self.context.route.accepts_issuer(&issuer.issuer))
            .ok_or_else(|| Fault::new(Reason::TokenIssuerUnknown))
            .and_then(|issuer| {
                token.check_audience_of(self.context.route, issuer)?;
                check_times(claims, issuer, now)
            });
        match checked {
            Ok(()) => Ok(Resumed::Validated(Validated::new(self, token.clone()))),
            Err(fault) => Err(self.context.refuse(fault)),
        }
    }

    /// Third stage, for a token that is new: finds out who must be asked for what.
    ///
    /// A token that looks like a JWT is one: if it fails as such, it is not introspected. The only
    /// JWTs that are asked about are those that name the issuer of opaque tokens. On a route without
    /// such an issuer every token must be a JWT.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for row 7 of the decision table: malformed, encrypted, of the wrong type, of
    /// an unknown issuer, or signed with an algorithm that is not allowed.
    pub fn read_token(mut self) -> Result<TokenStage<'r>, Rejection> {
        let Context {
            enforcer, route, ..
        } = self.context;
        let jwt = match (
            UnverifiedJwt::decode(self.token),
            enforcer.opaque_issuer(route),
        ) {
            (Ok(jwt), None) => jwt,
            (Ok(jwt), Some(issuer)) if !jwt.names(&issuer.issuer) => jwt,
            (Ok(_) | Err(_), Some(issuer)) => {
                self.context.facts.issuer = Some(issuer.issuer.as_str().into());
                return Ok(TokenStage::Opaque(OpaqueToken::new(self, issuer)));
            }
            (Err(fault), None) => return Err(self.context.refuse(fault)),
        };
        match jwt.read(enforcer.issuers(), route, enforcer.limits()) {
            Ok(header) => {
                self.context.facts.issuer = Some(header.issuer.issuer.as_str().into());
                Ok(TokenStage::Jwt(UnverifiedToken::new(self, jwt, header)))
            }
            Err(fault) => Err(self.context.refuse(fault)),
        }
    }
}

/// Tokens and proofs do not print.
impl fmt::Debug for Examined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examined")
            .field("facts", &self.context.facts)
            .finish_non_exhaustive()
    }
}
