//! EnableAWSServiceAccess: the organization trusts a service of AWS.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{ServiceAccess, Since};

use crate::model::{EnableAWSServiceAccess, EnableAWSServiceAccessRequest, EnableAWSServiceAccessResponse};
use crate::services;
use crate::standing::{Reach, Scope, Standing};

impl Operation for EnableAWSServiceAccess {
    type Access = Write;

    fn needs(input: &EnableAWSServiceAccessRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let question = Needs::action(organizations::EnableAWSServiceAccess).anywhere();
        Ok(scope.ask(question.key(key::ServicePrincipal, Some(input.service_principal.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableAWSServiceAccessResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, now) = (req.input, req.now);
        services::check_features(&organization)?;
        services::check_name(&input.service_principal)?;
        let tx = req.tx()?;
        let key = (organization.id, input.service_principal.clone());
        if !tx.exists::<ServiceAccess>(&key)? {
            tx.put::<ServiceAccess>(&key, &Since { time: now.whole_seconds() })?;
        }
        Ok(EnableAWSServiceAccessResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_service_is_trusted_until_it_is_not() {
        let scene = Scene::new();
        let name = "config.amazonaws.com".to_owned();
        let list = || {
            let input = ListAWSServiceAccessForOrganizationRequest::default();
            let listed = scene.call::<ListAWSServiceAccessForOrganization>(input).unwrap();
            listed.enabled_service_principals.unwrap().len()
        };
        for _ in 0..2 {
            let input = EnableAWSServiceAccessRequest { service_principal: name.clone() };
            scene.call::<EnableAWSServiceAccess>(input).unwrap();
        }
        assert_eq!(list(), 1);
        let input = DisableAWSServiceAccessRequest { service_principal: name };
        scene.call::<DisableAWSServiceAccess>(input).unwrap();
        assert_eq!(list(), 0);
        let input = EnableAWSServiceAccessRequest { service_principal: "nobody".into() };
        check_fault(scene.call::<EnableAWSServiceAccess>(input), "InvalidInputException");
    }
}
