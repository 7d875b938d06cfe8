//! DescribeOrganization: the organization that the caller's account is in; any member may ask.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{DescribeOrganization, DescribeOrganizationRequest, DescribeOrganizationResponse};
use crate::shown;
use crate::standing::Standing;

impl Operation for DescribeOrganization {
    type Access = Read;

    fn needs(_input: &DescribeOrganizationRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(organizations::DescribeOrganization).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeOrganizationResponse, Fault> {
        let here = Standing::own(req)?;
        let organization = shown::organization(req.db()?, &here.organization)?;
        Ok(DescribeOrganizationResponse { organization: Some(organization) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_member_sees_its_organization() {
        let scene = Scene::without_policies();
        let dev = scene.account("dev");
        let input = DescribeOrganizationRequest::default();
        let seen = scene.call_as::<DescribeOrganization>(dev, input).unwrap().organization.unwrap();
        assert_eq!(seen.master_account_id.as_deref(), Some("000000000000"));
    }

    #[test]
    fn an_account_on_its_own_is_told_so() {
        let input = DescribeOrganizationRequest::default();
        let message = check_fault(
            Scene::alone().call::<DescribeOrganization>(input),
            "AWSOrganizationsNotInUseException",
        );
        assert_eq!(message, "Your account is not a member of an organization.");
    }
}
