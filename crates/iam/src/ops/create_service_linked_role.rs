//! CreateServiceLinkedRole: the role that only a service may take and only AWS may change.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::Target;
use crate::model::{
    CreateServiceLinkedRole, CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse, fault,
};
use crate::quota::Quotas;
use crate::service_linked;
use crate::wire;

impl Operation for CreateServiceLinkedRole {
    type Access = Write;

    fn needs(input: &CreateServiceLinkedRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let principal = &input.aws_service_name;
        // A name that AWS does not know is asked under the name that it would begin with.
        let name = match service_linked::known(principal) {
            Some(known) => known.role_name(input.custom_suffix.as_deref())?,
            None => "AWSServiceRoleFor".to_owned(),
        };
        let role = Target::<Role>::new(at.account(), Some(&service_linked::path(principal)), &name);
        Ok(Needs::action(iam::CreateServiceLinkedRole)
            .on(&role)
            .key(iam::key::AWSServiceName, Some(principal.as_str()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateServiceLinkedRoleResponse, Fault> {
        let input = req.input;
        let principal = &input.aws_service_name;
        let known = service_linked::known(principal).ok_or_else(|| {
            fault::invalid_input(format!("Service {principal} has no service-linked role."))
        })?;
        let role = Role {
            account: req.account(),
            name: known.role_name(input.custom_suffix.as_deref())?,
            path: known.path(),
            id: req.env.unique_id("AROA"),
            created: req.now.whole_seconds(),
            trust: known.trust(),
            description: input.description.clone(),
            max_session: 3600,
            tags: rolecall_base::Tags::default(),
            boundary: None,
            template: None,
        };
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        known.create(tx, &role, &quotas)?;
        Ok(CreateServiceLinkedRoleResponse { role: Some(wire::role_created(tx, &role)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{Scene, TRUST};

    fn create(scene: &Scene, service: &str, suffix: Option<&str>) -> Result<Role, Fault> {
        let input = CreateServiceLinkedRoleRequest {
            aws_service_name: service.into(),
            description: None,
            custom_suffix: suffix.map(str::to_owned),
        };
        scene.call::<CreateServiceLinkedRole>(input).map(|response| response.role.unwrap())
    }

    #[test]
    fn the_role_has_its_services_policy_and_only_aws_may_change_it() {
        let scene = Scene::new();
        let role = create(&scene, "batch.amazonaws.com", None).unwrap();
        let path = "arn:aws:iam::000000000000:role/aws-service-role/batch.amazonaws.com";
        assert_eq!(role.arn, format!("{path}/AWSServiceRoleForBatch"));
        let input =
            ListAttachedRolePoliciesRequest { role_name: role.role_name.clone(), ..Default::default() };
        let attached = scene.call::<ListAttachedRolePolicies>(input).unwrap().attached_policies.unwrap();
        assert_eq!(attached[0].policy_name.as_deref(), Some("BatchServiceRolePolicy"));

        let text = "Cannot perform the operation on the protected role 'AWSServiceRoleForBatch' - this role is only \
                    modifiable by AWS";
        let delete = scene.call::<DeleteRole>(DeleteRoleRequest { role_name: role.role_name.clone() });
        assert_eq!(check_fault(delete, "UnmodifiableEntity"), text);
        let attach = scene.attach(&role.role_name, "arn:aws:iam::aws:policy/ReadOnlyAccess");
        assert_eq!(check_fault(attach, "UnmodifiableEntity"), text);
    }

    #[test]
    fn a_second_role_needs_a_suffix_and_a_service_that_takes_one() {
        let scene = Scene::new();
        create(&scene, "batch.amazonaws.com", None).unwrap();
        let message = check_fault(create(&scene, "batch.amazonaws.com", None), "InvalidInput");
        let taken = "Service role name AWSServiceRoleForBatch has been taken in this account, please try a different suffix.";
        assert_eq!(message, taken);
        check_fault(create(&scene, "batch.amazonaws.com", Some("x")), "InvalidInput");
        let role = create(&scene, "autoscaling.amazonaws.com", Some("x")).unwrap();
        assert_eq!(role.role_name, "AWSServiceRoleForAutoScaling_x");
    }

    #[test]
    fn no_other_way_leads_to_such_a_role() {
        let input = CreateRoleRequest {
            role_name: "AWSServiceRoleForBatch".into(),
            path: Some("/aws-service-role/batch.amazonaws.com/".into()),
            assume_role_policy_document: TRUST.into(),
            ..Default::default()
        };
        check_fault(Scene::new().call::<CreateRole>(input), "UnmodifiableEntity");
    }
}
