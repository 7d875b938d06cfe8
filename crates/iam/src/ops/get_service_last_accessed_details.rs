//! GetServiceLastAccessedDetails: a report of last accessed services, service by service.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::access_report::{self, Listed, ServiceRow};
use crate::model::{
    GetServiceLastAccessedDetails, GetServiceLastAccessedDetailsRequest,
    GetServiceLastAccessedDetailsResponse, ServiceLastAccessed, TrackedActionLastAccessed,
};
use crate::page::Window;

impl Operation for GetServiceLastAccessedDetails {
    type Access = Read;

    fn needs(_input: &GetServiceLastAccessedDetailsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetServiceLastAccessedDetails).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetServiceLastAccessedDetailsResponse, Fault> {
        let input = req.input;
        let by = &req.caller.principal_id;
        let (created, report) = access_report::find(req.db()?, req.account(), by, &input.job_id)?;
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let page = window.cut(report.services.iter().map(|row| (row.namespace.clone(), row)));
        Ok(GetServiceLastAccessedDetailsResponse {
            job_status: "COMPLETED".to_owned(),
            job_type: Some(report.granularity.clone()),
            job_creation_date: created,
            job_completion_date: created,
            services_last_accessed: page.items.iter().map(|row| shown(row, &report.entities)).collect(),
            is_truncated: page.is_truncated(),
            marker: page.marker,
            error: None,
        })
    }
}

fn shown(row: &ServiceRow, entities: &[Listed]) -> ServiceLastAccessed {
    let arn = |place: usize| entities.get(place).map(|entity| entity.arn.clone());
    let last = row.uses.first();
    let actions = row.actions.iter().map(|(name, used)| TrackedActionLastAccessed {
        action_name: Some(name.clone()),
        last_accessed_entity: arn(used.entity),
        last_accessed_time: Some(used.time),
        last_accessed_region: Some(used.region.clone()),
    });
    ServiceLastAccessed {
        service_name: row.name.clone(),
        service_namespace: row.namespace.clone(),
        last_authenticated: last.map(|used| used.time),
        last_authenticated_entity: last.and_then(|used| arn(used.entity)),
        last_authenticated_region: last.map(|used| used.region.clone()),
        total_authenticated_entities: i32::try_from(row.uses.len()).ok(),
        tracked_actions_last_accessed: (!row.actions.is_empty()).then(|| actions.collect()),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:*Group", "s3:GetObject"], "Resource": "*"}]}"#;

    fn generate(scene: &Scene, arn: &str, granularity: Option<&str>) -> Result<String, Fault> {
        let input = GenerateServiceLastAccessedDetailsRequest {
            arn: arn.into(),
            granularity: granularity.map(str::to_owned),
        };
        scene.call::<GenerateServiceLastAccessedDetails>(input).map(|answer| answer.job_id.unwrap())
    }

    fn details(scene: &Scene, job: &str) -> GetServiceLastAccessedDetailsResponse {
        let input = GetServiceLastAccessedDetailsRequest { job_id: job.into(), ..Default::default() };
        scene.call::<GetServiceLastAccessedDetails>(input).unwrap()
    }

    fn entities(scene: &Scene, job: &str, service: &str) -> Vec<EntityDetails> {
        let input = GetServiceLastAccessedDetailsWithEntitiesRequest {
            job_id: job.into(),
            service_namespace: service.into(),
            ..Default::default()
        };
        scene.call::<GetServiceLastAccessedDetailsWithEntities>(input).unwrap().entity_details_list
    }

    /// Ann, who was allowed to make a group and denied to list them.
    fn used(scene: &Scene) -> String {
        let ann = scene.world.user("ann", POLICY);
        let group = CreateGroupRequest { group_name: "g".into(), ..Default::default() };
        scene.world.call::<CreateGroup>(&ann, group).unwrap();
        let outcome = scene.world.call::<ListGroups>(&ann, ListGroupsRequest::default());
        check_fault(outcome, "AccessDenied");
        ann.caller.arn.clone()
    }

    #[test]
    fn services_that_policies_allow_are_listed_with_their_last_use() {
        let scene = Scene::new();
        let arn = used(&scene);
        let job = generate(&scene, &arn, None).unwrap();
        let answer = details(&scene, &job);
        assert_eq!(
            (answer.job_status.as_str(), answer.job_type.as_deref()),
            ("COMPLETED", Some("SERVICE_LEVEL"))
        );
        let [iam, s3] = answer.services_last_accessed.as_slice() else { panic!("{answer:?}") };
        assert_eq!(iam.service_name, "AWS Identity and Access Management (IAM)");
        assert_eq!((iam.service_namespace.as_str(), iam.total_authenticated_entities), ("iam", Some(1)));
        assert_eq!(
            (iam.last_authenticated_entity.as_ref(), iam.last_authenticated_region.as_deref()),
            (Some(&arn), Some("us-east-1"))
        );
        assert_eq!(iam.tracked_actions_last_accessed, None);
        assert_eq!((s3.last_authenticated, s3.total_authenticated_entities), (None, Some(0)));
    }

    #[test]
    fn actions_that_change_something_are_told_at_their_level() {
        let scene = Scene::new();
        let arn = used(&scene);
        let identity = &scene.world.door.identity;
        scene.world.run(identity.usage.sweep(&scene.world.store)).unwrap();
        let job = generate(&scene, &arn, Some("ACTION_LEVEL")).unwrap();
        let services = details(&scene, &job).services_last_accessed;
        let actions = services[0].tracked_actions_last_accessed.clone().unwrap();
        let names: Vec<_> = actions.iter().map(|action| action.action_name.as_deref().unwrap()).collect();
        assert_eq!(names, ["CreateGroup"]);
    }

    #[test]
    fn a_report_on_a_policy_or_group_lists_who_has_it() {
        let scene = Scene::new();
        let arn = used(&scene);
        let policy = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
        let attach = AttachUserPolicyRequest { user_name: "ann".into(), policy_arn: policy.into() };
        scene.call::<AttachUserPolicy>(attach).unwrap();
        scene.role("r");
        scene.attach("r", policy).unwrap();
        let job = generate(&scene, policy, None).unwrap();
        let listed = entities(&scene, &job, "iam");
        let told: Vec<_> = listed
            .iter()
            .map(|one| {
                (
                    one.entity_info.name.as_str(),
                    one.entity_info.type_.as_str(),
                    one.last_authenticated.is_some(),
                )
            })
            .collect();
        assert_eq!(told, [("ann", "USER", true), ("r", "ROLE", false)]);
        let member = AddUserToGroupRequest { group_name: "g".into(), user_name: "ann".into() };
        scene.call::<AddUserToGroup>(member).unwrap();
        let put = PutGroupPolicyRequest {
            group_name: "g".into(),
            policy_name: "p".into(),
            policy_document: POLICY.into(),
        };
        scene.call::<PutGroupPolicy>(put).unwrap();
        let job = generate(&scene, &arn.replace("user/ann", "group/g"), None).unwrap();
        let services = details(&scene, &job).services_last_accessed;
        assert_eq!(services[0].last_authenticated_entity.as_ref(), Some(&arn));
    }

    #[test]
    fn a_report_is_for_whoever_asked() {
        let scene = Scene::new();
        let arn = used(&scene);
        let job = generate(&scene, &arn, None).unwrap();
        let all =
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
        let eve = scene.world.user("eve", all);
        let input = GetServiceLastAccessedDetailsRequest { job_id: job, ..Default::default() };
        check_fault(scene.world.call::<GetServiceLastAccessedDetails>(&eve, input), "NoSuchEntity");
        check_fault(generate(&scene, "arn:aws:iam::000000000000:user/none", None), "NoSuchEntity");
    }

    #[test]
    fn a_roles_last_use_is_told_with_the_role() {
        let scene = Scene::new();
        scene.role("r");
        let input = GetRoleRequest { role_name: "r".into() };
        let role = scene.call::<GetRole>(input).unwrap().role;
        assert_eq!(role.role_last_used, Some(RoleLastUsed::default()));
    }
}
