//! SimulateCustomPolicy: what given policies would answer.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{SimulateCustomPolicy, SimulateCustomPolicyRequest, SimulatePolicyResponse};
use crate::page::Window;
use crate::simulation::{self, Asked, Caller, Sources};

impl Operation for SimulateCustomPolicy {
    type Access = Read;

    fn needs(_input: &SimulateCustomPolicyRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::SimulateCustomPolicy).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<SimulatePolicyResponse, Fault> {
        let input = req.input;
        let caller = input.caller_arn.as_deref().map(Caller::by_arn).transpose()?;
        let sources = Sources::given(
            &input.policy_input_list,
            input.permissions_boundary_policy_input_list.as_deref(),
            input.ordered_organization_policy_input_list.as_deref(),
        )?;
        let asked = Asked {
            actions: &input.action_names,
            resources: input.resource_arns.as_deref(),
            resource_policy: input.resource_policy.as_deref(),
            resource_owner: input.resource_owner.as_deref(),
            context: input.context_entries.as_deref(),
            handling: input.resource_handling_option.as_deref(),
            window: Window::new(input.marker.as_deref(), input.max_items)?,
        };
        simulation::run(&sources, caller.as_ref(), &asked)
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const USER: &str = "arn:aws:iam::000000000000:user/team/ann";

    fn policy(statements: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
    }

    fn allow(action: &str, resource: &str) -> String {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
    }

    fn deny(action: &str, resource: &str) -> String {
        allow(action, resource).replace("Allow", "Deny")
    }

    fn input(policies: &[String], actions: &[&str], resources: &[&str]) -> SimulateCustomPolicyRequest {
        SimulateCustomPolicyRequest {
            policy_input_list: policies.to_vec(),
            action_names: actions.iter().map(|action| (*action).to_owned()).collect(),
            resource_arns: (!resources.is_empty())
                .then(|| resources.iter().map(|resource| (*resource).to_owned()).collect()),
            ..Default::default()
        }
    }

    fn results(input: SimulateCustomPolicyRequest) -> Vec<EvaluationResult> {
        Scene::new().call::<SimulateCustomPolicy>(input).unwrap().evaluation_results.unwrap()
    }

    fn only(input: SimulateCustomPolicyRequest) -> EvaluationResult {
        let mut results = results(input);
        assert_eq!(results.len(), 1);
        results.remove(0)
    }

    fn refused(change: impl FnOnce(&mut SimulateCustomPolicyRequest)) -> String {
        let mut input = input(&[policy(&allow("s3:*", "*"))], &["s3:GetObject"], &[]);
        change(&mut input);
        check_fault(Scene::new().call::<SimulateCustomPolicy>(input), "InvalidInput")
    }

    fn entry(name: &str, kind: &str, values: &[&str]) -> ContextEntry {
        ContextEntry {
            context_key_name: Some(name.into()),
            context_key_values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
            context_key_type: Some(kind.into()),
        }
    }

    fn places(statements: &Option<Vec<Statement>>) -> Vec<String> {
        let shown = statements.as_ref().unwrap().iter().map(|statement| {
            let (start, end) =
                (statement.start_position.clone().unwrap(), statement.end_position.clone().unwrap());
            let [line, column, to_line, to_column] =
                [start.line, start.column, end.line, end.column].map(Option::unwrap);
            let (id, kind) =
                (statement.source_policy_id.clone().unwrap(), statement.source_policy_type.clone().unwrap());
            format!("{kind} {id} {line}:{column}-{to_line}:{to_column}")
        });
        shown.collect()
    }

    #[test]
    fn a_statement_that_allows_is_told_with_its_place() {
        let statement = allow("s3:Get*", "*");
        let result = only(input(&[policy(&statement)], &["s3:GetObject"], &[]));
        assert_eq!(
            (result.eval_action_name.as_str(), result.eval_decision.as_str()),
            ("s3:GetObject", "allowed")
        );
        assert_eq!(result.eval_resource_name.unwrap(), "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
        let end = 38 + statement.len();
        assert_eq!(
            places(&result.matched_statements),
            [format!("IAM Policy PolicyInputList.1 1:38-1:{end}")]
        );
        assert_eq!((result.resource_specific_results, result.eval_decision_details), (None, None));
    }

    #[test]
    fn only_denies_are_told_where_one_decides() {
        let text = policy(&format!("{},{}", allow("s3:*", "*"), deny("s3:Get*", "*")));
        let result = only(input(&[policy(&allow("s3:*", "*")), text], &["s3:GetObject"], &[]));
        assert_eq!(result.eval_decision, "explicitDeny");
        assert_eq!(places(&result.matched_statements).len(), 1);
        assert!(places(&result.matched_statements)[0].starts_with("IAM Policy PolicyInputList.2 1:"));
        let silent = only(input(&[policy(&allow("s3:*", "*"))], &["ec2:RunInstances"], &[]));
        assert_eq!(
            (silent.eval_decision.as_str(), silent.matched_statements),
            ("implicitDeny", Some(vec![]))
        );
    }

    #[test]
    fn each_resource_has_its_result_and_the_strictest_is_the_actions() {
        let text = policy(&format!(
            "{},{}",
            allow("s3:*", "arn:aws:s3:::a/*"),
            deny("s3:*", "arn:aws:s3:::a/secret")
        ));
        let resources = ["arn:aws:s3:::a/k", "arn:aws:s3:::b/k", "arn:aws:s3:::a/secret"];
        let result = only(input(&[text], &["s3:GetObject"], &resources));
        assert_eq!(result.eval_decision, "explicitDeny");
        let each = result.resource_specific_results.unwrap();
        let told: Vec<_> = each
            .iter()
            .map(|one| (one.eval_resource_name.as_str(), one.eval_resource_decision.as_str()))
            .collect();
        assert_eq!(
            told,
            [(resources[0], "allowed"), (resources[1], "implicitDeny"), (resources[2], "explicitDeny")]
        );
        assert_eq!(places(&result.matched_statements), places(&each[2].matched_statements));
        assert_eq!(result.eval_decision_details, Some(Default::default()));
    }

    #[test]
    fn keys_that_policies_ask_for_and_nobody_gave_are_missing() {
        let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Bool":{"aws:SecureTransport":"true"}}}"#;
        let mut input = input(&[policy(statement)], &["s3:GetObject"], &["arn:aws:s3:::b/ann/k"]);
        input.context_entries = Some(vec![entry("AWS:sourceip", "ip", &["10.1.2.3"])]);
        let result = only(input.clone());
        assert_eq!(result.eval_decision, "implicitDeny");
        let missing = result.missing_context_values.unwrap();
        assert_eq!(missing.len(), 2, "{missing:?}");
        assert!(
            ["aws:username", "aws:SecureTransport"].iter().all(|key| missing.iter().any(|one| one == key))
        );
        input.caller_arn = Some(USER.into());
        input.context_entries.as_mut().unwrap().push(entry("aws:SecureTransport", "boolean", &["true"]));
        let result = only(input);
        assert_eq!((result.eval_decision.as_str(), result.missing_context_values), ("allowed", Some(vec![])));
    }

    #[test]
    fn every_type_of_context_value_counts() {
        for (operator, key, kind, given, wanted) in [
            ("StringEquals", "aws:x", "string", vec!["a"], r#""a""#),
            ("ForAllValues:StringEquals", "aws:x", "stringList", vec!["a", "b"], r#"["a","b","c"]"#),
            ("NumericLessThan", "aws:x", "numeric", vec!["7"], "8"),
            ("ForAnyValue:NumericEquals", "aws:x", "numericList", vec!["7", "8"], "8"),
            ("Bool", "aws:x", "boolean", vec!["true"], "true"),
            ("ForAnyValue:Bool", "aws:x", "booleanList", vec!["true"], "true"),
            ("IpAddress", "aws:x", "ip", vec!["10.1.1.1"], r#""10.0.0.0/8""#),
            ("ForAnyValue:IpAddress", "aws:x", "ipList", vec!["10.1.1.1"], r#""10.0.0.0/8""#),
            ("BinaryEquals", "aws:x", "binary", vec!["QUJD"], r#""QUJD""#),
            ("ForAnyValue:BinaryEquals", "aws:x", "binaryList", vec!["QUJD"], r#""QUJD""#),
            ("DateGreaterThan", "aws:x", "date", vec!["2026-01-02T00:00:00Z"], r#""2026-01-01T00:00:00Z""#),
            ("ForAllValues:DateLessThan", "aws:x", "dateList", vec!["2026-01-02"], r#""2027-01-01""#),
        ] {
            let condition = format!(r#""Resource":"*","Condition":{{"{operator}":{{"{key}":{wanted}}}}}"#);
            let text = policy(&allow("s3:*", "*").replace(r#""Resource":"*""#, &condition));
            let mut input = input(&[text], &["s3:GetObject"], &[]);
            input.context_entries = Some(vec![entry(key, kind, &given)]);
            assert_eq!(only(input).eval_decision, "allowed", "{operator} {kind}");
        }
    }

    #[test]
    fn context_values_must_be_of_their_type() {
        for (kind, value) in [
            ("numeric", "many"),
            ("boolean", "yes"),
            ("ip", "10.0.0"),
            ("binary", "###"),
            ("date", "tomorrow"),
            ("dateList", "tomorrow"),
        ] {
            refused(|input| input.context_entries = Some(vec![entry("aws:x", kind, &[value])]));
        }
        refused(|input| input.context_entries = Some(vec![entry("aws:x", "string", &["a", "b"])]));
        let twice = vec![entry("aws:x", "string", &["a"]), entry("AWS:X", "string", &["a"])];
        refused(|input| input.context_entries = Some(twice));
    }

    #[test]
    fn a_boundary_limits_and_is_told_apart() {
        let mut input =
            input(&[policy(&allow("*", "*"))], &["s3:GetObject", "iam:GetUser", "s3:PutObject"], &[]);
        let boundary = policy(&format!("{},{}", allow("s3:*", "*"), deny("s3:Put*", "*")));
        input.permissions_boundary_policy_input_list = Some(vec![boundary.clone()]);
        let told: Vec<_> = results(input)
            .into_iter()
            .map(|result| {
                let detail = result.permissions_boundary_decision_detail.unwrap();
                (result.eval_decision, detail.allowed_by_permissions_boundary.unwrap())
            })
            .collect();
        let told: Vec<_> = told.iter().map(|(decision, allowed)| (decision.as_str(), *allowed)).collect();
        assert_eq!(told, [("allowed", true), ("implicitDeny", false), ("explicitDeny", false)]);
        let message = refused(|input| {
            input.permissions_boundary_policy_input_list = Some(vec![boundary.clone(), boundary]);
        });
        assert_eq!(message, "The list of Permissions Boundary policies cannot exceed 1 items.");
    }

    #[test]
    fn every_level_of_the_organization_must_allow() {
        let level = |texts: &[String]| OrderedOrganizationPolicyType {
            service_control_policy_input_list: Some(texts.to_vec()),
        };
        let all = policy(&allow("*", "*"));
        let mut input =
            input(std::slice::from_ref(&all), &["s3:GetObject", "iam:GetUser", "ec2:RunInstances"], &[]);
        input.ordered_organization_policy_input_list = Some(vec![
            level(&[all.clone(), policy(&deny("ec2:*", "*"))]),
            level(&[policy(&allow("s3:*", "*")), policy(&allow("ec2:*", "*"))]),
        ]);
        let told: Vec<_> = results(input)
            .into_iter()
            .map(|result| {
                let allowed = result.organizations_decision_detail.unwrap().allowed_by_organizations.unwrap();
                (result.eval_decision, allowed, places(&result.matched_statements).len())
            })
            .collect();
        let told: Vec<_> =
            told.iter().map(|(decision, allowed, count)| (decision.as_str(), *allowed, *count)).collect();
        // The statements of service control policies are not told.
        assert_eq!(told, [("allowed", true, 1), ("implicitDeny", false, 0), ("explicitDeny", false, 0)]);
        refused(|input| input.ordered_organization_policy_input_list = Some(vec![level(&[])]));
    }

    #[test]
    fn a_resource_policy_grants_to_the_user_it_names() {
        let grant = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{USER}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}}}"#
        );
        let mut input = input(&[policy(&allow("ec2:*", "*"))], &["s3:GetObject"], &["arn:aws:s3:::b/k"]);
        input.resource_policy = Some(grant);
        input.caller_arn = Some(USER.into());
        let result = only(input.clone());
        assert_eq!(result.eval_decision, "allowed");
        assert!(places(&result.matched_statements)[0].starts_with("Resource Policy ResourcePolicy 1:38-"));
        // Of another account, the caller's own policies must allow as well.
        input.resource_owner = Some("arn:aws:iam::111111111111:root".into());
        let result = only(input.clone());
        assert_eq!(result.eval_decision, "implicitDeny");
        let details = result.eval_decision_details.unwrap();
        assert_eq!(details["IAM Policy"], "implicitDeny");
        assert_eq!(details["Resource Policy"], "allowed");
        input.policy_input_list = vec![policy(&allow("s3:*", "*"))];
        assert_eq!(only(input).eval_decision, "allowed");
    }

    #[test]
    fn a_resource_policy_needs_a_user_as_caller() {
        let text = policy(r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#);
        for caller in
            [None, Some("arn:aws:iam::000000000000:role/r"), Some("arn:aws:iam::000000000000:group/g")]
        {
            let message = refused(|input| {
                input.resource_policy = Some(text.clone());
                input.caller_arn = caller.map(str::to_owned);
            });
            assert_eq!(message, "Invalid caller - Caller must be an IAM user in this context.");
        }
    }

    #[test]
    fn a_trust_policy_has_the_last_word_on_assuming_its_role() {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Principal":{{"AWS":"{USER}"}},"Action":"sts:AssumeRole"}}}}"#
        );
        let role = "arn:aws:iam::000000000000:role/r";
        let mut input = input(&[policy(&allow("*", "*"))], &["sts:AssumeRole"], &[role]);
        assert_eq!(only(input.clone()).eval_decision, "allowed");
        input.caller_arn = Some(USER.into());
        input.resource_policy = Some(trust);
        assert_eq!(only(input).eval_decision, "explicitDeny");
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        refused(|input| input.action_names = vec!["s3:Get*".into()]);
        refused(|input| input.action_names = vec!["s3:NoSuchThing".into()]);
        refused(|input| input.action_names = vec!["GetObject".into()]);
        refused(|input| input.resource_arns = Some(vec!["b/k".into()]));
        refused(|input| input.policy_input_list = vec!["{}".into()]);
        refused(|input| input.resource_handling_option = Some("EC2-Classic".into()));
        let message = refused(|input| input.resource_owner = Some("111111111111".into()));
        assert_eq!(message, "'111111111111' is not a valid as a Resource Owner.");
        let session = "arn:aws:sts::000000000000:assumed-role/r/s";
        let message = refused(|input| input.caller_arn = Some(session.into()));
        assert_eq!(
            message,
            format!("Invalid Entity Arn: {session} does not clearly define entity type and name.")
        );
    }

    #[test]
    fn a_launch_scenario_demands_its_resources() {
        let arn = |kind: &str| format!("arn:aws:ec2:us-east-1:000000000000:{kind}/x");
        let some: Vec<String> = ["instance", "image", "security-group"].map(arn).to_vec();
        refused(|input| {
            input.resource_arns = Some(some.clone());
            input.resource_handling_option = Some("EC2-VPC-InstanceStore".into());
        });
        let mut input = input(&[policy(&allow("ec2:*", "*"))], &["ec2:RunInstances"], &[]);
        input.resource_arns = Some(some.into_iter().chain([arn("network-interface")]).collect());
        input.resource_handling_option = Some("EC2-VPC-InstanceStore".into());
        assert_eq!(only(input).eval_decision, "allowed");
    }

    #[test]
    fn results_come_in_pages() {
        let scene = Scene::new();
        let mut input =
            input(&[policy(&allow("s3:*", "*"))], &["s3:GetObject", "iam:GetUser", "s3:PutObject"], &[]);
        input.max_items = Some(2);
        let first = scene.call::<SimulateCustomPolicy>(input.clone()).unwrap();
        assert_eq!((first.evaluation_results.unwrap().len(), first.is_truncated), (2, Some(true)));
        input.marker = first.marker;
        let second = scene.call::<SimulateCustomPolicy>(input).unwrap();
        assert_eq!(second.evaluation_results.unwrap()[0].eval_action_name, "s3:PutObject");
        assert_eq!((second.is_truncated, second.marker), (Some(false), None));
    }

    #[test]
    fn too_large_a_simulation_is_refused() {
        let statement = allow("s3:*", "*");
        let text = policy(&vec![statement; 1100].join(","));
        let resources: Vec<String> = (0..1000).map(|at| format!("arn:aws:s3:::b/{at}")).collect();
        let mut input = input(&[text], &["s3:GetObject"], &[]);
        input.resource_arns = Some(resources);
        check_fault(Scene::new().call::<SimulateCustomPolicy>(input), "InvalidInput");
    }

    #[test]
    fn keys_that_each_resource_would_name_again_count_too() {
        let keys: Vec<String> = (0..1000).map(|at| format!(r#""a:k{at}":"x""#)).collect();
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{{}}}}}}}"#,
            keys.join(",")
        );
        let mut input = input(&[policy(&statement)], &["s3:GetObject"], &[]);
        input.resource_arns = Some((0..1000).map(|at| format!("arn:aws:s3:::b/{at}")).collect());
        check_fault(Scene::new().call::<SimulateCustomPolicy>(input), "InvalidInput");
    }
}
