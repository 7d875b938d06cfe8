//! Instants of wall-clock time, to the millisecond, and the texts AWS writes them as.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::format_description;

/// Milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    pub const fn from_millis(millis: i64) -> Time {
        Time(millis)
    }

    pub const fn from_seconds(seconds: i64) -> Time {
        Time(seconds.saturating_mul(1000))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same instant without its fraction of a second, as AWS stores dates.
    #[must_use]
    pub const fn whole_seconds(self) -> Time {
        Time::from_seconds(self.seconds())
    }

    /// How much later `self` is than `earlier`; zero when it is not later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    fn parts(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// `2024-05-06T07:08:09Z`.
    pub fn iso_seconds(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        self.parts().format(&form).unwrap_or_default()
    }

    /// `2024-05-06T07:08:09.000Z`.
    pub fn iso_millis(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        self.parts().format(&form).unwrap_or_default()
    }

    /// `20240506T070809Z`, SigV4's `X-Amz-Date`.
    pub fn iso_basic(self) -> String {
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        self.parts().format(&form).unwrap_or_default()
    }

    /// `Mon, 06 May 2024 07:08:09 GMT`, HTTP's date.
    pub fn http_date(self) -> String {
        let form = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        self.parts().format(&form).unwrap_or_default()
    }

    /// `May 6, 2024, 7:08:09 AM`, as audit records have dates of calls' members.
    pub fn words(self) -> String {
        let form = format_description!(
            "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
        );
        self.parts().format(&form).unwrap_or_default()
    }

    /// Reads `20240506T070809Z`.
    pub fn parse_iso_basic(text: &str) -> Option<Time> {
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        let date = time::PrimitiveDateTime::parse(text, &form).ok()?;
        Some(Time::from_seconds(date.assume_utc().unix_timestamp()))
    }

    /// Reads ISO 8601 with `T` and a zone.
    pub fn parse_iso(text: &str) -> Option<Time> {
        let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(date.unix_timestamp_nanos() / 1_000_000).ok().map(Time)
    }

    /// Reads HTTP's date.
    pub fn parse_http_date(text: &str) -> Option<Time> {
        let zoned = text.strip_suffix("GMT").map(|rest| format!("{rest}+0000"));
        let date = OffsetDateTime::parse(zoned.as_deref().unwrap_or(text), &Rfc2822).ok()?;
        Some(Time::from_seconds(date.unix_timestamp()))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, span: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    fn sub(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso_seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_each_of_its_texts() {
        let t = Time::from_millis(1_714_979_289_120);
        assert_eq!(t.iso_seconds(), "2024-05-06T07:08:09Z");
        assert_eq!(t.iso_millis(), "2024-05-06T07:08:09.120Z");
        assert_eq!(t.iso_basic(), "20240506T070809Z");
        assert_eq!(t.http_date(), "Mon, 06 May 2024 07:08:09 GMT");
        assert_eq!(t.words(), "May 6, 2024, 7:08:09 AM");
        assert_eq!(Time::parse_iso_basic("20240506T070809Z"), Some(t.whole_seconds()));
        assert_eq!(Time::parse_iso("2024-05-06T07:08:09.12Z"), Some(t));
        assert_eq!(Time::parse_http_date("Mon, 06 May 2024 07:08:09 GMT"), Some(t.whole_seconds()));
    }
}
