//! A JWT access token (RFC 9068, RFC 7519): read first, verified with its issuer's keys then.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rustls_pki_types::UnixTime;

use crate::algorithm::Algorithm;
use crate::claims::{Claims, check_audience, check_lifetime, check_times};
use crate::compact::{Compact, CompactError, asks_for_extension, is_media_type};
use crate::crypto::CryptoProvider;
use crate::enforcer::Enforcer;
use crate::json::{JsonError, Object, parse_object};
use crate::key_set::KeySet;
use crate::limits::Limits;
use crate::policy::{IssuerPolicy, MissingType, RoutePolicy, TokenFormat, TokenProfile};
use crate::reason::Reason;
use crate::rejection::Fault;

/// A JWT whose octets were decoded. Nothing in it is believed but for choosing whom to ask.
pub(crate) struct UnverifiedJwt<'r> {
    compact: Compact<'r>,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'r> UnverifiedJwt<'r> {
    /// Splits and decodes. A token that is not even that is no JWT.
    pub(crate) fn decode(token: &'r str) -> Result<Self, Fault> {
        let fault = |error: CompactError| match error {
            CompactError::Malformed => Fault::new(Reason::TokenMalformed),
            // ATJWT-4-2, RFC 9068 section 4; BCP-3.3-1: signed and encrypted are told apart here.
            CompactError::Encrypted => Fault::new(Reason::TokenEncrypted),
        };
        let compact = Compact::split(token).map_err(fault)?;
        let header = compact.decode_header().map_err(fault)?;
        let payload = compact.decode_payload().map_err(fault)?;
        let signature = compact.decode_signature().map_err(fault)?;
        Ok(Self {
            compact,
            header,
            payload,
            signature,
        })
    }

    /// Whether it names this issuer. That is claimed, and good for choosing whom to ask.
    pub(crate) fn names(&self, issuer: &str) -> bool {
        parse_object(&self.payload).is_ok_and(|payload| payload.string("iss") == Ok(Some(issuer)))
    }

    /// Reads both documents and finds the issuer that the token names, among those of the route.
    pub(crate) fn read<'i>(
        &self,
        issuers: &'i [IssuerPolicy],
        route: &RoutePolicy,
        limits: &Limits,
    ) -> Result<TokenHeader<'i>, Fault> {
        let header = parse_object(&self.header).map_err(malformed)?;
        let payload = parse_object(&self.payload).map_err(malformed)?;
        check_not_nested(&header)?;
        check_no_extension(&header)?;
        let issuer = check_issuer(&payload, issuers, route)?;
        check_typ(&header, issuer)?;
        let algorithm = check_alg(&header, issuer)?;
        let kid = check_kid(&header, limits)?;
        Ok(TokenHeader {
            issuer,
            algorithm,
            kid,
        })
    }

    /// Verifies the signature and then, not before, what the token claims
    /// (CNF-4-1, RFC 7800 section 4: nothing of an unverified token is used).
    pub(crate) fn verify(
        &self,
        header: &TokenHeader<'_>,
        keys: &KeySet,
        route: &RoutePolicy,
        enforcer: &Enforcer,
        now: UnixTime,
    ) -> Result<Claims, Fault> {
        self.check_signature(header, keys, enforcer.provider())?;
        let payload = parse_object(&self.payload).map_err(malformed)?;
        let claims = Claims::read_jwt(&payload, header.issuer, enforcer.unknown_confirmation())?;
        check_audience(&claims, route.audience(header.issuer))?;
        check_times(&claims, header.issuer, now)?;
        check_lifetime(&claims, header.issuer)?;
        Ok(claims)
    }

    /// ATJWT-4-6, RFC 9068 section 4: with the issuer's own keys. `jwk`, `jku`, `x5u` and `x5c` of
    /// the token were never looked at (JWS-4.1.3-1; BCP-3.10-2).
    fn check_signature(
        &self,
        header: &TokenHeader<'_>,
        keys: &KeySet,
        provider: &dyn CryptoProvider,
    ) -> Result<(), Fault> {
        let mut candidates = keys.candidates(header.kid(), header.algorithm).peekable();
        if candidates.peek().is_none() {
            let fault = Fault::new(Reason::TokenKeyUnknown);
            return Err(fault.received_word(header.kid().unwrap_or("no kid")));
        }
        let message = self.compact.signing_input.as_bytes();
        let verified = candidates.any(|candidate| {
            self.signature.len() == candidate.key().signature_length()
                && provider
                    .verify(header.algorithm, candidate.key(), message, &self.signature)
                    .is_ok()
        });
        match verified {
            true => Ok(()),
            false => Err(Fault::new(Reason::TokenSignatureInvalid)),
        }
    }
}

/// What an unverified token says about where its key is to be found.
pub(crate) struct TokenHeader<'i> {
    pub(crate) issuer: &'i IssuerPolicy,
    algorithm: Algorithm,
    kid: Option<Box<str>>,
}

impl TokenHeader<'_> {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

fn malformed(error: JsonError) -> Fault {
    Fault::new(Reason::TokenMalformed).received(error)
}

/// JWT-7.2-1, RFC 7519 section 7.2: no nested JWT; BCP-3.15-1: nothing compressed.
fn check_not_nested(header: &Object<'_>) -> Result<(), Fault> {
    let nested = header.contains("cty") || header.contains("zip") || header.contains("enc");
    match nested {
        true => Err(Fault::new(Reason::TokenEncrypted)),
        false => Ok(()),
    }
}

/// JWS-4.1.11-1, RFC 7515 section 4.1.11.
fn check_no_extension(header: &Object<'_>) -> Result<(), Fault> {
    match asks_for_extension(header) {
        true => Err(Fault::new(Reason::TokenCritical)),
        false => Ok(()),
    }
}

/// ATJWT-4-4, RFC 9068 section 4: octet by octet, no normalisation. An issuer whose tokens are
/// opaque signs no JWT that we could verify.
fn check_issuer<'i>(
    payload: &Object<'_>,
    issuers: &'i [IssuerPolicy],
    route: &RoutePolicy,
) -> Result<&'i IssuerPolicy, Fault> {
    let unknown = || Fault::new(Reason::TokenIssuerUnknown);
    let Ok(Some(name)) = payload.string("iss") else {
        return Err(unknown());
    };
    issuers
        .iter()
        .find(|issuer| issuer.issuer == name && issuer.format == TokenFormat::Jwt)
        .filter(|issuer| route.accepts_issuer(&issuer.issuer))
        .ok_or_else(|| unknown().received(name))
}

/// ATJWT-4-1, RFC 9068 section 4: no proof, ID token, logout token or introspection response is an
/// access token (BCP-3.12-1; JINTRO-8.1-1; TXN-8-1).
fn check_typ(header: &Object<'_>, issuer: &IssuerPolicy) -> Result<(), Fault> {
    let wrong = || Fault::new(Reason::TokenTypWrong).expected(TYP);
    match (header.string("typ"), &issuer.profile) {
        (Ok(Some(typ)), _) if is_media_type(typ, TYP) => Ok(()),
        (Ok(Some(typ)), TokenProfile::Legacy(legacy))
            if legacy.types.iter().any(|own| is_media_type(typ, own)) =>
        {
            Ok(())
        }
        (Ok(None), TokenProfile::Legacy(legacy)) if legacy.missing == MissingType::Accept => Ok(()),
        (Ok(Some(typ)), _) => Err(wrong().received_word(typ)),
        (Ok(None) | Err(_), _) => Err(wrong()),
    }
}

/// BCP-3.1-1, rfc8725bis section 3.1; ATJWT-2.1-1: `none` has no name here.
fn check_alg(header: &Object<'_>, issuer: &IssuerPolicy) -> Result<Algorithm, Fault> {
    let refused = || Fault::new(Reason::TokenAlgRefused);
    let Ok(Some(name)) = header.string("alg") else {
        return Err(refused());
    };
    Algorithm::from_name(name)
        .filter(|algorithm| issuer.algorithms.contains(algorithm))
        .ok_or_else(|| refused().received_word(name))
}

/// BCP-3.10-1, rfc8725bis section 3.10: a map key of bounded length and nothing else.
fn check_kid(header: &Object<'_>, limits: &Limits) -> Result<Option<Box<str>>, Fault> {
    match header.string("kid") {
        Ok(None) => Ok(None),
        Ok(Some(kid)) if kid.len() <= limits.kid => Ok(Some(kid.into())),
        Ok(Some(_)) | Err(_) => Err(Fault::new(Reason::TokenKeyUnknown)),
    }
}

const TYP: &str = "at+jwt";
