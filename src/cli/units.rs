//! Durations and sizes with their units, as options take them.

use std::time::Duration;

use parse_size::Config;

const DURATIONS: &str = "a duration above 0 has the form 90s, 5m, 1h or 1h30m; a bare number is seconds";
const DAYS: &str = "a number of days has the form 90d or 12w";
const SIZES: &str = "a size has the form 512k, 64M or 1G, in powers of 1024; a bare number is bytes";

/// A duration, more than none. A bare number is seconds; units are taken in either case, so that an `M` is never a month.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse().ok().map(Duration::try_from_secs_f64);
    let duration = match seconds {
        Some(seconds) => seconds.ok(),
        None => humantime::parse_duration(&text.to_ascii_lowercase()).ok(),
    };
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| DURATIONS.to_owned())
}

/// A number of whole days, with its unit, so that nobody takes one for seconds.
pub fn days(text: &str) -> Result<u32, String> {
    const DAY: u64 = 24 * 60 * 60;

    let seconds =
        duration(text).ok().filter(|duration| duration.subsec_nanos() == 0).map(|duration| duration.as_secs());
    let days = seconds.filter(|seconds| seconds.is_multiple_of(DAY)).map(|seconds| seconds / DAY);
    days.and_then(|days| u32::try_from(days).ok()).ok_or_else(|| DAYS.to_owned())
}

/// A number of bytes.
pub fn size(text: &str) -> Result<u64, String> {
    Config::new().with_binary().parse_size(text).map_err(|_| SIZES.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("90", Some(90_000)),
            ("0.25", Some(250)),
            ("90s", Some(90_000)),
            ("5m", Some(300_000)),
            ("5M", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("1h30m", Some(5_400_000)),
            ("1h 30m", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("1500ms", Some(1_500)),
            ("", None),
            (" ", None),
            ("0", None),
            ("0s", None),
            ("-1", None),
            ("-5m", None),
            ("inf", None),
            ("NaN", None),
            ("1e999", None),
            ("99999999999999999999s", None),
            ("99999999999999999999", None),
            ("m", None),
            ("5 minutes past", None),
            ("5x", None),
        ] {
            let read = duration(text);
            assert_eq!(read.clone().ok(), expected.map(Duration::from_millis), "{text}");
            assert!(read.err().is_none_or(|error| error.contains("1h30m")), "{text}");
        }
    }

    #[test]
    fn whole_days() {
        for (text, expected) in [
            ("1d", Some(1)),
            ("90d", Some(90)),
            ("90D", Some(90)),
            ("12w", Some(84)),
            ("48h", Some(2)),
            ("1w 1d", Some(8)),
            ("90", None),
            ("0d", None),
            ("36h", None),
            ("1.5d", None),
            ("-1d", None),
            ("d", None),
            ("", None),
            ("9999999999999d", None),
            ("5000000000d", None),
        ] {
            let read = days(text);
            assert_eq!(read.clone().ok(), expected, "{text}");
            assert!(read.err().is_none_or(|error| error.contains("90d")), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("0", Some(0)),
            ("268435456", Some(268_435_456)),
            ("512k", Some(512 << 10)),
            ("512K", Some(512 << 10)),
            ("64M", Some(64 << 20)),
            ("64m", Some(64 << 20)),
            ("64MB", Some(64 << 20)),
            ("1G", Some(1 << 30)),
            ("1 GiB", Some(1 << 30)),
            ("1.5G", Some(3 << 29)),
            ("", None),
            ("-1", None),
            ("-1M", None),
            ("G", None),
            ("1x", None),
            ("one", None),
            ("99999999999999999999", None),
            ("99999999999E", None),
        ] {
            let read = size(text);
            assert_eq!(read.clone().ok(), expected, "{text}");
            assert!(read.err().is_none_or(|error| error.contains("64M")), "{text}");
        }
    }
}
