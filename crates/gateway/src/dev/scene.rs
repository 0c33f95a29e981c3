//! The scene: what a holder and a thief send, and what the gateway is to say.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use http::header::AUTHORIZATION;
use keybound::{Algorithm, Reason, UnixTime};
use keybound_client::{Dpop, now};
use serde_json::Value;

use super::client::{Answer, send};
use super::failure::Failure;
use super::gateway::{Decision, Gateway};
use super::row::{Promise, Row, Verdict};
use super::screen::Screen;
use super::{Addresses, issuer};

/// Plays all of it, one request after the other, and tells whether every promise was kept.
pub(super) async fn play(
    addresses: &Addresses,
    gateway: &mut Gateway,
    screen: &Screen,
    pause: Duration,
) -> Result<bool, Failure> {
    let holder = Dpop::generate(Algorithm::Es256)?;
    let thief = Dpop::generate(Algorithm::Es256)?;
    let token = &obtain_token(&addresses.issuer, &holder).await?;
    let url = |path: &str| format!("{}{path}", addresses.gateway);
    let (orders, other) = (&url("/orders"), &url("/orders/7"));
    let (nonce, admin, public) = (&url("/nonce"), &url("/admin"), &url("/public"));
    let of = |key: &Dpop, method, url| key.proof(method, url).access_token(token).sign(now());
    let denied = Promise::Deny;
    let mut scene = Scene {
        gateway,
        screen,
        pause,
        rows: 0,
        kept: 0,
    };

    let proof = &of(&holder, "GET", orders)?;
    let step = Step {
        title: "token and proof",
        ..Step::get(orders, token, proof)
    };
    scene.act(step, Promise::Allow).await?;

    let step = Step {
        title: "the same proof once more",
        ..step
    };
    scene.act(step, denied(401, Reason::ProofReplayed)).await?;

    let step = Step {
        title: "stolen token, sent as Bearer",
        credentials: Credentials::Bearer(token),
        ..Step::get(orders, token, "")
    };
    scene
        .act(step, denied(401, Reason::BindingDowngraded))
        .await?;

    let proof = &of(&thief, "GET", orders)?;
    let step = Step {
        title: "stolen token, other key's proof",
        ..Step::get(orders, token, proof)
    };
    scene
        .act(step, denied(401, Reason::BindingKeyMismatch))
        .await?;

    let proof = &of(&holder, "GET", orders)?;
    let step = Step {
        title: "proof for another URI",
        ..Step::get(other, token, proof)
    };
    scene
        .act(step, denied(401, Reason::ProofHtuMismatch))
        .await?;

    let step = Step {
        title: "proof for another method",
        method: "POST",
        ..Step::get(orders, token, proof)
    };
    scene
        .act(step, denied(401, Reason::ProofHtmMismatch))
        .await?;

    let proof = &holder
        .proof("GET", orders)
        .access_token(token)
        .sign(before(now(), STALE))?;
    let step = Step {
        title: "proof from two minutes ago",
        ..Step::get(orders, token, proof)
    };
    scene.act(step, denied(401, Reason::ProofIatTooOld)).await?;

    let forged = &with_scope(token, "orders:read admin");
    let proof = &holder
        .proof("GET", admin)
        .access_token(forged)
        .sign(now())?;
    let step = Step {
        title: "token with a scope added",
        ..Step::get(admin, forged, proof)
    };
    scene
        .act(step, denied(401, Reason::TokenSignatureInvalid))
        .await?;

    let proof = &of(&holder, "GET", admin)?;
    let step = Step {
        title: "token without the route's scope",
        ..Step::get(admin, token, proof)
    };
    scene
        .act(step, denied(403, Reason::ScopeInsufficient))
        .await?;

    let proof = &of(&holder, "GET", nonce)?;
    let step = Step {
        title: "proof without a nonce",
        ..Step::get(nonce, token, proof)
    };
    let answer = scene
        .act(step, denied(401, Reason::ProofNonceMissing))
        .await?;

    let proof = holder.proof("GET", nonce).access_token(token);
    // Without one the promise is broken, which is for the row to say.
    let proof = &match answer.as_ref().and_then(fresh_nonce) {
        Some(nonce) => proof.nonce(nonce).sign(now())?,
        None => proof.sign(now())?,
    };
    let step = Step {
        title: "the nonce from that answer",
        ..Step::get(nonce, token, proof)
    };
    scene.act(step, Promise::Allow).await?;

    let step = Step {
        title: "no token, on an open route",
        credentials: Credentials::None,
        ..Step::get(public, "", "")
    };
    scene.act(step, Promise::Allow).await?;

    screen.ending(scene.kept, scene.rows)?;
    Ok(scene.kept == scene.rows)
}

/// Asks the issuer for a token that is bound to the client's key (RFC 9449 section 5).
pub(super) async fn obtain_token(issuer: &str, client: &Dpop) -> Result<String, Failure> {
    let failed = |error: &dyn ToString| Failure::Token(error.to_string());
    let endpoint = format!("{issuer}{}", issuer::TOKEN);
    let request = Request::post(&endpoint)
        .header("dpop", client.proof("POST", &endpoint).sign(now())?)
        .body("grant_type=client_credentials".to_owned())?;
    let answer = send(request).await.map_err(|error| failed(&error))?;
    let content: Value = serde_json::from_slice(&answer.body).map_err(|error| failed(&error))?;
    match content.get("access_token").and_then(Value::as_str) {
        Some(token) => Ok(token.to_owned()),
        None => Err(failed(&format_args!("{} {content}", answer.status))),
    }
}

struct Scene<'s> {
    gateway: &'s mut Gateway,
    screen: &'s Screen,
    pause: Duration,
    rows: usize,
    kept: usize,
}

/// A request of the scene.
#[derive(Clone, Copy)]
struct Step<'s> {
    title: &'s str,
    method: &'s str,
    url: &'s str,
    credentials: Credentials<'s>,
}

/// What the request shows to prove who sends it.
#[derive(Clone, Copy)]
enum Credentials<'s> {
    None,
    Bearer(&'s str),
    Dpop { token: &'s str, proof: &'s str },
}

impl<'s> Step<'s> {
    const fn get(url: &'s str, token: &'s str, proof: &'s str) -> Self {
        Self {
            title: "",
            method: "GET",
            url,
            credentials: Credentials::Dpop { token, proof },
        }
    }

    fn request(&self) -> Result<Request<String>, http::Error> {
        let request = Request::builder().method(self.method).uri(self.url);
        match self.credentials {
            Credentials::None => request,
            Credentials::Bearer(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            Credentials::Dpop { token, proof } => request
                .header(AUTHORIZATION, format!("DPoP {token}"))
                .header("dpop", proof),
        }
        .body(String::new())
    }

    fn is_of(&self, decision: &Decision) -> bool {
        decision.method == self.method && decision.target.as_deref() == Some(self.url)
    }
}

impl Scene<'_> {
    /// Sends a request, and shows what came of it.
    async fn act(&mut self, step: Step<'_>, promise: Promise) -> Result<Option<Answer>, Failure> {
        tokio::time::sleep(self.pause).await;
        let request = step.request()?;
        let answer = send(request).await;
        let decision = match answer {
            Ok(_) => self.decision(&step).await,
            Err(_) => None,
        };
        let row = Row {
            method: step.method,
            url: step.url,
            title: step.title,
            verdict: Verdict::of(answer.as_ref(), decision),
            promise: Some(promise),
        };
        self.rows = self.rows.saturating_add(1);
        self.kept = self.kept.saturating_add(usize::from(row.kept()));
        self.screen.row(&row)?;
        Ok(answer.ok())
    }

    /// What the gateway logged about a request. It is the next line, unless somebody else has found
    /// the gateway already.
    async fn decision(&mut self, step: &Step<'_>) -> Option<Decision> {
        let looking = async {
            loop {
                match self.gateway.decision().await {
                    Some(decision) if step.is_of(&decision) => return Some(decision),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking)
            .await
            .unwrap_or_default()
    }
}

fn fresh_nonce(answer: &Answer) -> Option<&str> {
    answer.headers.get("dpop-nonce")?.to_str().ok()
}

fn before(now: UnixTime, seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs().saturating_sub(seconds)))
}

/// The token with another scope in its claims, under the signature that it had.
fn with_scope(token: &str, scope: &str) -> String {
    let edited = || {
        let (rest, signature) = token.rsplit_once('.')?;
        let (header, claims) = rest.split_once('.')?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        let mut claims: Value = serde_json::from_slice(&claims).ok()?;
        claims.as_object_mut()?.insert("scope".into(), scope.into());
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        Some(format!("{header}.{claims}.{signature}"))
    };
    // A token of another shape cannot be forged, and the row says that it was taken.
    edited().unwrap_or_else(|| token.to_owned())
}

/// Seconds: twice the age at which the gateway refuses a proof.
const STALE: u64 = 120;

/// How long a line of the log may take to get here.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_differs_in_its_scope_alone() {
        let encode = |claims: &str| URL_SAFE_NO_PAD.encode(claims);
        let token = format!("h.{}.s", encode(r#"{"scope":"a","sub":"alice"}"#));
        let forged = format!("h.{}.s", encode(r#"{"scope":"a b","sub":"alice"}"#));
        assert_eq!(with_scope(&token, "a b"), forged);
        assert_eq!(with_scope("opaque", "a b"), "opaque");
    }

    #[test]
    fn the_clock_does_not_go_below_zero() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        assert_eq!(before(at(121), 120), at(1));
        assert_eq!(before(at(119), 120), at(0));
    }
}
