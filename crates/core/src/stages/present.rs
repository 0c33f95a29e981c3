use rustls_pki_types::UnixTime;

use super::{Context, Examined};
use crate::authorization::{self, Credentials, Scheme};
use crate::enforcer::Enforcer;
use crate::nonce::NonceKeys;
use crate::policy::{Binding, RoutePolicy};
use crate::proof::{ProofContext, UnverifiedProof, check_size};
use crate::reason::Reason;
use crate::rejection::{Facts, Fault, Rejection};
use crate::request::{FieldLines, RequestView};
use crate::thumbprint::TokenHash;
use crate::uri_path::escaped_octet;
use crate::verdict::Admitted;

/// What a request presents on a route.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a route reads credentials or it does not"
)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one match"
)]
pub enum Presentation<'r> {
    /// The route reads no credentials: the request is admitted as nobody's.
    Open(Admitted),
    /// Credentials of the right shape.
    Credentials(Presented<'r>),
}

/// Credentials of the right shape, and a proof of the right shape where the scheme demands one.
/// Nothing is proven.
pub struct Presented<'r> {
    context: Context<'r>,
    token: &'r str,
    hash: TokenHash,
    proof: Option<UnverifiedProof<'r>>,
}

pub(crate) fn present<'r>(
    enforcer: &'r Enforcer,
    route: &'r RoutePolicy,
    request: RequestView<'r>,
) -> Result<Presentation<'r>, Rejection> {
    if route.binding() == Binding::Open {
        return Ok(Presentation::Open(Admitted::open()));
    }
    let mut context = Context {
        enforcer,
        route,
        request,
        facts: Facts::default(),
    };
    let limits = enforcer.limits();
    let (scheme, credentials) = match authorization::parse(request.authorization, limits.token) {
        Ok(credentials) => (Some(credentials.scheme), Ok(credentials)),
        Err((fault, scheme)) => (scheme, Err(fault)),
    };
    context.facts.scheme = scheme;
    // Row 3 of the decision table comes before row 4.
    if scheme.is_some() {
        check_one_method(&request).map_err(|fault| context.refuse(fault))?;
    }
    let Credentials { scheme, token } = credentials.map_err(|fault| context.refuse(fault))?;
    let proof = match scheme {
        Scheme::Dpop => {
            let (policy, provider) = (enforcer.proof(), enforcer.provider());
            let proof = UnverifiedProof::parse(request.dpop, policy, limits, provider)
                .map_err(|fault| context.refuse(fault))?;
            context.facts.jkt = Some(*proof.jkt());
            Some(proof)
        }
        // A proof beside a Bearer token decides nothing: the token does. Its size is bounded
        // all the same.
        Scheme::Bearer => {
            if let FieldLines::One(line) = request.dpop {
                check_size(line, limits).map_err(|fault| context.refuse(fault))?;
            }
            None
        }
    };
    let hash = TokenHash::of(token, enforcer.provider());
    Ok(Presentation::Credentials(Presented {
        context,
        token,
        hash,
        proof,
    }))
}

/// BEARER-2-2, RFC 6750 section 3.1: one way of sending the token. A token in the query alone is
/// not read (BEARER-2.3-1), and a request with nothing else has no credentials.
fn check_one_method(request: &RequestView<'_>) -> Result<(), Fault> {
    let in_query = request
        .query
        .into_iter()
        .flat_map(|query| query.split(['&', ';']))
        .filter_map(|pair| pair.split('=').next())
        .any(names_a_token);
    match in_query {
        true => Err(Fault::new(Reason::CredentialsTwoMethods)),
        false => Ok(()),
    }
}

/// Whether a form decoder reads this name as `access_token`.
fn names_a_token(name: &str) -> bool {
    let mut expected = b"access_token".iter();
    let mut octets = name.bytes();
    while let Some(octet) = octets.next() {
        let octet = match octet {
            b'%' => match (octets.next(), octets.next()) {
                (Some(high), Some(low)) => escaped_octet(high, low),
                _ => None,
            },
            octet => Some(octet),
        };
        if octet.is_none() || octet.as_ref() != expected.next() {
            return false;
        }
    }
    expected.next().is_none()
}

impl<'r> Presented<'r> {
    /// The hash of the token as received: the key of a cache of verified tokens.
    pub const fn token_hash(&self) -> &TokenHash {
        &self.hash
    }

    /// Second stage: compares what the proof claims with the request, and its time with `now`.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] for rows 5 and 6 of the decision table: a claim is missing or wrong, the
    /// proof is not fresh, or a nonce is needed.
    pub fn examine(self, nonces: &NonceKeys, now: UnixTime) -> Result<Examined<'r>, Rejection> {
        let Self {
            mut context,
            token,
            hash,
            proof,
        } = self;
        let proof = match proof {
            None => None,
            Some(proof) => {
                let against = ProofContext {
                    route: context.route,
                    policy: context.enforcer.proof(),
                    limits: context.enforcer.limits(),
                    nonces,
                    provider: context.enforcer.provider(),
                };
                let facts = &mut context.facts;
                match proof.examine(&context.request, &hash, &against, facts, now) {
                    Ok(proof) => Some(proof),
                    Err(fault) => return Err(context.refuse(fault)),
                }
            }
        };
        Ok(Examined::new(context, token, hash, proof))
    }
}

/// Tokens and proofs do not print.
impl core::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Presented")
            .field("facts", &self.context.facts)
            .finish_non_exhaustive()
    }
}
