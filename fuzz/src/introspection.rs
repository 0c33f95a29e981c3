use keybound::{Binding, Confirmed, Presentation, RoutePolicy, TokenStage};
use serde_json::Value;

use crate::stage::{self, NOW, OPAQUE_ISSUER, ORIGIN, Signatures, Stage};
use crate::token::names;

/// The answer of an introspection endpoint: never a panic, nobody is asked before the proof's
/// signature holds, and an answer that lets a request pass is, read by another parser, one about an
/// active token for this service and this client (RFC 7662 section 2.2).
pub fn introspection(data: &[u8]) -> bool {
    let data = &stage::filled(data);
    let mut accepted = false;
    let dpop = RoutePolicy::new(Binding::Dpop);
    let bearer = RoutePolicy::new(Binding::Bearer);
    let proof = stage::proof_for(TOKEN);
    for stage in stage::opaque_stages() {
        let authorization = format!("DPoP {TOKEN}");
        let request = stage.request(authorization.as_bytes(), Some(proof.as_bytes()));
        match ask(stage, &dpop, request, data) {
            Asked::No => assert_eq!(stage.signatures, Signatures::Never),
            Asked::Yes(None) => {}
            Asked::Yes(Some(Confirmed::Unspent(_))) => {
                assert_eq!(stage.signatures, Signatures::Always);
                let answer = check(data);
                assert_eq!(answer["cnf"]["jkt"], stage::jkt(1).to_string());
                accepted = true;
            }
            Asked::Yes(Some(end)) => panic!("{end:?}"),
        }

        let authorization = format!("Bearer {TOKEN}");
        let request = stage.request(authorization.as_bytes(), None);
        match ask(stage, &bearer, request, data) {
            Asked::Yes(None) => {}
            Asked::Yes(Some(Confirmed::Admitted(_))) => {
                // A token that is bound to anything never passes unproven.
                assert_eq!(check(data).get("cnf"), None);
                accepted = true;
            }
            other => panic!("{other:?}"),
        }
    }
    accepted
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it lives on the stack for one match"
)]
enum Asked {
    No,
    Yes(Option<Confirmed>),
}

fn ask(
    stage: &Stage,
    route: &RoutePolicy,
    request: keybound::RequestView<'_>,
    answer: &[u8],
) -> Asked {
    let now = stage::at(NOW);
    let presented = match stage.enforcer.present(route, request) {
        Ok(Presentation::Credentials(presented)) => presented,
        other => panic!("{other:?}"),
    };
    let examined = presented.examine(&stage.nonces, now).unwrap();
    let opaque = match examined.read_token() {
        Ok(TokenStage::Opaque(opaque)) => opaque,
        other => panic!("{other:?}"),
    };
    let Ok(proven) = opaque.prove() else {
        return Asked::No;
    };
    let confirmed = proven
        .introspected(answer, now)
        .and_then(|validated| validated.confirm());
    Asked::Yes(confirmed.ok())
}

fn check(data: &[u8]) -> Value {
    let answer: Value = serde_json::from_slice(data).unwrap();
    assert_eq!(answer["active"], true);
    if let Some(issuer) = answer.get("iss") {
        assert_eq!(issuer, OPAQUE_ISSUER);
    }
    if let Some(aud) = answer.get("aud") {
        assert!(names(aud, ORIGIN));
    }
    let now = NOW as f64;
    if let Some(exp) = answer.get("exp") {
        assert!(exp.as_f64().unwrap() > now - 31.0);
    }
    if let Some(nbf) = answer.get("nbf") {
        assert!(nbf.as_f64().unwrap() < now + 31.0);
    }
    answer
}

const TOKEN: &str = "an-opaque-token";
