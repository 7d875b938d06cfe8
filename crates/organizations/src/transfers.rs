//! Responsibility transfers: what both sides see of them, and how they begin and end. There is no billing here, so that
//! nothing follows from one but that its organizations can't be deleted.

use std::time::Duration;

use rolecall_actions::organizations::kind;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::ByArn;
use rolecall_identity::records::{Handshake, Mark, Organization};
use rolecall_store::{Reader, Tx};

use crate::accounts;
use crate::model::{self, fault};
use crate::records::{Participant, Transfer, Transfers, TransfersOfOrganization};
use crate::refusal::invalid;
use crate::standing::Scope;

/// The action of the handshake.
pub(crate) const TRANSFER: &str = "TRANSFER_RESPONSIBILITY";
/// The only type there is.
pub(crate) const BILLING: &str = "BILLING";

/// On which side of a transfer an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It manages another's.
    Inbound,
    /// Another manages its own.
    Outbound,
}

impl Side {
    pub fn word(self) -> &'static str {
        match self {
            Side::Inbound => "inbound",
            Side::Outbound => "outbound",
        }
    }

    pub fn of(transfer: &Transfer, organization: &str) -> Option<Side> {
        if transfer.target.organization == organization {
            return Some(Side::Inbound);
        }
        (transfer.source.organization == organization).then_some(Side::Outbound)
    }
}

/// One that an organization takes part in.
pub(crate) fn find(db: &Reader, organization: &Organization, id: &str) -> Result<Option<Transfer>, Fault> {
    let found = db.get::<Transfers>(&id)?;
    Ok(found.filter(|transfer| Side::of(transfer, &organization.id).is_some()))
}

/// # Errors
/// ResponsibilityTransferNotFoundException.
pub(crate) fn get(db: &Reader, organization: &Organization, id: &str) -> Result<Transfer, Fault> {
    find(db, organization, id)?.ok_or_else(absent)
}

pub(crate) fn absent() -> Fault {
    fault::responsibility_transfer_not_found("We can't find a transfer that you specified.")
}

/// All of an organization's, by id.
pub(crate) fn all(db: &Reader, organization: &str) -> Result<Vec<Transfer>, Fault> {
    let rows = db.scan::<TransfersOfOrganization>(&(organization,), None, usize::MAX)?;
    let found = rows.into_iter().map(|((_, id), _)| db.get::<Transfers>(&id)?.ok_or_else(absent));
    found.collect()
}

pub(crate) fn put(tx: &mut Tx, transfer: &Transfer) -> Result<(), Fault> {
    for side in [&transfer.target, &transfer.source] {
        tx.put::<TransfersOfOrganization>(&(side.organization.clone(), transfer.id.clone()), &Mark {})?;
    }
    Ok(tx.put::<Transfers>(&transfer.id.clone(), transfer)?)
}

/// Takes all of an organization's away.
pub(crate) fn forget(tx: &mut Tx, organization: &str) -> Result<(), Fault> {
    for transfer in all(tx, organization)? {
        for side in [&transfer.target, &transfer.source] {
            tx.delete::<TransfersOfOrganization>(&(side.organization.clone(), transfer.id.clone()))?;
        }
        tx.delete::<Transfers>(&transfer.id)?;
    }
    Ok(())
}

/// Its status now.
pub(crate) fn status(transfer: &Transfer, now: Time) -> &str {
    if transfer.status == "REQUESTED" && transfer.expires <= now { "EXPIRED" } else { &transfer.status }
}

/// Whether it is under way: asked for, or accepted and not over.
pub(crate) fn is_active(transfer: &Transfer, now: Time) -> bool {
    match status(transfer, now) {
        "REQUESTED" | "ACCEPTED" => true,
        "WITHDRAWN" => transfer.end.is_some_and(|end| end > now),
        _ => false,
    }
}

/// Takes over what became of a handshake.
pub(crate) fn follow(tx: &mut Tx, handshake: &Handshake) -> Result<(), Fault> {
    for mut transfer in all(tx, &handshake.organization)? {
        if transfer.handshake == handshake.id {
            transfer.status.clone_from(&handshake.state);
            put(tx, &transfer)?;
        }
    }
    Ok(())
}

/// The transfer of a handshake.
pub(crate) fn of_handshake(db: &Reader, handshake: &Handshake) -> Result<Option<Transfer>, Fault> {
    Ok(all(db, &handshake.organization)?.into_iter().find(|transfer| transfer.handshake == handshake.id))
}

/// As an organization sees it.
pub(crate) fn shown(
    db: &Reader,
    organization: &Organization,
    transfer: &Transfer,
    now: Time,
) -> Result<model::ResponsibilityTransfer, Fault> {
    let side = Side::of(transfer, &organization.id).ok_or_else(absent)?;
    let open = status(transfer, now) == "REQUESTED";
    Ok(model::ResponsibilityTransfer {
        arn: Some(arn(organization, side, &transfer.id)),
        name: Some(transfer.name.clone()),
        id: Some(transfer.id.clone()),
        type_: Some(BILLING.into()),
        status: Some(status(transfer, now).to_owned()),
        source: Some(participant(db, &transfer.source)?),
        target: Some(participant(db, &transfer.target)?),
        start_timestamp: Some(transfer.start),
        end_timestamp: transfer.end,
        active_handshake_id: open.then(|| transfer.handshake.clone()),
    })
}

fn participant(db: &Reader, side: &Participant) -> Result<model::TransferParticipant, Fault> {
    Ok(model::TransferParticipant {
        management_account_id: Some(side.management.to_string()),
        management_account_email: Some(accounts::record(db, side.management)?.shown_address()),
    })
}

fn arn(organization: &Organization, side: Side, id: &str) -> String {
    organization.arn_of("transfer", &rest(side, id))
}

fn rest(side: Side, id: &str) -> String {
    format!("{}/{}/{id}", BILLING.to_lowercase(), side.word())
}

impl Scope<'_, '_> {
    /// A transfer by its id, with its direction where the caller's organization takes part in it.
    pub fn transfer(&self, id: &str) -> Result<(ByArn<kind::Responsibilitytransfer>, Option<Side>), Fault> {
        let Some(organization) = self.organization() else {
            return Ok((self.thing("transfer", &rest(Side::Inbound, id)), None));
        };
        let found = find(self.db()?, organization, id)?;
        let side = found.as_ref().and_then(|transfer| Side::of(transfer, &organization.id));
        let tags = found.map(|transfer| transfer.tags).unwrap_or_default();
        let thing: ByArn<kind::Responsibilitytransfer> =
            self.thing("transfer", &rest(side.unwrap_or(Side::Inbound), id));
        Ok((thing.tagged(tags), side))
    }
}

/// The first instant of a month.
fn month(time: Time) -> Time {
    let text = time.iso_seconds();
    Time::parse_iso(&format!("{}-01T00:00:00Z", text.get(..7).unwrap_or_default())).unwrap_or_default()
}

fn next_month(time: Time) -> Time {
    month(month(time) + Duration::from_secs(32 * 86_400))
}

/// Months that a transfer may be arranged ahead.
const AHEAD: usize = 12;

/// # Errors
/// InvalidInputException unless it is the first instant of a month to come.
pub(crate) fn check_start(start: Time, now: Time) -> Result<(), Fault> {
    if start.millis().rem_euclid(86_400_000) != 0 {
        let text = "The start date must be the beginning of the day (00:00:00.000).";
        return Err(invalid("START_DATE_NOT_BEGINNING_OF_DAY", text));
    }
    if start != month(start) {
        return Err(invalid(
            "START_DATE_NOT_BEGINNING_OF_MONTH",
            "The start date must be the first day of the month.",
        ));
    }
    if start <= now {
        return Err(invalid("START_DATE_TOO_EARLY", "The start date is too early."));
    }
    let latest = (0..AHEAD).fold(now, |time, _| next_month(time));
    if start > latest {
        return Err(invalid("START_DATE_TOO_LATE", "The start date is too late."));
    }
    Ok(())
}

/// When a transfer ends: the end of this month unless the request says of which.
///
/// # Errors
/// InvalidInputException unless it is the last millisecond of a month, not before now or the transfer's beginning.
pub(crate) fn end(asked: Option<Time>, start: Time, now: Time) -> Result<Time, Fault> {
    let millisecond = Duration::from_millis(1);
    let Some(asked) = asked else { return Ok(next_month(now.max(start)) - millisecond) };
    // Clients that send whole seconds can't name the last millisecond.
    let whole = asked.millis().rem_euclid(1_000) == 0;
    let last = if whole { asked + Duration::from_millis(999) } else { asked };
    if last + millisecond != next_month(asked) {
        let text = "The end date must be the end of the last day of the month (23.59.59.999).";
        return Err(invalid("END_DATE_NOT_END_OF_MONTH", text));
    }
    if last < now || last < start {
        return Err(invalid("END_DATE_TOO_EARLY", "The end date is too early."));
    }
    Ok(last)
}

/// Whether `account` manages an organization; its organization then.
pub(crate) fn managed_by(db: &Reader, account: AccountId) -> Result<Option<Organization>, Fault> {
    use rolecall_identity::records::{Members, Organizations};
    let Some(member) = db.get::<Members>(&account)? else { return Ok(None) };
    let organization = db.get::<Organizations>(&member.organization)?;
    Ok(organization.filter(|organization| organization.management == account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse_iso(text).unwrap()
    }

    #[test]
    fn transfers_begin_with_a_month_to_come() {
        let now = at("2026-11-30T18:00:00Z");
        let reason = |start: &str| check_start(at(start), now).map_err(|fault| fault.message().to_owned());
        assert!(reason("2026-12-01T00:00:00Z").is_ok() && reason("2027-11-01T00:00:00Z").is_ok());
        for (start, word) in [
            ("2026-12-01T00:00:01Z", "beginning of the day"),
            ("2026-12-02T00:00:00Z", "first day"),
            ("2026-11-01T00:00:00Z", "too early"),
            ("2027-12-01T00:00:00Z", "too late"),
        ] {
            assert!(reason(start).unwrap_err().contains(word), "{start}");
        }
    }

    #[test]
    fn transfers_end_with_a_month() {
        let (start, now) = (at("2026-12-01T00:00:00Z"), at("2026-12-30T18:00:00Z"));
        assert_eq!(end(None, start, now).unwrap(), at("2026-12-31T23:59:59.999Z"));
        assert_eq!(
            end(Some(at("2027-02-28T23:59:59Z")), start, now).unwrap(),
            at("2027-02-28T23:59:59.999Z")
        );
        assert!(end(Some(at("2027-02-27T23:59:59Z")), start, now).is_err());
        assert!(end(Some(at("2026-11-30T23:59:59Z")), start, now).is_err());
    }
}
