use core::fmt;

/// A JWS algorithm that this crate knows how to name (RFC 7518 section 3.1, RFC 8037, RFC 9864).
///
/// `none` and the MAC algorithms have no variant: there is no code path that could accept them
/// (DPOP-11.6-1, RFC 9449 section 11.6; JWA-3.6-1, RFC 7518 section 3.6).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256, signature in the fixed `r || s` form of 64 octets.
    Es256,
    /// ECDSA over P-384 with SHA-384, signature in the fixed `r || s` form of 96 octets.
    Es384,
    /// Ed25519 under its polymorphic name (RFC 8037), deprecated by RFC 9864 and still common.
    EdDsa,
    /// Ed25519 under its fully specified name (RFC 9864 section 2.2).
    Ed25519,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// Every algorithm, in the order in which challenges name them.
    pub const ALL: &'static [Self] = &[
        Self::Es256,
        Self::EdDsa,
        Self::Ed25519,
        Self::Es384,
        Self::Ps256,
        Self::Rs256,
    ];

    /// Finds an algorithm by its JOSE name, compared octet by octet
    /// (JWS-4.1.1-1, RFC 7515 section 4.1.1; BCP-3.1-4, rfc8725bis section 3.1).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The name registered for JOSE.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// Whether both names denote one operation on one key, as `EdDSA` and `Ed25519` do
    /// (FSA-7-1, RFC 9864 section 7).
    pub fn same_operation(self, other: Self) -> bool {
        let ed25519 = |algorithm| matches!(algorithm, Self::EdDsa | Self::Ed25519);
        self == other || (ed25519(self) && ed25519(other))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_octet_by_octet() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(*algorithm));
        }
        for name in [
            "", "none", "nOnE", "NONE", "es256", "ES256 ", "HS256", "RS1", "ES256K", "ES512",
            "Ed448", "EDDSA", "ed25519",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }

    #[test]
    fn only_the_two_names_of_ed25519_are_one_operation() {
        for one in Algorithm::ALL {
            for other in Algorithm::ALL {
                let aliases = [Algorithm::EdDsa, Algorithm::Ed25519];
                let expected = one == other || (aliases.contains(one) && aliases.contains(other));
                assert_eq!(one.same_operation(*other), expected, "{one} {other}");
            }
        }
    }
}
