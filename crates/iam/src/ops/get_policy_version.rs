//! GetPolicyVersion: one version of a managed policy, its document percent-encoded.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::managed::{Managed, PolicyTarget};
use crate::model::{GetPolicyVersion, GetPolicyVersionRequest, GetPolicyVersionResponse};
use crate::versions;

impl Operation for GetPolicyVersion {
    type Access = Read;

    fn needs(input: &GetPolicyVersionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_read(at, &input.policy_arn)?;
        Ok(Needs::action(iam::GetPolicyVersion).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetPolicyVersionResponse, Fault> {
        let db = req.db()?;
        let policy = Managed::get(db, req.account(), &req.input.policy_arn)?;
        let version = versions::get(db, &policy, &req.input.version_id)?;
        Ok(GetPolicyVersionResponse { policy_version: Some(version) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn policies_of_aws_show_the_version_in_force() {
        let scene = Scene::new();
        let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        let get = |version: &str| {
            let input = GetPolicyVersionRequest { policy_arn: arn.into(), version_id: version.into() };
            scene.call::<GetPolicyVersion>(input).map(|response| response.policy_version.unwrap())
        };
        let version = get("v3").unwrap();
        assert!(version.document.unwrap().contains("s3%3AGet%2A"));
        assert_eq!(version.is_default_version, Some(true));
        check_fault(get("v99"), "NoSuchEntity");
    }
}
