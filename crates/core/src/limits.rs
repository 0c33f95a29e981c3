/// Every bound on what a peer can send, in one place. All lengths are octets.
///
/// The defaults are those of PROJ-1; a policy may raise or lower them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// A `DPoP` header's value: 8 KiB. An ES256 proof has about 500 octets, an RSA-4096 proof about
    /// 1,900; room for post-quantum signatures is the reason for more (PROJ-1, A-15).
    pub proof: usize,
    /// An access token: 16 KiB (PROJ-1). Tokens with groups and roles reach 10 KiB.
    pub token: usize,
    /// A proof's `jti` after JSON decoding: 256 (DPOP-11.1-3, RFC 9449 section 11.1).
    pub jti: usize,
    /// A proof's `htu` after JSON decoding: 2 KiB (PROJ-1).
    pub htu: usize,
    /// A `kid`: 256 (BCP-3.10-1, rfc8725bis section 3.10). It is a map key and nothing else.
    pub kid: usize,
    /// A JWK Set: 512 KiB. Large multi-tenant issuers publish some 100 KiB.
    pub key_set: usize,
    /// Keys in a JWK Set: 512.
    pub key_set_keys: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        proof: 8 * 1024,
        token: 16 * 1024,
        jti: 256,
        htu: 2 * 1024,
        kid: 256,
        key_set: 512 * 1024,
        key_set_keys: 512,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Nesting of a JSON document, the outermost value counted as one (PROJ-1; JWS-10.12-1).
pub(crate) const JSON_DEPTH: usize = 8;

/// A member of a JWK, as text: the modulus of an RSA key of 4096 bits takes 683 (PROJ-1).
pub(crate) const JWK_MEMBER: usize = 1024;
