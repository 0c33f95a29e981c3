//! A proof whose window closes between the check of its date and the store. Nobody has set a clock:
//! the client is asked for another proof, as it would have been a moment later.

use std::time::Duration;

use keybound::replay::ReplayError;
use keybound::{Confirmed, Reason, Verdict};
use keybound_replay::{MemoryStore, MemoryStoreConfig, Now, ReplayStore};
use keybound_tests::harness::{NOW, Outcome, Request, Service, Store, time};

/// Both clocks, so many seconds after [`NOW`].
fn after(seconds: u64) -> Now {
    Now::new(time(NOW + seconds), Duration::from_secs(1_000 + seconds))
}

/// A store that has been up for a while.
fn store() -> MemoryStore {
    let config = MemoryStoreConfig::default().with_capacity(100);
    MemoryStore::new(config, Now::new(time(NOW - 1_000), Duration::ZERO))
}

/// Examines a request at one second, and asks the store at another.
fn send(
    service: &mut Service,
    request: &Request,
    store: &MemoryStore,
    examined: u64,
    asked: u64,
) -> Result<(), Reason> {
    service.now = NOW + examined;
    let confirmed = service.verify(request);
    let Ok(Confirmed::Unspent(unspent)) = confirmed else {
        panic!("{confirmed:?}");
    };
    let answer = store.check_and_insert(unspent.replay_entry(), after(asked));
    match unspent.spend(answer) {
        Verdict::Allow(_) => Ok(()),
        Verdict::Deny(rejection) => Err(rejection.reason()),
        Verdict::Fail(unavailable) => Err(unavailable.reason()),
    }
}

// rules: DPOP-4.3-11 (both)
#[test]
fn an_iat_that_becomes_too_old_before_the_store_is_asked_is_refused_as_too_old() {
    let too_old = Err(Reason::ProofIatTooOld);
    for (examined, asked, expected) in [
        (60, 60, Ok(())),
        (60, 61, too_old),
        (60, 62, too_old),
        (0, 60, Ok(())),
        (0, 61, too_old),
    ] {
        let mut service = Service::dpop();
        let (request, store) = (service.request(), store());
        let outcome = send(&mut service, &request, &store, examined, asked);
        assert_eq!(outcome, expected, "{examined} s, {asked} s");
        let refused = store.metrics().refused;
        assert_eq!(refused.too_old, u64::from(expected.is_err()));
        assert_eq!(refused.forgotten, 0);
    }
}

// rules: DPOP-11.1-5 (both)
#[test]
fn a_nonce_that_becomes_stale_before_the_store_is_asked_is_refused_as_stale() {
    let stale = Err(Reason::ProofNonceStale);
    for (examined, asked, expected) in [(180, 180, Ok(())), (180, 181, stale), (180, 182, stale)] {
        let mut service = Service::with_nonces();
        let (request, store) = (service.request(), store());
        let outcome = send(&mut service, &request, &store, examined, asked);
        assert_eq!(outcome, expected, "{examined} s, {asked} s");
        let refused = store.metrics().refused;
        assert_eq!(refused.too_old, u64::from(expected.is_err()));
        assert_eq!(refused.forgotten, 0);
    }
}

/// A replay that comes too late is told that, though its second was dropped for the very same reason.
#[test]
fn a_replay_that_becomes_too_old_is_refused_as_too_old() {
    let (mut service, store) = (Service::dpop(), store());
    let request = service.request();
    assert_eq!(send(&mut service, &request, &store, 0, 0), Ok(()));
    let replayed = Err(Reason::ProofReplayed);
    assert_eq!(send(&mut service, &request, &store, 60, 60), replayed);
    let too_old = Err(Reason::ProofIatTooOld);
    assert_eq!(send(&mut service, &request, &store, 60, 61), too_old);
}

/// 401 and no `Retry-After`; and for a nonce, a fresh one to go on with (DPOP-8-3, RFC 9449 section 8).
#[test]
fn the_answer_is_a_challenge_and_brings_a_nonce_where_one_was_used() {
    let late = |mut service: Service| {
        service.store = Store::failing(ReplayError::TooOld);
        service.run(&service.request())
    };
    let expected = Outcome::bad_time(Reason::ProofIatTooOld);
    assert_eq!(late(Service::dpop()), expected);
    let expected = Outcome::wants_nonce(Reason::ProofNonceStale);
    assert_eq!(late(Service::with_nonces()), expected);
}
