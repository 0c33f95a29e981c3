use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use p384::ecdsa::signature::Signer as _;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::{BigUint, RsaPrivateKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// A private key that signs, made from a number so that tests are repeatable. Nothing in here comes
/// from the crates under test.
#[derive(Clone)]
pub struct PrivateKey(Kind);

#[derive(Clone)]
enum Kind {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<RsaPrivateKey>),
}

impl PrivateKey {
    /// A P-256 key; each seed gives another one.
    pub fn p256(seed: u8) -> Self {
        Self(Kind::P256(
            p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap(),
        ))
    }

    /// A P-384 key.
    pub fn p384(seed: u8) -> Self {
        Self(Kind::P384(
            p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap(),
        ))
    }

    /// An Ed25519 key.
    pub fn ed25519(seed: u8) -> Self {
        Self(Kind::Ed25519(ed25519_dalek::SigningKey::from_bytes(
            &[seed; 32],
        )))
    }

    /// The RSA key of RFC 7515, appendix A.2.
    pub fn rsa() -> Self {
        let number = |text: &str| BigUint::from_bytes_be(&decode(text));
        let key = RsaPrivateKey::from_components(
            number(RSA_N),
            number("AQAB"),
            number(RSA_D),
            vec![number(RSA_P), number(RSA_Q)],
        );
        Self(Kind::Rsa(Box::new(key.unwrap())))
    }

    /// The `alg` that this key usually signs with.
    pub fn algorithm(&self) -> &'static str {
        match &self.0 {
            Kind::P256(_) => "ES256",
            Kind::P384(_) => "ES384",
            Kind::Ed25519(_) => "EdDSA",
            Kind::Rsa(_) => "RS256",
        }
    }

    /// Signs in the form of JWS. `algorithm` tells PS256 from RS256 and is not looked at otherwise.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Kind::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Kind::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Kind::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Kind::Rsa(key) if algorithm == "PS256" => {
                let key = rsa::pss::SigningKey::<rsa::sha2::Sha256>::new(*key.clone());
                key.sign_with_rng(&mut rsa::rand_core::OsRng, message)
                    .to_vec()
            }
            Kind::Rsa(key) => {
                use rsa::signature::Signer as _;
                rsa::pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new(*key.clone())
                    .sign(message)
                    .to_vec()
            }
        }
    }

    /// The RSA key itself, for signatures that no algorithm of JWS makes.
    ///
    /// # Panics
    ///
    /// If it is no RSA key.
    pub fn as_rsa(&self) -> &RsaPrivateKey {
        match &self.0 {
            Kind::Rsa(key) => key,
            Kind::P256(_) | Kind::P384(_) | Kind::Ed25519(_) => panic!("no RSA key"),
        }
    }

    /// The public key as a minimal JWK.
    pub fn public_jwk(&self) -> Value {
        match &self.0 {
            Kind::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                json!({
                    "kty": "EC",
                    "crv": "P-256",
                    "x": encode(point.x().unwrap()),
                    "y": encode(point.y().unwrap()),
                })
            }
            Kind::P384(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                json!({
                    "kty": "EC",
                    "crv": "P-384",
                    "x": encode(point.x().unwrap()),
                    "y": encode(point.y().unwrap()),
                })
            }
            Kind::Ed25519(key) => json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": encode(key.verifying_key().as_bytes()),
            }),
            Kind::Rsa(_) => json!({ "kty": "RSA", "n": RSA_N, "e": "AQAB" }),
        }
    }

    /// The public key as a JWK with one more member, or with another value for one.
    pub fn jwk_with(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut jwk = self.public_jwk();
        jwk[name] = value.into();
        jwk
    }

    /// The thumbprint of RFC 7638: serde_json keeps members sorted, as the thumbprint wants them.
    pub fn jkt(&self) -> String {
        let members: Map<String, Value> = self.public_jwk().as_object().unwrap().clone();
        let sorted: std::collections::BTreeMap<_, _> = members.into_iter().collect();
        sha256(serde_json::to_string(&sorted).unwrap().as_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.algorithm())
    }
}

/// Unpadded base64url.
pub fn encode(octets: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// The octets of unpadded base64url.
///
/// # Panics
///
/// If it is not that.
pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// SHA-256 in base64url: `ath`, `jkt` and `x5t#S256`.
pub fn sha256(octets: impl AsRef<[u8]>) -> String {
    encode(Sha256::digest(octets.as_ref()))
}

const RSA_N: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt",
    "0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX",
    "ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5",
    "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
);
const RSA_D: &str = concat!(
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol",
    "2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn43",
    "9X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8",
    "bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
);
const RSA_P: &str = concat!(
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_",
    "Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
);
const RSA_Q: &str = concat!(
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7Tje",
    "LQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
);
