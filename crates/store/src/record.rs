//! Tables, their rows, and how rows are kept: `[version][MessagePack map by field name]`.
//!
//! A new field with `#[serde(default)]` needs no new version; a change of meaning does, and a
//! [`Record::migrate`] that still reads the old one.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{KeyParts, StoreError};

/// An ordered table. Ids are part of the disk format; each is used once, below 0xff00.
pub trait Table: 'static {
    const ID: u16;
    /// For messages and dumps.
    const NAME: &'static str;
    /// Its own `Owned` type: `(AccountId, String)`, say.
    type Key: KeyParts<Owned = Self::Key>;
    type Row: Record;
}

/// A table of numbers that commits may add to without reading them, and so without conflicts.
pub trait Counters: 'static {
    /// Shares the ids of [`Table::ID`].
    const ID: u16;
    const NAME: &'static str;
    type Key: KeyParts<Owned = Self::Key>;
}

/// A row's type.
pub trait Record: Serialize + DeserializeOwned {
    /// The version that is written.
    const VERSION: u8;

    /// Reads an older version's bytes (MessagePack, without the version byte).
    fn migrate(version: u8, _bytes: &[u8]) -> Result<Self, StoreError> {
        Err(StoreError::corrupt(format!("version {version} of {}", std::any::type_name::<Self>())))
    }
}

/// The bytes of a row.
pub(crate) fn encode<R: Record>(row: &R) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![R::VERSION];
    rmp_serde::encode::write_named(&mut bytes, row)
        .map_err(|error| StoreError::corrupt(format!("{}: {error}", std::any::type_name::<R>())))?;
    Ok(bytes)
}

/// The row of some bytes.
pub(crate) fn decode<R: Record>(bytes: &[u8]) -> Result<R, StoreError> {
    let Some((version, body)) = bytes.split_first() else {
        return Err(StoreError::corrupt(format!("an empty {}", std::any::type_name::<R>())));
    };
    if *version != R::VERSION {
        return R::migrate(*version, body);
    }
    rmp_serde::from_slice(body)
        .map_err(|error| StoreError::corrupt(format!("{}: {error}", std::any::type_name::<R>())))
}

/// The number in a counter's bytes.
pub(crate) fn number(bytes: &[u8]) -> Result<i64, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::corrupt("a counter that is not eight bytes"))?;
    Ok(i64::from_be_bytes(bytes))
}
