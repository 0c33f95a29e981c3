//! A site with a route for each thing to test, a guard of it, and what was observed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use keybound::crypto::{CryptoProvider, InvalidKey, InvalidSignature};
use keybound::{
    Algorithm, Binding, Enforcer, IssuerPolicy, NonceRequirement, Origin, ProofPolicy, PublicKey,
    Reason, RoutePolicy, Spending,
};
use keybound_client::{Dpop, now};
use keybound_crypto::RustCrypto;
use keybound_hyper::{
    Authorities, Guard, Guarded, Keys, NonceRing, Observer, Outcome, Report, Site,
};
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig, ReplayStore};
use tokio::net::TcpListener;

use crate::issuer::Issuer;
use crate::message::Request;
use crate::wire::{Inner, Seen, serve};

pub(crate) const ISSUER: &str = "https://as.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

/// A guard, and whatever a test needs to send it something.
pub(crate) struct Scene {
    pub(crate) guard: Guard,
    pub(crate) issuer: Issuer,
    pub(crate) dpop: Dpop,
    pub(crate) provider: Arc<Counting>,
    pub(crate) store: Arc<MemoryStore>,
    /// What arrives in `Host`.
    pub(crate) authority: String,
    inner: Inner,
    decisions: Arc<Decisions>,
}

/// What can be other than usual.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) store: Option<Arc<dyn ReplayStore>>,
    pub(crate) keys: Option<Keys>,
    pub(crate) nonce_lifetime: Option<u64>,
    pub(crate) cached_tokens: Option<usize>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A scene whose server runs until the test ends.
    pub(crate) async fn with(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let clock = Clock::system();
        let config = MemoryStoreConfig::default().with_after_restart(AfterRestart::Accept);
        let store = Arc::new(MemoryStore::new(config, clock.now()));
        let issuer = Issuer::new("k1");
        let provider = Arc::new(Counting::default());
        let decisions = Arc::new(Decisions::default());

        let Options {
            store: other_store,
            keys,
            nonce_lifetime,
            cached_tokens,
        } = options;
        let keys = keys.unwrap_or_else(|| Keys::Fixed(issuer.keys(1)));
        let proof = match nonce_lifetime {
            Some(seconds) => ProofPolicy::default().with_nonce_lifetime(seconds).unwrap(),
            None => ProofPolicy::default(),
        };
        let builder = Guard::builder(
            site(Arc::clone(&provider), proof, keys, 1),
            other_store.unwrap_or_else(|| store.clone()),
            clock,
            NonceRing::generate(clock.now().wall()).unwrap(),
        );
        let builder = match cached_tokens {
            Some(tokens) => builder.cached_tokens(tokens),
            None => builder,
        };
        let authorities = Authorities::new()
            .with(&authority, Origin::parse(AUDIENCE).unwrap())
            .unwrap();
        let guard = builder.observer(decisions.clone()).build(authorities);

        let inner = Inner::default();
        tokio::spawn(serve(listener, Guarded::new(guard.clone(), inner.clone())));
        Self {
            guard,
            issuer,
            dpop: Dpop::generate(Algorithm::Es256).unwrap(),
            provider,
            store,
            authority,
            inner,
            decisions,
        }
    }

    /// Puts a new site in force.
    pub(crate) fn reload(&self, keys: Keys, generation: u64) {
        let provider = Arc::clone(&self.provider);
        self.guard
            .replace(site(provider, ProofPolicy::default(), keys, generation));
    }

    pub(crate) fn token(&self) -> String {
        self.issuer.token(&self.dpop.jkt())
    }

    /// A proof for `GET` of a path with this token.
    pub(crate) fn proof(&self, path: &str, token: &str) -> String {
        proof_of(&self.dpop, path, token)
    }

    /// A request for a path that lacks nothing.
    pub(crate) fn request(&self, path: &str) -> Request {
        let token = self.token();
        self.request_with(path, &token)
    }

    /// A request with this token, and a proof that goes with it.
    pub(crate) fn request_with(&self, path: &str, token: &str) -> Request {
        Request::get(path)
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", self.proof(path, token))
    }

    /// The requests that reached the inner service.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen()
    }

    /// The last decision.
    pub(crate) fn decision(&self) -> Option<(Outcome, Option<Reason>)> {
        self.decisions.0.lock().unwrap().last().copied()
    }
}

pub(crate) fn proof_of(dpop: &Dpop, path: &str, token: &str) -> String {
    dpop.proof("GET", &format!("{AUDIENCE}{path}"))
        .access_token(token)
        .sign(now())
        .unwrap()
}

fn site(provider: Arc<Counting>, proof: ProofPolicy, keys: Keys, generation: u64) -> Site {
    let enforcer = Enforcer::builder(provider)
        .issuer(IssuerPolicy::new(ISSUER, [AUDIENCE]).unwrap())
        .proof(proof)
        .generation(generation)
        .build()
        .unwrap();
    let dpop = RoutePolicy::new(Binding::Dpop);
    let scoped = dpop.clone().with_scopes(["orders:read"]).unwrap();
    let admin = dpop.clone().with_scopes(["admin"]).unwrap();
    let other_audience = dpop.clone().with_audience(["https://other.example.com"]);
    let nonces = dpop.clone().with_nonce(NonceRequirement::Required).unwrap();
    let verify_only = dpop.with_spending(Spending::VerifyOnly).unwrap();
    Site::builder(enforcer)
        .route("/orders", scoped, ())
        .route("/admin", admin, ())
        .route("/other", other_audience, ())
        .route("/nonces", nonces, ())
        .route("/verify", verify_only, ())
        .route("/either", RoutePolicy::new(Binding::Either), ())
        .route("/open", RoutePolicy::new(Binding::Open), ())
        .keys(ISSUER, keys)
        .build()
        .unwrap()
}

#[derive(Debug, Default)]
struct Decisions(Mutex<Vec<(Outcome, Option<Reason>)>>);

impl Observer for Decisions {
    fn decided(&self, report: &Report<'_>) {
        let decision = (report.outcome, report.reason);
        self.0.lock().unwrap().push(decision);
    }
}

/// Counts the signatures that are checked.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    verified: AtomicUsize,
}

impl Counting {
    /// How many there were since the last call.
    pub(crate) fn verified(&self) -> usize {
        self.verified.swap(0, Ordering::SeqCst)
    }
}

impl CryptoProvider for Counting {
    fn algorithms(&self) -> &[Algorithm] {
        RustCrypto.algorithms()
    }

    fn sha256(&self, parts: &[&[u8]]) -> [u8; 32] {
        RustCrypto.sha256(parts)
    }

    fn hmac_sha256(&self, key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
        RustCrypto.hmac_sha256(key, parts)
    }

    fn check_key(&self, key: &PublicKey) -> Result<(), InvalidKey> {
        RustCrypto.check_key(key)
    }

    fn verify(
        &self,
        algorithm: Algorithm,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        RustCrypto.verify(algorithm, key, message, signature)
    }
}
