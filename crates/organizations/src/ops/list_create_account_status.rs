//! ListCreateAccountStatus: what became of all CreateAccounts.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::AccountCreations;

use crate::model::{
    ListCreateAccountStatus, ListCreateAccountStatusRequest, ListCreateAccountStatusResponse,
};
use crate::page::Window;
use crate::shown;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListCreateAccountStatus {
    type Access = Read;

    fn needs(_input: &ListCreateAccountStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        Ok(scope.ask(Needs::action(organizations::ListCreateAccountStatus).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListCreateAccountStatusResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let input = req.input;
        let rows = req.db()?.scan::<AccountCreations>(&(organization.id.as_str(),), None, usize::MAX)?;
        let all = rows.into_iter().map(|((_, id), row)| (id, shown::creation(row)));
        let wanted = all.filter(|(_, status)| {
            let states = input.states.as_ref().filter(|states| !states.is_empty());
            states.is_none_or(|states| status.state.as_ref().is_some_and(|state| states.contains(state)))
        });
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let (statuses, next_token) = window.cut(wanted, Ok)?;
        Ok(ListCreateAccountStatusResponse { create_account_statuses: Some(statuses), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_the_states_that_are_asked_for_are_listed() {
        let scene = Scene::new();
        scene.account("dev");
        let again = CreateAccountRequest {
            email: "dev@example.com".into(),
            account_name: "again".into(),
            ..Default::default()
        };
        scene.call::<CreateAccount>(again).unwrap();
        let names = |states: &[&str]| {
            let input = ListCreateAccountStatusRequest {
                states: Some(states.iter().map(|state| (*state).to_owned()).collect()),
                ..Default::default()
            };
            let listed = scene.call::<ListCreateAccountStatus>(input).unwrap();
            let statuses = listed.create_account_statuses.unwrap().into_iter();
            statuses.map(|status| status.account_name.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names(&["FAILED"]), ["again"]);
        assert_eq!(names(&["SUCCEEDED"]), ["dev"]);
        assert_eq!(names(&["IN_PROGRESS"]).len(), 0);
        assert_eq!(names(&[]).len(), 2);
    }
}
