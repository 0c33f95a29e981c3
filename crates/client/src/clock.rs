use std::time::{Duration, SystemTime};

use keybound::UnixTime;

/// The system's clock, for [`ProofBuilder::sign`](crate::ProofBuilder::sign) at the edge of a
/// program.
///
/// A clock before 1970 reads as 1970: no server takes a proof of that date.
pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    UnixTime::since_unix_epoch(since.unwrap_or(Duration::ZERO))
}
