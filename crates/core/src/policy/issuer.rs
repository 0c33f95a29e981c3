use alloc::string::String;
use alloc::vec::Vec;

use super::PolicyError;
use crate::algorithm::Algorithm;
use crate::compact::is_media_type;

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
    ///
    /// # Errors
    ///
    /// A type that is registered for something else than access tokens: the rules for different
    /// kinds of JWT must exclude each other (BCP-3.12-1, rfc8725bis section 3.12).
    pub fn new<S: Into<String>>(
        types: impl IntoIterator<Item = S>,
        missing: MissingType,
    ) -> Result<Self, PolicyError> {
        let types: Vec<String> = types.into_iter().map(Into::into).collect();
        let taken = |typ: &&String| OTHER_KINDS.iter().any(|kind| is_media_type(typ, kind));
        match types.iter().find(taken) {
            Some(typ) => Err(PolicyError::LegacyType(typ.clone())),
            None => Ok(Self { types, missing }),
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

/// Seconds (ATJWT-4-7).
const DEFAULT_LEEWAY: u64 = 30;
pub(super) const MAX_LEEWAY: u64 = 120;

/// Types of JWTs that are no access tokens (RFC 9449, OpenID Connect logout, RFC 9701, RFC 8417,
/// RFC 9101, token status list, transaction tokens).
const OTHER_KINDS: [&str; 8] = [
    "dpop+jwt",
    "logout+jwt",
    "token-introspection+jwt",
    "secevent+jwt",
    "oauth-authz-req+jwt",
    "statuslist+jwt",
    "txntoken+jwt",
    "entity-statement+jwt",
];

#[cfg(test)]
mod tests {
    use super::*;

    // rules: BCP-3.12-1 (both)
    #[test]
    fn no_type_of_another_kind_of_jwt_can_be_taken_for_an_access_token() {
        for typ in OTHER_KINDS
            .iter()
            .copied()
            .chain(["DPoP+JWT", "application/dpop+jwt"])
        {
            let refused = LegacyTypes::new(["JWT", typ], MissingType::Refuse);
            assert_eq!(refused, Err(PolicyError::LegacyType(typ.into())), "{typ}");
        }
        for typ in ["JWT", "at+jwt", "example", ""] {
            assert!(
                LegacyTypes::new([typ], MissingType::Accept).is_ok(),
                "{typ}"
            );
        }
    }
}
