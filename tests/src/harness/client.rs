use serde_json::json;

use super::jws::Jws;
use super::keys::{PrivateKey, sha256};
use super::{NOW, URL};

/// Whoever holds the key that tokens are bound to.
#[derive(Clone, Debug)]
pub struct Client {
    key: PrivateKey,
}

impl Client {
    /// A client with this key.
    pub fn new(key: PrivateKey) -> Self {
        Self { key }
    }

    /// The key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The thumbprint of the key.
    pub fn jkt(&self) -> String {
        self.key.jkt()
    }

    /// A proof for `GET` of [`URL`](super::URL) with this token, made just now.
    pub fn proof(&self, token: &str) -> Jws {
        let header = json!({
            "typ": "dpop+jwt",
            "alg": self.key.algorithm(),
            "jwk": self.key.public_jwk(),
        });
        let claims = json!({
            "jti": "p-1",
            "htm": "GET",
            "htu": URL,
            "iat": NOW,
            "ath": sha256(token),
        });
        Jws::new(&self.key, header, claims)
    }
}
