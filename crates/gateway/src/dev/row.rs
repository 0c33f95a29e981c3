use keybound::Reason;

use super::client::{Answer, NoAnswer};
use super::echo::{Credentials, Echo};
use super::gateway::Decision;

/// One request and what became of it.
pub(super) struct Row<'r> {
    pub(super) method: &'r str,
    pub(super) url: &'r str,
    /// What is special about the request; empty if it is somebody else's.
    pub(super) title: &'r str,
    pub(super) verdict: Result<Verdict, String>,
    pub(super) promise: Option<Promise>,
}

/// What the gateway decided, in its own words, and what the client got.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) outcome: String,
    /// Of the answer, as the client saw it, or, in its absence, as the gateway logged it.
    pub(super) status: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) rule: Option<String>,
}

/// What the scene says beforehand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Promise {
    /// It reaches the API, which answers 200 and has seen neither token nor proof.
    Allow,
    /// The gateway answers, for this reason.
    Deny(u16, Reason),
}

impl Row<'_> {
    /// Whether what happened is what was promised.
    pub(super) fn kept(&self) -> bool {
        match (&self.verdict, self.promise) {
            (Ok(verdict), Some(promise)) => verdict.facts() == promise.facts(),
            (Ok(_), None) => true,
            (Err(_), _) => false,
        }
    }
}

impl Verdict {
    /// Puts together what the client saw and what the gateway logged about the same request.
    pub(super) fn of(
        answer: Result<&Answer, &NoAnswer>,
        decision: Option<Decision>,
    ) -> Result<Self, String> {
        let answer = answer.map_err(ToString::to_string)?;
        let decision = decision.ok_or("the gateway logged no decision")?;
        if let Some(logged) = decision.status
            && logged != answer.status
        {
            return Err(format!(
                "the gateway logged {logged} and answered {}",
                answer.status
            ));
        }
        if decision.outcome == ALLOW {
            let echo: Echo = serde_json::from_slice(&answer.body)
                .map_err(|_| format!("the answer, {}, is not the API's", answer.status))?;
            if echo.credentials != Credentials::default() {
                return Err("the API was shown the token or the proof".to_owned());
            }
        }
        Ok(Self {
            status: Some(answer.status),
            ..Self::from(decision)
        })
    }

    fn facts(&self) -> Facts<'_> {
        (&self.outcome, self.status, self.reason.as_deref())
    }
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        let Decision {
            outcome,
            reason,
            rule,
            status,
            ..
        } = decision;
        Self {
            outcome,
            status,
            reason,
            rule,
        }
    }
}

impl Promise {
    pub(super) fn facts(self) -> Facts<'static> {
        match self {
            Self::Allow => (ALLOW, Some(200), None),
            Self::Deny(status, reason) => ("deny", Some(status), Some(reason.code())),
        }
    }
}

/// What is promised and compared: outcome, status and reason.
type Facts<'f> = (&'f str, Option<u16>, Option<&'f str>);

const ALLOW: &str = "allow";

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    const ECHO: &str = r#"{"method":"GET","path":"/","keybound":{},
        "credentials":{"authorization":false,"dpop":false}}"#;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn decision(outcome: &str, status: Option<u16>, reason: Option<Reason>) -> Decision {
        Decision {
            outcome: outcome.into(),
            reason: reason.map(|reason| reason.code().into()),
            rule: reason.map(|reason| reason.rule().into()),
            status,
            method: "GET".into(),
            target: None,
        }
    }

    fn kept(promise: Promise, answer: &Answer, decision: Decision) -> bool {
        let verdict = Verdict::of(Ok(answer), Some(decision));
        Row {
            method: "GET",
            url: "",
            title: "",
            verdict,
            promise: Some(promise),
        }
        .kept()
    }

    #[test]
    fn a_promise_is_kept_by_outcome_status_and_reason_together() {
        let replayed = Promise::Deny(401, Reason::ProofReplayed);
        let deny = |status, reason| decision("deny", Some(status), Some(reason));
        let allow = || decision("allow", None, None);
        for (promise, answer, decision, expected) in [
            (Promise::Allow, answer(200, ECHO), allow(), true),
            (Promise::Allow, answer(204, ECHO), allow(), false),
            (
                Promise::Allow,
                answer(401, ""),
                deny(401, Reason::ProofReplayed),
                false,
            ),
            (
                replayed,
                answer(401, ""),
                deny(401, Reason::ProofReplayed),
                true,
            ),
            (
                replayed,
                answer(401, ""),
                deny(401, Reason::ProofIatTooOld),
                false,
            ),
            (
                replayed,
                answer(400, ""),
                deny(400, Reason::ProofReplayed),
                false,
            ),
            (replayed, answer(200, ECHO), allow(), false),
        ] {
            assert_eq!(kept(promise, &answer, decision), expected, "{promise:?}");
        }
    }

    #[test]
    fn the_log_and_the_socket_must_agree() {
        let of = |answer: &Answer, decision| Verdict::of(Ok(answer), decision);
        let deny = || Some(decision("deny", Some(401), Some(Reason::ProofReplayed)));
        let allow = || Some(decision("allow", None, None));
        let says = |text: &str| Err(text.to_owned());
        assert_eq!(
            of(&answer(200, ""), None),
            says("the gateway logged no decision")
        );
        assert_eq!(
            of(&answer(200, ""), deny()),
            says("the gateway logged 401 and answered 200")
        );
        assert_eq!(
            of(&answer(502, ""), allow()),
            says("the answer, 502, is not the API's")
        );
        assert_eq!(
            Verdict::of(Err(&NoAnswer::TooSlow), deny()),
            says("no answer in time")
        );
    }

    #[test]
    fn an_api_that_sees_credentials_breaks_the_promise() {
        let said = Err("the API was shown the token or the proof".to_owned());
        for seen in [
            r#"{"method":"","path":"","keybound":{},"credentials":{"authorization":true,"dpop":false}}"#,
            r#"{"method":"","path":"","keybound":{},"credentials":{"authorization":false,"dpop":true}}"#,
        ] {
            let allow = Some(decision("allow", None, None));
            assert_eq!(Verdict::of(Ok(&answer(200, seen)), allow), said);
        }
    }
}
