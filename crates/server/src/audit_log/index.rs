//! The index of a segment: one row of 64 bytes for each management event, in the log's order. It says which events
//! can't be what somebody looks for; what remains is read and compared.

use rolecall_base::AccountId;
use rolecall_cloudtrail::{Attribute, Event, Search};
use rolecall_door::Facts;

/// Bytes of a row.
pub const ROW: usize = 64;

/// One event. Texts stand as hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Where its line begins, and its length without the line break.
    pub offset: u64,
    pub length: u32,
    /// Seconds since the epoch.
    pub time: u32,
    account: u64,
    id: u64,
    /// Two bits for each kind and name of a resource; all of them where nobody has looked.
    resources: u64,
    region: u32,
    name: u32,
    source: u32,
    user: u32,
    key: u32,
    read_only: u32,
}

/// FNV-1a, mixed once more.
fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn short(text: &str) -> u32 {
    u32::try_from(hash(text) >> 32).unwrap_or(0)
}

fn bits(text: &str) -> u64 {
    let hash = hash(text);
    (1 << (hash & 63)) | (1 << ((hash >> 6) & 63))
}

fn number(account: Option<AccountId>) -> u64 {
    account.map_or(u64::MAX, AccountId::number)
}

impl Row {
    /// From what the door knows of a record.
    pub fn of_facts(facts: &Facts<'_>) -> Row {
        Row {
            time: u32::try_from(facts.at.seconds()).unwrap_or(0),
            account: number(facts.account),
            id: hash(facts.event_id),
            resources: u64::MAX,
            region: short(facts.region),
            name: short(facts.name),
            source: short(&format!("{}.amazonaws.com", facts.service)),
            user: short(facts.user),
            key: short(facts.access_key),
            read_only: u32::from(facts.read_only),
            ..Row::default()
        }
    }

    /// From the record itself.
    pub fn of_event(event: &Event) -> Row {
        let resources = event.resources();
        let resources = resources.iter().fold(0, |all, (kind, name)| all | bits(kind) | bits(name));
        Row {
            time: u32::try_from(event.time().seconds()).unwrap_or(0),
            account: number(event.account().parse().ok()),
            id: hash(event.id()),
            resources,
            region: short(event.region()),
            name: short(event.name()),
            source: short(event.source()),
            user: short(event.user()),
            key: short(event.access_key()),
            read_only: u32::from(event.read_only()),
            ..Row::default()
        }
    }

    /// The row of a line that stands there.
    pub fn at(self, offset: u64, length: u32) -> Row {
        Row { offset, length, ..self }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        for word in [self.account, self.id, self.resources] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for word in [self.region, self.name, self.source, self.user, self.key, self.read_only] {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }

    pub fn read(bytes: &[u8; ROW]) -> Row {
        let mut at = 0;
        let mut word = |length: usize| {
            let part = bytes.get(at..at + length).unwrap_or_default();
            at += length;
            part.iter().rev().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte))
        };
        let small = |value: u64| u32::try_from(value).unwrap_or(0);
        let offset = word(8);
        let (length, time) = (small(word(4)), small(word(4)));
        let (account, id, resources) = (word(8), word(8), word(8));
        let (region, name, source) = (small(word(4)), small(word(4)), small(word(4)));
        let (user, key, read_only) = (small(word(4)), small(word(4)), small(word(4)));
        Row { offset, length, time, account, id, resources, region, name, source, user, key, read_only }
    }

    /// Where the next line begins.
    pub fn end(&self) -> u64 {
        self.offset + u64::from(self.length) + 1
    }
}

/// What rows are compared with.
#[derive(Debug)]
pub struct Filter<'a> {
    account: u64,
    region: u32,
    start: i64,
    end: i64,
    attribute: Option<Attribute<'a>>,
    /// The attribute's value.
    word: u64,
}

impl<'a> Filter<'a> {
    pub fn new(search: &Search<'a>) -> Filter<'a> {
        let word = match search.attribute {
            Some(Attribute::EventId(text)) => hash(text),
            Some(Attribute::ResourceType(text) | Attribute::ResourceName(text)) => bits(text),
            Some(
                Attribute::EventName(text)
                | Attribute::Username(text)
                | Attribute::EventSource(text)
                | Attribute::AccessKeyId(text),
            ) => u64::from(short(text)),
            Some(Attribute::ReadOnly(read_only)) => u64::from(read_only),
            None => 0,
        };
        Filter {
            account: search.account.number(),
            region: short(search.region),
            start: search.start.seconds(),
            end: search.end.seconds(),
            attribute: search.attribute,
            word,
        }
    }

    /// False only when the event is not what is looked for.
    pub fn may_fit(&self, row: &Row) -> bool {
        row.account == self.account
            && row.region == self.region
            && (self.start..=self.end).contains(&i64::from(row.time))
            && match self.attribute {
                None => true,
                Some(Attribute::EventId(_)) => row.id == self.word,
                Some(Attribute::EventName(_)) => u64::from(row.name) == self.word,
                Some(Attribute::ReadOnly(_)) => u64::from(row.read_only) == self.word,
                Some(Attribute::Username(_)) => u64::from(row.user) == self.word,
                Some(Attribute::EventSource(_)) => u64::from(row.source) == self.word,
                Some(Attribute::AccessKeyId(_)) => u64::from(row.key) == self.word,
                Some(Attribute::ResourceType(_) | Attribute::ResourceName(_)) => {
                    row.resources & self.word == self.word
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let line = r#"{"eventTime":"2026-01-01T00:00:00Z","eventName":"CreateRole","eventID":"e","readOnly":true,
            "recipientAccountId":"000000000001","requestParameters":{"roleName":"r"}}"#;
        let event = Event::read(line).unwrap();
        let row = Row::of_event(&event).at(1 << 40, 77);
        let mut bytes = Vec::new();
        row.write(&mut bytes);
        assert_eq!(bytes.len(), ROW);
        assert_eq!(Row::read(bytes.as_slice().try_into().unwrap()), row);
        assert_eq!(row.end(), (1 << 40) + 78);
    }
}
