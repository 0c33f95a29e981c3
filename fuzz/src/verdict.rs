use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use keybound::{
    Binding, CertificateThumbprint, Confirmed, FieldLines, PeerCertificate, RoutePolicy, Spending,
    TokenFormat, Verdict, Window,
};
use keybound_replay::{AfterRestart, MemoryStore, MemoryStoreConfig, Now, ReplayStore};
use serde_json::Value;

use crate::stage::{self, NOW, Signatures, Stage};

/// Whole requests, one after the other, at times that jump: never a panic; without signatures
/// nothing passes but what is open; with them no proof is admitted twice for as long as the store
/// lives, and what is admitted is admitted as the key that the token names.
pub fn verdict(data: &[u8]) -> bool {
    let mut source = Unstructured::new(data);
    let clock = Now::new(stage::at(NOW), Duration::ZERO);
    let config = MemoryStoreConfig::default()
        .with_capacity(64)
        .with_after_restart(AfterRestart::Accept);
    let mut run = Run {
        store: MemoryStore::new(config, clock),
        wall: NOW,
        monotonic: 0,
        admitted: HashSet::new(),
    };
    for _ in 0..STEPS {
        match Step::arbitrary(&mut source) {
            Ok(step) if !source.is_empty() => run.take(&step),
            _ => break,
        }
    }
    !run.admitted.is_empty()
}

/// One request, mostly right.
#[derive(Arbitrary, Debug)]
struct Step {
    route: u8,
    window: u8,
    bearer: u8,
    /// The key of the proof, of 2.
    key: u8,
    /// The key that the token names, of 2; or its certificate.
    confirmation: u8,
    certificate: u8,
    /// Of 4.
    jti: u8,
    /// Seconds to or from now.
    iat: i8,
    /// A nonce as old as this.
    nonce: Option<u8>,
    wall: i8,
    monotonic: u8,
    lines: u8,
    proof_edit: Option<Edit>,
    token_edit: Option<Edit>,
    signature: u8,
}

/// A change to the text of a document.
#[derive(Arbitrary, Debug)]
struct Edit {
    in_header: bool,
    at: u16,
    octet: u8,
    kind: u8,
}

struct Run {
    store: MemoryStore,
    wall: u64,
    monotonic: u64,
    admitted: HashSet<String>,
}

impl Run {
    fn take(&mut self, step: &Step) {
        self.wall = self.wall.saturating_add_signed(i64::from(step.wall));
        self.monotonic += u64::from(step.monotonic);
        let now = Now::new(stage::at(self.wall), Duration::from_secs(self.monotonic));
        let token = step.token();
        let authorization = match step.bearer % 8 {
            0 => format!("Bearer {token}"),
            _ => format!("DPoP {token}"),
        };
        let route = step.route();
        for stage in step.stages() {
            let proof = step.proof(&token, stage, self.wall);
            let mut request = stage.request(authorization.as_bytes(), Some(proof.as_bytes()));
            request.certificate = step.certificate();
            match step.lines % 16 {
                0 => request.dpop = FieldLines::Absent,
                1 => request.dpop = FieldLines::Repeated,
                2 => request.authorization = FieldLines::Repeated,
                3 => request.query = Some("a=b&access_token=x"),
                4 => request.method = "HEAD",
                _ => {}
            }
            let verdict = match stage.verify(&route, request, now.wall()) {
                Err(_) => continue,
                Ok(Confirmed::VerifiedOnly(_)) => {
                    assert_eq!(stage.signatures, Signatures::Always);
                    assert_eq!(route.spending(), Spending::VerifyOnly);
                    continue;
                }
                Ok(Confirmed::Admitted(admitted)) => {
                    let is_open = route.binding() == Binding::Open;
                    assert!(is_open || stage.signatures == Signatures::Always);
                    assert_eq!(is_open, admitted.issuer().is_none());
                    continue;
                }
                Ok(Confirmed::Unspent(unspent)) => {
                    assert_eq!(stage.signatures, Signatures::Always);
                    let answer = self.store.check_and_insert(unspent.replay_entry(), now);
                    unspent.spend(answer)
                }
            };
            if let Verdict::Allow(admitted) = verdict {
                let (header, payload) = stage::read_jws(proof.as_bytes());
                let jkt = admitted.jkt().unwrap().to_string();
                let (_, claims) = stage::read_jws(token.as_bytes());
                assert_eq!(claims["cnf"]["jkt"], jkt);
                let name = name(&header, &payload);
                assert!(self.admitted.insert(name), "twice: {payload}");
            }
        }
    }
}

/// What makes a proof this proof: its key, its `jti`, and the time that it signs.
fn name(header: &Value, payload: &Value) -> String {
    let second = payload["iat"].as_f64().unwrap().trunc();
    let (jwk, jti, nonce) = (&header["jwk"], &payload["jti"], payload.get("nonce"));
    match nonce {
        // A nonce's own time is that of the proof, whatever iat says.
        Some(nonce) => format!("{}{} {jti} {nonce}", jwk["x"], jwk["y"]),
        None => format!("{}{} {jti} {second}", jwk["x"], jwk["y"]),
    }
}

impl Step {
    fn route(&self) -> RoutePolicy {
        let bound = stage::dpop_route();
        match self.route % 8 {
            0 => bound.with_spending(Spending::VerifyOnly).unwrap(),
            1 => RoutePolicy::new(Binding::Open),
            2 => RoutePolicy::new(Binding::Either),
            3 => RoutePolicy::new(Binding::Both),
            4 => RoutePolicy::new(Binding::Certificate),
            5 => RoutePolicy::new(Binding::Bearer),
            6 => stage::nonce_route(),
            _ => bound,
        }
    }

    /// Both kinds of signatures, with the same window.
    fn stages(&self) -> &'static [Stage] {
        static STAGES: OnceLock<Vec<Stage>> = OnceLock::new();
        let stages = STAGES.get_or_init(|| {
            let windows = [(60, 10), (300, 60), (5, 0)];
            let windows = windows
                .iter()
                .map(|(past, future)| Window::new(*past, *future));
            windows
                .flat_map(|window| {
                    [Signatures::Never, Signatures::Always]
                        .map(|signatures| Stage::new(signatures, TokenFormat::Jwt, window))
                })
                .collect()
        });
        let first = usize::from(self.window) % 3 * 2;
        &stages[first..first + 2]
    }

    fn certificate(&self) -> PeerCertificate {
        match self.certificate % 4 {
            0 => PeerCertificate::Presented(CertificateThumbprint::from_digest([1; 32])),
            1 => PeerCertificate::Presented(CertificateThumbprint::from_digest([2; 32])),
            2 => PeerCertificate::NotPresented,
            _ => PeerCertificate::NotRequested,
        }
    }

    fn token(&self) -> String {
        let mut claims = stage::token_claims(self.confirmation % 2);
        let x5t = CertificateThumbprint::from_digest([1; 32]).to_string();
        match self.confirmation % 16 {
            8 => claims["cnf"]["x5t#S256"] = x5t.into(),
            9 => claims["cnf"] = serde_json::json!({ "x5t#S256": x5t }),
            10 => drop(claims.as_object_mut().and_then(|all| all.remove("cnf"))),
            _ => {}
        }
        jws(&stage::token_header(), &claims, self.token_edit.as_ref(), 0)
    }

    fn proof(&self, token: &str, stage: &Stage, now: u64) -> String {
        let mut claims = stage::proof_claims(token);
        claims["jti"] = format!("p-{}", self.jti % 4).into();
        claims["iat"] = now.saturating_add_signed(i64::from(self.iat)).into();
        if let Some(age) = self.nonce {
            let issued = stage::at((now + 5).saturating_sub(u64::from(age)));
            let nonce = stage
                .nonces
                .issue(stage::ORIGIN, issued, &Signatures::Always);
            claims["nonce"] = nonce.into();
        }
        let header = stage::proof_header(self.key % 2);
        jws(&header, &claims, self.proof_edit.as_ref(), self.signature)
    }
}

fn jws(header: &Value, claims: &Value, edit: Option<&Edit>, signature: u8) -> String {
    let (mut header, mut claims) = (stage::octets(header), stage::octets(claims));
    if let Some(edit) = edit {
        let document = if edit.in_header {
            &mut header
        } else {
            &mut claims
        };
        let at = usize::from(edit.at) % document.len();
        match edit.kind % 4 {
            0 => document[at] = edit.octet,
            1 => document.insert(at, edit.octet),
            2 => drop(document.remove(at)),
            _ => document.truncate(at),
        }
    }
    let mut text = stage::compact(&header, &claims);
    // Another signature of the right form: it makes no other proof.
    let first = char::from(b'A' + signature % 26);
    let at = text.rfind('.').unwrap() + 1;
    text.replace_range(at..=at, &first.to_string());
    text
}

const STEPS: usize = 32;
