use core::fmt;

/// Defines [`Reason`] with, for each variant: its stable code, the rule that was broken, the rule's
/// place in its specification, and the check in words that read well after "held" or "failed".
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $rule:literal, $section:literal, $check:literal;)+) => {
        /// Why a request is refused, or cannot be decided.
        ///
        /// The variants stand in the order in which the checks are made, which is what
        /// `keybound explain` shows. Codes are stable: they appear in logs and metrics.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable code, in snake case.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The id of the rule that was broken (docs/spec-coverage.md).
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule,)+ }
            }

            /// Where the rule is written.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$variant => $section,)+ }
            }

            /// What is checked, as a statement that holds for a good request.
            pub const fn check(self) -> &'static str {
                match self { $(Self::$variant => $check,)+ }
            }
        }
    };
}

reasons! {
    // The request, before anything about credentials.

    /// The header section is beyond the listener's limit.
    HeadersOversize = "request_headers_oversize", "PROJ-1", "RFC 6585 section 5",
        "the header section is within the listener's limit";
    /// `Host` is missing, repeated or malformed.
    HostMalformed = "request_host_malformed", "HTTP-9112-3.2-1", "RFC 9112 section 3.2",
        "there is one well-formed Host";
    /// `Host` and `:authority` name different authorities.
    AuthorityMismatch = "request_authority_mismatch", "HTTP-9113-8.3.1-1", "RFC 9113 section 8.3.1",
        "Host and :authority agree";
    /// The authority is not one that this listener serves.
    AuthorityUnknown = "request_authority_unknown", "HTTP-7.2-1", "RFC 9110 section 7.2",
        "the authority is one that this listener serves";
    /// The request came in TLS early data, or says that it did.
    EarlyData = "request_early_data", "HTTP-8470-3-1", "RFC 8470 section 3",
        "the request is not early data";
    /// The request target has no path: `*`, or an authority alone.
    TargetForm = "request_target_form", "HTTP-9.3.7-1", "RFC 9110 section 9.3.7",
        "the request target has a path";
    /// The request asks for a protocol that would go around the checks.
    UpgradeRefused = "request_upgrade_refused", "WS-6", "RFC 9110 section 7.8",
        "the request asks for no other protocol";
    /// The path is not one that a URI may hold.
    PathMalformed = "request_path_malformed", "PROJ-12", "RFC 3986 section 3.3",
        "the path is a path of RFC 3986";
    /// Different readings of the path lead to different routes.
    PathAmbiguous = "request_path_ambiguous", "PROJ-12", "RFC 3986 section 6.2.2",
        "every reading of the path leads to one route";
    /// No route has a policy for this path.
    RouteUnknown = "request_route_unknown", "PROJ-17", "project rule",
        "a route with a policy covers the path";

    // The credentials, as they stand in the header.

    /// More than one `Authorization` line, or several credentials merged into one line.
    CredentialsRepeated = "credentials_repeated", "DPOP-7.2-5", "RFC 9449 section 7.2",
        "there is one Authorization field";
    /// A token in the header and another one in the query.
    CredentialsTwoMethods = "credentials_two_methods", "BEARER-2-2", "RFC 6750 section 3.1",
        "the token is sent in one way only";
    /// The credentials are not a scheme, spaces and a token68.
    CredentialsMalformed = "credentials_malformed", "DPOP-7.1-2", "RFC 9449 section 7.1",
        "the credentials are a scheme and a token68";
    /// No `Authorization` at all.
    CredentialsMissing = "credentials_missing", "DPOP-7.1-5", "RFC 9449 section 7.1",
        "there are credentials";
    /// A scheme other than DPoP and Bearer.
    SchemeUnknown = "credentials_scheme_unknown", "HTTP-11.1-1", "RFC 9110 section 11.1",
        "the scheme is DPoP or Bearer";
    /// The token is longer than the limit.
    TokenOversize = "token_oversize", "PROJ-1", "RFC 6750 section 2.1",
        "the token is within its limit";

    // The proof: its shape and its header.

    /// Scheme DPoP without a proof.
    ProofMissing = "proof_missing", "DPOP-7.1-3", "RFC 9449 section 7.1",
        "there is a proof";
    /// More than one `DPoP` line, or several proofs merged into one line.
    ProofRepeated = "proof_repeated", "DPOP-4.3-1", "RFC 9449 section 4.3 check 1",
        "there is one DPoP field";
    /// The proof is longer than the limit.
    ProofOversize = "proof_oversize", "PROJ-1", "RFC 9449 section 11.1",
        "the proof is within its limit";
    /// The proof is not three segments of canonical base64url.
    ProofMalformed = "proof_malformed", "DPOP-4.3-2", "RFC 9449 section 4.3 check 2",
        "the proof is one compact JWS";
    /// The proof's header is not an object with unique members.
    ProofHeaderMalformed = "proof_header_malformed", "JWS-4-1", "RFC 7515 section 4",
        "the proof's header is an object with unique members";
    /// The proof's `typ` is not `dpop+jwt`.
    ProofTypWrong = "proof_typ_wrong", "DPOP-4.3-4", "RFC 9449 section 4.3 check 4",
        "the proof's typ is dpop+jwt";
    /// The proof's header holds `crit` or `b64`.
    ProofCritical = "proof_critical", "JWS-4.1.11-1", "RFC 7515 section 4.1.11",
        "the proof asks for no extension";
    /// The proof's `alg` is missing, unknown or not allowed.
    ProofAlgRefused = "proof_alg_refused", "DPOP-4.3-5", "RFC 9449 section 4.3 check 5",
        "the proof's alg is allowed";
    /// The proof's header has no `jwk`.
    ProofJwkMissing = "proof_jwk_missing", "DPOP-4.3-6", "RFC 9449 section 4.3 check 6",
        "the proof's header holds a key";
    /// The proof's `jwk` holds a private or symmetric member.
    ProofJwkPrivate = "proof_jwk_private", "DPOP-4.3-7", "RFC 9449 section 4.3 check 7",
        "the proof's key is a public key only";
    /// The proof's `jwk` is malformed, of an unsupported kind, or no member of its group.
    ProofJwkInvalid = "proof_jwk_invalid", "JKT-7-1", "RFC 7638 section 7",
        "the proof's key is a valid key in its one encoding";
    /// The proof's `jwk` does not go with its `alg`.
    ProofJwkAlgMismatch = "proof_jwk_alg_mismatch", "OKP-4-1", "RFC 8037 section 4",
        "the proof's key goes with its alg";
    /// The proof's signature has not the length that its algorithm gives.
    ProofSignatureLength = "proof_signature_length", "JWA-3.4-1", "RFC 7518 section 3.4",
        "the proof's signature has the length of its algorithm";

    // The proof: what it claims.

    /// The proof's payload is not an object with unique members.
    ProofPayloadMalformed = "proof_payload_malformed", "DPOP-4.3-2", "RFC 9449 section 4.3 check 2",
        "the proof's payload is an object with unique members";
    /// A required claim is missing or has the wrong type.
    ProofClaimMissing = "proof_claim_missing", "DPOP-4.3-3", "RFC 9449 section 4.3 check 3",
        "the proof has jti, htm, htu, iat and ath, each of its type";
    /// `jti` is empty or longer than the limit.
    ProofJtiLength = "proof_jti_length", "DPOP-11.1-3", "RFC 9449 section 11.1",
        "the proof's jti has 1 to 256 octets";
    /// `htm` is not the request's method.
    ProofHtmMismatch = "proof_htm_mismatch", "DPOP-4.3-8", "RFC 9449 section 4.3 check 8",
        "htm is the request's method";
    /// `htu` is not an absolute http or https URI, or is longer than the limit.
    ProofHtuMalformed = "proof_htu_malformed", "PROJ-18", "RFC 9449 section 4.3 check 9",
        "htu is an absolute URI of RFC 3986";
    /// `htu` is not the request's target URI.
    ProofHtuMismatch = "proof_htu_mismatch", "DPOP-4.3-9", "RFC 9449 section 4.3 check 9",
        "htu is the request's target URI";
    /// `ath` is not the hash of the token in this request.
    ProofAthMismatch = "proof_ath_mismatch", "DPOP-4.3-12a", "RFC 9449 section 4.3 check 12",
        "ath is the hash of this token";
    /// The route requires a nonce and the proof has none.
    ProofNonceMissing = "proof_nonce_missing", "DPOP-4.3-10", "RFC 9449 section 4.3 check 10",
        "the proof has a nonce where the route requires one";
    /// The proof's nonce is not one that this service issued.
    ProofNonceUnknown = "proof_nonce_unknown", "DPOP-8-3", "RFC 9449 section 8",
        "the proof's nonce is one of ours";
    /// The proof's nonce was ours and is too old.
    ProofNonceStale = "proof_nonce_stale", "DPOP-11.1-5", "RFC 9449 section 11.1",
        "the proof's nonce is recent";
    /// `iat` lies further back than the window.
    ProofIatTooOld = "proof_iat_too_old", "DPOP-4.3-11", "RFC 9449 section 4.3 check 11",
        "iat is recent";
    /// `iat` lies further ahead than the window.
    ProofIatInFuture = "proof_iat_in_future", "DPOP-11.1-4", "RFC 9449 section 11.1",
        "iat is not in the future";

    // The token.

    /// The token is not three segments of canonical base64url with JSON objects in them.
    TokenMalformed = "token_malformed", "JWS-5.2-1", "RFC 7515 section 5.2",
        "the token is one compact JWS of JSON objects with unique members";
    /// The token is encrypted, nested or compressed.
    TokenEncrypted = "token_encrypted", "ATJWT-4-2", "RFC 9068 section 4",
        "the token is a plain signed JWT";
    /// The token's header holds `crit` or `b64`.
    TokenCritical = "token_critical", "JWS-4.1.11-1", "RFC 7515 section 4.1.11",
        "the token asks for no extension";
    /// The token's `iss` is missing, not ours to accept, or not accepted on this route.
    TokenIssuerUnknown = "token_issuer_unknown", "ATJWT-4-4", "RFC 9068 section 4",
        "the token's issuer is accepted on this route";
    /// The token's `typ` is not that of an access token.
    TokenTypWrong = "token_typ_wrong", "ATJWT-4-1", "RFC 9068 section 4",
        "the token's typ is at+jwt";
    /// The token's `alg` is missing, unknown or not allowed for its issuer.
    TokenAlgRefused = "token_alg_refused", "BCP-3.1-1", "rfc8725bis section 3.1",
        "the token's alg is allowed for its issuer";
    /// The issuer's keys cannot be had.
    KeysUnavailable = "keys_unavailable", "DPOP-7.1-4", "RFC 9449 section 7.1",
        "the issuer's keys can be had";
    /// The issuer has no key that could have signed this token.
    TokenKeyUnknown = "token_key_unknown", "BCP-3.1-2", "rfc8725bis section 3.1",
        "the issuer has a key for this token";
    /// The token's signature does not verify.
    TokenSignatureInvalid = "token_signature_invalid", "ATJWT-4-6", "RFC 9068 section 4",
        "the token's signature verifies";
    /// The issuer could not be asked about the token.
    IntrospectionUnavailable = "introspection_unavailable", "INTRO-2.3-1", "RFC 7662 section 2.3",
        "the issuer answers about the token";
    /// The issuer says that the token is not active.
    TokenInactive = "token_inactive", "INTRO-2.2-1", "RFC 7662 section 2.2",
        "the issuer says that the token is active";
    /// A required claim of the token is missing or has the wrong type.
    TokenClaimMissing = "token_claim_missing", "ATJWT-2.2-1", "RFC 9068 section 2.2",
        "the token has its required claims, each of its type";
    /// The token is for another audience.
    TokenAudienceMismatch = "token_audience_mismatch", "ATJWT-4-5", "RFC 9068 section 4",
        "the token is for this audience";
    /// The token has expired.
    TokenExpired = "token_expired", "ATJWT-4-7", "RFC 9068 section 4",
        "the token has not expired";
    /// The token is not valid yet.
    TokenNotYetValid = "token_not_yet_valid", "JWT-4.1.5-1", "RFC 7519 section 4.1.5",
        "the token is valid already";
    /// The token was issued for longer than the issuer's policy allows.
    TokenLifetime = "token_lifetime", "DPOP-11.2-1", "RFC 9449 section 11.2",
        "the token's lifetime is within the policy";
    /// The token was revoked.
    TokenRevoked = "token_revoked", "FAPI-5.3.4-3", "FAPI 2.0 section 5.3.4",
        "the token is not revoked";

    // The binding.

    /// `cnf` is not an object, names several keys, or holds a member of the wrong type.
    ConfirmationMalformed = "confirmation_malformed", "CNF-3.1-1", "RFC 7800 section 3.1",
        "the token's cnf names one confirmation";
    /// `cnf` holds nothing that can be enforced.
    ConfirmationUnenforceable = "confirmation_unenforceable", "CNF-3.1-3", "RFC 7800 section 3.1",
        "the token's cnf can be enforced";
    /// The token is bound to a key and was sent as Bearer.
    BindingDowngraded = "binding_downgraded", "DPOP-7.2-1", "RFC 9449 section 7.2",
        "a DPoP-bound token is sent with scheme DPoP";
    /// The token was sent with scheme DPoP and is bound to no key.
    BindingKeyAbsent = "binding_key_absent", "PROJ-9", "RFC 9449 section 7.1",
        "a token sent with scheme DPoP is bound to a key";
    /// The proof was made with another key than the token's.
    BindingKeyMismatch = "binding_key_mismatch", "DPOP-4.3-12b", "RFC 9449 section 4.3 check 12",
        "the proof's key is the token's";
    /// The token is bound to a certificate and the connection has none.
    BindingCertificateMissing = "binding_certificate_missing", "MTLS-3-8", "RFC 8705 section 3",
        "the connection has a client certificate where the token is bound to one";
    /// The connection's certificate is not the token's.
    BindingCertificateMismatch = "binding_certificate_mismatch", "MTLS-3-4", "RFC 8705 section 3",
        "the client certificate is the token's";
    /// The token's binding is less than the route requires.
    BindingRequired = "binding_required", "OA21-1.4.3-1", "OAuth 2.1 section 1.4.3",
        "the token is bound as the route requires";
    /// The proof's signature does not verify.
    ProofSignatureInvalid = "proof_signature_invalid", "DPOP-4.3-6", "RFC 9449 section 4.3 check 6",
        "the proof's signature verifies";
    /// The token does not have the scopes that the route requires.
    ScopeInsufficient = "scope_insufficient", "OA21-5-1", "RFC 6750 section 3.1",
        "the token has the scopes of the route";

    // The record of admitted proofs.

    /// The proof was used before.
    ProofReplayed = "proof_replayed", "DPOP-11.1-2", "RFC 9449 section 11.1",
        "the proof was not used before";
    /// The proof is dated before the store of admitted proofs began to remember.
    ProofPredatesStart = "proof_predates_start", "PROJ-5", "project rule",
        "the proof is younger than the record of admitted proofs";
    /// The clock was set back, and the store has dropped this second already.
    ReplayForgotten = "replay_forgotten", "PROJ-7", "project rule",
        "the record of admitted proofs still covers the proof's time";
    /// The key has used up its share of the store.
    ReplayQuota = "replay_quota", "PROJ-5", "project rule",
        "the key is within its share of the record";
    /// The store is full of live entries.
    ReplayFull = "replay_full", "PROJ-5", "project rule",
        "the record of admitted proofs has room";
    /// The store did not answer, or answered about another proof.
    ReplayUnavailable = "replay_unavailable", "PROJ-3", "project rule",
        "the record of admitted proofs answers";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_in_snake_case() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for code in codes {
            assert!(
                code.bytes()
                    .all(|octet| octet.is_ascii_lowercase() || octet == b'_'),
                "{code}"
            );
        }
    }
}
