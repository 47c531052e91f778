//! Time, as the signature spells it.

const SECONDS_PER_DAY: u64 = 86_400;
/// 9999-12-31T23:59:59Z, the last second that has a four-digit year.
const LAST: u64 = 253_402_300_799;

/// A second in UTC, in the basic format of ISO 8601: `20150830T123600Z`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timestamp([u8; 16]);

impl Timestamp {
    /// From seconds since 1970-01-01T00:00:00Z. What lies beyond the year 9999 is taken as its last second.
    pub fn from_unix(seconds: u64) -> Self {
        let seconds = seconds.min(LAST);
        let (year, month, day) = civil_from_days(seconds / SECONDS_PER_DAY);
        let second = seconds % SECONDS_PER_DAY;
        let [[y1, y2], [y3, y4]] = [two_digits(year / 100), two_digits(year)];
        let [[m1, m2], [d1, d2]] = [two_digits(month), two_digits(day)];
        let [[h1, h2], [n1, n2], [s1, s2]] =
            [two_digits(second / 3600), two_digits(second / 60 % 60), two_digits(second % 60)];
        Self([y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z'])
    }

    /// The whole of it, for `x-amz-date`.
    pub fn date_time(&self) -> &str {
        core::str::from_utf8(&self.0).expect("only ASCII was written")
    }

    /// The day, for the scope of the signature: `20150830`.
    pub fn date(&self) -> &str {
        self.date_time().split_once('T').expect("the separator was written").0
    }
}

/// The last two decimal digits of `value`.
fn two_digits(value: u64) -> [u8; 2] {
    [value / 10 % 10, value % 10].map(|digit| b'0' + u8::try_from(digit).expect("a remainder of 10 fits"))
}

/// Year, month and day from the days since 1970-01-01, in the proleptic Gregorian calendar, counting years from
/// March so that a leap day is the last of its year. (Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".)
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_every_kind_of_day() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
            (16_725_225_600, "25000101T000000Z"),
            (LAST, "99991231T235959Z"),
            (u64::MAX, "99991231T235959Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).date_time(), text);
        }
        assert_eq!(Timestamp::from_unix(1_440_938_160).date(), "20150830");
    }
}
