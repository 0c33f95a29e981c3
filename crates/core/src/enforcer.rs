use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls_pki_types::UnixTime;

use crate::confirmation::UnknownConfirmation;
use crate::crypto::CryptoProvider;
use crate::key_set::KeySet;
use crate::limits::Limits;
use crate::nonce::NonceKeys;
use crate::policy::{IssuerPolicy, PolicyError, ProofPolicy, RoutePolicy, TokenFormat};
use crate::reason::Reason;
use crate::rejection::Rejection;
use crate::request::RequestView;
use crate::stages::{self, Confirmed, Presentation, TokenStage};
use crate::verdict::Admitted;

/// The policy of a service, as a value that does not change. A reload makes a new one and swaps it
/// in whole.
///
/// A request goes through stages, each a type that says what the caller must fetch and takes the
/// answer: [`present`](Self::present), then [`Presented::examine`](crate::Presented::examine), and
/// so on to a [`Verdict`](crate::Verdict).
#[derive(Clone, Debug)]
pub struct Enforcer {
    provider: Arc<dyn CryptoProvider>,
    issuers: Vec<IssuerPolicy>,
    proof: ProofPolicy,
    limits: Limits,
    generation: u64,
    /// The value of `algs` in challenges (DPOP-7.1-12, RFC 9449 section 7.1).
    algs: String,
}

/// Collects a policy for an [`Enforcer`].
#[derive(Clone, Debug)]
pub struct EnforcerBuilder {
    provider: Arc<dyn CryptoProvider>,
    issuers: Vec<IssuerPolicy>,
    proof: ProofPolicy,
    limits: Limits,
    generation: u64,
}

impl Enforcer {
    /// Begins a policy. Everything that needs a hash or a signature will ask `provider`.
    pub fn builder(provider: Arc<dyn CryptoProvider>) -> EnforcerBuilder {
        EnforcerBuilder {
            provider,
            issuers: Vec::new(),
            proof: ProofPolicy::default(),
            limits: Limits::DEFAULT,
            generation: 0,
        }
    }

    /// First stage: reads the credentials and the shape of the proof, and judges nothing that would
    /// need a key, a clock or the network.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for rows 1 to 5 of the decision table: no, repeated or malformed credentials
    /// or proof.
    pub fn present<'r>(
        &'r self,
        route: &'r RoutePolicy,
        request: RequestView<'r>,
    ) -> Result<Presentation<'r>, Rejection> {
        stages::present(self, route, request)
    }

    /// Runs the stages up to the confirmation in one call, for callers who have the keys of every
    /// issuer at hand. `keys` are pairs of issuer and key set.
    ///
    /// What is left is to ask a store about [`Unspent`](crate::Unspent).
    ///
    /// # Errors
    ///
    /// Those of the stages. A token whose issuer has no keys in `keys`, or would have to be asked, is
    /// refused as [`KeysUnavailable`](Reason::KeysUnavailable) or
    /// [`IntrospectionUnavailable`](Reason::IntrospectionUnavailable).
    pub fn verify(
        &self,
        route: &RoutePolicy,
        request: RequestView<'_>,
        keys: &[(&str, &KeySet)],
        nonces: &NonceKeys,
        now: UnixTime,
    ) -> Result<Confirmed, Rejection> {
        let presented = match self.present(route, request)? {
            Presentation::Open(admitted) => return Ok(Confirmed::Admitted(admitted)),
            Presentation::Credentials(presented) => presented,
        };
        let token = match presented.examine(nonces, now)?.read_token()? {
            TokenStage::Jwt(token) => token,
            TokenStage::Opaque(token) => {
                return Err(token.refuse(Reason::IntrospectionUnavailable));
            }
        };
        let issuer = token.issuer().issuer();
        match keys.iter().find(|(name, _)| *name == issuer) {
            Some((_, keys)) => token.validate(keys, now)?.confirm(),
            None => Err(token.refuse(Reason::KeysUnavailable)),
        }
    }

    /// A nonce for the answer to an admitted request, if the one in its proof has used up half of
    /// its life (DPOP-8.2-2, RFC 9449 section 8.2). No more often, so that answers stay cacheable
    /// and clients do not have to follow a new nonce at each of them.
    pub fn renewed_nonce(
        &self,
        admitted: &Admitted,
        nonces: &NonceKeys,
        origin: &str,
        now: UnixTime,
    ) -> Option<String> {
        let half_life = admitted
            .nonce_second()?
            .saturating_add(self.proof.nonce.past() / 2);
        (now.as_secs() >= half_life).then(|| nonces.issue(origin, now, self.provider()))
    }

    /// The crypto provider.
    pub fn provider(&self) -> &dyn CryptoProvider {
        &*self.provider
    }

    /// The issuers, in the order of the configuration.
    pub fn issuers(&self) -> &[IssuerPolicy] {
        &self.issuers
    }

    /// The bounds on what a peer may send.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) const fn proof(&self) -> &ProofPolicy {
        &self.proof
    }

    pub(crate) const fn unknown_confirmation(&self) -> UnknownConfirmation {
        self.proof.unknown_confirmation
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn algs(&self) -> &str {
        &self.algs
    }

    /// The one issuer that opaque tokens are shown to, if the route accepts it.
    pub(crate) fn opaque_issuer(&self, route: &RoutePolicy) -> Option<&IssuerPolicy> {
        self.issuers
            .iter()
            .find(|issuer| issuer.format == TokenFormat::Opaque)
            .filter(|issuer| route.accepts_issuer(&issuer.issuer))
    }
}

impl EnforcerBuilder {
    /// Believes one more issuer.
    #[must_use]
    pub fn issuer(mut self, issuer: IssuerPolicy) -> Self {
        self.issuers.push(issuer);
        self
    }

    /// Says which proofs are taken.
    #[must_use]
    pub fn proof(mut self, proof: ProofPolicy) -> Self {
        self.proof = proof;
        self
    }

    /// Sets the bounds on what a peer may send.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Numbers this policy. Tokens that were verified under another number are verified anew: whoever
    /// keeps a cache of tokens across policies must give each its own number. Without one it is 0.
    #[must_use]
    pub const fn generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// Checks the policy as a whole.
    ///
    /// # Errors
    ///
    /// Two issuers of one name, a second issuer of opaque tokens, or an algorithm for proofs that
    /// the provider does not implement.
    pub fn build(self) -> Result<Enforcer, PolicyError> {
        for (index, issuer) in self.issuers.iter().enumerate() {
            if self
                .issuers
                .iter()
                .skip(index + 1)
                .any(|other| other.issuer == issuer.issuer)
            {
                return Err(PolicyError::RepeatedIssuer(issuer.issuer.clone()));
            }
        }
        let mut opaque = self
            .issuers
            .iter()
            .filter(|issuer| issuer.format == TokenFormat::Opaque);
        if let Some(second) = opaque.nth(1) {
            return Err(PolicyError::SecondOpaqueIssuer(second.issuer.clone()));
        }
        let offered = self.provider.algorithms();
        if let Some(missing) = self
            .proof
            .algorithms
            .iter()
            .find(|own| !offered.contains(own))
        {
            return Err(PolicyError::UnsupportedAlgorithm(*missing));
        }
        let names: Vec<&str> = self.proof.algorithms.iter().map(|own| own.name()).collect();
        let algs = names.join(" ");
        let Self {
            provider,
            issuers,
            proof,
            limits,
            generation,
        } = self;
        Ok(Enforcer {
            provider,
            issuers,
            proof,
            limits,
            generation,
            algs,
        })
    }
}
