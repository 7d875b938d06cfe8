//! DeleteSAMLProvider: removes a SAML identity provider. Roles go on naming it, and nobody gets in by it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DeleteSAMLProvider, DeleteSAMLProviderRequest, DeleteSAMLProviderResponse};
use crate::saml;

impl Operation for DeleteSAMLProvider {
    type Access = Write;

    fn needs(input: &DeleteSAMLProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = saml::target(at, &input.saml_provider_arn)?;
        Ok(Needs::action(iam::DeleteSAMLProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteSAMLProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let provider = saml::get(tx, account, &input.saml_provider_arn)?;
        saml::delete(tx, &provider)?;
        Ok(DeleteSAMLProviderResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::saml::sample::provider;
    use crate::scene::Scene;

    #[test]
    fn a_deleted_provider_is_gone_from_the_list_and_cannot_be_deleted_again() {
        let scene = Scene::new();
        let (first, second) = (provider(&scene, "one"), provider(&scene, "two"));
        let input = DeleteSAMLProviderRequest { saml_provider_arn: first.clone() };
        scene.call::<DeleteSAMLProvider>(input.clone()).unwrap();
        let listed = scene.call::<ListSAMLProviders>(ListSAMLProvidersRequest {}).unwrap();
        let arns: Vec<_> =
            listed.saml_provider_list.unwrap().into_iter().map(|entry| entry.arn.unwrap()).collect();
        assert_eq!(arns, [second]);
        let message = check_fault(scene.call::<DeleteSAMLProvider>(input), "NoSuchEntity");
        assert_eq!(message, format!("Manifest not found for arn {first}"));
    }
}
