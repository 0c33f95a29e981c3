use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use keybound::KeySet;
use keybound::crypto::CryptoProvider;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::error::{FetchError, KeysUnavailable};
use crate::refresh::Refresher;
use crate::settings::{Settings, SettingsError};
use crate::source::{KeySource, Load};
use crate::status::Status;

/// The keys of one issuer, kept fresh by a task that ends with the last clone of this handle.
///
/// All fetches happen in that task, one after the other. Generations count from 1 for each handle,
/// and change only when the document's octets do.
#[derive(Clone)]
pub struct IssuerKeys {
    shared: Arc<Shared>,
    _task: Arc<Task>,
}

impl IssuerKeys {
    /// Starts the task and waits for its first fetch. That it failed is no error here: the keys are
    /// then unavailable, the task goes on trying, and [`status`](Self::status) has the reason.
    ///
    /// # Errors
    ///
    /// Everything in [`SettingsError`].
    pub async fn start(
        source: KeySource,
        settings: Settings,
        provider: Arc<dyn CryptoProvider>,
    ) -> Result<Self, SettingsError> {
        let loader = source.loader(&settings);
        Self::start_loader(loader, settings, provider).await
    }

    pub(crate) async fn start_loader(
        loader: impl Load,
        settings: Settings,
        provider: Arc<dyn CryptoProvider>,
    ) -> Result<Self, SettingsError> {
        settings.check()?;
        let (finish, mut finished) = watch::channel(());
        let shared = Arc::new(Shared::new(settings, finished.clone()));
        let refresher = Refresher::new(loader, Arc::clone(&shared), finish, provider);
        let keys = Self {
            shared,
            _task: Arc::new(Task(tokio::spawn(refresher.run()))),
        };
        // Ends with the first fetch, or with the task should it ever panic.
        let _ = finished.changed().await;
        Ok(keys)
    }

    /// The set in use. Takes no lock and does not wait.
    ///
    /// # Errors
    ///
    /// Everything in [`KeysUnavailable`]: answer 503 (RFC 9449 has no code for it, and a verdict on
    /// the token would be wrong).
    pub fn current(&self) -> Result<Arc<KeySet>, KeysUnavailable> {
        self.shared.current()
    }

    /// The set to verify a token with whose header has this `kid`, which is compared and nothing else
    /// (BCP-3.10-1, rfc8725bis section 3.10).
    ///
    /// Returns at once if the set has such a key, or if the token names none. An unknown `kid` waits
    /// for a fetch if one is under way or if [`Settings::refetch_gap`] has passed since the last began,
    /// for at most [`Settings::wait`], and only [`Settings::max_waiting`] calls at a time. In all other
    /// cases, and if the fetch brings nothing, the answer is the set that is there.
    ///
    /// # Errors
    ///
    /// Everything in [`KeysUnavailable`].
    pub async fn for_kid(&self, kid: Option<&str>) -> Result<Arc<KeySet>, KeysUnavailable> {
        let present = self.current();
        if let Ok(set) = &present
            && !self.shared.could_be_new(kid, set)
        {
            return present;
        }
        match self.shared.wait_for_fetch().await {
            Waited::Yes => self.current(),
            Waited::No => present,
        }
    }

    /// How the fetches go. For operators: it takes a lock.
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerKeys").finish_non_exhaustive()
    }
}

/// Ends the task with the last handle.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the handles and the task have in common.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    in_use: ArcSwapOption<InUse>,
    book: Mutex<Book>,
    wake: Notify,
    /// Changes when a fetch has ended; closed when the task has.
    finished: watch::Receiver<()>,
    waiting: Semaphore,
}

/// The set in use, and when its source last confirmed it.
struct InUse {
    set: Arc<KeySet>,
    confirmed: Instant,
}

/// What is needed only for fetches and their status.
#[derive(Default)]
struct Book {
    /// A fetch is under way, or asked for.
    pending: bool,
    last_began: Option<Instant>,
    last_success: Option<Instant>,
    last_error: Option<(FetchError, Instant)>,
    consecutive_failures: u32,
    fetches: u64,
    failures: u64,
    refetches: u64,
    declined: u64,
}

impl Shared {
    fn new(settings: Settings, finished: watch::Receiver<()>) -> Self {
        Self {
            settings,
            in_use: ArcSwapOption::empty(),
            book: Mutex::default(),
            wake: Notify::new(),
            finished,
            waiting: Semaphore::new(settings.max_waiting.min(Semaphore::MAX_PERMITS)),
        }
    }

    fn current(&self) -> Result<Arc<KeySet>, KeysUnavailable> {
        let in_use = self.in_use.load();
        let in_use = in_use.as_ref().ok_or(KeysUnavailable::NeverFetched)?;
        // At exactly `max_stale` the set is still good.
        match Instant::now().saturating_duration_since(in_use.confirmed) > self.settings.max_stale {
            true => Err(KeysUnavailable::TooStale),
            false => Ok(Arc::clone(&in_use.set)),
        }
    }

    /// Whether another fetch could bring the key of a token: no set may hold a `kid` beyond the limit.
    fn could_be_new(&self, kid: Option<&str>, set: &KeySet) -> bool {
        match kid {
            Some(kid) if kid.len() <= self.settings.limits.kid => {
                !set.keys().iter().any(|key| key.kid() == Some(kid))
            }
            _ => false,
        }
    }

    async fn wait_for_fetch(&self) -> Waited {
        let Ok(_permit) = self.waiting.try_acquire() else {
            self.book().declined += 1;
            return Waited::No;
        };
        let mut finished = self.finished.clone();
        {
            let mut book = self.book();
            if !book.pending {
                if !book.gap_has_passed(&self.settings) {
                    book.declined += 1;
                    return Waited::No;
                }
                book.pending = true;
                book.refetches += 1;
                self.wake.notify_one();
            }
            // Under the lock: the fetch cannot end unseen between here and the wait.
            finished.mark_unchanged();
        }
        let _ = timeout(self.settings.wait, finished.changed()).await;
        Waited::Yes
    }

    /// Returns at `until`, or as soon as a request asks for a fetch.
    pub(crate) async fn sleep(&self, until: Instant) {
        while tokio::time::timeout_at(until, self.wake.notified())
            .await
            .is_ok()
        {
            // The call may be left over from a request that the last fetch has served.
            if self.book().pending {
                return;
            }
        }
    }

    /// A fetch begins.
    pub(crate) fn begin(&self, now: Instant) {
        let mut book = self.book();
        book.pending = true;
        book.last_began = Some(now);
        book.fetches += 1;
    }

    /// A fetch that began at `began` has brought this set, a new one or the one in use.
    pub(crate) fn succeed(&self, set: Arc<KeySet>, began: Instant, finish: &watch::Sender<()>) {
        self.in_use.store(Some(Arc::new(InUse {
            set,
            confirmed: began,
        })));
        let mut book = self.book();
        book.last_success = Some(began);
        book.consecutive_failures = 0;
        book.end(finish);
    }

    /// A fetch has failed.
    pub(crate) fn fail(&self, error: FetchError, now: Instant, finish: &watch::Sender<()>) {
        let mut book = self.book();
        book.last_error = Some((error, now));
        book.consecutive_failures = book.consecutive_failures.saturating_add(1);
        book.failures += 1;
        book.end(finish);
    }

    pub(crate) fn consecutive_failures(&self) -> u32 {
        self.book().consecutive_failures
    }

    fn status(&self) -> Status {
        let now = Instant::now();
        let age = |then: Instant| now.saturating_duration_since(then);
        let in_use = self.in_use.load_full();
        let set = in_use.as_ref().map(|in_use| &in_use.set);
        let book = self.book();
        Status {
            success_age: book.last_success.map(age),
            last_error: book.last_error.as_ref().map(|(error, _)| error.clone()),
            error_age: book.last_error.as_ref().map(|(_, then)| age(*then)),
            consecutive_failures: book.consecutive_failures,
            fetches: book.fetches,
            failures: book.failures,
            refetches: book.refetches,
            declined: book.declined,
            generation: set.map(|set| set.generation()),
            keys: set.map_or(0, |set| set.keys().len()),
            skipped: set.map_or_else(Vec::new, |set| set.skipped().to_vec()),
        }
    }

    /// No code panics while it holds the lock; if one did, the book would still be usable.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// `finish` under the lock, so that it wakes those who wait for this fetch and nobody else.
    fn end(&mut self, finish: &watch::Sender<()>) {
        self.pending = false;
        finish.send_replace(());
    }

    fn gap_has_passed(&self, settings: &Settings) -> bool {
        self.last_began
            .is_none_or(|began| began.elapsed() >= settings.refetch_gap)
    }
}

/// Whether a request has waited for a fetch.
enum Waited {
    Yes,
    No,
}

#[cfg(test)]
mod tests;
