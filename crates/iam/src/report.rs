//! Reports that are generated first and fetched later: written in pieces, deleted when they are old.

use rolecall_base::{AccountId, Fault, Time};
use rolecall_store::{Reader, Tx};

use crate::model::fault;
use crate::records::{ReportHead, ReportHeads, ReportPart, Reports};

/// Bytes of a part; the rest of its row's 64 KiB is room for its other fields.
const PART: usize = 60 * 1024;
/// Rows of all an account's reports.
const ROWS: usize = 4_000;
/// Seconds for which reports are kept.
const KEPT: i64 = 24 * 3600;

/// A report that was generated.
#[derive(Debug)]
pub(crate) struct Report {
    pub created: Time,
    /// The unique id of whoever asked for it.
    pub by: String,
    pub text: String,
}

/// Writes a report in the place of a former one of this id, and deletes those that are old.
///
/// # Errors
/// LimitExceeded while the account has too many.
pub(crate) fn put(tx: &mut Tx, account: AccountId, id: &str, report: &Report) -> Result<(), Fault> {
    let heads = tx.scan::<ReportHeads>(&(account,), None, ROWS)?;
    if heads.is_empty() {
        // Those of a version that kept no heads.
        tx.delete_prefix::<Reports>(&(account,))?;
    }
    let mut kept = 0;
    for ((_, other), head) in heads {
        let is_old = head.created.seconds() + KEPT < report.created.seconds();
        if is_old || other == id {
            delete(tx, account, &other, &head)?;
        } else {
            kept += usize::try_from(head.parts).unwrap_or(ROWS);
        }
    }
    if kept >= ROWS {
        return Err(fault::limit_exceeded("Cannot exceed quota for reports; please try again tomorrow."));
    }
    let mut rest = report.text.as_str();
    for number in 0_u32.. {
        let (text, more) = rest.split_at(rest.floor_char_boundary(PART));
        let row = ReportPart { created: report.created, by: report.by.clone(), text: text.to_owned() };
        tx.put::<Reports>(&(account, id.to_owned(), number), &row)?;
        rest = more;
        if rest.is_empty() {
            let head = ReportHead { created: report.created, parts: number + 1 };
            tx.put::<ReportHeads>(&(account, id.to_owned()), &head)?;
            break;
        }
    }
    Ok(())
}

/// Deletes a report without reading it.
fn delete(tx: &mut Tx, account: AccountId, id: &str, head: &ReportHead) -> Result<(), Fault> {
    for number in 0..head.parts {
        tx.delete::<Reports>(&(account, id.to_owned(), number))?;
    }
    Ok(tx.delete::<ReportHeads>(&(account, id.to_owned()))?)
}

pub(crate) fn get(db: &Reader, account: AccountId, id: &str) -> Result<Option<Report>, Fault> {
    let parts = db.scan::<Reports>(&(account, id.to_owned()), None, usize::MAX)?;
    let mut whole: Option<Report> = None;
    for (_, part) in parts {
        match &mut whole {
            Some(report) => report.text.push_str(&part.text),
            None => whole = Some(Report { created: part.created, by: part.by, text: part.text }),
        }
    }
    Ok(whole)
}
