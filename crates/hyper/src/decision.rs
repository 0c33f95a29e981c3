use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION, CACHE_CONTROL, HOST, HeaderName, HeaderValue,
};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode, Version};
use keybound::{
    Admitted, Answer, Binding, Facts, Reason, Scheme, Spending, TargetUri, VerifiedOnly,
};

use crate::report::Outcome;
use crate::site::Route;

/// What becomes of a request.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it passes or it does not")]
pub enum Decision<T> {
    /// It passes.
    Pass(Passed<T>),
    /// It does not.
    Refuse(Refused),
}

/// A request that passes, and what its answer must carry.
#[derive(Debug)]
pub struct Passed<T> {
    grant: Grant,
    route: Arc<Route<T>>,
    target: TargetUri,
    nonce: Option<HeaderValue>,
}

#[derive(Clone, Debug)]
pub(crate) enum Grant {
    Admitted(Admitted),
    VerifiedOnly(VerifiedOnly),
}

/// A request that does not pass, and its answer.
#[derive(Debug)]
pub struct Refused {
    answer: Answer,
    reason: Reason,
}

impl<T> Passed<T> {
    pub(crate) const fn new(
        grant: Grant,
        route: Arc<Route<T>>,
        target: TargetUri,
        nonce: Option<HeaderValue>,
    ) -> Self {
        Self {
            grant,
            route,
            target,
            nonce,
        }
    }

    /// The permit, unless the proof was left for a service behind this one.
    pub const fn admitted(&self) -> Option<&Admitted> {
        match &self.grant {
            Grant::Admitted(admitted) => Some(admitted),
            Grant::VerifiedOnly(_) => None,
        }
    }

    /// What was verified, if the proof was left for a service behind this one.
    pub const fn verified_only(&self) -> Option<&VerifiedOnly> {
        match &self.grant {
            Grant::VerifiedOnly(verified) => Some(verified),
            Grant::Admitted(_) => None,
        }
    }

    /// The route.
    pub fn route(&self) -> &Route<T> {
        &self.route
    }

    /// The target URI, without query.
    pub const fn target(&self) -> &TargetUri {
        &self.target
    }

    pub(crate) const fn outcome(&self) -> Outcome {
        match &self.grant {
            Grant::Admitted(_) => Outcome::Allow,
            Grant::VerifiedOnly(_) => Outcome::VerifyOnly,
        }
    }

    pub(crate) const fn facts(&self) -> &Facts {
        match &self.grant {
            Grant::Admitted(admitted) => admitted.facts(),
            Grant::VerifiedOnly(verified) => verified.facts(),
        }
    }

    /// Puts the permit where a handler finds it, in place of any that is there, and takes off the
    /// request what was not read: all credentials on an open route, and a proof beside a Bearer
    /// token.
    ///
    /// An open route gives no permit, so that a handler which asks for one fails there.
    pub fn mark(&self, head: &mut Parts) {
        let open = self.route.policy().binding() == Binding::Open;
        if open {
            head.headers.remove(AUTHORIZATION);
        }
        if self.facts().scheme() != Some(Scheme::Dpop) {
            head.headers.remove(DPOP);
        }
        set_host(head);
        // Of a guard further out: where a proof is only verified here, nothing must look admitted.
        head.extensions.remove::<Admitted>();
        head.extensions.remove::<VerifiedOnly>();
        if open {
            return;
        }
        match &self.grant {
            Grant::Admitted(admitted) => head.extensions.insert(admitted.clone()).map(drop),
            Grant::VerifiedOnly(verified) => head.extensions.insert(verified.clone()).map(drop),
        };
    }

    /// Completes the answer of the service behind.
    ///
    /// One `DPoP-Nonce` at most, and it is ours where proofs are spent here (DPOP-8-2, RFC 9449
    /// section 8); an answer with a nonce is not cached (DPOP-8.2-3), and no answer to a request
    /// with credentials is cached by default (HTTP-12.5.5-1, RFC 9111 section 3.5).
    pub fn finish(&self, answer: &mut HeaderMap) {
        if self.route.policy().spending() == Spending::Spend {
            answer.remove(DPOP_NONCE);
        }
        if let Some(nonce) = &self.nonce {
            answer.insert(DPOP_NONCE, nonce.clone());
            answer.insert(CACHE_CONTROL, NO_STORE);
            answer.append(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_NONCE);
        }
        let open = self.route.policy().binding() == Binding::Open;
        if !open && !answer.contains_key(CACHE_CONTROL) {
            answer.insert(CACHE_CONTROL, NO_STORE);
        }
    }
}

/// RFC 9112 section 3.2.2: where the target is absolute, it decided, and `Host` says the same from here
/// on (HTTP-9112-3.2.2-1).
fn set_host(head: &mut Parts) {
    if head.version >= Version::HTTP_2 {
        return;
    }
    if let Some(host) = head
        .uri
        .authority()
        .map(|own| HeaderValue::from_str(own.as_str()))
    {
        match host {
            Ok(host) => head.headers.insert(HOST, host),
            Err(_) => head.headers.remove(HOST),
        };
    }
}

impl Refused {
    pub(crate) const fn new(answer: Answer, reason: Reason) -> Self {
        Self { answer, reason }
    }

    /// Why.
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The answer.
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The answer as a response with an empty body.
    pub fn into_response<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        // The answers of core are all valid; if one were not, it must not look like a success.
        *response.status_mut() =
            StatusCode::from_u16(self.answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.answer.fields() {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().append(*name, value);
            }
        }
        response
    }
}

pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const EXPOSE_NONCE: HeaderValue = HeaderValue::from_static("DPoP-Nonce");
