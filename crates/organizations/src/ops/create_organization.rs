//! CreateOrganization: the caller's account becomes the management account of a new one.

use rolecall_actions::iam::kind::Role;
use rolecall_actions::{iam, organizations};
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{Members, Organization, Organizations};
use rolecall_identity::{bind_anew, open_organizations_role};

use crate::accounts;
use crate::model::{CreateOrganization, CreateOrganizationRequest, CreateOrganizationResponse, fault};
use crate::shown;

impl Operation for CreateOrganization {
    type Access = Write;

    fn needs(_input: &CreateOrganizationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = ByArn::<Role>::new(
            format!(
                "arn:aws:iam::{}:role/aws-service-role/{SERVICE}/AWSServiceRoleForOrganizations",
                at.account()
            ),
            at.account(),
        );
        let linked = Needs::action(iam::CreateServiceLinkedRole)
            .on(&role)
            .key(iam::key::AWSServiceName, Some(SERVICE));
        Ok(Needs::action(organizations::CreateOrganization).anywhere().done().and(linked.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateOrganizationResponse, Fault> {
        let (env, now, account) = (req.env, req.now, req.account());
        let all_features = req.input.feature_set.as_deref() != Some("CONSOLIDATED_BILLING");
        let tx = req.tx()?;
        if tx.exists::<Members>(&account)? {
            let text = "The AWS account is already a member of an organization.";
            return Err(fault::already_in_organization(text));
        }
        let organization = Organization {
            id: env.lower_id("o-", 10),
            management: account,
            all_features,
            root: env.lower_id("r-", 4),
            created: now.whole_seconds(),
            enabled: Vec::new(),
            root_tags: Tags::default(),
        };
        tx.put::<Organizations>(&organization.id, &organization)?;
        // AWS shows the management account as one that was invited.
        accounts::join(tx, &organization, account, true, now, Tags::default())?;
        open_organizations_role(tx, env, account)?;
        bind_anew(tx, &organization.id)?;
        Ok(CreateOrganizationResponse { organization: Some(shown::organization(tx, &organization)?) })
    }
}

const SERVICE: &str = "organizations.amazonaws.com";

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn create(scene: &Scene, feature_set: Option<&str>) -> Result<Organization, rolecall_base::Fault> {
        let input = CreateOrganizationRequest { feature_set: feature_set.map(str::to_owned) };
        scene.call::<CreateOrganization>(input).map(|made| made.organization.unwrap())
    }

    #[test]
    fn an_organization_begins_with_its_management_account_and_all_features() {
        let made = create(&Scene::alone(), None).unwrap();
        let id = made.id.unwrap();
        assert!(id.starts_with("o-") && id.len() == 12, "{id}");
        assert_eq!(made.feature_set.as_deref(), Some("ALL"));
        assert_eq!(made.arn.unwrap(), format!("arn:aws:organizations::000000000000:organization/{id}"));
        assert_eq!(
            made.master_account_arn.unwrap(),
            format!("arn:aws:organizations::000000000000:account/{id}/000000000000")
        );
    }

    #[test]
    fn one_for_billing_only_has_no_policy_types() {
        let made = create(&Scene::alone(), Some("CONSOLIDATED_BILLING")).unwrap();
        assert_eq!(made.available_policy_types, Some(vec![]));
    }

    #[test]
    fn an_account_is_in_one_organization_at_most() {
        let scene = Scene::without_policies();
        check_fault(create(&scene, None), "AlreadyInOrganizationException");
    }
}
