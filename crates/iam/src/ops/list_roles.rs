//! ListRoles: the roles of the account, by name.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity;
use crate::model::{ListRoles, ListRolesRequest, ListRolesResponse};
use crate::page::Window;
use crate::wire;

impl Operation for ListRoles {
    type Access = Read;

    fn needs(_input: &ListRolesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListRoles).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListRolesResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let page = entity::list::<Role, _>(db, account, req.input.path_prefix.as_deref(), &window, |role| {
            wire::role_in_list(db, role)
        })?;
        Ok(ListRolesResponse { is_truncated: page.is_truncated(), roles: page.items, marker: page.marker })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::{Scene, TRUST};

    #[test]
    fn roles_come_in_pages_by_name_and_path_without_their_tags() {
        let scene = Scene::new();
        for (name, path) in [("b", "/x/y/"), ("A", "/x/"), ("c", "/x/"), ("d", "/")] {
            let input = CreateRoleRequest {
                role_name: name.into(),
                path: Some(path.into()),
                assume_role_policy_document: TRUST.into(),
                tags: Some(vec![Tag { key: "k".into(), value: "v".into() }]),
                ..Default::default()
            };
            scene.call::<CreateRole>(input).unwrap();
        }
        let input = ListRolesRequest { path_prefix: Some("/x/".into()), max_items: Some(2), marker: None };
        let first = scene.call::<ListRoles>(input.clone()).unwrap();
        let names =
            |page: &ListRolesResponse| page.roles.iter().map(|r| r.role_name.clone()).collect::<Vec<_>>();
        assert_eq!((names(&first), first.is_truncated), (vec!["A".to_owned(), "b".to_owned()], Some(true)));
        assert_eq!(first.roles[0].tags, None);
        let rest = scene.call::<ListRoles>(ListRolesRequest { marker: first.marker, ..input }).unwrap();
        assert_eq!((names(&rest), rest.is_truncated, rest.marker), (vec!["c".to_owned()], Some(false), None));
    }
}
