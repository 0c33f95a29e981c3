use rustls_pki_types::UnixTime;

use crate::json::{Json, Number};

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

    #[cfg(test)]
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

impl NumericDate {
    /// Reads a claim: a JSON number, not negative, within the range of dates that a calendar has
    /// (JWT-2-1, RFC 7519 section 2). A string, `true`, `1e400` or `i64::MIN` is no date.
    pub(crate) fn from_json(value: &Json<'_>) -> Option<Self> {
        let date = match value {
            Json::Number(Number::Unsigned(seconds)) => Self::from_secs(*seconds),
            Json::Number(Number::Float(seconds)) => Self::from_float(*seconds)?,
            _ => return None,
        };
        (date.ceiling <= LAST_SECOND).then_some(date)
    }

    fn from_float(seconds: f64) -> Option<Self> {
        if !(0.0..=LAST_SECOND_FLOAT).contains(&seconds) {
            return None;
        }
        // In range and not NaN, so that truncation is the floor and loses nothing but the fraction.
        #[expect(
            clippy::as_conversions,
            reason = "no checked conversion from floats exists"
        )]
        let (floor, whole) = (seconds as u64, (seconds as u64) as f64);
        let ceiling = if whole < seconds {
            floor.checked_add(1)?
        } else {
            floor
        };
        Some(Self { floor, ceiling })
    }
}

/// The end of the year 9999. Milliseconds taken for seconds fall beyond it for any date from 1978 on.
const LAST_SECOND: u64 = 253_402_300_799;
const LAST_SECOND_FLOAT: f64 = 253_402_300_799.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse_object;
    use alloc::format;

    fn date(json: &str) -> Option<(u64, u64)> {
        let document = format!("{{\"iat\":{json}}}");
        let object = parse_object(document.as_bytes()).ok()?;
        let date = NumericDate::from_json(object.get("iat")?)?;
        Some((date.floor(), date.ceiling()))
    }

    #[test]
    fn jwt_2_1_accepts_whole_and_broken_seconds() {
        let rows = [
            ("0", (0, 0)),
            ("1562262618", (1_562_262_618, 1_562_262_618)),
            ("1562262618.0", (1_562_262_618, 1_562_262_618)),
            ("1562262618.5", (1_562_262_618, 1_562_262_619)),
            ("1.562262618e9", (1_562_262_618, 1_562_262_618)),
            ("0.25", (0, 1)),
            ("-0.0", (0, 0)),
            ("253402300799", (LAST_SECOND, LAST_SECOND)),
        ];
        for (json, expected) in rows {
            assert_eq!(date(json), Some(expected), "{json}");
        }
    }

    #[test]
    fn jwt_2_1_refuses_everything_else() {
        for json in [
            "\"1562262618\"",
            "true",
            "null",
            "[]",
            "{}",
            "-1",
            "-0.5",
            "-9223372036854775808",
            "9223372036854775807",
            "18446744073709551615",
            "18446744073709551616",
            "1e18",
            "1e400",
            "-1e400",
            "253402300800",
            "253402300799.5",
            "1562262618000",
        ] {
            assert_eq!(date(json), None, "{json}");
        }
    }

    // rules: DPOP-4.3-11 (both)
    #[test]
    fn dpop_4_3_11_both_bounds_are_inside_and_one_more_is_not() {
        let now = UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_000));
        let rows = [
            (NumericDate::from_secs(939), Position::TooOld),
            (NumericDate::from_secs(940), Position::Inside),
            (NumericDate::from_secs(941), Position::Inside),
            (NumericDate::between(939, 940), Position::TooOld),
            (NumericDate::from_secs(1_000), Position::Inside),
            (NumericDate::from_secs(1_009), Position::Inside),
            (NumericDate::from_secs(1_010), Position::Inside),
            (NumericDate::between(1_010, 1_011), Position::TooFarAhead),
            (NumericDate::from_secs(1_011), Position::TooFarAhead),
            (NumericDate::from_secs(u64::MAX), Position::TooFarAhead),
        ];
        for (stamp, expected) in rows {
            assert_eq!(
                Window::new(60, 10).position(stamp, now),
                expected,
                "{stamp:?}"
            );
        }
    }

    #[test]
    fn proj_6_what_is_remembered_is_what_is_accepted_second_by_second() {
        for window in [Window::new(0, 0), Window::new(60, 10), Window::new(300, 60)] {
            let stamp = NumericDate::between(1_000, 1_001);
            for now in 0..2_000 {
                let time = UnixTime::since_unix_epoch(core::time::Duration::from_secs(now));
                let too_old = window.position(stamp, time) == Position::TooOld;
                assert_eq!(
                    too_old,
                    now > window.last_acceptable(stamp),
                    "{window:?} {now}"
                );
            }
        }
    }
}
