//! Whoever signs tokens, and what they look like.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keybound::{Algorithm, CertificateThumbprint, Jkt, KeySet, Limits};
use keybound_client::{ProofSigner, SigningKey, now};
use keybound_crypto::RustCrypto;
use serde_json::{Value, json};

use crate::scene::{AUDIENCE, ISSUER};

pub(crate) struct Issuer {
    key: SigningKey,
    kid: &'static str,
}

impl Issuer {
    pub(crate) fn new(kid: &'static str) -> Self {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        Self { key, kid }
    }

    /// The document that the issuer publishes.
    pub(crate) fn jwks(&self) -> String {
        let mut key: Value = serde_json::from_str(&self.key.public_key().to_jwk()).unwrap();
        key["kid"] = json!(self.kid);
        json!({ "keys": [key] }).to_string()
    }

    pub(crate) fn keys(&self, generation: u64) -> Arc<KeySet> {
        let document = self.jwks();
        let limits = Limits::DEFAULT;
        Arc::new(KeySet::parse(document.as_bytes(), generation, &limits, &RustCrypto).unwrap())
    }

    /// The claims of a token that lacks nothing but a `cnf`.
    pub(crate) fn claims() -> Value {
        let second = now().as_secs();
        json!({
            "iss": ISSUER,
            "sub": "alice",
            "client_id": "shop-app",
            "aud": AUDIENCE,
            "iat": second - 60,
            "exp": second + 240,
            "jti": "t-1",
            "scope": "orders:read orders:write",
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": self.kid });
        let encode = |document: &Value| URL_SAFE_NO_PAD.encode(document.to_string());
        let input = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.key.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(crate) fn token(&self, jkt: &Jkt) -> String {
        self.token_with(jkt, |_| ())
    }

    pub(crate) fn token_with(&self, jkt: &Jkt, alter: impl FnOnce(&mut Value)) -> String {
        let mut claims = Self::claims();
        claims["cnf"] = json!({ "jkt": jkt.to_string() });
        alter(&mut claims);
        self.sign(&claims)
    }

    pub(crate) fn certificate_token(&self, thumbprint: &CertificateThumbprint) -> String {
        let mut claims = Self::claims();
        claims["cnf"] = json!({ "x5t#S256": thumbprint.to_string() });
        self.sign(&claims)
    }
}
