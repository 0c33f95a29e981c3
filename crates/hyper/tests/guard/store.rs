//! A store that fails, in every way a store can.

use std::sync::Arc;

use keybound::Reason;
use keybound::replay::{FirstUse, FreshnessSource, ReplayEntry, ReplayError};
use keybound_hyper::Outcome;
use keybound_replay::{Now, ReplayStore};

use crate::scene::{Options, Scene};
use crate::wire::{BOTH, send};

/// Always answers the same.
#[derive(Clone, Copy, Debug)]
enum Fixed {
    Error(ReplayError),
    /// Evidence, but for another proof.
    OtherProof,
}

impl ReplayStore for Fixed {
    fn check_and_insert(&self, entry: &ReplayEntry, _: Now) -> Result<FirstUse, ReplayError> {
        match self {
            Self::Error(error) => Err(*error),
            Self::OtherProof => {
                let second = entry.second();
                let owner = *entry.owner();
                let other =
                    ReplayEntry::for_model([9; 32], owner, FreshnessSource::Iat, second, second);
                Ok(FirstUse::assertion(&other))
            }
        }
    }
}

#[tokio::test]
async fn proj_3_refuses_what_the_store_does_not_vouch_for() {
    let retry = |seconds: &'static str| vec![seconds];
    let rows = [
        (
            Fixed::Error(ReplayError::Unavailable),
            503,
            Reason::ReplayUnavailable,
            retry("5"),
        ),
        (
            Fixed::Error(ReplayError::Full { retry_after: 7 }),
            503,
            Reason::ReplayFull,
            retry("7"),
        ),
        (
            Fixed::Error(ReplayError::OwnerQuota { retry_after: 9 }),
            429,
            Reason::ReplayQuota,
            retry("9"),
        ),
        (
            Fixed::Error(ReplayError::Forgotten),
            503,
            Reason::ReplayForgotten,
            retry("5"),
        ),
        (
            Fixed::OtherProof,
            503,
            Reason::ReplayUnavailable,
            retry("5"),
        ),
        (
            Fixed::Error(ReplayError::Replayed),
            401,
            Reason::ProofReplayed,
            vec![],
        ),
        (
            Fixed::Error(ReplayError::PredatesStart),
            401,
            Reason::ProofPredatesStart,
            vec![],
        ),
    ];
    for (store, status, reason, retry_after) in rows {
        let scene = Scene::with(Options {
            store: Some(Arc::new(store)),
            ..Options::default()
        })
        .await;
        for version in BOTH {
            let response = send(&scene.authority, version, &scene.request("/orders")).await;
            let outcome = if status == 401 {
                Outcome::Deny
            } else {
                Outcome::Fail
            };
            assert_eq!(scene.decision(), Some((outcome, Some(reason))));
            assert_eq!(
                (response.status, response.lines("retry-after")),
                (status, retry_after.clone())
            );
            // A fault of ours does not blame the client.
            assert_eq!(response.lines("www-authenticate").is_empty(), status != 401);
        }
        assert_eq!(scene.seen().len(), 0, "{store:?}");
    }
}
