//! The time of day inside generated logs and mails.

/// Seconds since 1970 in UTC, with milliseconds; moves only when it is told to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    milliseconds: u64,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `2026-03-04`
    Date,
    /// `12:33:01`
    Time,
    /// `2026-03-04T12:33:01Z`
    Iso,
    /// `2026-03-04T12:33:01.250Z`
    Milliseconds,
    /// `2026-03-04 12:33:01,250`
    Comma,
    /// `Mar  4 12:33:01`
    Syslog,
    /// `04/Mar/2026:12:33:01 +0000`
    Access,
    /// `Wed, 04 Mar 2026 12:33:01 +0000`
    Mail,
    /// `1772627581`
    Unix,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

impl Clock {
    /// A clock at `seconds` since 1970-01-01T00:00:00Z.
    pub(crate) fn at(seconds: u64) -> Self {
        Clock { milliseconds: seconds * 1000 }
    }

    /// Moves forward.
    pub(crate) fn advance(&mut self, milliseconds: u64) {
        self.milliseconds += milliseconds;
    }

    /// The time, written as `format` says.
    pub(crate) fn write(self, format: Format) -> String {
        let seconds = self.milliseconds / 1000;
        let ms = self.milliseconds % 1000;
        let days = seconds / 86_400;
        let (year, month, day) = civil(days);
        let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        let name = MONTHS[usize::try_from(month - 1).expect("a month is below 13")];
        let weekday = DAYS[usize::try_from(days % 7).expect("a weekday is below 7")];
        match format {
            Format::Date => format!("{year}-{month:02}-{day:02}"),
            Format::Time => format!("{h:02}:{m:02}:{s:02}"),
            Format::Iso => format!("{year}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z"),
            Format::Milliseconds => format!("{year}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ms:03}Z"),
            Format::Comma => format!("{year}-{month:02}-{day:02} {h:02}:{m:02}:{s:02},{ms:03}"),
            Format::Syslog => format!("{name} {day:2} {h:02}:{m:02}:{s:02}"),
            Format::Access => format!("{day:02}/{name}/{year}:{h:02}:{m:02}:{s:02} +0000"),
            Format::Mail => format!("{weekday}, {day:02} {name} {year} {h:02}:{m:02}:{s:02} +0000"),
            Format::Unix => seconds.to_string(),
        }
    }
}

impl std::str::FromStr for Format {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Ok(match name {
            "date" => Format::Date,
            "time" => Format::Time,
            "iso" => Format::Iso,
            "ms" => Format::Milliseconds,
            "comma" => Format::Comma,
            "syslog" => Format::Syslog,
            "access" => Format::Access,
            "mail" => Format::Mail,
            "unix" => Format::Unix,
            _ => return Err(()),
        })
    }
}

/// Year, month and day of a day number counted from 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date
/// algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{Clock, Format};

    #[test]
    fn each_format_shows_the_same_moment() {
        let mut clock = Clock::at(1_772_627_581);
        clock.advance(250);
        let cases = [
            (Format::Date, "2026-03-04"),
            (Format::Time, "12:33:01"),
            (Format::Iso, "2026-03-04T12:33:01Z"),
            (Format::Milliseconds, "2026-03-04T12:33:01.250Z"),
            (Format::Comma, "2026-03-04 12:33:01,250"),
            (Format::Syslog, "Mar  4 12:33:01"),
            (Format::Access, "04/Mar/2026:12:33:01 +0000"),
            (Format::Mail, "Wed, 04 Mar 2026 12:33:01 +0000"),
            (Format::Unix, "1772627581"),
        ];
        for (format, expected) in cases {
            assert_eq!(clock.write(format), expected, "{format:?}");
        }
        assert_eq!(Clock::at(951_782_400).write(Format::Date), "2000-02-29");
        assert_eq!(Clock::at(0).write(Format::Mail), "Thu, 01 Jan 1970 00:00:00 +0000");
    }
}
