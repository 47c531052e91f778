//! Dates in headers, and in AWS's words.

/// Seconds since 1970-01-01T00:00:00Z of an `IMF-fixdate`, such as `Sun, 06 Nov 1994 08:49:37 GMT`. (RFC 9110,
/// section 5.6.7; nobody sends the obsolete forms.)
pub(crate) fn parse(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    let (_, rest) = text.trim().split_once(", ")?;
    let mut parts = rest.split(' ');
    let day = number(parts.next()?, 2)?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)?;
    let year = number(parts.next()?, 4)?;
    let mut time = parts.next()?.split(':');
    let mut part = || number(time.next()?, 2);
    let (hour, minute, second) = (part()?, part()?, part()?);
    (parts.next() == Some("GMT")).then(|| seconds(year, month as u64 + 1, day, hour, minute, second))
}

/// Seconds since 1970-01-01T00:00:00Z of the first date in parentheses, as AWS tells its clock: `(20150830T123600Z -
/// 5 min.)`.
pub(crate) fn in_parentheses(text: &str) -> Option<u64> {
    text.split('(').skip(1).find_map(|text| {
        let digits = |from: usize, to: usize| number(text.get(from..to)?, to - from);
        (text.get(8..9) == Some("T") && text.get(15..16) == Some("Z")).then_some(())?;
        let (year, month, day) = (digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
        Some(seconds(year, month, day, digits(9, 11)?, digits(11, 13)?, digits(13, 15)?))
    })
}

/// A number of so many digits.
fn number(text: &str, length: usize) -> Option<u64> {
    let digits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Parts that are out of range count on. No date of four digits is before 1970 here: those are 1970.
fn seconds(year: u64, month: u64, day: u64, hour: u64, minute: u64, second: u64) -> u64 {
    // Years begin in March here, so that the leap day is the last of one.
    let months = (year * 12 + month).saturating_sub(3);
    let (year, month) = (months / 12, months % 12);
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    let since_1970 = days.saturating_sub(719_469);
    ((since_1970 * 24 + hour) * 60 + minute) * 60 + second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        for (text, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            (" Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Fri, 01 Mar 2024 00:00:00 GMT", Some(1_709_251_200)),
            ("Tue, 31 Dec 2999 23:59:59 GMT", Some(32_503_679_999)),
            ("Sat, 01 Jan 0000 00:00:00 GMT", Some(0)),
            ("Sat, 00 Jan 9999 99:99:99 GMT", Some(253_371_040_839)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 nov 1994 08:49:37 GMT", None),
            ("30", None),
            ("", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }

    #[test]
    fn messages() {
        let expired = "Signature expired: 20150830T122500Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)";
        assert_eq!(in_parentheses(expired), Some(1_440_938_160));
        assert_eq!(in_parentheses("(x) (20150830T123600Z)"), Some(1_440_938_160));
        for text in
            ["", "(", "20150830T123600Z", "(20150830T12360Z)", "(2015083é123600Z)", "(20150830T123600)"]
        {
            assert_eq!(in_parentheses(text), None, "{text}");
        }
    }

    /// Against the signer's own calendar.
    #[test]
    fn each_day_is_one_later() {
        for day in (0..200_000).step_by(37) {
            let time = bedrock_sigv4::Timestamp::from_unix(day * 86_400 + 3_661);
            let time = time.date_time();
            assert_eq!(in_parentheses(&format!("({time} - 5 min.)")), Some(day * 86_400 + 3_661), "{time}");
        }
    }
}
