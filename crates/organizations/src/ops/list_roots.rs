//! ListRoots: the one root of the organization.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListRoots, ListRootsRequest, ListRootsResponse};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for ListRoots {
    type Access = Read;

    fn needs(_input: &ListRootsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Scope::new(at, Reach::Read)?.ask(Needs::action(organizations::ListRoots).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListRootsResponse, Fault> {
        let here = Standing::require(req, Reach::Read)?;
        let window = Window::new(req.input.next_token.as_deref(), req.input.max_results)?;
        let root = (here.organization.root.clone(), tree::shown_root(&here.organization));
        let (roots, next_token) = window.cut([root], Ok)?;
        Ok(ListRootsResponse { roots: Some(roots), next_token })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_member_is_told_nothing() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let outcome = scene.call_as::<ListRoots>(dev, ListRootsRequest::default());
        let message = check_fault(outcome, "AccessDeniedException");
        assert_eq!(message, "You don't have permissions to access this resource.");
    }
}
