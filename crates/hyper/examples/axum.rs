//! An axum router behind a guard: a handler takes `Extension<Admitted>`, and scopes are the route's.
//!
//! `cargo run -p keybound-hyper --example axum` serves on a free port of 127.0.0.1 and prints how to
//! call it. With `--once` it sends itself a few requests, checks the answers, and ends with 0 or 1.
//!
//! Everything is in this process, the issuer too, so that there is nothing to set up. TLS is meant
//! to end in front of it: clients sign the `https` origin below.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use keybound::{
    Admitted, Algorithm, Binding, Enforcer, IssuerPolicy, KeySet, Limits, Origin, RoutePolicy,
};
use keybound_client::{Dpop, ProofSigner, SigningKey, now};
use keybound_crypto::RustCrypto;
use keybound_hyper::{Authorities, Guard, GuardLayer, Keys, NonceRing, Site};
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// What clients call, and what they sign.
const ORIGIN: &str = "https://api.example.com";
const ISSUER: &str = "https://as.example.com";

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The extension is there on every route behind the guard, and a client cannot send one.
async fn orders(Extension(admitted): Extension<Admitted>) -> String {
    let who = admitted.subject().unwrap_or("nobody");
    format!("{who} may {}\n", admitted.scope())
}

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let issuer = SigningKey::generate(Algorithm::Es256)?;
    let client = Dpop::generate(Algorithm::Es256)?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = Router::new()
        .route("/orders", get(orders))
        .route("/admin", get(orders))
        .route("/health", get(async || "ok\n"))
        // Around the whole router, so that a route that somebody forgets to protect is refused.
        .layer(GuardLayer::new(guard(&issuer, &address)?));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let token = token(&issuer, &client)?;
    let proof = |path: &str| {
        let uri = format!("{ORIGIN}{path}");
        client.proof("GET", &uri).access_token(&token).sign(now())
    };
    if std::env::args().any(|argument| argument == "--once") {
        let credentials = |path: &str| -> Outcome<_> {
            Ok([
                ("authorization", format!("DPoP {token}")),
                ("dpop", proof(path)?),
            ])
        };
        let bearer = [("authorization", format!("Bearer {token}"))];
        let answers = [
            send(&address, "/orders", &credentials("/orders")?).await?,
            send(&address, "/admin", &credentials("/admin")?).await?,
            send(&address, "/orders", &bearer).await?,
            send(&address, "/health", &[]).await?,
        ];
        let expected = [
            (200, "alice may orders:read\n"),
            (403, ""),
            (401, ""),
            (200, "ok\n"),
        ];
        println!("{answers:?}");
        let answers = answers
            .each_ref()
            .map(|(code, text)| (*code, text.as_str()));
        return Ok(match answers == expected {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        });
    }
    println!("a request that is good once, and for a minute:\n");
    println!("curl -i http://{address}/orders -H 'Authorization: DPoP {token}' \\");
    println!("  -H 'DPoP: {}'", proof("/orders")?);
    server.await??;
    Ok(ExitCode::SUCCESS)
}

fn guard(issuer: &SigningKey, address: &str) -> Outcome<Guard> {
    let key: Value = serde_json::from_str(&issuer.public_key().to_jwk())?;
    let document = json!({ "keys": [key] }).to_string();
    let keys = KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &RustCrypto)?;

    let enforcer = Enforcer::builder(Arc::new(RustCrypto))
        .issuer(IssuerPolicy::new(ISSUER, [ORIGIN])?)
        .build()?;
    let bound = RoutePolicy::new(Binding::Dpop);
    let site = Site::builder(enforcer)
        .route("/orders", bound.clone().with_scopes(["orders:read"])?, ())
        .route("/admin", bound.with_scopes(["admin"])?, ())
        .route("/health", RoutePolicy::new(Binding::Open), ())
        .keys(ISSUER, Keys::Fixed(Arc::new(keys)))
        .build()?;

    let clock = Clock::system();
    // A service must keep the default, which refuses proofs from before its start. This one makes
    // proofs in the second in which it starts.
    let config = MemoryStoreConfig::default().with_after_restart(AfterRestart::Accept);
    let store = Arc::new(MemoryStore::new(config, clock.now()));
    let nonces = NonceRing::generate(clock.now().wall())?;
    let authorities = Authorities::new().with(address, Origin::parse(ORIGIN)?)?;
    Ok(Guard::builder(site, store, clock, nonces).build(authorities))
}

/// What an issuer would answer a token request with a proof by this client.
fn token(issuer: &SigningKey, client: &Dpop) -> Outcome<String> {
    let second = now().as_secs();
    let header = json!({ "typ": "at+jwt", "alg": "ES256" });
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "client_id": "shop-app", "aud": ORIGIN, "jti": "t-1",
        "iat": second, "exp": second + 300, "scope": "orders:read",
        "cnf": { "jkt": client.jkt().to_string() },
    });
    let encode = |document: &Value| URL_SAFE_NO_PAD.encode(document.to_string());
    let input = format!("{}.{}", encode(&header), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(input.as_bytes())?);
    Ok(format!("{input}.{signature}"))
}

/// Sends a request and returns the status and the body of the answer.
async fn send(
    address: &str,
    path: &str,
    credentials: &[(&'static str, String)],
) -> Outcome<(u16, String)> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    let mut request = Request::get(path).header("host", address);
    for (name, value) in credentials {
        request = request.header(*name, value);
    }
    let response = sender
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec())?))
}
