use alloc::sync::Arc;
use core::fmt;

use rustls_pki_types::UnixTime;
use subtle::ConstantTimeEq;

use crate::claims::{Claims, check_audience};
use crate::confirmation::Confirmation;
use crate::policy::{IssuerPolicy, RoutePolicy};
use crate::rejection::Fault;
use crate::thumbprint::TokenHash;

/// A token that was verified, for a cache. Cheap to clone.
///
/// Only a positive outcome has this type, and only the stages make it. It is no permit: a request
/// that resumes it goes through every check of its own binding.
#[derive(Clone)]
pub struct VerifiedToken(Arc<Inner>);

struct Inner {
    hash: TokenHash,
    claims: Claims,
    key_generation: Option<u64>,
    policy_generation: u64,
}

impl VerifiedToken {
    pub(crate) fn new(
        hash: TokenHash,
        claims: Claims,
        key_generation: Option<u64>,
        policy_generation: u64,
    ) -> Self {
        Self(Arc::new(Inner {
            hash,
            claims,
            key_generation,
            policy_generation,
        }))
    }

    /// The hash of the token: the key to store it under.
    pub fn hash(&self) -> &TokenHash {
        &self.0.hash
    }

    /// The issuer, whose key generation [`resume`](crate::Examined::resume) wants to know.
    pub fn issuer(&self) -> &str {
        &self.0.claims.issuer
    }

    /// The second (Unix time) at which the token expires. Never keep it longer
    /// (INTRO-2.2-4, RFC 7662 section 4).
    pub fn expires(&self) -> Option<UnixTime> {
        let expires = self.0.claims.expires?.floor();
        Some(UnixTime::since_unix_epoch(core::time::Duration::from_secs(
            expires,
        )))
    }

    /// Whether the issuer was asked, instead of a signature verified.
    pub fn is_introspected(&self) -> bool {
        self.0.key_generation.is_none()
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.0.claims
    }

    pub(crate) fn confirmation(&self) -> Result<&Confirmation, Fault> {
        self.0.claims.confirmation.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn is_current(
        &self,
        hash: &TokenHash,
        key_generation: Option<u64>,
        policy_generation: u64,
    ) -> bool {
        bool::from(self.0.hash.as_bytes().ct_eq(hash.as_bytes()))
            && self.0.key_generation == key_generation
            && self.0.policy_generation == policy_generation
    }

    /// The audience of the route, which need not be the one that the token was verified for.
    pub(crate) fn check_audience_of(
        &self,
        route: &RoutePolicy,
        issuer: &IssuerPolicy,
    ) -> Result<(), Fault> {
        check_audience(&self.0.claims, route.audience(issuer))
    }
}

/// Shows whose it is, and not what could be used.
impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("hash", &self.0.hash)
            .field("issuer", &self.0.claims.issuer)
            .field("client_id", &self.0.claims.client_id)
            .finish_non_exhaustive()
    }
}
