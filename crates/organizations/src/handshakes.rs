//! Handshakes: an account that is asked to join, and an organization that goes over to all features.

use rolecall_actions::organizations::kind;
use rolecall_base::{AccountId, Fault, Time};
use rolecall_door::{At, ByArn};
use rolecall_identity::records::{
    Handshake, Handshakes, HandshakesOfAccount, HandshakesOfOrganization, Mark, Members, Organization,
    Organizations,
};
use rolecall_store::{Reader, Tx};

use crate::accounts;
use crate::model::{self, HandshakeParty, HandshakeResource, fault};
use crate::transfers::{self, BILLING, TRANSFER};

pub(crate) const INVITE: &str = "INVITE";
pub(crate) const ENABLE: &str = "ENABLE_ALL_FEATURES";
pub(crate) const APPROVE: &str = "APPROVE_ALL_FEATURES";

/// Seconds that an invitation is open.
pub(crate) const INVITATION: u64 = 15 * 86_400;
/// Seconds that a change of features may take.
pub(crate) const FEATURES: u64 = 90 * 86_400;
/// Seconds that a finished handshake is still listed.
const LISTED: u64 = 30 * 86_400;

/// # Errors
/// HandshakeNotFoundException.
pub(crate) fn get(db: &Reader, id: &str) -> Result<Handshake, Fault> {
    db.get::<Handshakes>(&id)?.ok_or_else(absent)
}

pub(crate) fn absent() -> Fault {
    fault::handshake_not_found("We can't find a handshake with the HandshakeId that you specified.")
}

/// Writes a new handshake, and takes those away that ended long ago.
pub(crate) fn add(tx: &mut Tx, handshake: &Handshake, now: Time) -> Result<(), Fault> {
    let all = of_organization(tx, &handshake.organization)?;
    for old in all.iter().filter(|old| is_gone(old, now)) {
        let waits = |parent: &Handshake| old.parent.as_ref() == Some(&parent.id) && !is_gone(parent, now);
        if !all.iter().any(waits) {
            forget(tx, old)?;
        }
    }
    put(tx, handshake)
}

/// Deletes a handshake.
pub(crate) fn forget(tx: &mut Tx, handshake: &Handshake) -> Result<(), Fault> {
    let id = handshake.id.clone();
    tx.delete::<HandshakesOfOrganization>(&(handshake.organization.clone(), id.clone()))?;
    if let Some(account) = handshake.account {
        tx.delete::<HandshakesOfAccount>(&(account, id.clone()))?;
    }
    Ok(tx.delete::<Handshakes>(&id)?)
}

/// Whether it ended so long ago that nothing tells of it any more.
pub(crate) fn is_gone(handshake: &Handshake, now: Time) -> bool {
    let ended = handshake.ended.unwrap_or(handshake.expires);
    now.since(ended).as_secs() >= LISTED
}

/// Puts a handshake into its last state.
pub(crate) fn finish(tx: &mut Tx, handshake: &mut Handshake, state: &str, now: Time) -> Result<(), Fault> {
    handshake.state = state.to_owned();
    handshake.ended = Some(now);
    put(tx, handshake)?;
    if handshake.action == TRANSFER { transfers::follow(tx, handshake) } else { Ok(()) }
}

/// Writes a handshake and where it is listed.
fn put(tx: &mut Tx, handshake: &Handshake) -> Result<(), Fault> {
    let id = handshake.id.clone();
    tx.put::<Handshakes>(&id, handshake)?;
    tx.put::<HandshakesOfOrganization>(&(handshake.organization.clone(), id.clone()), &Mark {})?;
    if let Some(account) = handshake.account {
        tx.put::<HandshakesOfAccount>(&(account, id), &Mark {})?;
    }
    Ok(())
}

/// A handshake as the thing that is asked about, whoever asks.
pub(crate) fn asked(at: &At<'_>, id: &str) -> Result<ByArn<kind::Handshake>, Fault> {
    let found = at.db()?.get::<Handshakes>(&id)?;
    let arn = match found.filter(|found| concerns(found, at.account())) {
        Some(found) => arn(&found),
        None => format!("arn:aws:organizations::{}:handshake/o-0000000000/invite/{id}", at.account()),
    };
    Ok(ByArn::new(arn, at.account()))
}

/// Whether an account is one of a handshake's two sides.
pub(crate) fn concerns(handshake: &Handshake, account: AccountId) -> bool {
    handshake.management == account || handshake.account == Some(account)
}

fn arn(handshake: &Handshake) -> String {
    format!(
        "arn:aws:organizations::{}:handshake/{}/{}/{}",
        handshake.management,
        handshake.organization,
        handshake.action.to_lowercase(),
        handshake.id
    )
}

/// Its state now: time ends open ones, and a change of features waits for everybody who was invited.
pub(crate) fn state(db: &Reader, handshake: &Handshake, now: Time) -> Result<&'static str, Fault> {
    Ok(match handshake.state.as_str() {
        "ACCEPTED" => "ACCEPTED",
        "DECLINED" => "DECLINED",
        "CANCELED" => "CANCELED",
        _ if handshake.expires <= now => "EXPIRED",
        _ if handshake.action == ENABLE && !is_approved(db, handshake)? => "REQUESTED",
        _ => "OPEN",
    })
}

/// Whether all members that were invited have agreed to all features. Those that the organization made need not.
fn is_approved(db: &Reader, enabling: &Handshake) -> Result<bool, Fault> {
    let Some(organization) = db.get::<Organizations>(&enabling.organization)? else { return Ok(false) };
    let children = of_organization(db, &organization.id)?;
    for account in accounts::all(db, &organization)? {
        let member = db.get::<Members>(&account)?;
        let asked = member.is_some_and(|member| member.invited && member.closed.is_none());
        if !asked || account == organization.management {
            continue;
        }
        let agreed = children.iter().any(|child| {
            child.parent.as_ref() == Some(&enabling.id)
                && child.account == Some(account)
                && child.state == "ACCEPTED"
        });
        if !agreed {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The change of features that is under way.
pub(crate) fn enabling(db: &Reader, organization: &str, now: Time) -> Result<Option<Handshake>, Fault> {
    for handshake in of_organization(db, organization)? {
        let open = matches!(state(db, &handshake, now)?, "OPEN" | "REQUESTED");
        if handshake.action == ENABLE && open {
            return Ok(Some(handshake));
        }
    }
    Ok(None)
}

/// All of an organization's.
pub(crate) fn of_organization(db: &Reader, organization: &str) -> Result<Vec<Handshake>, Fault> {
    let rows = db.scan::<HandshakesOfOrganization>(&(organization,), None, usize::MAX)?;
    rows.into_iter().map(|((_, id), _)| get(db, &id)).collect()
}

/// All that an account is asked by.
pub(crate) fn of_account(db: &Reader, account: AccountId) -> Result<Vec<Handshake>, Fault> {
    let rows = db.scan::<HandshakesOfAccount>(&(account,), None, usize::MAX)?;
    rows.into_iter().map(|((_, id), _)| get(db, &id)).collect()
}

/// Those that a list shows: what its filter asks for, and finished ones for 30 days.
pub(crate) fn listed(
    handshakes: Vec<Handshake>,
    filter: Option<&model::HandshakeFilter>,
    now: Time,
) -> impl Iterator<Item = (String, Handshake)> {
    let filter = filter.cloned().unwrap_or_default();
    let wanted = move |handshake: &Handshake| {
        let of_action = filter.action_type.as_ref().is_none_or(|action| *action == handshake.action);
        let of_parent = filter.parent_handshake_id.as_ref();
        let of_parent = of_parent.is_none_or(|parent| handshake.parent.as_ref() == Some(parent));
        of_action && of_parent && !is_gone(handshake, now)
    };
    handshakes.into_iter().filter(wanted).map(|handshake| (handshake.id.clone(), handshake))
}

/// # Errors
/// HandshakeAlreadyInStateException when it is in state `next`; InvalidHandshakeTransitionException when it is no longer
/// open.
pub(crate) fn check_open(db: &Reader, handshake: &Handshake, next: &str, now: Time) -> Result<(), Fault> {
    let state = state(db, handshake, now)?;
    if state == next {
        let text = "The specified handshake is already in the requested state.";
        return Err(fault::handshake_already_in_state(text));
    }
    let waits = state == "REQUESTED" && next == "CANCELED";
    if state == "OPEN" || waits {
        return Ok(());
    }
    Err(fault::invalid_handshake_transition(
        "You can't perform the operation on the handshake in its current state.",
    ))
}

/// A handshake as clients see it.
pub(crate) fn shown(db: &Reader, handshake: &Handshake, now: Time) -> Result<model::Handshake, Fault> {
    let organization = db.get::<Organizations>(&handshake.organization)?;
    let mut parties = vec![party(&handshake.organization, "ORGANIZATION")];
    let mut resources = vec![of_the_organization(db, handshake, organization.as_ref())?];
    if let Some((id, kind)) = other_side(handshake) {
        parties.push(party(&id, kind));
        resources.push(resource(id, kind));
    }
    if handshake.action == TRANSFER {
        resources.extend(of_the_transfer(db, handshake)?);
    }
    resources.extend(handshake.notes.clone().map(|notes| resource(notes, "NOTES")));
    resources.extend(handshake.parent.clone().map(|parent| resource(parent, "PARENT_HANDSHAKE")));
    Ok(model::Handshake {
        id: Some(handshake.id.clone()),
        arn: Some(arn(handshake)),
        parties: Some(parties),
        state: Some(state(db, handshake, now)?.to_owned()),
        requested_timestamp: Some(handshake.requested),
        expiration_timestamp: Some(handshake.expires),
        action: Some(handshake.action.clone()),
        resources: Some(resources),
    })
}

/// Who is asked, as the inviter named it.
fn other_side(handshake: &Handshake) -> Option<(String, &'static str)> {
    match (&handshake.address, handshake.account) {
        (Some(address), _) => Some((address.clone(), "EMAIL")),
        (None, Some(account)) => Some((account.to_string(), "ACCOUNT")),
        (None, None) => None,
    }
}

fn of_the_organization(
    db: &Reader,
    handshake: &Handshake,
    organization: Option<&Organization>,
) -> Result<HandshakeResource, Fault> {
    let mut about = resource(handshake.organization.clone(), "ORGANIZATION");
    if let Some(organization) = organization.filter(|_| handshake.action == INVITE) {
        let record = accounts::record(db, organization.management)?;
        let features = if organization.all_features { "ALL" } else { "CONSOLIDATED_BILLING" };
        about.resources = Some(vec![
            resource(record.shown_address(), "MASTER_EMAIL"),
            resource(record.shown_name(), "MASTER_NAME"),
            resource(features.to_owned(), "ORGANIZATION_FEATURE_SET"),
        ]);
    }
    Ok(about)
}

/// What is to be transferred, to whom and from when.
fn of_the_transfer(db: &Reader, handshake: &Handshake) -> Result<Vec<HandshakeResource>, Fault> {
    let Some(transfer) = transfers::of_handshake(db, handshake)? else { return Ok(Vec::new()) };
    let manager = accounts::record(db, transfer.target.management)?;
    Ok(vec![
        resource(transfer.id, "RESPONSIBILITY_TRANSFER"),
        resource(transfer.start.iso_millis(), "TRANSFER_START_TIMESTAMP"),
        resource(BILLING.to_owned(), "TRANSFER_TYPE"),
        resource(transfer.target.management.to_string(), "MANAGEMENT_ACCOUNT"),
        resource(manager.shown_address(), "MANAGEMENT_EMAIL"),
        resource(manager.shown_name(), "MANAGEMENT_NAME"),
    ])
}

fn party(id: &str, kind: &str) -> HandshakeParty {
    HandshakeParty { id: id.to_owned(), type_: kind.to_owned() }
}

fn resource(value: String, kind: &str) -> HandshakeResource {
    HandshakeResource { value: Some(value), type_: Some(kind.to_owned()), resources: None }
}
