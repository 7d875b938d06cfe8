//! InviteOrganizationToTransferResponsibility: asks another organization's management account to let this one take over
//! a responsibility for its organization.

use std::time::Duration;

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{AccountsByAddress, Handshake, Organization};
use rolecall_store::Reader;

use crate::handshakes::{self, INVITATION};
use crate::model::{
    HandshakeParty, InviteOrganizationToTransferResponsibility,
    InviteOrganizationToTransferResponsibilityRequest, InviteOrganizationToTransferResponsibilityResponse,
    fault,
};
use crate::records::{Participant, Transfer};
use crate::refusal::invalid;
use crate::standing::{Reach, Scope, Standing};
use crate::tags;
use crate::transfers::{self, BILLING, Side, TRANSFER};

impl Operation for InviteOrganizationToTransferResponsibility {
    type Access = Write;

    fn needs(input: &InviteOrganizationToTransferResponsibilityRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let action = Needs::action(organizations::InviteOrganizationToTransferResponsibility);
        let question = if input.target.type_ == "ACCOUNT" {
            let account: ByArn<kind::Account> = scope.thing("account", &input.target.id);
            action.on(&account)
        } else {
            action.anywhere()
        };
        Ok(scope.ask(
            question
                .key(key::TransferDirection, Some(Side::Inbound.word()))
                .key(key::TransferType, Some(BILLING.to_lowercase()))
                .request_tags(tags::pairs(input.tags.as_ref())),
        ))
    }

    fn run(
        req: &mut Authorized<'_, Self>,
    ) -> Result<InviteOrganizationToTransferResponsibilityResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, env, now) = (req.input, req.env, req.now);
        let tags = tags::first(input.tags.as_ref())?;
        transfers::check_start(input.start_timestamp, now)?;
        let tx = req.tx()?;
        let source = invited(tx, &input.target)?;
        check_new(tx, &organization, &source, now)?;
        let handshake = Handshake {
            id: env.lower_id("h-", 32),
            organization: organization.id.clone(),
            management: organization.management,
            action: TRANSFER.into(),
            account: Some(source.management),
            address: (input.target.type_ == "EMAIL").then(|| input.target.id.to_lowercase()),
            state: "OPEN".into(),
            requested: now.whole_seconds(),
            expires: now.whole_seconds() + Duration::from_secs(INVITATION),
            notes: input.notes.clone().filter(|notes| !notes.is_empty()),
            parent: None,
            tags: rolecall_base::Tags::default(),
            ended: None,
        };
        let transfer = Transfer {
            id: env.lower_id("rt-", 32),
            handshake: handshake.id.clone(),
            name: input.source_name.clone(),
            target: Participant { organization: organization.id, management: organization.management },
            source: Participant { organization: source.id, management: source.management },
            start: input.start_timestamp,
            end: None,
            status: "REQUESTED".into(),
            expires: handshake.expires,
            tags,
        };
        handshakes::add(tx, &handshake, now)?;
        transfers::put(tx, &transfer)?;
        let handshake = Some(handshakes::shown(tx, &handshake, now)?);
        Ok(InviteOrganizationToTransferResponsibilityResponse { handshake })
    }
}

fn refuse(reason: &'static str, text: &str) -> Fault {
    fault::handshake_constraint_violation(text).with("Reason", reason)
}

/// The organization whose management account is meant.
fn invited(db: &Reader, target: &HandshakeParty) -> Result<Organization, Fault> {
    let account = match target.type_.as_str() {
        "ACCOUNT" => target.id.parse::<AccountId>().ok(),
        "EMAIL" => db.get::<AccountsByAddress>(&target.id.to_lowercase())?.map(|row| row.account),
        _ => {
            let text = "You specified the wrong type of entity (account, organization, or email) as a party.";
            return Err(invalid("INVALID_PARTY_TYPE_TARGET", text));
        }
    };
    let found = account.map(|account| transfers::managed_by(db, account)).transpose()?.flatten();
    let text = "The invited account is not the management account of an organization.";
    found.ok_or_else(|| refuse("TARGET_ACCOUNT_VALIDATION_FAILURE", text))
}

/// A source has one manager at a time, who is not itself, and is asked once.
fn check_new(
    db: &Reader,
    own: &Organization,
    source: &Organization,
    now: rolecall_base::Time,
) -> Result<(), Fault> {
    if own.id == source.id {
        let text = "The source and the target of a transfer can't be the same organization.";
        return Err(refuse("SOURCE_AND_TARGET_CANNOT_MATCH", text));
    }
    for other in transfers::all(db, &source.id)? {
        if Side::of(&other, &source.id) != Some(Side::Outbound) || !transfers::is_active(&other, now) {
            continue;
        }
        if transfers::status(&other, now) != "REQUESTED" {
            let text = "The responsibility is transferred already.";
            return Err(refuse("RESPONSIBILITY_TRANSFER_ALREADY_EXISTS", text));
        }
        if other.target.organization == own.id {
            return Err(fault::duplicate_handshake(
                "A handshake with the same action and target already exists.",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_base::{AccountId, Time};
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    /// An organization of another management account.
    fn other(scene: &Scene) -> AccountId {
        let other = "555555555555".parse().unwrap();
        scene.world.account(other);
        scene.call_as::<CreateOrganization>(other, CreateOrganizationRequest::default()).unwrap();
        other
    }

    fn next_month(scene: &Scene) -> Time {
        let later = scene.world.env.now() + std::time::Duration::from_secs(32 * 86_400);
        Time::parse_iso(&format!("{}-01T00:00:00Z", later.iso_seconds().get(..7).unwrap())).unwrap()
    }

    fn invite(scene: &Scene, target: &str) -> Result<Handshake, rolecall_base::Fault> {
        let input = InviteOrganizationToTransferResponsibilityRequest {
            type_: "BILLING".into(),
            target: HandshakeParty { id: target.into(), type_: "ACCOUNT".into() },
            start_timestamp: next_month(scene),
            source_name: "bills".into(),
            ..Default::default()
        };
        scene
            .call::<InviteOrganizationToTransferResponsibility>(input)
            .map(|invited| invited.handshake.unwrap())
    }

    fn outbound(scene: &Scene, account: AccountId) -> ResponsibilityTransfer {
        let input =
            ListOutboundResponsibilityTransfersRequest { type_: "BILLING".into(), ..Default::default() };
        let listed = scene.call_as::<ListOutboundResponsibilityTransfers>(account, input).unwrap();
        listed.responsibility_transfers.unwrap().pop().unwrap()
    }

    #[test]
    fn a_transfer_is_asked_for_accepted_named_and_ended() {
        let scene = Scene::new();
        let source = other(&scene);
        let handshake = invite(&scene, "555555555555").unwrap();
        check_fault(invite(&scene, "555555555555"), "DuplicateHandshakeException");
        let kinds: Vec<_> = handshake.resources.unwrap().into_iter().flat_map(|r| r.type_).collect();
        assert!(kinds.contains(&"RESPONSIBILITY_TRANSFER".to_owned()), "{kinds:?}");
        let asked = outbound(&scene, source);
        assert_eq!(asked.status.as_deref(), Some("REQUESTED"));
        assert!(asked.arn.unwrap().contains(":555555555555:transfer/o-"));
        let id = asked.id.unwrap();
        let end = || TerminateResponsibilityTransferRequest { id: id.clone(), end_timestamp: None };
        let early = scene.call::<TerminateResponsibilityTransfer>(end());
        check_fault(early, "InvalidResponsibilityTransferTransitionException");
        let accept = AcceptHandshakeRequest { handshake_id: handshake.id.unwrap() };
        scene.call_as::<AcceptHandshake>(source, accept).unwrap();
        check_fault(invite(&scene, "555555555555"), "HandshakeConstraintViolationException");

        let name = |account, name: &str| {
            let input = UpdateResponsibilityTransferRequest { id: id.clone(), name: name.into() };
            scene.call_as::<UpdateResponsibilityTransfer>(account, input)
        };
        check_fault(name(source, "mine"), "ConstraintViolationException");
        let own = rolecall_testkit::ACCOUNT;
        assert_eq!(name(own, "new").unwrap().responsibility_transfer.unwrap().name.as_deref(), Some("new"));
        check_fault(
            scene.call_as::<DeleteOrganization>(source, DeleteOrganizationRequest::default()),
            "ConstraintViolationException",
        );
        scene.call_as::<TerminateResponsibilityTransfer>(source, end()).unwrap();
        let again = scene.call::<TerminateResponsibilityTransfer>(end());
        check_fault(again, "ResponsibilityTransferAlreadyInStatusException");
        let over = outbound(&scene, source);
        assert_eq!(over.status.as_deref(), Some("WITHDRAWN"));
        assert!(over.end_timestamp.unwrap() > scene.world.env.now());
    }

    #[test]
    fn a_declined_transfer_can_be_asked_for_again() {
        let scene = Scene::new();
        let source = other(&scene);
        let handshake = invite(&scene, "555555555555").unwrap();
        let decline = DeclineHandshakeRequest { handshake_id: handshake.id.unwrap() };
        scene.call_as::<DeclineHandshake>(source, decline).unwrap();
        assert_eq!(outbound(&scene, source).status.as_deref(), Some("DECLINED"));
        invite(&scene, "555555555555").unwrap();
    }

    #[test]
    fn only_management_accounts_of_other_organizations_are_asked() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        for target in [dev.to_string(), "000000000000".into(), "999999999999".into()] {
            check_fault(invite(&scene, &target), "HandshakeConstraintViolationException");
        }
    }

    #[test]
    fn a_transfer_of_others_is_not_found() {
        let scene = Scene::new();
        other(&scene);
        let id = invite(&scene, "555555555555").unwrap().resources.unwrap();
        let id = id
            .into_iter()
            .find(|r| r.type_.as_deref() == Some("RESPONSIBILITY_TRANSFER"))
            .unwrap()
            .value
            .unwrap();
        let third = "777777777777".parse().unwrap();
        scene.world.account(third);
        let describe = || DescribeResponsibilityTransferRequest { id: id.clone() };
        let alone = scene.call_as::<DescribeResponsibilityTransfer>(third, describe());
        check_fault(alone, "AWSOrganizationsNotInUseException");
        scene.call_as::<CreateOrganization>(third, CreateOrganizationRequest::default()).unwrap();
        let stranger = scene.call_as::<DescribeResponsibilityTransfer>(third, describe());
        check_fault(stranger, "ResponsibilityTransferNotFoundException");
        scene.call::<DescribeResponsibilityTransfer>(describe()).unwrap();
    }
}
