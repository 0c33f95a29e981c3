use serde_json::{Value, json};

use super::jws::Jws;
use super::keys::PrivateKey;
use super::{AUDIENCE, NOW};

/// Whoever signs access tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    name: String,
    key: PrivateKey,
    kid: String,
}

impl Issuer {
    /// An issuer with one key, whose `kid` is `k1`.
    pub fn new(name: &str, key: PrivateKey) -> Self {
        Self {
            name: name.to_owned(),
            key,
            kid: "k1".to_owned(),
        }
    }

    /// The issuer identifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that it signs with.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// A token that lacks nothing but a `cnf`: RFC 9068, valid since a minute and for four more.
    pub fn token(&self) -> Jws {
        let header = json!({ "typ": "at+jwt", "alg": self.key.algorithm(), "kid": self.kid });
        let claims = json!({
            "iss": self.name,
            "sub": "alice",
            "client_id": "shop-app",
            "aud": AUDIENCE,
            "iat": NOW - 60,
            "exp": NOW + 240,
            "jti": "t-1",
            "scope": "orders:read",
        });
        Jws::new(&self.key, header, claims)
    }

    /// The key set that the issuer publishes.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.key.jwk_with("kid", self.kid.as_str())] })
    }
}
