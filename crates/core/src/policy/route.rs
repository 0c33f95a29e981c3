use alloc::string::String;
use alloc::vec::Vec;

use super::{IssuerPolicy, PolicyError};
use crate::authorization::Scheme;

/// What a token's `cnf` must hold at least, on a route. There is no default: a route without a
/// policy is a configuration error (PROJ-17).
///
/// Whatever the route demands, every member that a token does have must hold: a bound token never
/// passes unproven.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are the words of the configuration"
)]
pub enum Binding {
    /// `jkt`.
    Dpop,
    /// `x5t#S256`.
    Certificate,
    /// One of the two.
    Either,
    /// Both.
    Both,
    /// Nothing: an unbound token passes, a bound one must be proven all the same.
    Bearer,
    /// No credentials are read, and those that come are stripped.
    Open,
}

impl Binding {
    /// The schemes that a token may come with, in the order of the challenges: DPoP first, for some
    /// clients look at the first challenge only.
    pub const fn schemes(self) -> &'static [Scheme] {
        match self {
            // A token with both members travels with scheme DPoP.
            Self::Dpop | Self::Both => &[Scheme::Dpop],
            Self::Certificate | Self::Either | Self::Bearer => &[Scheme::Dpop, Scheme::Bearer],
            Self::Open => &[],
        }
    }

    /// The word of the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpop => "dpop",
            Self::Certificate => "certificate",
            Self::Either => "either",
            Self::Both => "both",
            Self::Bearer => "bearer",
            Self::Open => "open",
        }
    }
}

/// Whether proofs on a route must hold one of our nonces (DPOP-9-4, RFC 9449 section 9).
///
/// A nonce that a proof does hold is checked on every route that spends proofs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are the words of the configuration"
)]
pub enum NonceRequirement {
    /// Freshness comes from `iat`, unless the proof holds a nonce.
    #[default]
    Off,
    /// A proof without a nonce is answered `use_dpop_nonce` (DPOP-11.3-1: absence is no way out).
    Required,
}

/// Whether an admitted proof is used up here.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a proof is used up here or it is not"
)]
pub enum Spending {
    /// The proof is recorded, and refused from then on.
    #[default]
    Spend,
    /// Everything is verified and nothing recorded, since a service behind this one will spend the
    /// proof. Nonces in proofs are that service's affair.
    VerifyOnly,
}

/// The policy of one route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoutePolicy {
    binding: Binding,
    scopes: Vec<String>,
    nonce: NonceRequirement,
    spending: Spending,
    issuers: Option<Vec<String>>,
    audience: Option<Vec<String>>,
    realm: Option<String>,
}

impl RoutePolicy {
    /// A policy with a binding and nothing else: no scopes, nonces off, proofs spent, every
    /// configured issuer.
    pub const fn new(binding: Binding) -> Self {
        Self {
            binding,
            scopes: Vec::new(),
            nonce: NonceRequirement::Off,
            spending: Spending::Spend,
            issuers: None,
            audience: None,
            realm: None,
        }
    }

    /// Demands all of these scopes (OA21-5-1).
    ///
    /// # Errors
    ///
    /// A scope outside the grammar of RFC 6750 section 3 (BEARER-3-3), or scopes on an open route,
    /// where nobody would look for them.
    pub fn with_scopes<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self, PolicyError> {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        match self.scopes.iter().find(|scope| !is_scope_token(scope)) {
            Some(scope) => Err(PolicyError::Scope(scope.clone())),
            None => self.checked(),
        }
    }

    /// Says whether proofs must hold a nonce of ours.
    ///
    /// # Errors
    ///
    /// A nonce cannot be required where proofs are only verified: the nonces there are those of the
    /// service behind. Nor can it on an open route.
    pub fn with_nonce(mut self, nonce: NonceRequirement) -> Result<Self, PolicyError> {
        self.nonce = nonce;
        self.checked()
    }

    /// Says whether proofs are used up here.
    ///
    /// # Errors
    ///
    /// As [`with_nonce`](Self::with_nonce).
    pub fn with_spending(mut self, spending: Spending) -> Result<Self, PolicyError> {
        self.spending = spending;
        self.checked()
    }

    /// Accepts tokens of these issuers only. They must be among the enforcer's.
    #[must_use]
    pub fn with_issuers<S: Into<String>>(mut self, issuers: impl IntoIterator<Item = S>) -> Self {
        self.issuers = Some(issuers.into_iter().map(Into::into).collect());
        self
    }

    /// Accepts tokens for one of these audiences only, instead of the issuer's.
    #[must_use]
    pub fn with_audience<S: Into<String>>(mut self, audience: impl IntoIterator<Item = S>) -> Self {
        self.audience = Some(audience.into_iter().map(Into::into).collect());
        self
    }

    /// Names the protection space in challenges (DPOP-7.1-7).
    ///
    /// # Errors
    ///
    /// A realm that is not visible ASCII and spaces.
    pub fn with_realm(mut self, realm: impl Into<String>) -> Result<Self, PolicyError> {
        let realm = realm.into();
        if realm.is_empty() || !realm.bytes().all(|octet| (0x20..=0x7e).contains(&octet)) {
            return Err(PolicyError::Realm(realm));
        }
        self.realm = Some(realm);
        Ok(self)
    }

    fn checked(self) -> Result<Self, PolicyError> {
        let demands = !self.scopes.is_empty() || self.nonce == NonceRequirement::Required;
        match (self.nonce, self.spending) {
            _ if self.binding == Binding::Open && demands => Err(PolicyError::OpenDemands),
            (NonceRequirement::Required, Spending::VerifyOnly) => Err(PolicyError::NonceUnspent),
            _ => Ok(self),
        }
    }

    /// What `cnf` must hold.
    pub const fn binding(&self) -> Binding {
        self.binding
    }

    /// The scopes that a token must have.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Whether proofs must hold a nonce.
    pub const fn nonce(&self) -> NonceRequirement {
        self.nonce
    }

    /// Whether proofs are used up here.
    pub const fn spending(&self) -> Spending {
        self.spending
    }

    pub(crate) fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    pub(crate) fn accepts_issuer(&self, issuer: &str) -> bool {
        self.issuers
            .as_ref()
            .is_none_or(|issuers| issuers.iter().any(|own| own == issuer))
    }

    pub(crate) fn audience<'p>(&'p self, issuer: &'p IssuerPolicy) -> &'p [String] {
        self.audience.as_deref().unwrap_or(&issuer.audience)
    }
}

/// RFC 6750 section 3: `1*( %x21 / %x23-5B / %x5D-7E )` (BEARER-3-3).
pub(crate) fn is_scope_token(scope: &str) -> bool {
    !scope.is_empty()
        && scope
            .bytes()
            .all(|octet| octet.is_ascii_graphic() && octet != b'"' && octet != b'\\')
}
