use std::fmt::Write;

use keybound::{Answer, Reason, Rejection};
use serde_json::{Value, json};

use super::{End, Explanation, Held};

impl Held {
    /// A word for people and programs alike.
    const fn word(self) -> &'static str {
        match self {
            Self::Yes => "held",
            Self::No => "FAILED",
            Self::NotReached => "not reached",
            Self::NotAsked => "not asked",
            Self::Unknown => "not known here",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Yes => "held",
            Self::No => "failed",
            Self::NotReached => "not_reached",
            Self::NotAsked => "not_asked",
            Self::Unknown => "unknown",
        }
    }
}

/// For people: a line for each check that was made, how it ended, and the answer.
pub(crate) fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = write_checks(&mut text, explanation);
    let _ = write_end(&mut text, explanation);
    text
}

fn write_checks(text: &mut String, explanation: &Explanation) -> std::fmt::Result {
    let mut hidden = (0, 0);
    for (reason, held) in &explanation.checks {
        match held {
            Held::NotReached => hidden.0 += 1,
            Held::NotAsked => hidden.1 += 1,
            Held::Yes | Held::No | Held::Unknown => {
                let (word, check) = (held.word(), reason.check());
                let (rule, section) = (reason.rule(), reason.section());
                writeln!(text, "{word:<15} {check}\n{:15} {rule}, {section}", "")?;
            }
        }
        if *held == Held::No {
            write_evidence(text, explanation)?;
        }
    }
    if hidden.0 > 0 {
        writeln!(text, "not reached     {} more checks", hidden.0)?;
    }
    if hidden.1 > 0 {
        writeln!(
            text,
            "not asked       {} checks that have no meaning for this request",
            hidden.1
        )?;
    }
    Ok(())
}

fn write_evidence(text: &mut String, explanation: &Explanation) -> std::fmt::Result {
    let End::Refused(rejection, _) = &explanation.end else {
        return Ok(());
    };
    for (name, value) in [
        ("expected", rejection.expected()),
        ("received", rejection.received()),
    ] {
        if let Some(value) = value {
            writeln!(text, "{:15} {name} {value:?}", "")?;
        }
    }
    Ok(())
}

fn write_end(text: &mut String, explanation: &Explanation) -> std::fmt::Result {
    match &explanation.end {
        End::Refused(rejection, answer) => write_refusal(text, rejection, answer),
        End::Head(error) => {
            let (reason, status) = (error.code(), error.status().as_u16());
            writeln!(text, "\nrefused: {reason} ({error})\nanswer:  {status}")
        }
        End::Passes => {
            let unknown = |reason| explanation.checks.contains(&(reason, Held::Unknown));
            let condition = match (
                unknown(Reason::ProofReplayed),
                unknown(Reason::ProofNonceUnknown),
            ) {
                (false, _) => "",
                (true, false) => ", unless the gateway has seen this proof before",
                (true, true) => {
                    ", if the nonce is a recent one of the gateway's, and unless the gateway has seen \
                     this proof before"
                }
            };
            writeln!(text, "\npasses{condition}")
        }
    }
}

fn write_refusal(text: &mut String, rejection: &Rejection, answer: &Answer) -> std::fmt::Result {
    let (reason, status) = (rejection.reason(), answer.status());
    writeln!(text, "\nrefused: {reason}\nanswer:  {status}")?;
    for (name, value) in answer.fields() {
        // A nonce made here would not be one of the gateway's.
        let value = if *name == "dpop-nonce" {
            "(a fresh nonce)"
        } else {
            value
        };
        writeln!(text, "         {name}: {value}")?;
    }
    Ok(())
}

/// For programs.
pub(crate) fn json(explanation: &Explanation) -> Value {
    let checks: Vec<Value> = explanation
        .checks
        .iter()
        .map(|(reason, held)| {
            json!({
                "outcome": held.code(),
                "reason": reason.code(),
                "rule": reason.rule(),
                "section": reason.section(),
                "check": reason.check(),
            })
        })
        .collect();
    let (reason, rejection, status) = match &explanation.end {
        End::Passes => (None, None, None),
        End::Head(error) => (Some(error.code()), None, Some(error.status().as_u16())),
        End::Refused(rejection, answer) => (
            Some(rejection.reason().code()),
            Some(rejection),
            Some(answer.status()),
        ),
    };
    json!({
        "passes": explanation.passes(),
        "reason": reason,
        "expected": rejection.and_then(|rejection| rejection.expected()),
        "received": rejection.and_then(|rejection| rejection.received()),
        "status": status,
        "checks": checks,
    })
}
