//! Times as rows hold them.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

/// The last microsecond of the year 9999, which RFC 3339 can still write.
const LAST: i64 = 253_402_300_799_999_999;

/// Microseconds since 1970 in UTC; shown as RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

impl Time {
    /// The time that the machine's clock shows.
    pub fn now() -> Time {
        SystemTime::now().into()
    }

    pub(crate) fn later(self, by: Duration) -> Time {
        Time(self.0.saturating_add(micros(by)))
    }

    pub(crate) fn earlier(self, by: Duration) -> Time {
        Time(self.0.saturating_sub(micros(by)))
    }
}

impl From<SystemTime> for Time {
    /// A time before 1970 counts as 1970.
    fn from(time: SystemTime) -> Time {
        Time(micros(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands in a file that somebody changed may be any number.
        let micros = u64::try_from(self.0.clamp(0, LAST)).unwrap_or_default();
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
        humantime::format_rfc3339_micros(time).fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Microseconds, as far as they can be counted.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399_000_001, "2000-02-28T23:59:59.000001Z"),
            (1_785_196_800_000_000, "2026-07-28T00:00:00.000000Z"),
            (-1, "1970-01-01T00:00:00.000000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Time(micros).to_string(), text);
        }
    }
}
