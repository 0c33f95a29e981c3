//! A DPoP proof (RFC 9449 section 4): its shape and header first, then what it claims.

use alloc::vec::Vec;

use rustls_pki_types::UnixTime;

use crate::algorithm::Algorithm;
use crate::compact::{Compact, CompactError, asks_for_extension, is_media_type};
use crate::crypto::CryptoProvider;
use crate::json::{Json, Object, parse_object};
use crate::jwk::{JwkError, PublicKey, check_intended_use};
use crate::limits::Limits;
use crate::nonce::{NonceError, NonceKeys};
use crate::policy::{NonceRequirement, ProofPolicy, RoutePolicy, Spending};
use crate::reason::Reason;
use crate::rejection::{Facts, Fault};
use crate::replay::{FreshnessSource, ReplayEntry, ReplayKey};
use crate::request::{FieldLines, RequestView};
use crate::thumbprint::{Jkt, TokenHash};
use crate::time::{NumericDate, Position, Window};

/// A proof whose shape and header were checked. What it claims, and whether its signature holds, is
/// not known yet.
pub(crate) struct UnverifiedProof<'r> {
    signing_input: &'r str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key: PublicKey,
    jkt: Jkt,
}

/// A proof whose claims fit the request. Its signature may still be anybody's.
pub(crate) struct ExaminedProof<'r> {
    signing_input: &'r str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key: PublicKey,
    jkt: Jkt,
    entry: ReplayEntry,
}

/// What a proof is compared with, beside the request itself.
pub(crate) struct ProofContext<'c> {
    pub(crate) route: &'c RoutePolicy,
    pub(crate) policy: &'c ProofPolicy,
    pub(crate) limits: &'c Limits,
    pub(crate) nonces: &'c NonceKeys,
    pub(crate) provider: &'c dyn CryptoProvider,
}

impl<'r> UnverifiedProof<'r> {
    /// Reads the `DPoP` field. No octet of it is interpreted before its number and length are
    /// known to be right.
    pub(crate) fn parse(
        lines: FieldLines<'r>,
        policy: &ProofPolicy,
        limits: &Limits,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, Fault> {
        let line = check_one_line(lines)?;
        check_size(line, limits)?;
        let compact = check_compact(line)?;
        let header = compact
            .decode_header()
            .map_err(|_| Fault::new(Reason::ProofMalformed))?;
        let header = parse_object(&header)
            .map_err(|error| Fault::new(Reason::ProofHeaderMalformed).received(error))?;
        check_typ(&header)?;
        check_no_extension(&header)?;
        let algorithm = check_alg(&header, policy)?;
        let key = check_jwk(&header, algorithm, provider)?;
        let malformed = |_: CompactError| Fault::new(Reason::ProofMalformed);
        let signature = compact.decode_signature().map_err(malformed)?;
        check_signature_length(&signature, &key)?;
        let payload = compact.decode_payload().map_err(malformed)?;
        let jkt = Jkt::of(&key, provider);
        let signing_input = compact.signing_input;
        Ok(Self {
            signing_input,
            payload,
            signature,
            algorithm,
            key,
            jkt,
        })
    }

    pub(crate) const fn jkt(&self) -> &Jkt {
        &self.jkt
    }

    /// Compares what the proof claims with the request and with the token in it. `facts` learns the
    /// offset of the client's clock.
    pub(crate) fn examine(
        self,
        request: &RequestView<'_>,
        token: &TokenHash,
        context: &ProofContext<'_>,
        facts: &mut Facts,
        now: UnixTime,
    ) -> Result<ExaminedProof<'r>, Fault> {
        let payload = parse_object(&self.payload)
            .map_err(|error| Fault::new(Reason::ProofPayloadMalformed).received(error))?;
        let claims = ProofClaims::read(&payload)?;
        facts.iat_offset = offset(claims.iat, now);
        check_jti(claims.jti, context.limits)?;
        check_htm(claims.htm, request)?;
        check_htu(claims.htu, request, context.limits)?;
        check_ath(claims.ath, token)?;
        let freshness = check_freshness(&claims, request, context, now)?;
        let key =
            context
                .provider
                .sha256(&[REPLAY_LABEL, self.jkt.as_bytes(), claims.jti.as_bytes()]);
        let entry = ReplayEntry::new(ReplayKey::new(key), self.jkt, freshness);
        let Self {
            signing_input,
            signature,
            algorithm,
            key,
            jkt,
            ..
        } = self;
        Ok(ExaminedProof {
            signing_input,
            signature,
            algorithm,
            key,
            jkt,
            entry,
        })
    }
}

impl ExaminedProof<'_> {
    pub(crate) const fn jkt(&self) -> &Jkt {
        &self.jkt
    }

    pub(crate) const fn entry(&self) -> &ReplayEntry {
        &self.entry
    }

    /// DPOP-4.3-6, RFC 9449 section 4.3: with the key in the header and no other, over the octets
    /// as received. `kid`, `jku`, `x5u` and `x5c` were never looked at.
    pub(crate) fn check_signature(&self, provider: &dyn CryptoProvider) -> Result<(), Fault> {
        provider
            .verify(
                self.algorithm,
                &self.key,
                self.signing_input.as_bytes(),
                &self.signature,
            )
            .map_err(|_| Fault::new(Reason::ProofSignatureInvalid))
    }
}

/// DPOP-4.3-1, RFC 9449 section 4.3; a comma is a sign of two lines that were merged on the way
/// (HTTP-5.2-1, RFC 9110 section 5.2).
fn check_one_line(lines: FieldLines<'_>) -> Result<&[u8], Fault> {
    match lines {
        // DPOP-7.1-3, RFC 9449 section 7.1
        FieldLines::Absent => Err(Fault::new(Reason::ProofMissing)),
        FieldLines::Repeated => Err(Fault::new(Reason::ProofRepeated)),
        FieldLines::One(line) if line.contains(&b',') => Err(Fault::new(Reason::ProofRepeated)),
        FieldLines::One(line) => Ok(line),
    }
}

/// PROJ-1: before anything is parsed.
pub(crate) fn check_size(line: &[u8], limits: &Limits) -> Result<(), Fault> {
    match line.len() <= limits.proof {
        true => Ok(()),
        false => Err(Fault::new(Reason::ProofOversize)
            .expected(limits.proof)
            .received(line.len())),
    }
}

/// DPOP-4.3-2, RFC 9449 section 4.3; DPOP-4.1-2: the alphabet of a JWT, which is narrower than
/// token68.
fn check_compact(line: &[u8]) -> Result<Compact<'_>, Fault> {
    core::str::from_utf8(line)
        .map_err(|_| CompactError::Malformed)
        .and_then(Compact::split)
        .map_err(|_| Fault::new(Reason::ProofMalformed))
}

/// DPOP-4.3-4, RFC 9449 section 4.3; DPOP-11.5-1: no JWT made for another purpose is a proof.
fn check_typ(header: &Object<'_>) -> Result<(), Fault> {
    let wrong = || Fault::new(Reason::ProofTypWrong).expected(TYP);
    match header.string("typ") {
        Ok(Some(typ)) if is_media_type(typ, TYP) => Ok(()),
        Ok(Some(typ)) => Err(wrong().received_word(typ)),
        Ok(None) | Err(_) => Err(wrong()),
    }
}

/// JWS-4.1.11-1, RFC 7515 section 4.1.11.
fn check_no_extension(header: &Object<'_>) -> Result<(), Fault> {
    match asks_for_extension(header) {
        true => Err(Fault::new(Reason::ProofCritical)),
        false => Ok(()),
    }
}

/// DPOP-4.3-5, RFC 9449 section 4.3: looked up in the list of what is allowed, before the key is
/// touched.
fn check_alg(header: &Object<'_>, policy: &ProofPolicy) -> Result<Algorithm, Fault> {
    let refused = || Fault::new(Reason::ProofAlgRefused);
    let Ok(Some(name)) = header.string("alg") else {
        return Err(refused());
    };
    Algorithm::from_name(name)
        .filter(|algorithm| policy.algorithms.contains(algorithm))
        .ok_or_else(|| refused().received_word(name))
}

/// DPOP-4.3-6 and -7, RFC 9449 section 4.3; OKP-4-1, RFC 8037 section 4; JWA-3.4-2.
fn check_jwk(
    header: &Object<'_>,
    algorithm: Algorithm,
    provider: &dyn CryptoProvider,
) -> Result<PublicKey, Fault> {
    let jwk = match header.get("jwk") {
        None => return Err(Fault::new(Reason::ProofJwkMissing)),
        Some(Json::Object(jwk)) => jwk,
        Some(_) => return Err(Fault::new(Reason::ProofJwkInvalid)),
    };
    let key = PublicKey::from_object(jwk).map_err(jwk_fault)?;
    if !key.fits(algorithm) {
        return Err(Fault::new(Reason::ProofJwkAlgMismatch).received(algorithm));
    }
    check_intended_use(jwk, Some(algorithm)).map_err(jwk_fault)?;
    provider
        .check_key(&key)
        .map_err(|_| jwk_fault(JwkError::NotInGroup))?;
    Ok(key)
}

fn jwk_fault(error: JwkError) -> Fault {
    let reason = match error {
        JwkError::PrivateMember => Reason::ProofJwkPrivate,
        JwkError::AlgorithmMismatch => Reason::ProofJwkAlgMismatch,
        _ => Reason::ProofJwkInvalid,
    };
    Fault::new(reason).received(error)
}

/// JWA-3.4-1, RFC 7518 section 3.4: a DER signature, or one octet more or less, ends here.
fn check_signature_length(signature: &[u8], key: &PublicKey) -> Result<(), Fault> {
    let expected = key.signature_length();
    match signature.len() == expected {
        true => Ok(()),
        false => Err(Fault::new(Reason::ProofSignatureLength)
            .expected(expected)
            .received(signature.len())),
    }
}

/// The claims of a proof, each of its type (DPOP-4.3-3, RFC 9449 section 4.3). Unknown claims are
/// ignored (DPOP-4.2-12).
struct ProofClaims<'p> {
    jti: &'p str,
    htm: &'p str,
    htu: &'p str,
    iat: NumericDate,
    ath: &'p str,
    nonce: Option<&'p str>,
}

impl<'p> ProofClaims<'p> {
    fn read(payload: &'p Object<'_>) -> Result<Self, Fault> {
        let missing = |name| Fault::new(Reason::ProofClaimMissing).expected(name);
        let string = |name| match payload.string(name) {
            Ok(Some(text)) => Ok(text),
            Ok(None) | Err(_) => Err(missing(name)),
        };
        Ok(Self {
            jti: string("jti")?,
            htm: string("htm")?,
            htu: string("htu")?,
            iat: payload
                .get("iat")
                .and_then(NumericDate::from_json)
                .ok_or_else(|| missing("iat"))?,
            ath: string("ath")?,
            // of another type is not "absent"
            nonce: payload.string("nonce").map_err(|_| missing("nonce"))?,
        })
    }
}

/// DPOP-11.1-3, RFC 9449 section 11.1.
fn check_jti(jti: &str, limits: &Limits) -> Result<(), Fault> {
    match (1..=limits.jti).contains(&jti.len()) {
        true => Ok(()),
        false => Err(Fault::new(Reason::ProofJtiLength)
            .expected(limits.jti)
            .received(jti.len())),
    }
}

/// DPOP-4.3-8, RFC 9449 section 4.3; HTTP-9.1-1, RFC 9110 section 9.1: octet by octet.
fn check_htm(htm: &str, request: &RequestView<'_>) -> Result<(), Fault> {
    match htm == request.method {
        true => Ok(()),
        false => Err(Fault::new(Reason::ProofHtmMismatch)
            .expected(request.method)
            .received_word(htm)),
    }
}

/// DPOP-4.3-9 and -13, RFC 9449 section 4.3: both sides normalised, query and fragment ignored.
fn check_htu(htu: &str, request: &RequestView<'_>, limits: &Limits) -> Result<(), Fault> {
    let malformed = || Fault::new(Reason::ProofHtuMalformed);
    if htu.len() > limits.htu {
        return Err(malformed().expected(limits.htu).received(htu.len()));
    }
    match request.target.matches_htu(htu) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::new(Reason::ProofHtuMismatch)
            .expected(request.target.as_str())
            .received(without_query(htu))),
        Err(error) => Err(malformed().received(error)),
    }
}

/// A query may hold a secret, so that it is not evidence.
fn without_query(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

/// DPOP-4.3-12a, RFC 9449 section 4.3. There is no mode in which this is the only check
/// (DPOP-7-3).
fn check_ath(ath: &str, token: &TokenHash) -> Result<(), Fault> {
    match token.matches(ath) {
        true => Ok(()),
        false => Err(Fault::new(Reason::ProofAthMismatch)),
    }
}

/// What a proof's freshness rests on.
pub(crate) struct Freshness {
    pub(crate) source: FreshnessSource,
    pub(crate) second: u64,
    pub(crate) last_acceptable: u64,
}

/// DPOP-4.3-10 and -11, RFC 9449 section 4.3. One source decides: the nonce's own time if the proof
/// holds a nonce, `iat` otherwise. So a client with a wrong clock is cured by a nonce
/// (DPOP-11.1-5), and a proof's source cannot be changed by whoever replays it.
fn check_freshness(
    claims: &ProofClaims<'_>,
    request: &RequestView<'_>,
    context: &ProofContext<'_>,
    now: UnixTime,
) -> Result<Freshness, Fault> {
    match (
        claims.nonce,
        context.route.spending(),
        context.route.nonce(),
    ) {
        (Some(nonce), Spending::Spend, _) => {
            // Precedence of the decision table: iat before a nonce that is there.
            check_iat(claims.iat, SANITY, now)?;
            check_nonce(nonce, request, context, now)
        }
        // DPOP-11.3-1, RFC 9449 section 11.3: leaving the nonce out is no way around it. It comes
        // before iat, because a nonce cures a wrong clock.
        (None, _, NonceRequirement::Required) => Err(Fault::new(Reason::ProofNonceMissing)),
        (None, _, NonceRequirement::Off) | (Some(_), Spending::VerifyOnly, _) => {
            let window = context.policy.iat;
            check_iat(claims.iat, window, now)?;
            Ok(Freshness {
                source: FreshnessSource::Iat,
                second: claims.iat.floor(),
                last_acceptable: window.last_acceptable(claims.iat),
            })
        }
    }
}

fn check_nonce(
    nonce: &str,
    request: &RequestView<'_>,
    context: &ProofContext<'_>,
    now: UnixTime,
) -> Result<Freshness, Fault> {
    let window = context.policy.nonce;
    match context.nonces.check(
        nonce,
        request.target.origin(),
        window,
        now,
        context.provider,
    ) {
        Ok(second) => Ok(Freshness {
            source: FreshnessSource::Nonce,
            second,
            last_acceptable: window.last_acceptable(NumericDate::from_secs(second)),
        }),
        Err(NonceError::Unknown) => Err(Fault::new(Reason::ProofNonceUnknown)),
        Err(NonceError::Stale) => Err(Fault::new(Reason::ProofNonceStale)),
    }
}

/// DPOP-4.3-11 and DPOP-11.1-4, RFC 9449 sections 4.3 and 11.1.
fn check_iat(iat: NumericDate, window: Window, now: UnixTime) -> Result<(), Fault> {
    let seconds = now.as_secs();
    match window.position(iat, now) {
        Position::Inside => Ok(()),
        Position::TooOld => Err(Fault::new(Reason::ProofIatTooOld)
            .expected(format_args!(
                "at least {}",
                seconds.saturating_sub(window.past())
            ))
            .received(iat.floor())),
        Position::TooFarAhead => Err(Fault::new(Reason::ProofIatInFuture)
            .expected(format_args!(
                "at most {}",
                seconds.saturating_add(window.future())
            ))
            .received(iat.ceiling())),
    }
}

fn offset(iat: NumericDate, now: UnixTime) -> Option<i64> {
    i64::try_from(iat.floor())
        .ok()?
        .checked_sub(i64::try_from(now.as_secs()).ok()?)
}

const TYP: &str = "dpop+jwt";

/// Separates replay keys from every other hash. Of a fixed length, and followed by a thumbprint of
/// a fixed length, so that no two pairs of key and jti give the same input (PROJ-4).
const REPLAY_LABEL: &[u8] = b"keybound replay v1\0";

/// With a nonce, `iat` has a bound of sanity only: a day (A-10 and FAPI's conformance tests, which
/// want an hour to pass).
const SANITY: Window = Window::new(24 * 60 * 60, 24 * 60 * 60);
