//! The embedded issuer: a key of its own, metadata, and tokens bound to the key of whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use keybound::{Algorithm, Jkt, UnixTime};
use keybound_client::{ProofSigner, SignError, SigningKey, now};
use keybound_crypto::RustCrypto;
use serde_json::{Value, json};

use super::failure::Failure;
use super::token_request::{check_proof, parameter};
use crate::proxy::Body;

/// An authorization server for one client, whom it takes at his word.
pub(super) struct Issuer {
    name: String,
    audience: String,
    key: SigningKey,
    kid: String,
    issued: AtomicU64,
}

/// Answers requests in the issuer's name.
pub(super) fn handler(
    issuer: Issuer,
) -> impl Fn(Request<Incoming>) -> AnswerFuture + Clone + Send + Sync + 'static {
    let issuer = Arc::new(issuer);
    move |request| {
        let issuer = Arc::clone(&issuer);
        Box::pin(async move { issuer.answer(request).await })
    }
}

type AnswerFuture = core::pin::Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

impl Issuer {
    /// Makes a key. `name` is the issuer identifier, `audience` whom its tokens are for.
    pub(super) fn new(name: &str, audience: &str) -> Result<Self, Failure> {
        let key = SigningKey::generate(Algorithm::Es256)?;
        let kid = Jkt::of(key.public_key(), &RustCrypto).to_string();
        let (name, audience) = (name.to_owned(), audience.to_owned());
        Ok(Self {
            name,
            audience,
            key,
            kid,
            issued: AtomicU64::new(0),
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let get = *request.method() == Method::GET;
        let post = *request.method() == Method::POST;
        match request.uri().path() {
            METADATA if get => json_response(StatusCode::OK, &self.metadata()),
            KEYS if get => json_response(StatusCode::OK, &self.keys()),
            TOKEN if post => self.token_response(request).await,
            METADATA | KEYS => not_allowed("GET"),
            TOKEN => not_allowed("POST"),
            _ => status_response(StatusCode::NOT_FOUND),
        }
    }

    /// RFC 8414 section 2
    fn metadata(&self) -> Value {
        let name = &self.name;
        json!({
            "issuer": name,
            "jwks_uri": format!("{name}{KEYS}"),
            "token_endpoint": format!("{name}{TOKEN}"),
            "token_endpoint_auth_methods_supported": ["none"],
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": SCOPES,
            "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "Ed25519"],
        })
    }

    fn keys(&self) -> Value {
        // Core writes its keys as JSON objects.
        let mut key: Value =
            serde_json::from_str(&self.key.public_key().to_jwk()).unwrap_or_default();
        if let Value::Object(members) = &mut key {
            members.insert("alg".into(), Algorithm::Es256.name().into());
            members.insert("kid".into(), self.kid.as_str().into());
            members.insert("use".into(), "sig".into());
        }
        json!({ "keys": [key] })
    }

    async fn token_response(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let form = match Limited::new(body, MAX_FORM).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return status_response(StatusCode::PAYLOAD_TOO_LARGE),
        };
        let (status, answer) = match self.token_answer(&head.headers, &form, now()) {
            Ok(answer) => (StatusCode::OK, answer),
            Err(refusal) => (StatusCode::BAD_REQUEST, refusal.to_json()),
        };
        let mut response = json_response(status, &answer);
        // RFC 6749 section 5.1
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn token_answer(
        &self,
        fields: &HeaderMap,
        form: &[u8],
        now: UnixTime,
    ) -> Result<Value, Refusal> {
        let form = core::str::from_utf8(form)
            .map_err(|_| Refusal("invalid_request", "the form is malformed"))?;
        let parameter =
            |name| parameter(form, name).map_err(|error| Refusal("invalid_request", error));
        if parameter("grant_type")?.as_deref() != Some("client_credentials") {
            return Err(Refusal(
                "unsupported_grant_type",
                "grant_type is not client_credentials",
            ));
        }
        let scope = parameter("scope")?.unwrap_or_else(|| DEFAULT_SCOPE.to_owned());
        if !scope.split(' ').all(|scope| SCOPES.contains(&scope)) {
            return Err(Refusal("invalid_scope", "there are orders:read and admin"));
        }
        // RFC 9449 section 5: without a proof there would be no binding.
        let jkt = check_proof(fields, &format!("{}{TOKEN}", self.name), now)
            .map_err(|error| Refusal("invalid_dpop_proof", error))?;
        let token = self
            .token(jkt, &scope, now.as_secs())
            .map_err(|_| Refusal("server_error", "the issuer's key did not sign"))?;
        Ok(json!({
            "access_token": token,
            "token_type": "DPoP",
            "expires_in": LIFETIME,
            "scope": scope,
        }))
    }

    /// RFC 9068 section 2, with `cnf` (RFC 9449 section 6.1). A client that acts for itself is its
    /// own subject.
    fn token(&self, jkt: Jkt, scope: &str, now: u64) -> Result<String, SignError> {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let header = json!({ "typ": "at+jwt", "alg": Algorithm::Es256.name(), "kid": self.kid });
        let claims = json!({
            "iss": self.name,
            "aud": self.audience,
            "sub": CLIENT,
            "client_id": CLIENT,
            "iat": now,
            "exp": now.saturating_add(LIFETIME),
            // The key is as old as this process, so that a number is never used twice.
            "jti": format!("token-{number}"),
            "scope": scope,
            "cnf": { "jkt": jkt.to_string() },
        });
        let signing_input = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = self.key.sign(signing_input.as_bytes())?;
        Ok(format!(
            "{signing_input}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        ))
    }
}

/// Code and description of an error (RFC 6749 section 5.2).
#[derive(Debug, Eq, PartialEq)]
struct Refusal(&'static str, &'static str);

impl Refusal {
    fn to_json(&self) -> Value {
        json!({ "error": self.0, "error_description": self.1 })
    }
}

fn json_response(status: StatusCode, content: &Value) -> Response<Body> {
    let mut response = Response::new(Body::full(format!("{content}\n")));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn status_response(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn not_allowed(method: &'static str) -> Response<Body> {
    let mut response = status_response(StatusCode::METHOD_NOT_ALLOWED);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(method));
    response
}

/// Where tokens are asked for, below the issuer's name.
pub(super) const TOKEN: &str = "/token";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const KEYS: &str = "/jwks";

const CLIENT: &str = "dev-client";
const DEFAULT_SCOPE: &str = "orders:read";
const SCOPES: &[&str] = &[DEFAULT_SCOPE, "admin"];

/// Seconds that a token is good for.
pub(super) const LIFETIME: u64 = 300;

/// Octets of a token request's form.
const MAX_FORM: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use keybound_client::Dpop;

    use super::*;

    const NAME: &str = "http://127.0.0.1:5000";
    const AUDIENCE: &str = "http://127.0.0.1:6000";

    fn ask(issuer: &Issuer, dpop: Option<&Dpop>, form: &str) -> Result<Value, Refusal> {
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_000));
        let mut fields = HeaderMap::new();
        if let Some(dpop) = dpop {
            let proof = dpop
                .proof("POST", "http://127.0.0.1:5000/token")
                .sign(now)
                .unwrap();
            fields.insert("dpop", HeaderValue::from_str(&proof).unwrap());
        }
        issuer.token_answer(&fields, form.as_bytes(), now)
    }

    fn segment(token: &str, at: usize) -> Value {
        let segment = token.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
    }

    /// DPOP-6.1-1, RFC 9449 section 6.1; ATJWT-2.2-1, RFC 9068 section 2.2
    #[test]
    fn issues_a_token_that_is_bound_to_the_clients_key() {
        let issuer = Issuer::new(NAME, AUDIENCE).unwrap();
        let dpop = Dpop::generate(Algorithm::Es256).unwrap();
        let answer = ask(&issuer, Some(&dpop), "grant_type=client_credentials").unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        assert_eq!(
            answer,
            json!({
                "access_token": token,
                "token_type": "DPoP",
                "expires_in": 300,
                "scope": "orders:read",
            })
        );
        let kid = &issuer.keys()["keys"][0]["kid"];
        assert_eq!(
            segment(&token, 0),
            json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid })
        );
        assert_eq!(
            segment(&token, 1),
            json!({
                "iss": NAME,
                "aud": AUDIENCE,
                "sub": "dev-client",
                "client_id": "dev-client",
                "iat": 1_000,
                "exp": 1_300,
                "jti": "token-0",
                "scope": "orders:read",
                "cnf": { "jkt": dpop.jkt().to_string() },
            })
        );
    }

    #[test]
    fn issues_nothing_without_a_proof_or_for_another_grant_or_scope() {
        let issuer = Issuer::new(NAME, AUDIENCE).unwrap();
        let dpop = Dpop::generate(Algorithm::Es256).unwrap();
        let grant = "grant_type is not client_credentials";
        let scope = "there are orders:read and admin";
        let good = "grant_type=client_credentials";
        for (proof, form, expected) in [
            (
                None,
                good,
                Refusal("invalid_dpop_proof", "one DPoP proof is needed"),
            ),
            (Some(&dpop), "", Refusal("unsupported_grant_type", grant)),
            (
                Some(&dpop),
                "grant_type=password",
                Refusal("unsupported_grant_type", grant),
            ),
            (
                Some(&dpop),
                "grant_type=client_credentials&grant_type=client_credentials",
                Refusal("invalid_request", "a parameter is repeated"),
            ),
            (
                Some(&dpop),
                "grant_type=client_credentials&scope=admin+root",
                Refusal("invalid_scope", scope),
            ),
            (
                Some(&dpop),
                "grant_type=client_credentials&scope=",
                Refusal("invalid_scope", scope),
            ),
        ] {
            assert_eq!(ask(&issuer, proof, form), Err(expected), "{form}");
        }
    }

    /// The public half and nothing else.
    #[test]
    fn publishes_its_public_key() {
        let issuer = Issuer::new(NAME, AUDIENCE).unwrap();
        let keys = issuer.keys();
        let members: Vec<&String> = keys["keys"][0].as_object().unwrap().keys().collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }
}
