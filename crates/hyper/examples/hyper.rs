//! A hyper service behind a guard: who calls is a type in the request's extensions.
//!
//! `cargo run -p keybound-hyper --example hyper` serves on a free port of 127.0.0.1 and prints how to
//! call it. With `--once` it sends itself a good request, the same again, and one without a proof,
//! checks the answers, and ends with 0 or 1.
//!
//! Everything is in this process, the issuer too, so that there is nothing to set up. TLS is meant
//! to end in front of it: clients sign the `https` origin below.

use std::convert::Infallible;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use keybound::{
    Admitted, Algorithm, Binding, Enforcer, IssuerPolicy, KeySet, Limits, Origin, RoutePolicy,
};
use keybound_client::{Dpop, ProofSigner, SigningKey, now};
use keybound_crypto::RustCrypto;
use keybound_hyper::{Authorities, Guard, Guarded, Keys, NonceRing, Site};
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// What clients call, and what they sign.
const ORIGIN: &str = "https://api.example.com";
const ISSUER: &str = "https://as.example.com";

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let issuer = SigningKey::generate(Algorithm::Es256)?;
    let client = Dpop::generate(Algorithm::Es256)?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let guard = guard(&issuer, &address)?;
    // This is all: the same service as without a guard, inside `Guarded`.
    let service = Guarded::new(guard, service_fn(hello));
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await?;
            let service = service.clone();
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                    eprintln!("connection: {error}");
                }
            });
        }
    });

    let token = token(&issuer, &client)?;
    let proof = || {
        let proof = client.proof("GET", "https://api.example.com/hello");
        proof.access_token(&token).sign(now())
    };
    if std::env::args().any(|argument| argument == "--once") {
        let used = proof()?;
        let good = get(&address, &token, Some(&used)).await?;
        let again = get(&address, &token, Some(&used)).await?;
        let without = get(&address, &token, None).await?;
        println!("good {good}, the same again {again}, without a proof {without}");
        return Ok(match (good, again, without) {
            (200, 401, 401) => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        });
    }
    println!("a request that is good once, and for a minute:\n");
    println!("curl -i http://{address}/hello -H 'Authorization: DPoP {token}' \\");
    println!("  -H 'DPoP: {}'", proof()?);
    server.await?
}

/// The service. A request that gets here was admitted.
async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let admitted = request.extensions().get::<Admitted>();
    let who = admitted.and_then(Admitted::subject).unwrap_or("nobody");
    Ok(Response::new(Full::from(format!("hello {who}\n"))))
}

fn guard(issuer: &SigningKey, address: &str) -> Outcome<Guard> {
    let provider = Arc::new(RustCrypto);
    let key: Value = serde_json::from_str(&issuer.public_key().to_jwk())?;
    let document = json!({ "keys": [key] }).to_string();
    let keys = KeySet::parse(document.as_bytes(), 1, &Limits::DEFAULT, &RustCrypto)?;

    let enforcer = Enforcer::builder(provider)
        .issuer(IssuerPolicy::new(ISSUER, [ORIGIN])?)
        .build()?;
    let site = Site::builder(enforcer)
        .route("/hello", RoutePolicy::new(Binding::Dpop), ())
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

/// Sends a request and returns the status of the answer.
async fn get(address: &str, token: &str, proof: Option<&str>) -> Outcome<u16> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    tokio::spawn(connection);
    let mut request = Request::get("/hello")
        .header("host", address)
        .header("authorization", format!("DPoP {token}"));
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?);
    Ok(response.await?.status().as_u16())
}
