use std::sync::Arc;
use std::time::Duration;

use keybound::crypto::CryptoProvider;
use keybound::{
    Admitted, Answer, Binding, Confirmed, Enforcer, Examined, FieldLines, IssuerPolicy, KeySet,
    Limits, NonceKey, NonceKeys, NonceRequirement, Origin, Presentation, ProofPolicy, Reason,
    Rejection, RequestView, Resumed, RoutePolicy, Spending, TargetUri, TokenFormat, TokenStage,
    Unavailable, UnixTime, Validated, Verdict, VerifiedOnly, VerifiedToken,
};
use keybound_crypto::IssuerAlgorithms;
use serde_json::{Value, json};

use super::{
    AUDIENCE, Client, ISSUER, Issuer, Jws, NOW, OPAQUE_ISSUER, Outcome, PrivateKey, Request,
    Response, Store, sha256,
};

/// A route of a service, all that it needs, and an issuer and a client that go with it. The fields
/// are for a test to change.
#[derive(Debug)]
pub struct Service {
    /// Signs tokens.
    pub issuer: Issuer,
    /// Signs proofs.
    pub client: Client,
    /// The certificate that tokens are bound to, where the route is about certificates.
    pub certificate: &'static [u8],
    /// The policy of the route.
    pub route: RoutePolicy,
    /// The policy about the issuer of JWTs.
    pub issuer_policy: IssuerPolicy,
    /// The policy about proofs.
    pub proof_policy: ProofPolicy,
    /// The bounds.
    pub limits: Limits,
    /// Does the crypto.
    pub provider: Arc<dyn CryptoProvider>,
    /// The issuer's key set. `None`: it cannot be had.
    pub jwks: Option<Value>,
    /// What the introspection endpoint answers. With `None` the service has no opaque tokens.
    pub introspection: Option<Introspection>,
    /// The keys of nonces.
    pub nonces: NonceKeys,
    /// Remembers proofs.
    pub store: Store,
    /// Seconds since 1970.
    pub now: u64,
    /// The number of the policy.
    pub generation: u64,
}

/// What becomes of a question to the introspection endpoint.
#[derive(Clone, Debug)]
pub enum Introspection {
    /// It is answered with this document.
    Answers(Vec<u8>),
    /// It is not answered.
    Fails,
}

/// What a request ends as, with its evidence.
#[derive(Debug)]
pub enum End {
    /// Admitted.
    Allow(Box<Admitted>),
    /// Verified and left unspent.
    VerifiedOnly(Box<VerifiedOnly>),
    /// Refused.
    Deny(Rejection),
    /// Undecided.
    Fail(Box<Unavailable>),
}

impl Service {
    /// A service with a route of this binding. Tokens are ES256 and bound as the route demands, the
    /// scope of the route is `orders:read`, nonces are off.
    pub fn bound(binding: Binding) -> Self {
        let issuer = Issuer::new(ISSUER, PrivateKey::p256(1));
        let jwks = Some(issuer.jwks());
        Self {
            issuer,
            client: Client::new(PrivateKey::p256(2)),
            certificate: b"a certificate",
            route: match binding {
                // An open route can demand nothing.
                Binding::Open => RoutePolicy::new(binding),
                _ => RoutePolicy::new(binding)
                    .with_scopes(["orders:read"])
                    .unwrap(),
            },
            issuer_policy: IssuerPolicy::new(ISSUER, [AUDIENCE]).unwrap(),
            proof_policy: ProofPolicy::default(),
            limits: Limits::DEFAULT,
            provider: Arc::new(IssuerAlgorithms),
            jwks,
            introspection: None,
            nonces: NonceKeys::new(NonceKey::new(1, [7; 32])),
            store: Store::default(),
            now: NOW,
            generation: 1,
        }
    }

    /// [`bound`](Self::bound) by DPoP.
    pub fn dpop() -> Self {
        Self::bound(Binding::Dpop)
    }

    /// [`dpop`](Self::dpop), and nonces are required.
    pub fn with_nonces() -> Self {
        let mut service = Self::dpop();
        service.route = service
            .route
            .with_nonce(NonceRequirement::Required)
            .unwrap();
        service
    }

    /// [`dpop`](Self::dpop), and proofs are left unspent.
    pub fn verify_only() -> Self {
        let mut service = Self::dpop();
        service.route = service.route.with_spending(Spending::VerifyOnly).unwrap();
        service
    }

    /// [`dpop`](Self::dpop), with opaque tokens about which the issuer says this.
    pub fn introspecting(answer: &Value) -> Self {
        let mut service = Self::dpop();
        service.introspection = Some(Introspection::Answers(answer.to_string().into_bytes()));
        service
    }

    /// A token that this route admits.
    pub fn token(&self) -> Jws {
        let dpop = ("jkt", self.client.jkt());
        let certificate = ("x5t#S256", sha256(self.certificate));
        let cnf = match self.route.binding() {
            Binding::Dpop | Binding::Either => json!({ dpop.0: dpop.1 }),
            Binding::Certificate => json!({ certificate.0: certificate.1 }),
            Binding::Both => json!({ dpop.0: dpop.1, certificate.0: certificate.1 }),
            Binding::Bearer | Binding::Open => return self.issuer.token(),
        };
        self.issuer.token().claim("cnf", cnf)
    }

    /// A proof that this route takes with this token.
    pub fn proof(&self, token: &str) -> Jws {
        let proof = self.client.proof(token);
        match self.route.nonce() {
            NonceRequirement::Required => proof.claim("nonce", self.nonce_of(NOW)),
            NonceRequirement::Off => proof,
        }
    }

    /// A request that this route admits.
    pub fn request(&self) -> Request {
        let token = self.token().compact();
        let request = match self.route.binding() {
            Binding::Open => Request::get(),
            Binding::Certificate | Binding::Bearer => {
                Request::get().authorization(format!("Bearer {token}"))
            }
            Binding::Dpop | Binding::Either | Binding::Both => {
                self.request_with(&token, &self.proof(&token).compact())
            }
        };
        match self.route.binding() {
            Binding::Certificate | Binding::Both => {
                request.certificate(super::certificate(self.certificate))
            }
            _ => request,
        }
    }

    /// A request with this token under scheme DPoP, and this proof.
    pub fn request_with(&self, token: &str, proof: &str) -> Request {
        Request::get()
            .authorization(format!("DPoP {token}"))
            .dpop(proof)
    }

    /// A request with the right token and this proof.
    pub fn request_with_proof(&self, alter: impl FnOnce(Jws) -> Jws) -> Request {
        let token = self.token().compact();
        self.request_with(&token, &alter(self.proof(&token)).compact())
    }

    /// A request with this token under scheme DPoP, and the right proof for it.
    pub fn request_with_token(&self, alter: impl FnOnce(Jws) -> Jws) -> Request {
        let token = alter(self.token()).compact();
        self.request_with(&token, &self.proof(&token).compact())
    }

    /// The nonce that was issued at this second.
    pub fn nonce_of(&self, second: u64) -> String {
        self.nonces.issue(AUDIENCE, time(second), &IssuerAlgorithms)
    }

    /// The policy as a value.
    ///
    /// # Panics
    ///
    /// If it cannot be kept.
    pub fn enforcer(&self) -> Enforcer {
        let builder = Enforcer::builder(Arc::clone(&self.provider))
            .issuer(self.issuer_policy.clone())
            .proof(self.proof_policy.clone())
            .limits(self.limits)
            .generation(self.generation);
        let builder = match self.introspection {
            None => builder,
            Some(_) => builder.issuer(
                IssuerPolicy::new(OPAQUE_ISSUER, [AUDIENCE])
                    .unwrap()
                    .with_format(TokenFormat::Opaque),
            ),
        };
        builder.build().unwrap()
    }

    /// The issuer's keys as a value.
    pub fn keys(&self) -> Option<KeySet> {
        let document = self.jwks.as_ref()?.to_string();
        let keys = KeySet::parse(document.as_bytes(), 1, &self.limits, &IssuerAlgorithms);
        Some(keys.unwrap())
    }

    /// Sends a request through all stages, and answers it.
    pub fn run(&self, request: &Request) -> Outcome {
        let enforcer = self.enforcer();
        let target = target(request);
        let fresh = enforcer_nonce(self, &target);
        match self.end(request) {
            End::Allow(_) => Outcome::Allowed,
            End::VerifiedOnly(_) => Outcome::VerifiedOnly,
            End::Deny(rejection) => {
                let answer = enforcer.answer(
                    &rejection,
                    &self.route,
                    &self.nonces,
                    target.origin(),
                    time(self.now),
                );
                Outcome::Denied(rejection.reason(), Response::read(&answer, &fresh))
            }
            End::Fail(unavailable) => {
                let answer = Answer::for_unavailable(&unavailable);
                Outcome::Failed(unavailable.reason(), Response::read(&answer, &fresh))
            }
        }
    }

    /// Sends a request through all stages.
    pub fn end(&self, request: &Request) -> End {
        self.through(request, |examined| self.validate(examined))
    }

    /// Sends a request through the stages with a token from a cache. `key_generation` is that of the
    /// issuer's keys now.
    pub fn end_cached(
        &self,
        request: &Request,
        cached: &VerifiedToken,
        key_generation: Option<u64>,
    ) -> End {
        self.through(request, |examined| {
            let resumed = examined.resume(cached, key_generation, time(self.now));
            match resumed.map_err(End::Deny)? {
                Resumed::Validated(validated) => Ok(validated),
                Resumed::Outdated(examined) => self.validate(examined),
            }
        })
    }

    /// The token of a request, verified, as a cache would keep it.
    ///
    /// # Panics
    ///
    /// If the token does not hold.
    pub fn verified_token(&self, request: &Request) -> VerifiedToken {
        let mut kept = None;
        let end = self.through(request, |examined| {
            let validated = self.validate(examined)?;
            kept = Some(validated.token().clone());
            Ok(validated)
        });
        kept.unwrap_or_else(|| panic!("{end:?}"))
    }

    /// Refuses a request after its token was validated, since that was revoked.
    ///
    /// # Panics
    ///
    /// If the token does not hold.
    pub fn revoked(&self, request: &Request) -> Rejection {
        let end = self.through(request, |examined| {
            let validated = self.validate(examined)?;
            Err(End::Deny(validated.revoked()))
        });
        match end {
            End::Deny(rejection) if rejection.reason() == Reason::TokenRevoked => rejection,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a request through [`Enforcer::verify`], the one call. A proof is not spent.
    pub fn verify(&self, request: &Request) -> Result<Confirmed, Rejection> {
        self.with_view(request, |enforcer, view| {
            let keys = self.keys();
            let keys: Vec<(&str, &KeySet)> = keys.iter().map(|keys| (ISSUER, keys)).collect();
            enforcer.verify(&self.route, view, &keys, &self.nonces, time(self.now))
        })
    }

    fn through(
        &self,
        request: &Request,
        validate: impl for<'r> FnOnce(Examined<'r>) -> Result<Validated<'r>, End>,
    ) -> End {
        self.with_view(request, |enforcer, view| {
            self.stages(enforcer, view, validate)
        })
    }

    fn with_view<T>(
        &self,
        request: &Request,
        then: impl FnOnce(&Enforcer, RequestView<'_>) -> T,
    ) -> T {
        let target = target(request);
        let view = RequestView {
            method: &request.method,
            target: &target,
            query: request.url.split_once('?').map(|(_, query)| query),
            authorization: FieldLines::collect(request.authorization.iter().map(Vec::as_slice)),
            dpop: FieldLines::collect(request.dpop.iter().map(Vec::as_slice)),
            certificate: request.certificate,
        };
        then(&self.enforcer(), view)
    }

    fn stages(
        &self,
        enforcer: &Enforcer,
        view: RequestView<'_>,
        validate: impl for<'r> FnOnce(Examined<'r>) -> Result<Validated<'r>, End>,
    ) -> End {
        let confirmed = || -> Result<Confirmed, End> {
            let presented = match enforcer.present(&self.route, view).map_err(End::Deny)? {
                Presentation::Open(admitted) => return Ok(Confirmed::Admitted(admitted)),
                Presentation::Credentials(presented) => presented,
            };
            let examined = presented.examine(&self.nonces, time(self.now));
            let validated = validate(examined.map_err(End::Deny)?)?;
            validated.confirm().map_err(End::Deny)
        };
        match confirmed() {
            Err(end) => end,
            Ok(Confirmed::Admitted(admitted)) => End::Allow(Box::new(admitted)),
            Ok(Confirmed::VerifiedOnly(verified)) => End::VerifiedOnly(Box::new(verified)),
            Ok(Confirmed::Unspent(unspent)) => {
                let answer = self.store.spend(unspent.replay_entry());
                match unspent.spend(answer) {
                    Verdict::Allow(admitted) => End::Allow(Box::new(admitted)),
                    Verdict::Deny(rejection) => End::Deny(rejection),
                    Verdict::Fail(unavailable) => End::Fail(Box::new(unavailable)),
                }
            }
        }
    }

    fn validate<'r>(&self, examined: Examined<'r>) -> Result<Validated<'r>, End> {
        let now = time(self.now);
        match examined.read_token().map_err(End::Deny)? {
            TokenStage::Jwt(token) => match self.keys() {
                Some(keys) => token.validate(&keys, now).map_err(End::Deny),
                None => Err(End::Fail(Box::new(token.without_keys(None)))),
            },
            TokenStage::Opaque(token) => {
                let proven = token.prove().map_err(End::Deny)?;
                match &self.introspection {
                    Some(Introspection::Answers(answer)) => {
                        proven.introspected(answer, now).map_err(End::Deny)
                    }
                    Some(Introspection::Fails) | None => {
                        Err(End::Fail(Box::new(proven.without_answer(None))))
                    }
                }
            }
        }
    }
}

/// Seconds since 1970 as the pipeline takes them.
pub fn time(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn enforcer_nonce(service: &Service, target: &TargetUri) -> String {
    let now = time(service.now);
    service
        .nonces
        .issue(target.origin(), now, &IssuerAlgorithms)
}

/// Splits the URI of a request into its origin and its path, as an adapter has them.
fn target(request: &Request) -> TargetUri {
    let without_query = request.url.split(['?', '#']).next().unwrap();
    let (scheme, rest) = without_query.split_once("://").unwrap();
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let origin = Origin::parse(&format!("{scheme}://{authority}")).unwrap();
    TargetUri::new(&origin, path).unwrap()
}
