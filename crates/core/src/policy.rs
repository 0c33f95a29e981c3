//! What a route demands, which issuers are believed, and which proofs are taken.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::algorithm::Algorithm;
use crate::authorization::Scheme;
use crate::confirmation::UnknownConfirmation;
use crate::time::Window;

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
    /// A scope outside the grammar of RFC 6750 section 3 (BEARER-3-3).
    pub fn with_scopes<S: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self, PolicyError> {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        match self.scopes.iter().find(|scope| !is_scope_token(scope)) {
            Some(scope) => Err(PolicyError::Scope(scope.clone())),
            None => Ok(self),
        }
    }

    /// Says whether proofs must hold a nonce of ours.
    ///
    /// # Errors
    ///
    /// A nonce cannot be required where proofs are only verified: the nonces there are those of the
    /// service behind.
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
        match (self.nonce, self.spending) {
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

/// Whom a token is believed from, and what such a token must look like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuerPolicy {
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    pub(crate) format: TokenFormat,
    pub(crate) profile: TokenProfile,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) leeway: u64,
    pub(crate) max_lifetime: Option<u64>,
}

/// How an issuer's tokens are read. It is configured and never guessed from a failure: a JWT that
/// fails is not introspected.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each needs a stage of its own")]
pub enum TokenFormat {
    /// Signed JWTs, verified with the issuer's keys.
    #[default]
    Jwt,
    /// Anything; the issuer is asked (RFC 7662).
    Opaque,
}

/// Which claims a JWT access token must have.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "these are the words of the configuration"
)]
pub enum TokenProfile {
    /// RFC 9068: `typ` is `at+jwt`; iss, exp, aud, sub, client_id, iat and jti are required.
    #[default]
    Rfc9068,
    /// Issuers from before RFC 9068: iss, exp and aud are required, and scopes may be an array.
    /// ID tokens cannot be told from access tokens but by their audience.
    Legacy(LegacyTypes),
}

/// What `typ` a token may have beside `at+jwt`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LegacyTypes {
    pub(crate) types: Vec<String>,
    pub(crate) missing: MissingType,
}

/// What becomes of a token without `typ`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a policy is one or the other")]
pub enum MissingType {
    /// It is refused.
    Refuse,
    /// It is taken.
    Accept,
}

impl LegacyTypes {
    /// Takes these media types, written without `application/`.
    pub fn new<S: Into<String>>(types: impl IntoIterator<Item = S>, missing: MissingType) -> Self {
        Self {
            types: types.into_iter().map(Into::into).collect(),
            missing,
        }
    }
}

impl IssuerPolicy {
    /// An issuer of RFC 9068 tokens for these audiences, with the algorithms that are safe today.
    ///
    /// # Errors
    ///
    /// No audience: a token for any audience is a token for ours as well
    /// (BCP-3.9-1, rfc8725bis section 3.9).
    pub fn new<S: Into<String>>(
        issuer: impl Into<String>,
        audience: impl IntoIterator<Item = S>,
    ) -> Result<Self, PolicyError> {
        let issuer = issuer.into();
        let audience: Vec<String> = audience.into_iter().map(Into::into).collect();
        if audience.is_empty() {
            return Err(PolicyError::NoAudience(issuer));
        }
        Ok(Self {
            issuer,
            audience,
            format: TokenFormat::Jwt,
            profile: TokenProfile::Rfc9068,
            algorithms: Algorithm::ALL.to_vec(),
            leeway: DEFAULT_LEEWAY,
            max_lifetime: None,
        })
    }

    /// Says whether the tokens are JWTs.
    #[must_use]
    pub const fn with_format(mut self, format: TokenFormat) -> Self {
        self.format = format;
        self
    }

    /// Says which claims they must have.
    #[must_use]
    pub fn with_profile(mut self, profile: TokenProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Takes tokens signed with these algorithms only (BCP-3.1-1, rfc8725bis section 3.1). Those
    /// that the provider does not implement are no error here: a token that uses one is refused.
    ///
    /// # Errors
    ///
    /// An empty list.
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Result<Self, PolicyError> {
        if algorithms.is_empty() {
            return Err(PolicyError::NoAlgorithm);
        }
        self.algorithms = algorithms.to_vec();
        Ok(self)
    }

    /// Allows so many seconds for clocks that differ from the issuer's (ATJWT-4-7). The default is
    /// 30, the most 120.
    ///
    /// # Errors
    ///
    /// More than 120.
    pub fn with_leeway(mut self, seconds: u64) -> Result<Self, PolicyError> {
        if seconds > MAX_LEEWAY {
            return Err(PolicyError::Leeway(seconds));
        }
        self.leeway = seconds;
        Ok(self)
    }

    /// Refuses tokens whose `exp` lies more than so many seconds after their `iat`
    /// (DPOP-11.2-1, RFC 9449 section 11.2).
    #[must_use]
    pub const fn with_max_lifetime(mut self, seconds: u64) -> Self {
        self.max_lifetime = Some(seconds);
        self
    }

    /// The issuer identifier, compared octet by octet (ATJWT-4-4, RFC 9068 section 4).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// How its tokens are read.
    pub const fn format(&self) -> TokenFormat {
        self.format
    }
}

/// Which proofs are taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProofPolicy {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) iat: Window,
    pub(crate) nonce: Window,
    pub(crate) unknown_confirmation: UnknownConfirmation,
}

impl ProofPolicy {
    /// Takes proofs signed with these algorithms only (DPOP-4.3-5, RFC 9449 section 4.3).
    ///
    /// # Errors
    ///
    /// An empty list (BCP-3.1-1).
    pub fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Result<Self, PolicyError> {
        if algorithms.is_empty() {
            return Err(PolicyError::NoAlgorithm);
        }
        self.algorithms = algorithms.to_vec();
        Ok(self)
    }

    /// Takes proofs whose `iat` is at most so many seconds old and ahead. The defaults are 60 and
    /// 10, the most 300 and 60 (DPOP-11.1-1, DPOP-11.1-4; FAPI-5.3.2.1-1).
    ///
    /// # Errors
    ///
    /// More than that.
    pub fn with_window(mut self, window: Window) -> Result<Self, PolicyError> {
        if window.past() > MAX_PAST || window.future() > MAX_FUTURE {
            return Err(PolicyError::Window(window));
        }
        self.iat = window;
        Ok(self)
    }

    /// Takes nonces for so many seconds after their issue. The default is 180, the most 300.
    ///
    /// # Errors
    ///
    /// Zero, or more than that.
    pub fn with_nonce_lifetime(mut self, seconds: u64) -> Result<Self, PolicyError> {
        if seconds == 0 || seconds > MAX_PAST {
            return Err(PolicyError::NonceLifetime(seconds));
        }
        self.nonce = Window::new(seconds, NONCE_FUTURE);
        Ok(self)
    }

    /// Says what to do with members of `cnf` that are not known.
    #[must_use]
    pub const fn with_unknown_confirmation(mut self, unknown: UnknownConfirmation) -> Self {
        self.unknown_confirmation = unknown;
        self
    }
}

impl Default for ProofPolicy {
    fn default() -> Self {
        Self {
            algorithms: [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Ed25519].to_vec(),
            iat: Window::new(60, 10),
            nonce: Window::new(180, NONCE_FUTURE),
            unknown_confirmation: UnknownConfirmation::Ignore,
        }
    }
}

/// A policy that cannot be kept. The operator's mistake, never a peer's.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not a scope-token of RFC 6750 section 3.
    Scope(String),
    /// A realm with characters that a challenge cannot hold.
    Realm(String),
    /// Nonces required where proofs are not spent.
    NonceUnspent,
    /// An issuer without an audience.
    NoAudience(String),
    /// Two issuers of one name.
    RepeatedIssuer(String),
    /// More than one issuer of opaque tokens: an unknown token would be shown to all of them.
    SecondOpaqueIssuer(String),
    /// An empty list of algorithms.
    NoAlgorithm,
    /// An algorithm for proofs that the crypto provider does not implement.
    UnsupportedAlgorithm(Algorithm),
    /// Leeway beyond 120 seconds.
    Leeway(u64),
    /// A window beyond 300 seconds back or 60 seconds ahead.
    Window(Window),
    /// A nonce lifetime of zero or beyond 300 seconds.
    NonceLifetime(u64),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => write!(
                f,
                "scope {scope:?} is not one word of visible ASCII without quote and backslash"
            ),
            Self::Realm(realm) => write!(f, "realm {realm:?} is empty or not visible ASCII"),
            Self::NonceUnspent => f.write_str(
                "a nonce cannot be required where proofs are only verified; \
                 the service behind issues the nonces there",
            ),
            Self::NoAudience(issuer) => write!(
                f,
                "issuer {issuer:?} has no audience; name the identifiers that its tokens for this \
                 API have in aud"
            ),
            Self::RepeatedIssuer(issuer) => write!(f, "issuer {issuer:?} is configured twice"),
            Self::SecondOpaqueIssuer(issuer) => write!(
                f,
                "issuer {issuer:?} is the second one with opaque tokens; only one can be asked"
            ),
            Self::NoAlgorithm => f.write_str("the list of algorithms is empty"),
            Self::UnsupportedAlgorithm(algorithm) => write!(
                f,
                "the crypto provider has no {algorithm}; remove it or build with a provider that has"
            ),
            Self::Leeway(seconds) => {
                write!(f, "a leeway of {seconds} s is more than {MAX_LEEWAY} s")
            }
            Self::Window(window) => write!(
                f,
                "a window of {} s back and {} s ahead is more than {MAX_PAST} s and {MAX_FUTURE} s",
                window.past(),
                window.future()
            ),
            Self::NonceLifetime(seconds) => {
                write!(
                    f,
                    "a nonce lifetime of {seconds} s is not between 1 s and {MAX_PAST} s"
                )
            }
        }
    }
}

impl core::error::Error for PolicyError {}

/// RFC 6750 section 3: `1*( %x21 / %x23-5B / %x5D-7E )` (BEARER-3-3).
fn is_scope_token(scope: &str) -> bool {
    !scope.is_empty()
        && scope
            .bytes()
            .all(|octet| octet.is_ascii_graphic() && octet != b'"' && octet != b'\\')
}

/// Seconds (ATJWT-4-7).
const DEFAULT_LEEWAY: u64 = 30;
const MAX_LEEWAY: u64 = 120;

/// Seconds: the hard upper bound of DPOP-11.1-1, whatever the configuration says.
const MAX_PAST: u64 = 300;

/// Seconds (DPOP-11.1-4, FAPI-5.3.2.1-1).
const MAX_FUTURE: u64 = 60;

/// Seconds that the clocks of instances that share nonce keys may differ.
const NONCE_FUTURE: u64 = 10;
