use http::Method;
use keybound::{Facts, Reason};

/// One decision, for a log and for counters. Nothing in it can be used by whoever reads it: no
/// token, no proof, no nonce.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Report<'d> {
    /// What was decided.
    pub outcome: Outcome,
    /// Why, if the request did not pass.
    pub reason: Option<Reason>,
    /// The status of the answer, if the request did not pass.
    pub status: Option<u16>,
    /// What the rule expected, where it can be told.
    pub expected: Option<&'d str>,
    /// What was received instead: chosen by whoever sent it, so escape it.
    pub received: Option<&'d str>,
    /// What was learned about the request.
    pub facts: &'d Facts,
    /// The method.
    pub method: &'d Method,
    /// The target URI without query, once it is known.
    pub target: Option<&'d str>,
}

/// What was decided about a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// It passed, and its proof is used up.
    Allow,
    /// It passed, and its proof is left for a service behind this one.
    VerifyOnly,
    /// It was refused.
    Deny,
    /// It could not be decided, and did not pass.
    Fail,
}

impl Outcome {
    /// A stable word for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::VerifyOnly => "verify_only",
            Self::Deny => "deny",
            Self::Fail => "fail",
        }
    }
}

/// Is told of every decision, in the task that makes it: keep it short, and do not block.
pub trait Observer: Send + Sync {
    /// Takes note of a decision.
    fn decided(&self, report: &Report<'_>);
}
