//! What a verification costs, for each provider that is compiled in: nanoseconds, and the ratio to the
//! first provider. `cargo bench -p keybound-crypto --features aws-lc`
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use keybound::crypto::CryptoProvider;
use keybound::{Algorithm, PublicKey};
use p256::ecdsa::signature::Signer;

fn main() {
    let inputs = Inputs::new();
    let providers = providers();
    print!("{:<20}", "ns (ratio)");
    for provider in &providers {
        print!("{:>24}", format!("{provider:?}"));
    }
    println!();
    for (name, operation) in OPERATIONS {
        print!("{name:<20}");
        let mut first = None;
        for provider in &providers {
            let cost = median_nanoseconds(|| operation(*provider, &inputs));
            let ratio = cost / *first.get_or_insert(cost);
            print!("{:>24}", format!("{cost:.0} ({ratio:.2})"));
        }
        println!();
    }
}

fn providers() -> Vec<&'static dyn CryptoProvider> {
    vec![
        &keybound_crypto::RustCrypto,
        #[cfg(feature = "issuer-algorithms")]
        &keybound_crypto::IssuerAlgorithms,
        #[cfg(feature = "aws-lc")]
        &keybound_crypto::AwsLc,
    ]
}

/// Says whether it succeeded, so that a refusal is not mistaken for a fast check.
type Operation = fn(&dyn CryptoProvider, &Inputs) -> bool;

const OPERATIONS: &[(&str, Operation)] = &[
    ("ES256 verify", |provider, inputs| {
        let (key, signature) = &inputs.es256;
        let verified = provider.verify(Algorithm::Es256, key, &inputs.message, signature);
        verified.is_ok()
    }),
    ("ES256 check_key", |provider, inputs| {
        provider.check_key(&inputs.es256.0).is_ok()
    }),
    ("Ed25519 verify", |provider, inputs| {
        let (key, signature) = &inputs.ed25519;
        let verified = provider.verify(Algorithm::Ed25519, key, &inputs.message, signature);
        verified.is_ok()
    }),
    ("Ed25519 check_key", |provider, inputs| {
        provider.check_key(&inputs.ed25519.0).is_ok()
    }),
    ("SHA-256, 700 B", |provider, inputs| {
        provider.sha256(&[&inputs.message]) != [0; 32]
    }),
    ("HMAC, 64 B", |provider, inputs| {
        provider.hmac_sha256(&[7; 32], &[&inputs.message[..64]]) != [0; 32]
    }),
];

struct Inputs {
    message: Vec<u8>,
    es256: (PublicKey, [u8; 64]),
    ed25519: (PublicKey, [u8; 64]),
}

impl Inputs {
    fn new() -> Self {
        let message = vec![b'.'; 700];
        let private = p256::ecdsa::SigningKey::from_slice(&[7; 32]).expect("7.. is below n");
        let point = private.verifying_key().to_sec1_point(false);
        let key = PublicKey::p256(
            (*point.x().expect("not infinity")).into(),
            (*point.y().expect("not compressed")).into(),
        );
        let signature: p256::ecdsa::Signature = private.sign(&message);
        let es256 = (key, signature.to_bytes().into());
        let private = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::ed25519(private.verifying_key().to_bytes());
        let ed25519 = (key, private.sign(&message).to_bytes());
        Self {
            message,
            es256,
            ed25519,
        }
    }
}

/// The median of many batches, each long enough for the clock.
fn median_nanoseconds(mut operation: impl FnMut() -> bool) -> f64 {
    let mut run = |rounds: u32| {
        let start = Instant::now();
        for _ in 0..rounds {
            assert!(black_box(operation()), "the operation failed");
        }
        start.elapsed()
    };
    let mut rounds = 1;
    while run(rounds) < BATCH {
        rounds *= 2;
    }
    let mut costs: Vec<f64> = (0..BATCHES)
        .map(|_| run(rounds).as_secs_f64() * 1e9 / f64::from(rounds))
        .collect();
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

const BATCH: Duration = Duration::from_millis(10);
const BATCHES: usize = 31;
