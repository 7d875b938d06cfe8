//! ListEntitiesForPolicy: the groups, roles and users that have a managed policy.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::managed::{Managed, PolicyTarget};
use crate::managed_list;
use crate::model::{
    self, ListEntitiesForPolicy, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse,
};
use crate::page::Window;

impl Operation for ListEntitiesForPolicy {
    type Access = Read;

    fn needs(input: &ListEntitiesForPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_read(at, &input.policy_arn)?;
        Ok(Needs::action(iam::ListEntitiesForPolicy).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListEntitiesForPolicyResponse, Fault> {
        let (db, account, input) = (req.db()?, req.account(), req.input);
        let policy = Managed::get(db, account, &input.policy_arn)?;
        let wanted = managed_list::WantedHolders {
            word: input.entity_filter.as_deref().map(str::to_lowercase),
            path_prefix: input.path_prefix.as_deref().unwrap_or("/"),
            usage: managed_list::Usage::new(input.policy_usage_filter.as_deref()),
        };
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let page = managed_list::holders(db, account, &policy.arn(), &wanted, &window)?;
        let mut response =
            ListEntitiesForPolicyResponse { is_truncated: page.is_truncated(), ..Default::default() };
        response.marker = page.marker;
        let (groups, roles, users) = (
            response.policy_groups.get_or_insert_default(),
            response.policy_roles.get_or_insert_default(),
            response.policy_users.get_or_insert_default(),
        );
        for holder in page.items {
            match holder {
                managed_list::Having::Group(group) => {
                    groups.push(model::PolicyGroup { group_name: Some(group.name), group_id: Some(group.id) })
                }
                managed_list::Having::Role(role) => {
                    roles.push(model::PolicyRole { role_name: Some(role.name), role_id: Some(role.id) });
                }
                managed_list::Having::User(user) => {
                    users.push(model::PolicyUser { user_name: Some(user.name), user_id: Some(user.id) });
                }
            }
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn those_who_have_a_policy_are_told_by_kind_and_use() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        scene.role("r");
        scene.attach("r", &arn).unwrap();
        scene.user("ann");
        let input =
            PutUserPermissionsBoundaryRequest { user_name: "ann".into(), permissions_boundary: arn.clone() };
        scene.call::<PutUserPermissionsBoundary>(input).unwrap();
        let counts = |filter: Option<&str>, usage: Option<&str>| {
            let input = ListEntitiesForPolicyRequest {
                policy_arn: arn.clone(),
                entity_filter: filter.map(str::to_owned),
                policy_usage_filter: usage.map(str::to_owned),
                ..Default::default()
            };
            let found = scene.call::<ListEntitiesForPolicy>(input).unwrap();
            (found.policy_roles.unwrap().len(), found.policy_users.unwrap().len())
        };
        assert_eq!(counts(None, None), (1, 1));
        assert_eq!(counts(Some("User"), None), (0, 1));
        assert_eq!(counts(None, Some("PermissionsPolicy")), (1, 0));
    }
}
