//! A thin adapter: an [`http::Request`] goes in, and comes out admitted or answered.
//!
//! [`Guard`] turns a request's head into what [`keybound`] judges, fetches what its stages ask for
//! (keys, the token cache, the record of admitted proofs), and turns the verdict into a response.
//! [`GuardLayer`] puts a guard in front of any tower service, [`Guarded`] is the same for a plain
//! hyper service. Both put an [`Admitted`](keybound::Admitted) into the extensions of a request that
//! passes; a request that does not never reaches the inner service.
//!
//! The body is never looked at, and no header that a client could set is believed.
//!
//! # A tower layer
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::routing::get;
//! use axum::{Extension, Router};
//! use keybound::{Admitted, Binding, Enforcer, IssuerPolicy, KeySet, Limits, Origin, RoutePolicy};
//! use keybound_crypto::RustCrypto;
//! use keybound_hyper::{Authorities, Guard, GuardLayer, Keys, NonceRing, Site};
//! use keybound_replay::{Clock, MemoryStore, MemoryStoreConfig};
//!
//! fn app(jwks: &[u8]) -> Result<Router, Box<dyn std::error::Error>> {
//!     let issuer = "https://as.example.com";
//!     let enforcer = Enforcer::builder(Arc::new(RustCrypto))
//!         .issuer(IssuerPolicy::new(issuer, ["https://api.example.com"])?)
//!         .build()?;
//!     let keys = KeySet::parse(jwks, 1, &Limits::DEFAULT, &RustCrypto)?;
//!     let site = Site::builder(enforcer)
//!         .route("/orders", RoutePolicy::new(Binding::Dpop).with_scopes(["orders:read"])?, ())
//!         .route("/health", RoutePolicy::new(Binding::Open), ())
//!         .keys(issuer, Keys::Fixed(Arc::new(keys)))
//!         .build()?;
//!
//!     let clock = Clock::system();
//!     let store = Arc::new(MemoryStore::new(MemoryStoreConfig::default(), clock.now()));
//!     let nonces = NonceRing::generate(clock.now().wall())?;
//!     // What arrives in `Host`, and what clients sign for it.
//!     let origin = Origin::parse("https://api.example.com")?;
//!     let authorities = Authorities::new().with("api.internal:8080", origin)?;
//!     let guard = Guard::builder(site, store, clock, nonces).build(authorities);
//!
//!     Ok(Router::new()
//!         .route("/orders", get(orders))
//!         .route("/health", get(async || "ok"))
//!         .layer(GuardLayer::new(guard)))
//! }
//!
//! async fn orders(Extension(admitted): Extension<Admitted>) -> String {
//!     format!("orders of {}", admitted.subject().unwrap_or_default())
//! }
//! # let jwks = br#"{"keys":[{"kty":"EC","crv":"P-256",
//! #     "x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
//! #     "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}]}"#;
//! # app(jwks)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A hyper service
//!
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use hyper::body::Incoming;
//! use hyper::service::service_fn;
//! use hyper_util::rt::{TokioExecutor, TokioIo};
//! use hyper_util::server::conn::auto;
//! use keybound::{Admitted, PeerCertificate};
//! use keybound_hyper::{Guard, Guarded};
//! use tokio::net::TcpStream;
//!
//! async fn serve(stream: TcpStream, certificate: PeerCertificate, guard: Guard) {
//!     let guarded = Guarded::new(guard, service_fn(hello));
//!     // What this connection knows and a request cannot claim goes into the extensions.
//!     let service = service_fn(move |mut request: Request<Incoming>| {
//!         request.extensions_mut().insert(certificate);
//!         hyper::service::Service::call(&guarded, request)
//!     });
//!     let server = auto::Builder::new(TokioExecutor::new());
//!     if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
//!         eprintln!("{error}");
//!     }
//! }
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let admitted = request.extensions().get::<Admitted>();
//!     let who = admitted.and_then(Admitted::subject).unwrap_or("nobody");
//!     Ok(Response::new(Full::from(format!("hello {who}"))))
//! }
//! ```
//!
//! `examples/` has both as programs that run, with an issuer and a client, and one without HTTP.
//!
//! # State
//!
//! - The record of admitted proofs is the [`ReplayStore`](keybound_replay::ReplayStore) that is
//!   handed in. One store for all guards that accept the same proofs: a proof that is recorded in
//!   one store passes at another.
//! - [`NonceRing`] holds two generations of nonce keys, made anew each hour. They are of this
//!   process: behind a load balancer, a nonce of one instance is unknown to the next.
//! - Verified tokens are kept until they are pushed out, and are held against time, issuer, audience,
//!   policy and keys each time. Their signature is not checked again.
//!
//! # Reload
//!
//! [`Guard::replace`] puts another [`Site`] in force for the requests that come from then on; one
//! that is under way ends under the policy that it began with. Proofs and nonces stay known, and
//! tokens are verified anew. Give each policy a
//! [generation](keybound::EnforcerBuilder::generation) of its own all the same: it is what keeps a
//! [`VerifiedToken`](keybound::VerifiedToken) apart that is kept elsewhere. Keys that are fetched
//! ([`Keys::Fetched`]) change by themselves, without a reload.
//!
//! # Certificates
//!
//! Tokens that are bound to a certificate (RFC 8705) need to know the connection's. Whoever accepts
//! connections puts a [`PeerCertificate`](keybound::PeerCertificate) into the extensions of each
//! request, as above; hash a certificate once a connection. Without it there is none, and such
//! tokens are refused.
//!
//! # What is not done
//!
//! - TLS, and limits on the size of a header section: set them where connections are accepted.
//! - Introspection. A site with an issuer of opaque tokens is refused ([`SiteError`]).
//! - Revocation lists.
//! - Forwarding headers, such as `Forwarded` or a certificate in a header, are neither read nor taken
//!   off: [`Authorities`] says what clients sign.
//! - CORS, but for the exposure of the fields that are set here: preflight requests carry no
//!   credentials, so answer them in front of the guard.

pub use crate::authority::{Authorities, PlainHttpOrigin};
pub use crate::decision::{Decision, Passed, Refused};
pub use crate::guard::{Guard, GuardBuilder};
pub use crate::keys::Keys;
pub use crate::layer::{GuardLayer, Guarded};
pub use crate::nonces::{NonceRing, RandomnessError};
pub use crate::report::{Observer, Outcome, Report};
pub use crate::site::{Route, Site, SiteBuilder, SiteError};
pub use crate::view::view;

mod authority;
mod decision;
mod guard;
mod keys;
mod layer;
mod nonces;
mod report;
mod site;
mod view;
