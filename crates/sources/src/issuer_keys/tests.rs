//! The cache under a paused clock, with a source that follows a script.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use keybound::KeySetError;
use tokio::task::JoinSet;
use tokio::time::{advance, sleep};

use self::source::{Fake, Source, document};
use super::*;

mod source;

#[tokio::test(start_paused = true)]
async fn the_first_fetch_makes_the_keys_available() {
    let source = Source::with(&["a", "b"]);
    let keys = start(&source, Settings::DEFAULT).await;
    assert_eq!(generation(&keys), Ok(1));
    assert_eq!(
        keys.status(),
        Status {
            success_age: Some(Duration::ZERO),
            last_error: None,
            error_age: None,
            consecutive_failures: 0,
            fetches: 1,
            failures: 0,
            refetches: 0,
            declined: 0,
            generation: Some(1),
            keys: 2,
            skipped: vec![],
        }
    );
}

#[tokio::test(start_paused = true)]
async fn dpop_503_without_keys_a_token_gets_no_verdict_and_the_source_is_tried_again() {
    let source = Source::failing(FetchError::Status(500));
    let keys = start(&source, Settings::DEFAULT).await;
    assert_eq!(generation(&keys), Err(KeysUnavailable::NeverFetched));
    assert_eq!(
        ready(keys.for_kid(Some("a"))).map(|outcome| outcome.map(|_| ())),
        Some(Err(KeysUnavailable::NeverFetched))
    );
    let status = keys.status();
    assert_eq!(status.last_error, Some(FetchError::Status(500)));
    assert_eq!((status.fetches, status.consecutive_failures), (1, 1));

    // 0, 1, 3, 7, 15, 31 seconds, each delay less up to a tenth.
    sleep(Duration::from_secs(32)).await;
    assert_eq!(keys.status().consecutive_failures, 6);

    source.answer(Ok(document(&["a"])));
    sleep(Duration::from_secs(32)).await;
    assert_eq!(generation(&keys), Ok(1));
    let status = keys.status();
    assert_eq!((status.consecutive_failures, status.failures), (0, 6));
    assert_eq!(status.last_error, Some(FetchError::Status(500)));
}

#[tokio::test(start_paused = true)]
async fn without_keys_a_request_may_cause_a_fetch_once_the_gap_has_passed() {
    let mut settings = Settings::DEFAULT;
    settings.retry_min = Duration::from_secs(60);
    let source = Source::failing(FetchError::Connect);
    let keys = start(&source, settings).await;
    source.answer(Ok(document(&["a"])));
    advance(settings.refetch_gap).await;
    assert_eq!(keys.for_kid(None).await.map(|set| set.generation()), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_known_kid_is_answered_at_once_while_the_source_hangs() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    source.slow(Duration::from_secs(3_600));
    advance(Duration::from_secs(20)).await;
    let waiting = tokio::spawn(wait_for(&keys, "b"));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(source.fetches(), 2);
    for kid in [None, Some("a")] {
        assert_eq!(ready_generation(&keys, kid), Some(Ok(1)));
    }
    assert_eq!(waiting.await.unwrap(), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kid_causes_a_fetch_only_after_the_gap() {
    let gap = Settings::DEFAULT.refetch_gap;
    let tick = Duration::from_millis(1);
    for (after, expected) in [
        (gap - tick, None),
        (gap, Some(Ok(2))),
        (gap + tick, Some(Ok(2))),
    ] {
        let source = Source::with(&["a"]);
        let keys = start(&source, Settings::DEFAULT).await;
        source.answer(Ok(document(&["a", "b"])));
        advance(after).await;
        match expected {
            None => assert_eq!(ready_generation(&keys, Some("b")), Some(Ok(1))),
            Some(expected) => {
                assert_eq!(ready_generation(&keys, Some("b")), None);
                assert_eq!(wait_for(&keys, "b").await, expected);
            }
        }
        let status = keys.status();
        let fetched = u64::from(expected.is_some());
        assert_eq!(status.fetches, 1 + fetched, "{after:?}");
        assert_eq!(status.refetches, fetched, "{after:?}");
        assert_eq!(status.declined, 1 - fetched, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_requests_share_one_fetch() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    source.slow(Duration::from_secs(1));
    source.answer(Ok(document(&["a", "b"])));
    advance(Settings::DEFAULT.refetch_gap).await;
    let mut requests = JoinSet::new();
    for _ in 0..Settings::DEFAULT.max_waiting {
        requests.spawn(wait_for(&keys, "b"));
    }
    assert!(requests.join_all().await.iter().all(|got| *got == Ok(2)));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(source.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_number_that_may_wait_are_answered_at_once() {
    for max_waiting in [0, 1, 5] {
        let mut settings = Settings::DEFAULT;
        settings.max_waiting = max_waiting;
        let source = Source::with(&["a"]);
        let keys = start(&source, settings).await;
        source.slow(Duration::from_secs(1));
        source.answer(Ok(document(&["a", "b"])));
        advance(settings.refetch_gap).await;
        let mut requests = JoinSet::new();
        for _ in 0..max_waiting {
            requests.spawn(wait_for(&keys, "b"));
        }
        tokio::task::yield_now().await;
        assert_eq!(ready_generation(&keys, Some("b")), Some(Ok(1)));
        assert_eq!(keys.status().declined, 1);
        assert_eq!(requests.join_all().await, vec![Ok(2); max_waiting]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_gives_up_waiting_and_the_next_one_joins_the_same_fetch() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    source.slow(Duration::from_secs(30));
    source.answer(Ok(document(&["a", "b"])));
    advance(Settings::DEFAULT.refetch_gap).await;
    for _ in 0..2 {
        let began = Instant::now();
        assert_eq!(wait_for(&keys, "b").await, Ok(1));
        assert_eq!(began.elapsed().as_secs(), Settings::DEFAULT.wait.as_secs());
    }
    assert_eq!(source.fetches(), 2);
    sleep(Duration::from_secs(21)).await;
    assert_eq!(generation(&keys), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_kids_neither_multiplies_fetches_nor_hides_a_rotation() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    let mut flood = JoinSet::new();
    let mut seen_after = None;
    for tick in 0..6_000_u64 {
        if tick == 2_500 {
            source.answer(Ok(document(&["a", "b"])));
        }
        flood.spawn(wait_for(&keys, "unknown"));
        sleep(Duration::from_millis(10)).await;
        assert!(ready_generation(&keys, Some("a")).is_some());
        if seen_after.is_none() && generation(&keys) == Ok(2) {
            seen_after = Some(tick - 2_500);
        }
    }
    // A minute: one fetch at the start, one with the first request after each ten seconds, and the
    // rotation in the next of them.
    assert_eq!(source.fetches(), 6);
    assert!(
        seen_after.is_some_and(|ticks| ticks <= 1_000),
        "{seen_after:?}"
    );
    assert_eq!(ready_generation(&keys, Some("b")), Some(Ok(2)));
    assert_eq!(flood.join_all().await.len(), 6_000);
}

#[tokio::test(start_paused = true)]
async fn a_flood_while_the_source_is_down_keeps_the_bound_and_the_known_kid() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    source.answer(Err(FetchError::Timeout));
    for _ in 0..12_000 {
        // Dropped while they wait: a client that hangs up.
        let _ = ready(keys.for_kid(Some("unknown")));
        assert_eq!(ready_generation(&keys, Some("a")), Some(Ok(1)));
        sleep(Duration::from_millis(10)).await;
    }
    // Two minutes: 12 by the gap; the retries of the backoff are among them or a few more.
    let fetches = source.fetches();
    assert!((2..=20).contains(&fetches), "{fetches}");
    assert_eq!(keys.status().last_error, Some(FetchError::Timeout));
}

#[tokio::test(start_paused = true)]
async fn stale_keys_are_used_for_the_stated_time_and_not_longer() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    let confirmed = Instant::now();
    source.answer(Err(FetchError::BadDocument(KeySetError::Malformed)));
    let tick = Duration::from_millis(1);
    let max_stale = Settings::DEFAULT.max_stale;
    for (age, expected) in [
        (max_stale - tick, Ok(1)),
        (max_stale, Ok(1)),
        (max_stale + tick, Err(KeysUnavailable::TooStale)),
    ] {
        tokio::time::sleep_until(confirmed + age).await;
        assert_eq!(generation(&keys), expected, "{age:?}");
    }
    assert_eq!(keys.status().generation, Some(1));
    // The same octets as before are a confirmation: the same set, the same generation.
    source.answer(Ok(document(&["a"])));
    sleep(Settings::DEFAULT.retry_max).await;
    assert_eq!(generation(&keys), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn the_generation_changes_with_the_octets_and_not_otherwise() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    let first = keys.current().unwrap();
    let steps: &[(Result<Bytes, FetchError>, u64)] = &[
        (Ok(document(&["a"])), 1),
        (Ok(document(&["a", "b"])), 2),
        (Ok(document(&["a", "b"])), 2),
        (Ok(Bytes::from_static(b"{\"keys\":[]}")), 2),
        (Ok(Bytes::from_static(b"{")), 2),
        (Err(FetchError::Connect), 2),
        (Ok(document(&["a", "b"])), 2),
        (Ok(document(&["a"])), 3),
    ];
    for (index, (answer, expected)) in steps.iter().enumerate() {
        source.answer(answer.clone());
        sleep(Settings::DEFAULT.refresh).await;
        assert_eq!(generation(&keys), Ok(*expected), "step {index}");
        if index == 0 {
            assert!(Arc::ptr_eq(&first, &keys.current().unwrap()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_emptied_or_broken_set_is_reported_and_the_last_good_one_stays() {
    let rows: &[(&'static [u8], KeySetError)] = &[
        (b"", KeySetError::Malformed),
        (b"{\"keys\":[],\"keys\":[]}", KeySetError::Malformed),
        (b"{\"keys\":[]}", KeySetError::NoUsableKey),
        (b"{\"keys\":[{\"kty\":\"oct\"}]}", KeySetError::NoUsableKey),
    ];
    for (bad, expected) in rows {
        let source = Source::with(&["a"]);
        let keys = start(&source, Settings::DEFAULT).await;
        source.answer(Ok(Bytes::from_static(bad)));
        sleep(Settings::DEFAULT.refresh).await;
        assert_eq!(generation(&keys), Ok(1));
        assert_eq!(
            keys.status().last_error,
            Some(FetchError::BadDocument(*expected))
        );
    }
}

// rules: BCP-3.10-1 (negative)
#[tokio::test(start_paused = true)]
async fn bcp_3_10_1_a_kid_that_no_set_may_hold_causes_no_fetch() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    let limit = Settings::DEFAULT.limits.kid;
    for (length, waits) in [(limit + 1, false), (1_000_000, false), (limit, true)] {
        advance(Settings::DEFAULT.refetch_gap).await;
        let kid = "k".repeat(length);
        assert_eq!(ready_generation(&keys, Some(&kid)).is_none(), waits);
    }
}

#[tokio::test(start_paused = true)]
async fn the_answers_max_age_sets_the_next_fetch() {
    let source = Source::with(&["a"]);
    source.max_age(Some(Duration::from_secs(1_000)));
    let _keys = start(&source, Settings::DEFAULT).await;
    sleep(Duration::from_secs(899)).await;
    assert_eq!(source.fetches(), 1);
    sleep(Duration::from_secs(102)).await;
    assert_eq!(source.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_with_the_last_handle() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    let clone = keys.clone();
    drop(keys);
    sleep(Settings::DEFAULT.refresh).await;
    assert_eq!(source.fetches(), 2);
    drop(clone);
    sleep(Settings::DEFAULT.refresh * 100).await;
    assert_eq!(source.fetches(), 2);
    assert_eq!(Arc::strong_count(&source.0), 1, "the task holds its loader");
}

#[tokio::test(start_paused = true)]
async fn a_call_left_over_does_not_wake_the_task() {
    let shared = Shared::new(Settings::DEFAULT, watch::channel(()).1);
    let began = Instant::now();
    shared.wake.notify_one();
    shared.sleep(began + Duration::from_secs(10)).await;
    assert_eq!(began.elapsed().as_secs(), 10);

    shared.book().pending = true;
    shared.wake.notify_one();
    shared.sleep(began + Duration::from_secs(20)).await;
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_died_holds_nobody_up() {
    let source = Source::with(&["a"]);
    let keys = start(&source, Settings::DEFAULT).await;
    keys._task.0.abort();
    advance(Settings::DEFAULT.refetch_gap).await;
    let began = Instant::now();
    assert_eq!(wait_for(&keys, "b").await, Ok(1));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn contradicting_settings_are_refused_before_anything_is_fetched() {
    let mut settings = Settings::DEFAULT;
    settings.refetch_gap = Duration::ZERO;
    let source = Source::with(&["a"]);
    let refused = IssuerKeys::start_loader(source.clone(), settings, Arc::new(Fake)).await;
    assert_eq!(
        refused.map(|_| ()),
        Err(SettingsError::Zero {
            name: "refetch_gap"
        })
    );
    assert_eq!(source.fetches(), 0);
}

async fn start(source: &Source, settings: Settings) -> IssuerKeys {
    IssuerKeys::start_loader(source.clone(), settings, Arc::new(Fake))
        .await
        .unwrap()
}

fn generation(keys: &IssuerKeys) -> Result<u64, KeysUnavailable> {
    keys.current().map(|set| set.generation())
}

/// The answer if it comes without waiting.
fn ready_generation(keys: &IssuerKeys, kid: Option<&str>) -> Option<Result<u64, KeysUnavailable>> {
    ready(keys.for_kid(kid)).map(|outcome| outcome.map(|set| set.generation()))
}

fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

fn wait_for(
    keys: &IssuerKeys,
    kid: &'static str,
) -> impl Future<Output = Result<u64, KeysUnavailable>> + use<> {
    let keys = keys.clone();
    async move { keys.for_kid(Some(kid)).await.map(|set| set.generation()) }
}
