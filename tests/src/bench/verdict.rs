//! What a verdict costs beside the checks of signatures.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use http::request::Parts;
use keybound::crypto::CryptoProvider;
use keybound::{Algorithm, PublicKey, Verdict};
use keybound_crypto::IssuerAlgorithms;
use keybound_hyper::Decision;

use super::scene::{ProofKey, Scene, Signatures};
use crate::harness::{Fixed, PrivateKey};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Batches of each kind. Kinds take turns, so that all see the same machine.
    pub batches: u32,
    /// Verdicts in a batch.
    pub verdicts: u32,
    /// Verdicts in a batch, where signatures are checked.
    pub signed: u32,
}

impl Effort {
    /// Some seconds in a release build.
    pub const FULL: Self = Self {
        batches: 401,
        verdicts: 64,
        signed: 2,
    };

    /// A moment, to see that it works.
    pub const SMOKE: Self = Self {
        batches: 1,
        verdicts: 4,
        signed: 1,
    };
}

/// Counts the allocations of a call.
pub type Allocations<'c> = &'c dyn Fn(&mut dyn FnMut()) -> u64;

/// Measures, with each of the algorithms that proofs usually have.
pub fn measure(effort: Effort, allocations: Allocations<'_>) -> Report {
    Report(
        [ProofKey::Es256, ProofKey::Ed25519].map(|key| Column::measure(key, effort, allocations)),
    )
}

/// Medians over batches.
#[derive(Debug)]
pub struct Report([Column; 2]);

/// All times in nanoseconds.
#[derive(Debug)]
struct Column {
    key: ProofKey,
    token_octets: usize,
    proof_octets: usize,
    stages: f64,
    new_token: f64,
    guard: f64,
    complete: f64,
    key_check: f64,
    signature: f64,
    stages_allocations: u64,
    guard_allocations: u64,
}

impl Column {
    fn measure(key: ProofKey, effort: Effort, allocations: Allocations<'_>) -> Self {
        let blank = Scene::new(Arc::new(Fixed::EverythingHolds), key, Signatures::Blank);
        let signed = Scene::new(Arc::new(IssuerAlgorithms), key, Signatures::Real);
        let check = SignatureCheck::new(key);
        let (token_octets, proof_octets) = blank.sizes();
        let mut costs: [Vec<f64>; 6] = Default::default();
        // The first round warms up and does not count.
        for round in 0..=effort.batches {
            let requests = || -> Vec<Parts> {
                let requests = (0..effort.verdicts).map(|_| blank.request());
                requests.collect()
            };
            let heads = [requests(), requests(), requests()];
            let signed_heads: Vec<Parts> = (0..effort.signed).map(|_| signed.request()).collect();
            let times = [
                mean(&heads[0], |head| allowed(&blank.judge(head))),
                mean(&heads[1], |head| allowed(&blank.judge_new_token(head))),
                mean(&heads[2], |head| passed(&blank.check(head))),
                mean(&signed_heads, |head| allowed(&signed.judge(head))),
                mean(&heads[0], |_| check.key_is_good()),
                mean(&signed_heads, |_| check.holds()),
            ];
            if round > 0 {
                for (costs, time) in costs.iter_mut().zip(times) {
                    costs.push(time);
                }
            }
        }
        let [stages, new_token, guard, complete, key_check, signature] = costs.map(median);
        let most = |judge: &dyn Fn(&Parts)| {
            let heads = (0..effort.verdicts).map(|_| blank.request());
            let counts = heads.map(|head| allocations(&mut || judge(&head)));
            counts.max().unwrap_or(0)
        };
        Self {
            key,
            token_octets,
            proof_octets,
            stages,
            new_token,
            guard,
            complete,
            key_check,
            signature,
            stages_allocations: most(&|head| drop(black_box(blank.judge(head)))),
            guard_allocations: most(&|head| drop(black_box(blank.check(head)))),
        }
    }
}

/// The check of one signature of a proof's length, without anything around it.
struct SignatureCheck {
    algorithm: Algorithm,
    key: PublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl SignatureCheck {
    fn new(key: ProofKey) -> Self {
        let (private, algorithm) = match key {
            ProofKey::Es256 => (PrivateKey::p256(2), Algorithm::Es256),
            ProofKey::Ed25519 => (PrivateKey::ed25519(2), Algorithm::EdDsa),
        };
        let message = vec![b'.'; 420];
        Self {
            algorithm,
            key: PublicKey::from_jwk(private.public_jwk().to_string().as_bytes()).unwrap(),
            signature: private.sign(private.algorithm(), &message),
            message,
        }
    }

    fn holds(&self) -> bool {
        IssuerAlgorithms
            .verify(self.algorithm, &self.key, &self.message, &self.signature)
            .is_ok()
    }

    fn key_is_good(&self) -> bool {
        IssuerAlgorithms.check_key(&self.key).is_ok()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.0;
        let mut row = |name: &str, value: &dyn Fn(&Column) -> String| {
            writeln!(f, "{name:<52}{:>12}{:>12}", value(first), value(second))
        };
        let micros = |nanos: f64| format!("{:.2} us", nanos / 1_000.0);
        row("", &|column| format!("{:?}", column.key))?;
        row("token, proof", &|column| {
            format!("{}, {} B", column.token_octets, column.proof_octets)
        })?;
        row("known token, all but signature", &|c| micros(c.stages))?;
        row("  of which: is the proof's key a point", &|c| {
            micros(c.key_check)
        })?;
        row("  without that", &|c| micros(c.stages - c.key_check))?;
        row("  allocations, at most", &|c| {
            c.stages_allocations.to_string()
        })?;
        row("new token, all but signatures", &|c| micros(c.new_token))?;
        row("Guard::check, known token, all but signature", &|c| {
            micros(c.guard)
        })?;
        row("  allocations, at most", &|c| {
            c.guard_allocations.to_string()
        })?;
        row("known token, complete", &|c| micros(c.complete))?;
        row("signature alone", &|c| micros(c.signature))?;
        row("  complete : signature alone", &|c| {
            format!("{:.3}", c.complete / c.signature)
        })
    }
}

fn allowed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Allow(_))
}

fn passed(decision: &Decision<()>) -> bool {
    matches!(decision, Decision::Pass(_))
}

/// Nanoseconds of one call. A refusal would be a wrong measurement.
fn mean(heads: &[Parts], judge: impl Fn(&Parts) -> bool) -> f64 {
    let begin = Instant::now();
    for head in heads {
        assert!(judge(black_box(head)), "a request was refused");
    }
    begin.elapsed().as_secs_f64() * 1e9 / heads.len() as f64
}

fn median(mut costs: Vec<f64>) -> f64 {
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}
