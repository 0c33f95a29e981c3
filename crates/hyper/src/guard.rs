use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::HeaderValue;
use http::request::Parts;
use keybound::{
    Admitted, Answer, Confirmed, Examined, PeerCertificate, Presentation, Rejection, RequestView,
    Resumed, TargetUri, TokenHash, TokenStage, Unavailable, Validated, Verdict, VerifiedToken,
};
use keybound_replay::{Clock, ReplayStore};
use quick_cache::sync::Cache;

use crate::authority::Authorities;
use crate::decision::{Decision, Grant, Passed, Refused};
use crate::nonces::NonceRing;
use crate::report::{Observer, Outcome, Report};
use crate::site::{Route, Site};
use crate::view::view;

/// Judges requests. Cheap to clone; clones share everything.
///
/// All state that outlives a request is here, and none of it is global: the record of admitted
/// proofs, the nonce keys, the cache of verified tokens. A reload replaces the [`Site`] and keeps
/// the proofs and the nonces; tokens are verified anew.
pub struct Guard<T = ()> {
    shared: Arc<Shared<T>>,
    authorities: Arc<Authorities>,
}

struct Shared<T> {
    in_force: ArcSwap<InForce<T>>,
    store: Arc<dyn ReplayStore>,
    clock: Clock,
    nonces: NonceRing,
    cached_tokens: usize,
    observer: Option<Arc<dyn Observer>>,
}

/// A site, and the tokens that were verified under it. They go together, so that no token outlives
/// the policy and the keys that it was verified with, not even one whose request was under way
/// during a reload.
struct InForce<T> {
    site: Site<T>,
    tokens: Cache<TokenHash, VerifiedToken>,
}

/// Collects what a [`Guard`] needs.
pub struct GuardBuilder<T> {
    site: Site<T>,
    store: Arc<dyn ReplayStore>,
    clock: Clock,
    nonces: NonceRing,
    cached_tokens: usize,
    observer: Option<Arc<dyn Observer>>,
}

impl<T> Guard<T> {
    /// Begins a guard of a site. `clock` must be the one that `store` was made with.
    pub fn builder(
        site: Site<T>,
        store: Arc<dyn ReplayStore>,
        clock: Clock,
        nonces: NonceRing,
    ) -> GuardBuilder<T> {
        let cached_tokens = DEFAULT_CACHED_TOKENS;
        GuardBuilder {
            site,
            store,
            clock,
            nonces,
            cached_tokens,
            observer: None,
        }
    }

    /// The same guard for a listener with other authorities.
    #[must_use]
    pub fn with_authorities(&self, authorities: Authorities) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            authorities: Arc::new(authorities),
        }
    }

    /// Replaces policy, routes and keys for the requests that come from now on. The cache of verified
    /// tokens begins empty; the proofs that were admitted stay known, and nonces stay good.
    pub fn replace(&self, site: Site<T>) {
        let next = InForce::new(site, self.shared.cached_tokens);
        self.shared.in_force.store(Arc::new(next));
    }

    /// Judges a request by its head.
    ///
    /// The future holds no lock and can be dropped at any point: a proof that is recorded is the last
    /// thing that happens.
    pub async fn check(&self, head: &Parts, certificate: PeerCertificate) -> Decision<T> {
        let in_force = self.shared.in_force.load_full();
        let mut target = None;
        let judged = self.judge(&in_force, head, certificate, &mut target).await;
        self.observe(head, target.as_ref().map(TargetUri::as_str), &judged);
        match judged {
            Judged::Passed(passed) => Decision::Pass(passed),
            Judged::Denied(rejection, answer) => {
                Decision::Refuse(Refused::new(answer, rejection.reason()))
            }
            Judged::Failed(unavailable, answer) => {
                Decision::Refuse(Refused::new(answer, unavailable.reason()))
            }
        }
    }

    async fn judge(
        &self,
        in_force: &InForce<T>,
        head: &Parts,
        certificate: PeerCertificate,
        known_target: &mut Option<TargetUri>,
    ) -> Judged<T> {
        let site = &in_force.site;
        let (route, target) = match site.locate(&self.authorities, head) {
            Ok(located) => located,
            Err(reason) => {
                return Judged::Denied(Rejection::new(reason), Answer::for_reason(reason));
            }
        };
        let target = &*known_target.insert(target);
        let request = view(head, target, certificate);
        let verdict = match self.examine(site, &route, request) {
            Ok(Step::Open(admitted)) => Ok(Verdict::Allow(admitted)),
            Ok(Step::Examined(examined)) => match self.validate(in_force, examined).await {
                Ok(validated) => match validated.confirm() {
                    Ok(Confirmed::Admitted(admitted)) => Ok(Verdict::Allow(admitted)),
                    Ok(Confirmed::Unspent(unspent)) => {
                        let now = self.shared.clock.now();
                        let answer = self
                            .shared
                            .store
                            .check_and_insert(unspent.replay_entry(), now);
                        Ok(unspent.spend(answer))
                    }
                    Ok(Confirmed::VerifiedOnly(verified)) => {
                        let grant = Grant::VerifiedOnly(verified);
                        let target = target.clone();
                        return Judged::Passed(Passed::new(grant, route, target, None));
                    }
                    Err(rejection) => Err(rejection),
                },
                Err(Stop::Denied(rejection)) => Err(rejection),
                Err(Stop::Failed(unavailable)) => Ok(Verdict::Fail(unavailable)),
            },
            Err(rejection) => Err(rejection),
        };
        self.conclude(site, route, target, verdict)
    }

    /// Everything that can be said about a request without waiting.
    fn examine<'r>(
        &self,
        site: &'r Site<T>,
        route: &'r Route<T>,
        request: RequestView<'r>,
    ) -> Result<Step<'r>, Rejection> {
        let presented = match site.enforcer.present(route.policy(), request)? {
            Presentation::Open(admitted) => return Ok(Step::Open(admitted)),
            Presentation::Credentials(presented) => presented,
        };
        let now = self.shared.clock.now().wall();
        let nonces = self.shared.nonces.keys(now);
        presented.examine(nonces.keys(), now).map(Step::Examined)
    }

    /// The token: from the cache if it still holds, or with its issuer's keys.
    async fn validate<'r>(
        &self,
        in_force: &InForce<T>,
        examined: Examined<'r>,
    ) -> Result<Validated<'r>, Stop> {
        let InForce { site, tokens } = in_force;
        let examined = match tokens.get(examined.token_hash()) {
            None => examined,
            Some(token) => {
                let generation = site
                    .keys
                    .get(token.issuer())
                    .and_then(|keys| keys.current().ok())
                    .map(|keys| keys.generation());
                let now = self.shared.clock.now().wall();
                // Without keys the generation is none, and the token is outdated: the stage below
                // then says that keys cannot be had.
                match examined
                    .resume(&token, generation, now)
                    .map_err(Stop::Denied)?
                {
                    Resumed::Validated(validated) => return Ok(validated),
                    Resumed::Outdated(examined) => examined,
                }
            }
        };
        let token = match examined.read_token().map_err(Stop::Denied)? {
            TokenStage::Jwt(token) => token,
            // A site has no issuer of opaque tokens (SiteError::Introspection).
            TokenStage::Opaque(token) => {
                let proven = token.prove().map_err(Stop::Denied)?;
                return Err(Stop::Failed(proven.without_answer(None)));
            }
        };
        let keys = match site.keys.get(token.issuer().issuer()) {
            Some(keys) => keys.for_kid(token.kid()).await.ok(),
            None => None,
        };
        let Some(keys) = keys else {
            return Err(Stop::Failed(token.without_keys(None)));
        };
        // Read again: the fetch may have taken its time.
        let now = self.shared.clock.now().wall();
        let validated = token.validate(&keys, now).map_err(Stop::Denied)?;
        let verified = validated.token().clone();
        tokens.insert(*verified.hash(), verified);
        Ok(validated)
    }

    fn conclude(
        &self,
        site: &Site<T>,
        route: Arc<Route<T>>,
        target: &TargetUri,
        verdict: Result<Verdict, Rejection>,
    ) -> Judged<T> {
        let now = self.shared.clock.now().wall();
        let nonces = self.shared.nonces.keys(now);
        let (nonces, origin) = (nonces.keys(), target.origin());
        let rejection = match verdict {
            Ok(Verdict::Allow(admitted)) => {
                let nonce = site.enforcer.renewed_nonce(&admitted, nonces, origin, now);
                // base64url is always a header value
                let nonce = nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok());
                let (grant, target) = (Grant::Admitted(admitted), target.clone());
                return Judged::Passed(Passed::new(grant, route, target, nonce));
            }
            Ok(Verdict::Fail(unavailable)) => {
                let answer = Answer::for_unavailable(&unavailable);
                return Judged::Failed(unavailable, answer);
            }
            Ok(Verdict::Deny(rejection)) | Err(rejection) => rejection,
        };
        let answer = site
            .enforcer
            .answer(&rejection, route.policy(), nonces, origin, now);
        Judged::Denied(rejection, answer)
    }

    fn observe(&self, head: &Parts, target: Option<&str>, judged: &Judged<T>) {
        let Some(observer) = &self.shared.observer else {
            return;
        };
        let blank = |outcome, facts| Report {
            outcome,
            reason: None,
            status: None,
            expected: None,
            received: None,
            facts,
            method: &head.method,
            target,
        };
        observer.decided(&match judged {
            Judged::Passed(passed) => blank(passed.outcome(), passed.facts()),
            Judged::Denied(rejection, answer) => Report {
                reason: Some(rejection.reason()),
                status: Some(answer.status()),
                expected: rejection.expected(),
                received: rejection.received(),
                ..blank(Outcome::Deny, rejection.facts())
            },
            Judged::Failed(unavailable, answer) => Report {
                reason: Some(unavailable.reason()),
                status: Some(answer.status()),
                ..blank(Outcome::Fail, unavailable.facts())
            },
        });
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one match"
)]
enum Step<'r> {
    Open(Admitted),
    Examined(Examined<'r>),
}

enum Stop {
    Denied(Rejection),
    Failed(Unavailable),
}

enum Judged<T> {
    Passed(Passed<T>),
    Denied(Rejection, Answer),
    Failed(Unavailable, Answer),
}

impl<T> GuardBuilder<T> {
    /// Keeps so many verified tokens. The default is 10,000, of some KiB each: as large as their claims. A token that is
    /// not there costs one signature check, so that any of them may be dropped at any time.
    #[must_use]
    pub const fn cached_tokens(mut self, tokens: usize) -> Self {
        self.cached_tokens = tokens;
        self
    }

    /// Tells somebody of every decision.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The guard of a listener that serves these authorities.
    pub fn build(self, authorities: Authorities) -> Guard<T> {
        let Self {
            site,
            store,
            clock,
            nonces,
            cached_tokens,
            observer,
        } = self;
        Guard {
            shared: Arc::new(Shared {
                in_force: ArcSwap::from_pointee(InForce::new(site, cached_tokens)),
                store,
                clock,
                nonces,
                cached_tokens,
                observer,
            }),
            authorities: Arc::new(authorities),
        }
    }
}

impl<T> InForce<T> {
    fn new(site: Site<T>, cached_tokens: usize) -> Self {
        Self {
            site,
            tokens: Cache::new(cached_tokens),
        }
    }
}

impl<T> Clone for Guard<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            authorities: Arc::clone(&self.authorities),
        }
    }
}

impl<T> fmt::Debug for Guard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for GuardBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBuilder").finish_non_exhaustive()
    }
}

const DEFAULT_CACHED_TOKENS: usize = 10_000;
