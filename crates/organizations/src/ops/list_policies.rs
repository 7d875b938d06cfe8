//! ListPolicies: all policies of one type.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListPolicies, ListPoliciesRequest, ListPoliciesResponse};
use crate::page::Window;
use crate::policies;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListPolicies {
    type Access = Read;

    fn needs(input: &ListPoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let question = Needs::action(organizations::ListPolicies).anywhere();
        Ok(scope.ask(question.key(key::PolicyType, Some(input.filter.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPoliciesResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let input = req.input;
        let all = policies::of_type(req.db()?, &organization, &input.filter)?;
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let all = all.into_iter().map(|policy| (policy.id().to_owned(), policy));
        let (policies, next_token) = window.cut(all, |policy| Ok(policy.summary(&organization)))?;
        Ok(ListPoliciesResponse { policies: Some(policies), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn policies_are_listed_by_type() {
        let scene = Scene::new();
        scene.denying("s3:*");
        let names = |filter: &str| {
            let input = ListPoliciesRequest { filter: filter.into(), ..Default::default() };
            let listed = scene.call::<ListPolicies>(input).unwrap().policies.unwrap();
            let mut names: Vec<_> = listed.into_iter().map(|policy| policy.name.unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(names("SERVICE_CONTROL_POLICY"), ["FullAWSAccess", "deny s3:*"]);
        assert_eq!(names("RESOURCE_CONTROL_POLICY"), ["RCPFullAWSAccess"]);
        assert_eq!(names("TAG_POLICY").len(), 0);
    }
}
