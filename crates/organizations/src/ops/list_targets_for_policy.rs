//! ListTargetsForPolicy: what a policy is attached to.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    ListTargetsForPolicy, ListTargetsForPolicyRequest, ListTargetsForPolicyResponse, PolicyTargetSummary,
};
use crate::page::Window;
use crate::policies;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListTargetsForPolicy {
    type Access = Read;

    fn needs(input: &ListTargetsForPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let (policy, kind) = scope.policy(&input.policy_id)?;
        Ok(scope
            .ask(Needs::action(organizations::ListTargetsForPolicy).on(&policy).key(key::PolicyType, kind)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListTargetsForPolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input) = (req.db()?, req.input);
        let policy = policies::get(db, &organization, &input.policy_id)?;
        let mut nodes: Vec<_> = policies::targets(db, &organization, &policy)?
            .into_iter()
            .map(|node| (node.id(&organization), node))
            .collect();
        nodes.sort_by(|(a, _), (b, _)| a.cmp(b));
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let (targets, next_token) = window.cut(nodes, |node| {
            Ok(PolicyTargetSummary {
                target_id: Some(node.id(&organization)),
                arn: Some(node.arn(&organization)),
                name: Some(node.name(db)?),
                type_: Some(node.word().into()),
            })
        })?;
        Ok(ListTargetsForPolicyResponse { targets: Some(targets), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn roots_units_and_accounts_are_listed_with_their_kinds() {
        let scene = Scene::new();
        let (dev, apps) = (scene.account("dev").to_string(), scene.unit(&scene.top, "apps"));
        let policy = scene.denying("s3:*");
        for target in [&scene.top, &apps, &dev] {
            scene.attach(&policy, target).unwrap();
        }
        let list = |id: &str| {
            let input = ListTargetsForPolicyRequest { policy_id: id.into(), ..Default::default() };
            let listed = scene.call::<ListTargetsForPolicy>(input).unwrap().targets.unwrap();
            let mut kinds: Vec<_> = listed.into_iter().map(|target| target.type_.unwrap()).collect();
            kinds.sort();
            kinds
        };
        assert_eq!(list(&policy), ["ACCOUNT", "ORGANIZATIONAL_UNIT", "ROOT"]);
        assert_eq!(list("p-FullAWSAccess"), ["ACCOUNT", "ACCOUNT", "ORGANIZATIONAL_UNIT", "ROOT"]);
    }
}
