//! Times on the command line.

use std::time::SystemTime;

use hypersieve_gateway::audit::Time;

/// A time, or how long ago.
pub(super) fn since(text: &str) -> Result<Time, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(SystemTime::now().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH).into());
    }
    let midnight = format!("{text} 00:00:00");
    humantime::parse_rfc3339_weak(text)
        .or_else(|_| humantime::parse_rfc3339_weak(&midnight))
        .map(Time::from)
        .map_err(|_| "write a time such as 2026-07-28T10:00:00Z, a day, or how long ago, such as 10m".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read() {
        for (text, shown) in [
            ("2026-07-28T10:00:00Z", "2026-07-28T10:00:00.000000Z"),
            ("2026-07-28 10:00:00", "2026-07-28T10:00:00.000000Z"),
            ("2026-07-28", "2026-07-28T00:00:00.000000Z"),
        ] {
            assert_eq!(since(text).unwrap().to_string(), shown, "{text}");
        }
        let (hour, now) = (since("1h").unwrap(), Time::now());
        assert!(hour < now && now.0 - hour.0 >= 3_600_000_000);
        assert!(since("yesterday").is_err());
    }
}
