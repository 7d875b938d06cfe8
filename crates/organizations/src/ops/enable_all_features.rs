//! EnableAllFeatures: an organization for billing asks its invited members to let it have policies.

use std::time::Duration;

use rolecall_actions::organizations;
use rolecall_base::{AccountId, Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{Handshake, Members};

use crate::accounts;
use crate::handshakes::{self, APPROVE, ENABLE, FEATURES};
use crate::model::{EnableAllFeatures, EnableAllFeaturesRequest, EnableAllFeaturesResponse, fault};
use crate::standing::{Reach, Scope, Standing};

impl Operation for EnableAllFeatures {
    type Access = Write;

    fn needs(_input: &EnableAllFeaturesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        Ok(scope.ask(Needs::action(organizations::EnableAllFeatures).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableAllFeaturesResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (env, now) = (req.env, req.now);
        let tx = req.tx()?;
        let refuse = |reason: &'static str, text: &str| {
            Err(fault::handshake_constraint_violation(text).with("Reason", reason))
        };
        if organization.all_features {
            let text = "All features are already enabled on this organization.";
            return refuse("ORGANIZATION_ALREADY_HAS_ALL_FEATURES", text);
        }
        if handshakes::enabling(tx, &organization.id, now)?.is_some() {
            let text = "The handshake request is invalid because the organization has already started the process to \
                        enable all features.";
            return refuse("ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION", text);
        }
        let new = |action: &str, account: Option<AccountId>, parent: Option<String>| Handshake {
            id: env.lower_id("h-", 32),
            organization: organization.id.clone(),
            management: organization.management,
            action: action.into(),
            account,
            address: None,
            state: if parent.is_some() { "OPEN" } else { "REQUESTED" }.into(),
            requested: now.whole_seconds(),
            expires: now.whole_seconds() + Duration::from_secs(FEATURES),
            notes: None,
            parent,
            tags: Tags::default(),
            ended: None,
        };
        let enabling = new(ENABLE, None, None);
        handshakes::add(tx, &enabling, now)?;
        for account in accounts::all(tx, &organization)? {
            let invited = tx.get::<Members>(&account)?.is_some_and(|member| member.invited);
            if invited && account != organization.management {
                handshakes::add(tx, &new(APPROVE, Some(account), Some(enabling.id.clone())), now)?;
            }
        }
        Ok(EnableAllFeaturesResponse { handshake: Some(handshakes::shown(tx, &enabling, now)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::AccountId;
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    fn accept(
        scene: &Scene,
        account: AccountId,
        id: &str,
    ) -> Result<AcceptHandshakeResponse, rolecall_base::Fault> {
        scene.call_as::<AcceptHandshake>(account, AcceptHandshakeRequest { handshake_id: id.into() })
    }

    #[test]
    fn all_features_come_when_every_invited_member_agreed() {
        let scene = Scene::alone();
        let input = CreateOrganizationRequest { feature_set: Some("CONSOLIDATED_BILLING".into()) };
        scene.call::<CreateOrganization>(input).unwrap();
        let other: AccountId = "555555555555".parse().unwrap();
        scene.world.account(other);
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: other.to_string(), type_: "ACCOUNT".into() },
            ..Default::default()
        };
        let invitation = scene.call::<InviteAccountToOrganization>(input).unwrap().handshake.unwrap();
        accept(&scene, other, &invitation.id.unwrap()).unwrap();
        let begun = scene.call::<EnableAllFeatures>(EnableAllFeaturesRequest::default()).unwrap();
        let begun = begun.handshake.unwrap();
        assert_eq!(begun.state.as_deref(), Some("REQUESTED"));
        let id = begun.id.unwrap();
        check_fault(accept(&scene, ACCOUNT, &id), "InvalidHandshakeTransitionException");
        let filter = HandshakeFilter { action_type: None, parent_handshake_id: Some(id.clone()) };
        let input = ListHandshakesForAccountRequest { filter: Some(filter), ..Default::default() };
        let asked = scene.call_as::<ListHandshakesForAccount>(other, input).unwrap().handshakes.unwrap();
        accept(&scene, other, asked[0].id.as_ref().unwrap()).unwrap();
        accept(&scene, ACCOUNT, &id).unwrap();
        let seen = scene.call::<DescribeOrganization>(DescribeOrganizationRequest::default()).unwrap();
        assert_eq!(seen.organization.unwrap().feature_set.as_deref(), Some("ALL"));
        let again = scene.call::<EnableAllFeatures>(EnableAllFeaturesRequest::default());
        check_fault(again, "HandshakeConstraintViolationException");
    }
}
