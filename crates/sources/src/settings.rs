use std::error::Error;
use std::fmt;
use std::time::Duration;

use keybound::Limits;

/// How an issuer's keys are kept fresh. [`IssuerKeys::start`](crate::IssuerKeys::start) refuses
/// values that contradict each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Bounds on the JWK Set: [`Limits::key_set`], [`Limits::key_set_keys`], [`Limits::kid`].
    pub limits: Limits,
    /// Time between two fetches where the answer has no `Cache-Control: max-age`: 5 minutes. Every
    /// delay here is shortened by up to a tenth, at random, so that many gateways do not fetch as
    /// one.
    pub refresh: Duration,
    /// A shorter `max-age` counts as this: 1 minute.
    pub refresh_min: Duration,
    /// A longer `max-age` counts as this: 1 hour. A key that the issuer withdraws is in use for so
    /// long at most, while its endpoint answers.
    pub refresh_max: Duration,
    /// Time after the first failure, doubled by each further one: 1 second.
    pub retry_min: Duration,
    /// The longest time between two tries after failures: 1 minute.
    pub retry_max: Duration,
    /// Time between two looks at a file: 5 seconds.
    pub poll: Duration,
    /// For so long after the last success a set may be used: 24 hours. After that 503.
    pub max_stale: Duration,
    /// After one fetch began, an unknown `kid` causes another only after this time: 10 seconds, which
    /// makes 6 a minute in a flood. A key that the issuer has just published is refused for so long
    /// at most.
    pub refetch_gap: Duration,
    /// How long a request with an unknown `kid` waits for a fetch: 5 seconds.
    pub wait: Duration,
    /// How many requests may wait at once: 64. The others are answered from the set that is there.
    pub max_waiting: usize,
}

impl Settings {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        limits: Limits::DEFAULT,
        refresh: Duration::from_secs(5 * 60),
        refresh_min: Duration::from_secs(60),
        refresh_max: Duration::from_secs(60 * 60),
        retry_min: Duration::from_secs(1),
        retry_max: Duration::from_secs(60),
        poll: Duration::from_secs(5),
        max_stale: Duration::from_secs(24 * 60 * 60),
        refetch_gap: Duration::from_secs(10),
        wait: Duration::from_secs(5),
        max_waiting: 64,
    };

    /// Checks that the values go together.
    ///
    /// # Errors
    ///
    /// Everything in [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        let positive = [
            ("refresh_min", self.refresh_min),
            ("retry_min", self.retry_min),
            ("poll", self.poll),
            ("refetch_gap", self.refetch_gap),
        ];
        // A delay of zero would be a busy loop.
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| value.is_zero()) {
            return Err(SettingsError::Zero { name });
        }
        let ordered = [
            (("refresh_min", self.refresh_min), ("refresh", self.refresh)),
            (("refresh", self.refresh), ("refresh_max", self.refresh_max)),
            (("retry_min", self.retry_min), ("retry_max", self.retry_max)),
            // Else a healthy source would go stale between two fetches.
            (
                ("refresh_max", self.refresh_max),
                ("max_stale", self.max_stale),
            ),
            (("retry_max", self.retry_max), ("max_stale", self.max_stale)),
            (("poll", self.poll), ("max_stale", self.max_stale)),
        ];
        for ((low, low_value), (high, high_value)) in ordered {
            if low_value > high_value {
                return Err(SettingsError::Order { low, high });
            }
        }
        // Later instants might not be representable.
        if self.max_stale > MAX_DURATION {
            return Err(SettingsError::TooLong { name: "max_stale" });
        }
        Ok(())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why [`Settings`] are refused. The names are those of the fields.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SettingsError {
    /// A time that must be positive is zero.
    Zero {
        /// The field.
        name: &'static str,
    },
    /// `low` is more than `high`.
    Order {
        /// The field that must not be more.
        low: &'static str,
        /// The field that must not be less.
        high: &'static str,
    },
    /// A time of more than a year.
    TooLong {
        /// The field.
        name: &'static str,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { name } => write!(f, "{name} must be more than zero"),
            Self::Order { low, high } => write!(f, "{low} must not be more than {high}"),
            Self::TooLong { name } => write!(f, "{name} must not be more than a year"),
        }
    }
}

impl Error for SettingsError {}

const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_go_together() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn values_that_contradict_each_other_are_refused() {
        let zero = |name| Err(SettingsError::Zero { name });
        let order = |low, high| Err(SettingsError::Order { low, high });
        type Change = fn(&mut Settings);
        let rows: &[(Change, Result<(), SettingsError>)] = &[
            (|s| s.refresh_min = Duration::ZERO, zero("refresh_min")),
            (|s| s.retry_min = Duration::ZERO, zero("retry_min")),
            (|s| s.poll = Duration::ZERO, zero("poll")),
            (|s| s.refetch_gap = Duration::ZERO, zero("refetch_gap")),
            (|s| s.refetch_gap = Duration::from_nanos(1), Ok(())),
            (|s| s.refresh = s.refresh_min, Ok(())),
            (
                |s| s.refresh = s.refresh_min - Duration::from_nanos(1),
                order("refresh_min", "refresh"),
            ),
            (|s| s.refresh = s.refresh_max, Ok(())),
            (
                |s| s.refresh = s.refresh_max + Duration::from_nanos(1),
                order("refresh", "refresh_max"),
            ),
            (|s| s.retry_max = s.retry_min, Ok(())),
            (
                |s| s.retry_max = s.retry_min - Duration::from_nanos(1),
                order("retry_min", "retry_max"),
            ),
            (|s| s.max_stale = s.refresh_max, Ok(())),
            (
                |s| s.max_stale = s.refresh_max - Duration::from_nanos(1),
                order("refresh_max", "max_stale"),
            ),
            (|s| s.retry_max = s.max_stale, Ok(())),
            (
                |s| s.retry_max = s.max_stale + Duration::from_nanos(1),
                order("retry_max", "max_stale"),
            ),
            (|s| s.poll = s.max_stale, Ok(())),
            (
                |s| s.poll = s.max_stale + Duration::from_nanos(1),
                order("poll", "max_stale"),
            ),
            (|s| s.max_stale = MAX_DURATION, Ok(())),
            (
                |s| s.max_stale = MAX_DURATION + Duration::from_nanos(1),
                Err(SettingsError::TooLong { name: "max_stale" }),
            ),
        ];
        for (index, (change, expected)) in rows.iter().enumerate() {
            let mut settings = Settings::default();
            change(&mut settings);
            assert_eq!(settings.check(), *expected, "row {index}");
        }
    }
}
