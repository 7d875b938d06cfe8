//! GetAccountAuthorizationDetails: every identity and policy of the account with all that belongs to it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::details::{self, Detail};
use crate::last_used;
use crate::model::{
    GetAccountAuthorizationDetails, GetAccountAuthorizationDetailsRequest,
    GetAccountAuthorizationDetailsResponse,
};
use crate::page::Window;

impl Operation for GetAccountAuthorizationDetails {
    type Access = Read;

    fn needs(_input: &GetAccountAuthorizationDetailsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetAccountAuthorizationDetails).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetAccountAuthorizationDetailsResponse, Fault> {
        let input = req.input;
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let filter = input.filter.as_deref().unwrap_or_default();
        let page = details::page(req.db()?, req.account(), filter, &window)?;
        let is_truncated = page.is_truncated();
        let (mut users, mut groups, mut roles, mut policies) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for detail in page.items {
            match detail {
                Detail::User(user) => users.push(user),
                Detail::Group(group) => groups.push(group),
                Detail::Role(mut role) => {
                    let id = role.role_id.as_deref().unwrap_or_default();
                    role.role_last_used = Some(last_used::role(req.identity, req.db()?, req.account(), id)?);
                    roles.push(role);
                }
                Detail::Policy(policy) => policies.push(policy),
            }
        }
        Ok(GetAccountAuthorizationDetailsResponse {
            user_detail_list: Some(users),
            group_detail_list: Some(groups),
            role_detail_list: Some(roles),
            policies: Some(policies),
            is_truncated,
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn everything_comes_in_pages_one_kind_after_the_other() {
        let scene = Scene::new();
        scene.user("ann");
        scene.group("g");
        scene.role("r");
        scene.attach("r", &scene.policy("mine")).unwrap();
        scene.attach("r", "arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
        let (mut marker, mut pages) = (None, Vec::new());
        loop {
            let input =
                GetAccountAuthorizationDetailsRequest { max_items: Some(1), marker, ..Default::default() };
            let page = scene.call::<GetAccountAuthorizationDetails>(input).unwrap();
            marker = page.marker.clone();
            pages.push(page);
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(pages.len(), 5);
        let role = &pages[2].role_detail_list.as_ref().unwrap()[0];
        assert_eq!(role.attached_managed_policies.as_ref().unwrap().len(), 2);
        let policy = &pages[4].policies.as_ref().unwrap()[0];
        assert_eq!(policy.policy_name.as_deref(), Some("ReadOnlyAccess"));
        assert!(policy.policy_version_list.as_ref().unwrap()[0].document.is_some());
    }

    #[test]
    fn the_filter_names_the_kinds() {
        let scene = Scene::new();
        scene.user("ann");
        scene.role("r");
        let input =
            GetAccountAuthorizationDetailsRequest { filter: Some(vec!["Role".into()]), ..Default::default() };
        let page = scene.call::<GetAccountAuthorizationDetails>(input).unwrap();
        assert_eq!((page.user_detail_list.unwrap().len(), page.role_detail_list.unwrap().len()), (0, 1));
    }
}
