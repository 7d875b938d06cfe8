//! What networks consist of, as answers show it; each kind in its file.

mod acl;
mod gateway;
mod nat;
mod options;
mod subnet;
mod table;
mod vpc;

pub use table::associated;
pub use vpc::association;

use rolecall_base::{AccountId, Fault, Tags, Time};
use rolecall_store::{Reader, Table};

use super::lookup::{InNetwork, all, get};
use crate::filters::{Filtered, pick};
use crate::model::Filter;
use crate::paging::{Page, Turn};
use crate::place::Place;
use crate::tags;

/// A record that is shown, with what else its description needs.
pub trait Row: Sized {
    /// What is looked up beside the record and its tags.
    type More;

    fn id(&self) -> &str;

    /// Whether it is no longer described.
    fn is_over(&self, _: Time) -> bool {
        false
    }

    /// # Errors
    /// When the store can't be read.
    fn more(&self, db: &Reader, place: Place<'_>) -> Result<Self::More, Fault>;
}

#[derive(Clone, Debug)]
pub struct Shown<R: Row> {
    pub row: R,
    pub more: R::More,
    pub tags: Tags,
    pub owner: AccountId,
    pub region: String,
}

impl<R: Row> Shown<R> {
    /// # Errors
    /// When the store can't be read.
    pub fn load(db: &Reader, place: Place<'_>, row: R) -> Result<Shown<R>, Fault> {
        let tags = tags::of(db, place, row.id())?;
        let more = row.more(db, place)?;
        Ok(Shown { row, more, tags, owner: place.account, region: place.region.to_owned() })
    }

    fn arn(&self, kind: &str) -> String {
        Place { account: self.owner, region: &self.region }.arn(kind, self.row.id())
    }
}

/// What a Describe operation was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub ids: Option<&'a [String]>,
    pub filters: Option<&'a [Filter]>,
    pub turn: Turn<'a>,
    pub now: Time,
    /// What is said about an id of which there is none.
    pub missing: fn(&str) -> Fault,
}

/// The page that a Describe operation answers with.
///
/// # Errors
/// The kind's NotFound, InvalidParameterValue for a filter that there is not, and those of pages.
pub fn page<T>(db: &Reader, place: Place<'_>, wanted: Wanted<'_>) -> Result<Page<Shown<T::Row>>, Fault>
where
    T: InNetwork + Table<Row: Row>,
    Shown<T::Row>: Filtered,
{
    let rows = match wanted.ids.filter(|ids| !ids.is_empty()) {
        None => all::<T>(db, place)?,
        Some(ids) => {
            let mut rows: Vec<T::Row> = Vec::new();
            for id in ids {
                let row = get::<T>(db, place, id)?.filter(|row| !row.is_over(wanted.now));
                let row = row.ok_or_else(|| (wanted.missing)(id))?;
                if !rows.iter().any(|known| known.id() == id) {
                    rows.push(row);
                }
            }
            rows
        }
    };
    let mut shown = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| !row.is_over(wanted.now)) {
        shown.push(Shown::load(db, place, row)?);
    }
    wanted.turn.cut(pick(shown, wanted.filters)?, |one| one.row.id().to_owned())
}
