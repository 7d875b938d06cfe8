//! The simple types and their texts in forms, headers, paths and XML.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rolecall_base::Time;

/// A member that is one text on the wire.
pub trait Scalar: Sized + Default {
    /// AWS's name of the type, for faults.
    const KIND: &'static str;

    /// Reads the text; `None` when it is not of this type.
    fn parse(text: &str) -> Option<Self>;

    /// The text in a header: times are HTTP dates there.
    fn header_text(&self) -> String;
}

impl Scalar for String {
    const KIND: &'static str = "String";

    fn parse(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn header_text(&self) -> String {
        self.clone()
    }
}

impl Scalar for bool {
    const KIND: &'static str = "Boolean";

    fn parse(text: &str) -> Option<bool> {
        match text {
            "true" | "True" | "TRUE" | "1" => Some(true),
            "false" | "False" | "FALSE" | "0" => Some(false),
            _ => None,
        }
    }

    fn header_text(&self) -> String {
        self.to_string()
    }
}

macro_rules! number {
    ($type:ty, $kind:literal, $text:expr) => {
        impl Scalar for $type {
            const KIND: &'static str = $kind;

            fn parse(text: &str) -> Option<$type> {
                text.trim().parse().ok()
            }

            fn header_text(&self) -> String {
                let text: fn(&$type) -> String = $text;
                text(self)
            }
        }
    };
}

number!(i32, "Integer", i32::to_string);
number!(i64, "Long", i64::to_string);
// Rust shows infinity as `inf`.
number!(f32, "Float", |n| n.to_string().replace("inf", "Infinity"));
number!(f64, "Double", |n| n.to_string().replace("inf", "Infinity"));

impl Scalar for Time {
    const KIND: &'static str = "Timestamp";

    /// Takes ISO 8601, HTTP's date, and seconds since the epoch with or without a fraction.
    fn parse(text: &str) -> Option<Time> {
        let text = text.trim();
        Time::parse_iso(text)
            .or_else(|| Time::parse_http_date(text))
            .or_else(|| Time::parse_iso_basic(text))
            .or_else(|| text.parse().ok().and_then(from_epoch))
    }

    fn header_text(&self) -> String {
        self.http_date()
    }
}

impl Scalar for Vec<u8> {
    const KIND: &'static str = "Blob";

    fn parse(text: &str) -> Option<Vec<u8>> {
        // The AWS CLI and older SDKs break lines in long blobs.
        let packed: String = text.split_ascii_whitespace().collect();
        STANDARD.decode(packed).ok()
    }

    fn header_text(&self) -> String {
        STANDARD.encode(self)
    }
}

/// An instant from seconds since the epoch, to the millisecond; `None` outside the years that dates can show.
pub fn from_epoch(seconds: f64) -> Option<Time> {
    const YEAR_10000: f64 = 253_402_300_800.0;
    if !(-YEAR_10000..YEAR_10000).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked above")]
    Some(Time::from_millis((seconds * 1000.0).round() as i64))
}

/// The text of a blob in XML and JSON.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
