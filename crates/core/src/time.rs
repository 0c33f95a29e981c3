use rustls_pki_types::UnixTime;

/// How old, and how far in the future, a time stamp may be. Seconds.
///
/// This is the one place that knows both when a proof is still accepted and how long it must be
/// remembered; a replay store that kept its own idea of either would let the same proof in twice
/// (PROJ-6; DPOP-11.1-2, RFC 9449 section 11.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    past: u64,
    future: u64,
}

/// Where a time stamp lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth place")]
pub enum Position {
    /// Older than the window allows.
    TooOld,
    /// Acceptable.
    Inside,
    /// Further in the future than the window allows.
    TooFarAhead,
}

impl Window {
    /// A window of so many seconds before and after now, both bounds included.
    pub const fn new(past: u64, future: u64) -> Self {
        Self { past, future }
    }

    /// Seconds of age that are still accepted.
    pub const fn past(&self) -> u64 {
        self.past
    }

    /// Seconds ahead that are still accepted.
    pub const fn future(&self) -> u64 {
        self.future
    }

    /// Where a time stamp lies. A fraction of a second counts against the sender on both sides: the
    /// age is taken from `stamp.floor`, the distance ahead from `stamp.ceiling`
    /// (JWT-2-1, RFC 7519 section 2).
    ///
    /// Both bounds are inside: `now - floor == past` is accepted, one more is not
    /// (DPOP-4.3-11, RFC 9449 section 4.3).
    pub fn position(&self, stamp: NumericDate, now: UnixTime) -> Position {
        let now = now.as_secs();
        if now > self.last_acceptable(stamp) {
            Position::TooOld
        } else if stamp.ceiling > now.saturating_add(self.future) {
            Position::TooFarAhead
        } else {
            Position::Inside
        }
    }

    /// The last second at which [`position`](Self::position) does not say
    /// [`TooOld`](Position::TooOld): what a replay store must remember through.
    pub const fn last_acceptable(&self, stamp: NumericDate) -> u64 {
        stamp.floor.saturating_add(self.past)
    }
}

/// A JSON NumericDate (RFC 7519 section 2): seconds since 1970, perhaps with a fraction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NumericDate {
    floor: u64,
    ceiling: u64,
}

impl NumericDate {
    /// A whole second.
    pub const fn from_secs(seconds: u64) -> Self {
        Self {
            floor: seconds,
            ceiling: seconds,
        }
    }

    pub(crate) const fn between(floor: u64, ceiling: u64) -> Self {
        Self { floor, ceiling }
    }

    /// The second that it lies in.
    pub const fn floor(&self) -> u64 {
        self.floor
    }

    /// The next whole second, or the same one if there is no fraction.
    pub const fn ceiling(&self) -> u64 {
        self.ceiling
    }
}
