//! When a report was read, as documents have it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first time that a year of four digits can't tell, in seconds since 1970.
const YEAR_10000: u64 = 253_402_300_800;

/// A time as RFC 3339 has it, in UTC, with as many decimals as it takes to read the same time back; `None` where it lies
/// before 1970 or behind the year 9999.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    within_four_digits(time).map(|time| humantime::format_rfc3339(time).to_string())
}

/// The time, where it lies between the years 1970 and 9999, which every form of a date can tell.
pub(crate) fn within_four_digits(time: SystemTime) -> Option<SystemTime> {
    let since = time.duration_since(UNIX_EPOCH).ok().filter(|since| *since < Duration::from_secs(YEAR_10000))?;
    Some(UNIX_EPOCH + since)
}

/// A time from RFC 3339, in UTC.
pub(crate) fn from_rfc3339(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_read_back() {
        let at = |seconds, nanos| UNIX_EPOCH + Duration::new(seconds, nanos);
        for (time, text) in [
            (at(0, 0), "1970-01-01T00:00:00Z"),
            (at(1_763_868_722, 0), "2025-11-23T03:32:02Z"),
            (at(1_763_868_722, 7), "2025-11-23T03:32:02.000000007Z"),
            (at(1_763_868_722, 500_000_000), "2025-11-23T03:32:02.500000000Z"),
            (at(YEAR_10000 - 1, 999_999_999), "9999-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(rfc3339(time).as_deref(), Some(text));
            assert_eq!(from_rfc3339(text), Some(time));
        }
        for time in [at(YEAR_10000, 0), UNIX_EPOCH - Duration::from_nanos(1)] {
            assert_eq!(rfc3339(time), None);
        }
        assert_eq!(from_rfc3339("2025-11-23T03:32:02+00:00"), Some(at(1_763_868_722, 0)));
        for text in ["", "2025-11-23", "2025-11-23T03:32:02", "2025-11-23T03:32:02+01:00", "2025-13-23T03:32:02Z", "é"]
        {
            assert_eq!(from_rfc3339(text), None, "{text}");
        }
    }
}
