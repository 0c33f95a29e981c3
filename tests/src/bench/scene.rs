use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Request};
use keybound::crypto::CryptoProvider;
use keybound::{
    Binding, Confirmed, Enforcer, Examined, FieldLines, IssuerPolicy, KeySet, Limits, NonceKey,
    NonceKeys, Origin, PeerCertificate, Presentation, RequestView, Resumed, RoutePolicy, TargetUri,
    TokenStage, Verdict, VerifiedToken,
};
use keybound_hyper::{Authorities, Decision, Guard, Keys, NonceRing, Site};
use keybound_replay::{AfterRestart, Clock, MemoryStore, MemoryStoreConfig, ReplayStore};

use crate::harness::{AUDIENCE, Client, ISSUER, Issuer, PrivateKey};

/// What proofs are signed with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProofKey {
    /// P-256.
    Es256,
    /// Ed25519.
    Ed25519,
}

/// Whether proofs carry signatures that hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signatures {
    /// They do.
    Real,
    /// They are zeros, for a provider that takes them. Quick to make.
    Blank,
}

/// A service and a client on one thread, with the clock of the system: everything between a
/// request's header fields and the verdict, and no network.
///
/// The token has 700 octets, and was seen before. The store remembers a million proofs.
pub struct Scene {
    enforcer: Enforcer,
    route: RoutePolicy,
    keys: KeySet,
    nonces: NonceKeys,
    store: MemoryStore,
    clock: Clock,
    origin: Origin,
    guard: Guard,
    client: Client,
    token: String,
    verified: Option<VerifiedToken>,
    signatures: Signatures,
    proofs: Cell<u64>,
}

impl Scene {
    /// A scene in which `provider` checks what is signed. The token is known.
    pub fn new(
        provider: Arc<dyn CryptoProvider>,
        proof_key: ProofKey,
        signatures: Signatures,
    ) -> Self {
        let clock = Clock::system();
        let client = Client::new(match proof_key {
            ProofKey::Es256 => PrivateKey::p256(2),
            ProofKey::Ed25519 => PrivateKey::ed25519(2),
        });
        let issuer = Issuer::new(ISSUER, PrivateKey::p256(1));
        let token = token(&issuer, &client, clock.now().wall().as_secs());
        let jwks = issuer.jwks().to_string();
        let keys = || KeySet::parse(jwks.as_bytes(), 1, &Limits::DEFAULT, &*provider).unwrap();
        let route = || {
            RoutePolicy::new(Binding::Dpop)
                .with_scopes(["orders:read"])
                .unwrap()
        };
        let enforcer = || {
            Enforcer::builder(Arc::clone(&provider))
                .issuer(IssuerPolicy::new(ISSUER, [AUDIENCE]).unwrap())
                .build()
                .unwrap()
        };
        let origin = Origin::parse(AUDIENCE).unwrap();
        let guard = {
            let site = Site::builder(enforcer())
                .route("/orders", route(), ())
                .keys(ISSUER, Keys::Fixed(Arc::new(keys())))
                .build()
                .unwrap();
            let store = MemoryStore::new(store_config(), clock.now());
            let nonces = NonceRing::generate(clock.now().wall()).unwrap();
            let authorities = Authorities::new().with(HOST_SENT, origin.clone()).unwrap();
            Guard::builder(site, Arc::new(store), clock, nonces).build(authorities)
        };
        let mut scene = Self {
            enforcer: enforcer(),
            route: route(),
            keys: keys(),
            nonces: NonceKeys::new(NonceKey::new(1, [7; 32])),
            store: MemoryStore::new(store_config(), clock.now()),
            clock,
            origin,
            guard,
            client,
            token,
            verified: None,
            signatures,
            proofs: Cell::new(0),
        };
        scene.learn_token();
        scene
    }

    /// A request with a proof of its own, made now.
    pub fn request(&self) -> Parts {
        let number = self.proofs.replace(self.proofs.get() + 1);
        let proof = self
            .client
            .proof(&self.token)
            // As long as 128 random bits in base64url.
            .claim("jti", format!("benchmark-{number:012}"))
            // The stores remember nothing from before their start, nor from its very second.
            .claim("iat", self.clock.now().wall().as_secs() + 1);
        let proof = match self.signatures {
            Signatures::Real => proof,
            Signatures::Blank => proof.encoded_signature("A".repeat(86)),
        };
        let request = Request::get("/orders")
            .header(HOST, HOST_SENT)
            .header("user-agent", "benchmark")
            .header("accept", "*/*")
            .header(AUTHORIZATION, format!("DPoP {}", self.token))
            .header(DPOP, proof.compact());
        request.body(()).unwrap().into_parts().0
    }

    /// Octets of the token and of a proof.
    pub fn sizes(&self) -> (usize, usize) {
        (self.token.len(), self.request().headers[DPOP].len())
    }

    /// The verdict on a request whose token is known: what `keybound-hyper` does after it has found
    /// the route and the token, in the same order.
    pub fn judge(&self, head: &Parts) -> Verdict {
        self.with_examined(head, |examined| {
            let verified = self.verified.as_ref().unwrap();
            match examined
                .resume(verified, Some(GENERATION), self.clock.now().wall())
                .unwrap()
            {
                Resumed::Validated(validated) => validated.confirm().unwrap(),
                Resumed::Outdated(_) => panic!("the token is known"),
            }
        })
    }

    /// The verdict on a request whose token was never seen: its signature is checked as well.
    pub fn judge_new_token(&self, head: &Parts) -> Verdict {
        self.with_examined(head, |examined| match examined.read_token().unwrap() {
            TokenStage::Jwt(token) => {
                let validated = token.validate(&self.keys, self.clock.now().wall());
                validated.unwrap().confirm().unwrap()
            }
            TokenStage::Opaque(_) => panic!("the token is a JWT"),
        })
    }

    /// The whole of `Guard::check`: also authority, route and the look-up of the token.
    ///
    /// # Panics
    ///
    /// If it has to wait, which it has not for a token whose issuer's keys are there.
    pub fn check(&self, head: &Parts) -> Decision<()> {
        let check = pin!(self.guard.check(head, PeerCertificate::NotRequested));
        match check.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(decision) => decision,
            Poll::Pending => panic!("nothing is to be fetched"),
        }
    }

    fn with_examined(
        &self,
        head: &Parts,
        validate: impl FnOnce(Examined<'_>) -> Confirmed,
    ) -> Verdict {
        let target = TargetUri::new(&self.origin, head.uri.path()).unwrap();
        let request = RequestView {
            method: head.method.as_str(),
            target: &target,
            query: head.uri.query(),
            authorization: lines(&head.headers, &AUTHORIZATION),
            dpop: lines(&head.headers, &DPOP),
            certificate: PeerCertificate::NotRequested,
        };
        let presented = match self.enforcer.present(&self.route, request).unwrap() {
            Presentation::Credentials(presented) => presented,
            Presentation::Open(_) => panic!("the route is not open"),
        };
        let now = self.clock.now().wall();
        match validate(presented.examine(&self.nonces, now).unwrap()) {
            Confirmed::Unspent(unspent) => {
                let entry = unspent.replay_entry();
                let answer = self.store.check_and_insert(entry, self.clock.now());
                unspent.spend(answer)
            }
            other => panic!("a proof is to be spent: {other:?}"),
        }
    }

    fn learn_token(&mut self) {
        let head = self.request();
        let mut learnt = None;
        self.with_examined(&head, |examined| match examined.read_token().unwrap() {
            TokenStage::Jwt(token) => {
                let validated = token.validate(&self.keys, self.clock.now().wall());
                let validated = validated.unwrap();
                learnt = Some(validated.token().clone());
                validated.confirm().unwrap()
            }
            TokenStage::Opaque(_) => panic!("the token is a JWT"),
        });
        self.verified = learnt;
        assert!(matches!(self.check(&self.request()), Decision::Pass(_)));
    }
}

/// A token of [`TOKEN_OCTETS`] octets, or up to two less: base64url comes in steps.
fn token(issuer: &Issuer, client: &Client, now: u64) -> String {
    let token = issuer
        .token()
        .claim("iat", now)
        .claim("exp", now + 3_600)
        .claim("cnf", serde_json::json!({ "jkt": client.jkt() }))
        .claim("tenant", "");
    let missing = TOKEN_OCTETS.saturating_sub(token.compact().len());
    token.claim("tenant", "t".repeat(missing * 3 / 4)).compact()
}

/// As in `keybound-hyper`.
fn lines<'h>(headers: &'h HeaderMap, name: &HeaderName) -> FieldLines<'h> {
    FieldLines::collect(headers.get_all(name).iter().map(HeaderValue::as_bytes))
}

const DPOP: HeaderName = HeaderName::from_static("dpop");
const HOST_SENT: &str = "api.internal:8080";
const TOKEN_OCTETS: usize = 700;

/// The generation of the issuer's keys.
const GENERATION: u64 = 1;

/// Proofs are dated in the second of the start.
fn store_config() -> MemoryStoreConfig {
    MemoryStoreConfig::default().with_after_restart(AfterRestart::Accept)
}
