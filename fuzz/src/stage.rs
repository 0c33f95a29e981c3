//! A service to send things to, whose signatures all hold or none does.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{
    Algorithm, Binding, Confirmed, Enforcer, FieldLines, IssuerPolicy, Jkt, KeySet, Limits,
    NonceKey, NonceKeys, NonceRequirement, Origin, PeerCertificate, ProofPolicy, PublicKey,
    Rejection, RequestView, RoutePolicy, TargetUri, TokenFormat, UnixTime, Window,
};
use keybound_crypto::RustCrypto;
use serde_json::{Value, json};

pub(crate) const NOW: u64 = 1_760_000_000;
pub(crate) const ORIGIN: &str = "https://api.example.com";
pub(crate) const URL: &str = "https://api.example.com/orders";
pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const OPAQUE_ISSUER: &str = "https://opaque.example.com";
pub(crate) const SCOPE: &str = "orders:read";

/// Which signatures hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signatures {
    /// None, so nothing may pass.
    Never,
    /// All, so that what does not pass was refused for something else.
    Always,
}

impl CryptoProvider for Signatures {
    fn algorithms(&self) -> &[Algorithm] {
        Algorithm::ALL
    }

    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32] {
        RustCrypto.sha256(parts)
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        RustCrypto.hmac_sha256(key, parts)
    }

    fn check_key(&self, _: &PublicKey) -> Result<(), InvalidKey> {
        Ok(())
    }

    fn verify(
        &self,
        _: Algorithm,
        _: &PublicKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<(), InvalidSignature> {
        match self {
            Self::Never => Err(InvalidSignature),
            Self::Always => Ok(()),
        }
    }
}

/// A policy, and all that it needs.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) signatures: Signatures,
    pub(crate) enforcer: Enforcer,
    pub(crate) keys: KeySet,
    pub(crate) nonces: NonceKeys,
    pub(crate) target: TargetUri,
}

impl Stage {
    pub(crate) fn new(signatures: Signatures, format: TokenFormat, window: Window) -> Self {
        let issuer = match format {
            TokenFormat::Jwt => IssuerPolicy::new(ISSUER, [ORIGIN]),
            TokenFormat::Opaque => IssuerPolicy::new(OPAQUE_ISSUER, [ORIGIN]),
        };
        let enforcer = Enforcer::builder(std::sync::Arc::new(signatures))
            .issuer(issuer.unwrap().with_format(format))
            .proof(ProofPolicy::default().with_window(window).unwrap())
            .build()
            .unwrap();
        let document = json!({ "keys": [jwk(9)] }).to_string();
        let keys = KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &signatures);
        Self {
            signatures,
            enforcer,
            keys: keys.unwrap(),
            nonces: NonceKeys::new(previous_nonce_key()).rotated(current_nonce_key()),
            target: TargetUri::new(&Origin::parse(ORIGIN).unwrap(), "/orders").unwrap(),
        }
    }

    /// A request for `GET` of [`URL`] with these lines.
    pub(crate) fn request<'r>(
        &'r self,
        authorization: &'r [u8],
        dpop: Option<&'r [u8]>,
    ) -> RequestView<'r> {
        RequestView {
            method: "GET",
            target: &self.target,
            query: None,
            authorization: FieldLines::One(authorization),
            dpop: dpop.map_or(FieldLines::Absent, FieldLines::One),
            certificate: PeerCertificate::NotRequested,
        }
    }

    pub(crate) fn verify(
        &self,
        route: &RoutePolicy,
        request: RequestView<'_>,
        now: UnixTime,
    ) -> Result<Confirmed, Rejection> {
        let keys = [(ISSUER, &self.keys)];
        self.enforcer
            .verify(route, request, &keys, &self.nonces, now)
    }
}

/// A stage without valid signatures, and one without any other.
pub(crate) fn stages() -> &'static [Stage; 2] {
    static STAGES: OnceLock<[Stage; 2]> = OnceLock::new();
    STAGES.get_or_init(|| pair(TokenFormat::Jwt))
}

/// The same, with an issuer of opaque tokens instead of one of JWTs.
pub(crate) fn opaque_stages() -> &'static [Stage; 2] {
    static STAGES: OnceLock<[Stage; 2]> = OnceLock::new();
    STAGES.get_or_init(|| pair(TokenFormat::Opaque))
}

fn pair(format: TokenFormat) -> [Stage; 2] {
    [Signatures::Never, Signatures::Always]
        .map(|signatures| Stage::new(signatures, format, Window::new(60, 10)))
}

pub(crate) fn dpop_route() -> RoutePolicy {
    RoutePolicy::new(Binding::Dpop)
        .with_scopes([SCOPE])
        .unwrap()
}

pub(crate) fn nonce_route() -> RoutePolicy {
    RoutePolicy::new(Binding::Dpop)
        .with_nonce(NonceRequirement::Required)
        .unwrap()
}

pub(crate) fn current_nonce_key() -> NonceKey {
    NonceKey::new(1, [1; 32])
}

pub(crate) fn previous_nonce_key() -> NonceKey {
    NonceKey::new(0, [2; 32])
}

pub(crate) fn at(second: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(second))
}

/// A public key; each number gives another one. That it is on its curve is not looked at.
pub(crate) fn jwk(number: u8) -> Value {
    let coordinate = encode([number; 32]);
    json!({ "kty": "EC", "crv": "P-256", "x": coordinate, "y": coordinate })
}

pub(crate) fn jkt(number: u8) -> Jkt {
    Jkt::of(&PublicKey::p256([number; 32], [number; 32]), &RustCrypto)
}

/// The claims of a token that is bound to the key of this number.
pub(crate) fn token_claims(number: u8) -> Value {
    json!({
        "iss": ISSUER, "sub": "alice", "client_id": "shop-app", "aud": ORIGIN, "jti": "t-1",
        "iat": NOW - 60, "exp": NOW + 100_000, "scope": SCOPE,
        "cnf": { "jkt": jkt(number).to_string() },
    })
}

pub(crate) fn token_header() -> Value {
    json!({ "typ": "at+jwt", "alg": "ES256" })
}

/// A token that is bound to key 1.
pub(crate) fn token() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| compact(&octets(&token_header()), &octets(&token_claims(1))))
}

pub(crate) fn proof_header(number: u8) -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk(number) })
}

pub(crate) fn proof_claims(token: &str) -> Value {
    json!({ "jti": "p-1", "htm": "GET", "htu": URL, "iat": NOW, "ath": ath(token) })
}

/// A proof by key 1 for this token.
pub(crate) fn proof_for(token: &str) -> String {
    compact(&octets(&proof_header(1)), &octets(&proof_claims(token)))
}

pub(crate) fn ath(token: &str) -> String {
    encode(RustCrypto.sha256(&[token.as_bytes()]))
}

pub(crate) fn octets(document: &Value) -> Vec<u8> {
    document.to_string().into_bytes()
}

/// A JWS with these documents and a signature of the right length.
pub(crate) fn compact(header: &[u8], payload: &[u8]) -> String {
    format!("{}.{}.{}", encode(header), encode(payload), encode([0; 64]))
}

/// Input with a line break in it is header and payload, with `@ath`, `@jkt` and `@jwk` for what
/// cannot be written by hand; any other is sent as it is.
pub(crate) fn jws(data: &[u8]) -> Vec<u8> {
    match data.iter().position(|octet| *octet == b'\n') {
        Some(end) => compact(&filled(&data[..end]), &filled(&data[end + 1..])).into_bytes(),
        None => data.to_vec(),
    }
}

/// Puts in what cannot be written by hand.
pub(crate) fn filled(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) if text.contains('@') => text
            .replace("@ath", &ath(token()))
            .replace("@jkt", &jkt(1).to_string())
            .replace("@jwk", &jwk(1).to_string())
            .into_bytes(),
        _ => text.to_vec(),
    }
}

/// What a JWS holds, by another parser. It passed ours, so it must pass this one.
pub(crate) fn read_jws(jws: &[u8]) -> (Value, Value) {
    let text = std::str::from_utf8(jws).unwrap();
    let mut documents = text.split('.').map(|segment| {
        let octets = URL_SAFE_NO_PAD.decode(segment).unwrap();
        serde_json::from_slice(&octets)
    });
    let header = documents.next().unwrap().unwrap();
    (header, documents.next().unwrap().unwrap())
}

fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}
