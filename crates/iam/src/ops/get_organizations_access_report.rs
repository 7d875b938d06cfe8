//! GetOrganizationsAccessReport: a report of an organization's access, service by service.

use std::cmp::Reverse;

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    AccessDetail, ErrorDetails, GetOrganizationsAccessReport, GetOrganizationsAccessReportRequest,
    GetOrganizationsAccessReportResponse, fault,
};
use crate::organization_report::{self, OrganizationReport, Row};
use crate::page::Window;
use crate::report;

impl Operation for GetOrganizationsAccessReport {
    type Access = Read;

    fn needs(_input: &GetOrganizationsAccessReportRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetOrganizationsAccessReport).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetOrganizationsAccessReportResponse, Fault> {
        let (db, account, input) = (req.db()?, req.account(), req.input);
        let found = report::get(db, account, &input.job_id)?;
        let read =
            found.as_ref().and_then(|found| serde_json::from_str::<OrganizationReport>(&found.text).ok());
        let (Some(found), Some(mut made)) = (found, read) else {
            return Err(fault::no_such_entity(format!("No job found for job id {}", input.job_id)));
        };
        organization_report::managed(db, account)?;
        let time = |row: &Row| row.last.as_ref().map(|last| last.time);
        match input.sort_key.as_deref() {
            Some("SERVICE_NAMESPACE_DESCENDING") => made.rows.reverse(),
            Some("LAST_AUTHENTICATED_TIME_ASCENDING") => made.rows.sort_by_key(time),
            Some("LAST_AUTHENTICATED_TIME_DESCENDING") => made.rows.sort_by_key(|row| Reverse(time(row))),
            _ => {}
        }
        let number = |count: usize| i32::try_from(count).ok();
        let unused = made.rows.iter().filter(|row| row.last.is_none()).count();
        let (all, done) = (made.rows.len(), made.failed.is_none());
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let page = window.cut(made.rows.into_iter().enumerate().map(|(at, row)| (format!("{at:06}"), row)));
        Ok(GetOrganizationsAccessReportResponse {
            job_status: if done { "COMPLETED" } else { "FAILED" }.to_owned(),
            job_creation_date: found.created,
            job_completion_date: Some(found.created),
            number_of_services_accessible: number(all).filter(|_| done),
            number_of_services_not_accessed: number(unused).filter(|_| done),
            is_truncated: page.is_truncated(),
            marker: page.marker,
            access_details: Some(page.items.into_iter().map(shown).collect()),
            error_details: made.failed.map(|(code, message)| ErrorDetails { message, code }),
        })
    }
}

fn shown(row: Row) -> AccessDetail {
    let (mut region, mut path, mut time) = (None, None, None);
    if let Some(last) = row.last {
        (region, path, time) = (Some(last.region), Some(last.path), Some(last.time));
    }
    AccessDetail {
        service_name: row.name,
        service_namespace: row.namespace,
        region,
        entity_path: path,
        last_authenticated_time: time,
        total_authenticated_entities: Some(row.accounts),
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::{AccountId, Tags};
    use rolecall_identity::bind_anew;
    use rolecall_identity::records::{
        Mark, Member, Members, MembersOfOrganization, OnTarget, Organization, OrganizationPolicies,
        OrganizationPolicy, Organizations, PoliciesOnTarget, SERVICE_CONTROL,
    };
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::scene::Scene;

    const ORGANIZATION: &str = "o-abcdefghij";
    const ALL: &str =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    const IAM: &str =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#;

    /// An organization of two accounts; the second may use IAM only.
    fn organized() -> (Scene, AccountId) {
        let scene = Scene::new();
        let member: AccountId = "111111111111".parse().unwrap();
        scene.world.account(member);
        let now = scene.world.env.now();
        let organization = Organization {
            id: ORGANIZATION.into(),
            management: ACCOUNT,
            all_features: true,
            root: "r-abcd".into(),
            created: now,
            enabled: vec![SERVICE_CONTROL.into()],
            root_tags: Tags::default(),
        };
        let policy = OrganizationPolicy {
            id: "p-iamonly1".into(),
            kind: SERVICE_CONTROL.into(),
            name: "iam".into(),
            description: String::new(),
            content: IAM.into(),
            updated: now,
            tags: Tags::default(),
        };
        scene.world.write(|tx| {
            tx.put::<Organizations>(&organization.id, &organization)?;
            for account in [ACCOUNT, member] {
                let row = Member {
                    account,
                    organization: ORGANIZATION.into(),
                    parent: "r-abcd".into(),
                    joined: now,
                    invited: false,
                    closed: None,
                    tags: Tags::default(),
                };
                tx.put::<Members>(&account, &row)?;
                tx.put::<MembersOfOrganization>(&(ORGANIZATION, account), &Mark {})?;
            }
            tx.put::<OrganizationPolicies>(&(ORGANIZATION, policy.id.as_str()), &policy)?;
            let key = (ORGANIZATION, SERVICE_CONTROL, member.to_string());
            tx.put::<PoliciesOnTarget>(&key, &OnTarget { policies: vec![policy.id.clone()] })?;
            bind_anew(tx, ORGANIZATION)
        });
        (scene, member)
    }

    fn report(scene: &Scene, path: &str, policy: Option<&str>) -> GetOrganizationsAccessReportResponse {
        let input = GenerateOrganizationsAccessReportRequest {
            entity_path: path.into(),
            organizations_policy_id: policy.map(str::to_owned),
        };
        let job = scene.call::<GenerateOrganizationsAccessReport>(input).unwrap().job_id.unwrap();
        let input = GetOrganizationsAccessReportRequest {
            job_id: job,
            sort_key: Some("LAST_AUTHENTICATED_TIME_DESCENDING".into()),
            ..Default::default()
        };
        scene.call::<GetOrganizationsAccessReport>(input).unwrap()
    }

    #[test]
    fn services_that_control_policies_leave_are_listed_with_their_last_use() {
        let (scene, member) = organized();
        let key = scene.world.user_key(member, "ann", ALL);
        let ann = scene.world.signed_in(&key.id, None).unwrap();
        scene.world.call::<ListUsers>(&ann, ListUsersRequest::default()).unwrap();
        let path = format!("{ORGANIZATION}/r-abcd/{member}");
        let own = report(&scene, &path, None);
        assert_eq!((own.job_status.as_str(), own.number_of_services_accessible), ("COMPLETED", Some(1)));
        assert_eq!(own.number_of_services_not_accessed, Some(0));
        let iam = &own.access_details.as_ref().unwrap()[0];
        assert_eq!((iam.service_namespace.as_str(), iam.total_authenticated_entities), ("iam", Some(1)));
        assert_eq!(iam.entity_path.as_deref(), Some(format!("{path}/").as_str()));
        let root = report(&scene, &format!("{ORGANIZATION}/r-abcd"), None);
        assert!(root.number_of_services_accessible.unwrap() > 400);
        assert_eq!(root.access_details.unwrap()[0].service_namespace, "iam");
        let policy = report(&scene, &format!("{ORGANIZATION}/r-abcd"), Some("p-iamonly1"));
        assert_eq!(policy.number_of_services_accessible, Some(1));
    }

    #[test]
    fn iam_looks_at_the_organization_with_the_callers_rights() {
        let (scene, member) = organized();
        let statement = |action: &str, condition: &str| {
            format!(r#"{{"Effect": "Allow", "Action": {action}, "Resource": "*"{condition}}}"#)
        };
        let of =
            |parts: &[String]| format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, parts.join(","));
        let report = statement(r#""iam:GenerateOrganizationsAccessReport""#, "");
        let looks = r#"["organizations:Describe*", "organizations:List*"]"#;
        let via = r#", "Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "iam.amazonaws.com"}}"#;
        let ask = |by: &rolecall_door::Visitor, policy: Option<&str>| {
            let entity_path = format!("{ORGANIZATION}/r-abcd/{member}");
            let input = GenerateOrganizationsAccessReportRequest {
                entity_path,
                organizations_policy_id: policy.map(str::to_owned),
            };
            scene.world.call::<GenerateOrganizationsAccessReport>(by, input)
        };
        let alone = scene.world.user("alone", &of(std::slice::from_ref(&report)));
        let message = check_fault(ask(&alone, None), "AccessDenied");
        assert!(message.contains("organizations:ListRoots"), "{message}");
        let through = scene.world.user("through", &of(&[report.clone(), statement(looks, via)]));
        ask(&through, None).unwrap();
        ask(&through, Some("p-iamonly1")).unwrap();
        let lists = statement(r#""organizations:List*""#, via);
        let lists = scene.world.user("lists", &of(&[report, lists]));
        ask(&lists, None).unwrap();
        let message = check_fault(ask(&lists, Some("p-FullAWSAccess")), "AccessDenied");
        let arn = "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess";
        assert!(message.contains(arn), "{message}");
    }

    #[test]
    fn what_there_is_not_fails_the_job() {
        let (scene, _) = organized();
        for (path, policy, code) in [
            (format!("{ORGANIZATION}/r-abcd/ou-abcd-12345678"), None, "EntityNotFound"),
            (format!("{ORGANIZATION}/r-abcd/222222222222"), None, "EntityNotFound"),
            (format!("{ORGANIZATION}/r-abcd"), Some("p-none1234"), "PolicyNotFound"),
        ] {
            let failed = report(&scene, &path, policy);
            assert_eq!(
                (failed.job_status.as_str(), failed.error_details.unwrap().code.as_str()),
                ("FAILED", code)
            );
            assert_eq!(failed.number_of_services_accessible, None);
        }
    }

    #[test]
    fn a_simulation_of_a_principal_counts_its_accounts_control_policies() {
        let (scene, member) = organized();
        scene.world.user_key(member, "ann", ALL);
        let root = scene.world.root(member);
        let ask = |excluded: bool| {
            let scp = PolicyIdentifier { policy_type: Some("scp".into()), ..Default::default() };
            let input = SimulatePrincipalPolicyRequest {
                policy_source_arn: format!("arn:aws:iam::{member}:user/ann"),
                action_names: vec!["iam:GetUser".into(), "s3:GetObject".into()],
                policy_exclusion_list: excluded.then(|| vec![scp]),
                ..Default::default()
            };
            let answer = scene.world.call::<SimulatePrincipalPolicy>(&root, input).unwrap();
            let told = answer.evaluation_results.unwrap().into_iter().map(|result| {
                let allowed = result
                    .organizations_decision_detail
                    .map(|detail| detail.allowed_by_organizations.unwrap());
                (result.eval_decision, allowed)
            });
            told.collect::<Vec<_>>()
        };
        assert_eq!(ask(false), [("allowed".into(), Some(true)), ("implicitDeny".into(), Some(false))]);
        assert_eq!(ask(true), [("allowed".into(), None), ("allowed".into(), None)]);
    }
}
