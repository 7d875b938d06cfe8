//! SimulatePrincipalPolicy: what the policies of a user, group or role would answer.

use rolecall_actions::iam;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{Group, Role, User};

use crate::context_keys::Source;
use crate::entity;
use crate::model::{SimulatePolicyResponse, SimulatePrincipalPolicy, SimulatePrincipalPolicyRequest};
use crate::page::Window;
use crate::simulation::{self, Asked, Caller, Exclusions, Sources};

impl Operation for SimulatePrincipalPolicy {
    type Access = Read;

    fn needs(input: &SimulatePrincipalPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = Needs::action(iam::SimulatePrincipalPolicy);
        Ok(match Source::find(at, &input.policy_source_arn)? {
            Source::User(user, _) => action.on(&user).done(),
            Source::Group(group, _) => action.on(&group).done(),
            Source::Role(role, _) => action.on(&role).done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<SimulatePolicyResponse, Fault> {
        let (input, at) = (req.input, req.at());
        let source = Source::find(&at, &input.policy_source_arn)?;
        let sources = Sources::attached(
            &at,
            &source,
            &Exclusions::read(input.policy_exclusion_list.as_deref())?,
            input.policy_input_list.as_deref(),
            input.permissions_boundary_policy_input_list.as_deref(),
        )?;
        let own = known(&at, &source)?;
        let caller = match input.caller_arn.as_deref() {
            Some(arn) if arn != own.arn() => Caller::by_arn(arn)?,
            _ => own,
        };
        let asked = Asked {
            actions: &input.action_names,
            resources: input.resource_arns.as_deref(),
            resource_policy: input.resource_policy.as_deref(),
            resource_owner: input.resource_owner.as_deref(),
            context: input.context_entries.as_deref(),
            handling: input.resource_handling_option.as_deref(),
            window: Window::new(input.marker.as_deref(), input.max_items)?,
        };
        simulation::run(&sources, Some(&caller), &asked)
    }
}

/// The source itself as caller, with its unique id and its tags.
fn known(at: &At<'_>, source: &Source) -> Result<Caller, Fault> {
    let (db, account) = (at.db()?, at.account());
    let tags = |tags: Tags| tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    match source {
        Source::User(_, name) => {
            let user = entity::get::<User>(db, account, name)?;
            Ok(Caller::by_arn(&user.arn())?.known_as(&user.id, tags(user.tags)))
        }
        Source::Group(_, name) => {
            let group = entity::get::<Group>(db, account, name)?;
            Caller::by_arn(&group.arn())
        }
        Source::Role(_, name) => {
            let role = entity::get::<Role>(db, account, name)?;
            Ok(Caller::by_arn(&role.arn())?.known_as(&role.id, tags(role.tags)))
        }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    fn input(source: &str, actions: &[&str]) -> SimulatePrincipalPolicyRequest {
        SimulatePrincipalPolicyRequest {
            policy_source_arn: format!("arn:aws:iam::000000000000:{source}"),
            action_names: actions.iter().map(|action| (*action).to_owned()).collect(),
            ..Default::default()
        }
    }

    fn run(scene: &Scene, input: SimulatePrincipalPolicyRequest) -> Result<Vec<EvaluationResult>, Fault> {
        scene.call::<SimulatePrincipalPolicy>(input).map(|answer| answer.evaluation_results.unwrap())
    }

    /// The decision of the first result, and whose statements made it.
    fn told(scene: &Scene, input: SimulatePrincipalPolicyRequest) -> (String, Vec<String>) {
        let result = run(scene, input).unwrap().remove(0);
        let matched = result.matched_statements.unwrap();
        (result.eval_decision, matched.into_iter().map(|one| one.source_policy_id.unwrap()).collect())
    }

    /// Ann reads by an inline policy, by her group's, and by an attached one of AWS.
    fn ann(scene: &Scene) {
        scene.user("Ann");
        scene.group("Readers");
        let inline = PutUserPolicyRequest {
            user_name: "Ann".into(),
            policy_name: "own".into(),
            policy_document: READ.into(),
        };
        scene.call::<PutUserPolicy>(inline).unwrap();
        let inline = PutGroupPolicyRequest {
            group_name: "Readers".into(),
            policy_name: "all".into(),
            policy_document: READ.into(),
        };
        scene.call::<PutGroupPolicy>(inline).unwrap();
        let member = AddUserToGroupRequest { group_name: "Readers".into(), user_name: "Ann".into() };
        scene.call::<AddUserToGroup>(member).unwrap();
        let attached = AttachUserPolicyRequest {
            user_name: "Ann".into(),
            policy_arn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".into(),
        };
        scene.call::<AttachUserPolicy>(attached).unwrap();
    }

    #[test]
    fn own_group_and_attached_policies_are_told_by_their_names() {
        let scene = Scene::new();
        ann(&scene);
        let (decision, mut matched) = told(&scene, input("user/Ann", &["s3:GetObject"]));
        matched.sort();
        assert_eq!(decision, "allowed");
        assert_eq!(matched, ["AmazonS3ReadOnlyAccess", "group_Readers_all", "user_Ann_own"]);
        let (decision, matched) = told(&scene, input("group/Readers", &["s3:GetObject"]));
        assert_eq!((decision.as_str(), matched), ("allowed", vec!["group_Readers_all".to_owned()]));
        assert_eq!(told(&scene, input("user/Ann", &["s3:PutObject"])).0, "implicitDeny");
    }

    #[test]
    fn policies_can_be_left_out_by_type_by_arn_and_by_place() {
        let scene = Scene::new();
        ann(&scene);
        let without = |list: Vec<PolicyIdentifier>| {
            let mut input = input("user/Ann", &["s3:GetObject"]);
            input.policy_exclusion_list = Some(list);
            let mut matched = told(&scene, input).1;
            matched.sort();
            matched
        };
        let kind = |word: &str| PolicyIdentifier { policy_type: Some(word.into()), ..Default::default() };
        let arn = |arn: &str| PolicyIdentifier { policy_arn: Some(arn.into()), ..Default::default() };
        let inline = |kind: &str, name: &str| PolicyIdentifier {
            inline_policy_identifier: Some(InlinePolicyIdentifierType {
                policy_name: "all".into(),
                attachment_type: kind.into(),
                attachment_name: name.into(),
            }),
            ..Default::default()
        };
        assert_eq!(without(vec![kind("inline")]), ["AmazonS3ReadOnlyAccess"]);
        assert_eq!(without(vec![kind("aws-managed")]), ["group_Readers_all", "user_Ann_own"]);
        assert_eq!(without(vec![kind("user-managed"), kind("rcp")]).len(), 3);
        assert_eq!(
            without(vec![arn("arn:aws:iam::aws:policy/AmazonS3*")]),
            ["group_Readers_all", "user_Ann_own"]
        );
        assert_eq!(without(vec![inline("group", "Read*")]), ["AmazonS3ReadOnlyAccess", "user_Ann_own"]);
        assert_eq!(without(vec![inline("user", "Read*")]).len(), 3);
        for wrong in [
            PolicyIdentifier::default(),
            PolicyIdentifier { policy_type: Some("inline".into()), ..arn("arn:aws:iam::aws:policy/x") },
            arn("arn:aws:iam::aws:policy/*a*"),
            arn("arn:aws:iam::*:policy/abcdefgh"),
            arn("AmazonS3ReadOnlyAccess-not-an-arn"),
        ] {
            let mut input = input("user/Ann", &["s3:GetObject"]);
            input.policy_exclusion_list = Some(vec![wrong]);
            check_fault(run(&scene, input), "InvalidInput");
        }
    }

    #[test]
    fn the_boundary_of_a_user_limits_and_can_be_replaced_or_left_out() {
        let scene = Scene::new();
        ann(&scene);
        let set = PutUserPermissionsBoundaryRequest {
            user_name: "Ann".into(),
            permissions_boundary: "arn:aws:iam::aws:policy/IAMReadOnlyAccess".into(),
        };
        scene.call::<PutUserPermissionsBoundary>(set).unwrap();
        let ask = |input: SimulatePrincipalPolicyRequest| {
            let result = run(&scene, input).unwrap().remove(0);
            let detail = result.permissions_boundary_decision_detail;
            (result.eval_decision, detail.map(|detail| detail.allowed_by_permissions_boundary.unwrap()))
        };
        let plain = input("user/Ann", &["s3:GetObject"]);
        assert_eq!(ask(plain.clone()), ("implicitDeny".into(), Some(false)));
        let mut other = plain.clone();
        other.permissions_boundary_policy_input_list = Some(vec![READ.into()]);
        assert_eq!(ask(other), ("allowed".into(), Some(true)));
        let mut without = plain;
        without.policy_exclusion_list = Some(vec![PolicyIdentifier {
            policy_type: Some("permission-boundary".into()),
            ..Default::default()
        }]);
        assert_eq!(ask(without), ("allowed".into(), None));
    }

    #[test]
    fn the_source_is_the_caller_and_another_may_act_with_its_policies() {
        let scene = Scene::new();
        scene.user("ann");
        let tag = TagUserRequest {
            user_name: "ann".into(),
            tags: vec![Tag { key: "Team".into(), value: "red".into() }],
        };
        scene.call::<TagUser>(tag).unwrap();
        let document = READ.replace(
            r#""Resource": "*""#,
            r#""Resource": "arn:aws:s3:::b/${aws:username}/${aws:PrincipalTag/team}""#,
        );
        let mut input = input("user/ann", &["s3:GetObject"]);
        input.policy_input_list = Some(vec![document]);
        input.resource_arns = Some(vec!["arn:aws:s3:::b/ann/red".into()]);
        assert_eq!(told(&scene, input.clone()), ("allowed".into(), vec!["PolicyInputList.1".into()]));
        input.caller_arn = Some("arn:aws:iam::000000000000:user/bob".into());
        assert_eq!(told(&scene, input).0, "implicitDeny");
    }

    #[test]
    fn a_source_must_exist_in_the_callers_account() {
        let scene = Scene::new();
        check_fault(run(&scene, input("user/none", &["s3:GetObject"])), "NoSuchEntity");
        check_fault(run(&scene, input("policy/none", &["s3:GetObject"])), "InvalidInput");
        let mut foreign = input("", &["s3:GetObject"]);
        foreign.policy_source_arn = "arn:aws:iam::111111111111:user/ann".into();
        let message = check_fault(run(&scene, foreign), "InvalidInput");
        assert_eq!(
            message,
            "Invalid Policy Source Arn: caller's account 000000000000 does not have access to policies in account 111111111111"
        );
    }

    #[test]
    fn who_may_not_simulate_a_user_learns_nothing_of_it() {
        let scene = Scene::new();
        ann(&scene);
        let stranger = scene.world.user("eve", "");
        for name in ["user/Ann", "user/none"] {
            let outcome =
                scene.world.call::<SimulatePrincipalPolicy>(&stranger, input(name, &["s3:GetObject"]));
            check_fault(outcome, "AccessDenied");
        }
    }
}
