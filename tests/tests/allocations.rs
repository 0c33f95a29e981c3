//! What a verdict costs, where it can be counted: allocations and checks of signatures.

use std::hint::black_box;
use std::sync::Arc;

use http::request::Parts;
use keybound::crypto::CryptoProvider;
use keybound_tests::bench::{ProofKey, Scene, Signatures};
use keybound_tests::harness::{Counting, Fixed};

const KEYS: [ProofKey; 2] = [ProofKey::Es256, ProofKey::Ed25519];

/// The target URI, the store's entry and the verdict are among them. Where the store's tables grow,
/// which they do ever more seldom, a call has a few more.
#[test]
fn a_verdict_on_a_known_token_makes_seven_allocations() {
    for key in KEYS {
        let counts = counts(key, |scene, head| drop(black_box(scene.judge(head))));
        assert_eq!(usual(&counts), 7, "{key:?} {counts:?}");
        assert!(counts.iter().sum::<u64>() <= 10 * ROUNDS, "{counts:?}");
    }
}

/// The whole of `Guard::check`: it also looks up route and token, and hands the target on.
#[test]
fn a_guard_makes_one_more() {
    for key in KEYS {
        let counts = counts(key, |scene, head| drop(black_box(scene.check(head))));
        assert_eq!(usual(&counts), 8, "{key:?} {counts:?}");
        assert!(counts.iter().sum::<u64>() <= 10 * ROUNDS, "{counts:?}");
    }
}

#[test]
fn a_known_token_costs_one_check_of_a_signature_and_a_new_one_two() {
    for key in KEYS {
        let provider = Arc::new(Counting::default());
        let counted: Arc<dyn CryptoProvider> = Arc::<Counting>::clone(&provider);
        let scene = Scene::new(counted, key, Signatures::Real);
        let (known, new) = (scene.request(), scene.request());
        let _calls = provider.take();
        scene.judge(&known);
        assert_eq!(provider.take().verify, 1, "{key:?}");
        scene.judge_new_token(&new);
        assert_eq!(provider.take().verify, 2, "{key:?}");
    }
}

/// The allocations of so many calls, one by one.
fn counts(key: ProofKey, judge: impl Fn(&Scene, &Parts)) -> Vec<u64> {
    let scene = Scene::new(Arc::new(Fixed::EverythingHolds), key, Signatures::Blank);
    (0..ROUNDS)
        .map(|_| {
            let head = scene.request();
            allocation_counter::measure(|| judge(&scene, &head)).count_total
        })
        .collect()
}

fn usual(counts: &[u64]) -> u64 {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

const ROUNDS: u64 = 500;
