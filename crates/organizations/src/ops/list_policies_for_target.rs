//! ListPoliciesForTarget: what is attached to a root, unit or account itself.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListPoliciesForTarget, ListPoliciesForTargetRequest, ListPoliciesForTargetResponse};
use crate::page::Window;
use crate::policies;
use crate::refusal;
use crate::standing::{Reach, Scope, Standing};
use crate::tree::{self, Node};

impl Operation for ListPoliciesForTarget {
    type Access = Read;

    fn needs(input: &ListPoliciesForTargetRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let action = Needs::action(organizations::ListPoliciesForTarget);
        let question = match tree::arn_kind(&input.target_id) {
            "root" => action.on(&scope.parent::<kind::Root>(&input.target_id)?),
            "ou" => action.on(&scope.parent::<kind::Organizationalunit>(&input.target_id)?),
            _ => action.on(&scope.account::<kind::Account>(&input.target_id)?),
        };
        Ok(scope.ask(question.key(key::PolicyType, Some(input.filter.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPoliciesForTargetResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        if Node::find(db, &organization, &input.target_id)?.is_none() {
            return Err(refusal::no_target());
        }
        let mut ids = Vec::new();
        if organization.is_enabled(&input.filter) {
            ids = policies::on_target(db, &organization, &input.filter, &input.target_id)?;
        }
        ids.sort();
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let show = |id: String| Ok(policies::get(db, &organization, &id)?.summary(&organization));
        let (policies, next_token) = window.cut(ids.into_iter().map(|id| (id.clone(), id)), show)?;
        Ok(ListPoliciesForTargetResponse { policies: Some(policies), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_what_hangs_on_the_target_itself_is_listed() {
        let scene = Scene::new();
        let dev = scene.account("dev").to_string();
        let policy = scene.denying("s3:*");
        scene.attach(&policy, &scene.top).unwrap();
        let input = ListPoliciesForTargetRequest {
            target_id: dev,
            filter: "SERVICE_CONTROL_POLICY".into(),
            ..Default::default()
        };
        let listed = scene.call::<ListPoliciesForTarget>(input).unwrap().policies.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].id.as_deref(), Some("p-FullAWSAccess"));
    }
}
