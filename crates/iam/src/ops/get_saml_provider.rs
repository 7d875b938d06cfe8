//! GetSAMLProvider: a SAML identity provider with its metadata.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::SamlPrivateKey;

use crate::model::{self, GetSAMLProvider, GetSAMLProviderRequest, GetSAMLProviderResponse};
use crate::{saml, tags};

impl Operation for GetSAMLProvider {
    type Access = Read;

    fn needs(input: &GetSAMLProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = saml::target(at, &input.saml_provider_arn)?;
        Ok(Needs::action(iam::GetSAMLProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetSAMLProviderResponse, Fault> {
        let db = req.db()?;
        let provider = saml::get(db, req.account(), &req.input.saml_provider_arn)?;
        let key =
            |key: SamlPrivateKey| model::SAMLPrivateKey { key_id: Some(key.id), timestamp: Some(key.added) };
        Ok(GetSAMLProviderResponse {
            saml_metadata_document: Some(saml::document(db, &provider)?),
            create_date: Some(provider.created),
            valid_until: Some(provider.valid_until),
            tags: tags::to_wire(&provider.tags),
            assertion_encryption_mode: Some(saml::mode(&provider).into()),
            private_key_list: Some(provider.private_keys.into_iter().map(key).collect()),
            saml_provider_uuid: Some(provider.uuid),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn get(scene: &Scene, arn: &str) -> String {
        let input = GetSAMLProviderRequest { saml_provider_arn: arn.into() };
        let fault = scene.call::<GetSAMLProvider>(input).unwrap_err();
        format!("{}: {}", fault.code(), fault.message())
    }

    #[test]
    fn a_provider_that_is_not_there_is_not_found_whosever_it_would_be() {
        let scene = Scene::new();
        for account in ["000000000000", "111111111111"] {
            let arn = format!("arn:aws:iam::{account}:saml-provider/idp");
            let input = GetSAMLProviderRequest { saml_provider_arn: arn.clone() };
            // Another account's is denied before that.
            let code = if account == "000000000000" { "NoSuchEntity" } else { "AccessDenied" };
            let message = check_fault(scene.call::<GetSAMLProvider>(input), code);
            assert!(message.contains(&arn), "{message}");
        }
    }

    #[test]
    fn what_is_no_arn_of_a_provider_is_invalid() {
        let scene = Scene::new();
        for arn in ["arn:aws:iam::000000000000:role/idp", "arn:aws:iam::000000000000:saml-provider/"] {
            assert_eq!(get(&scene, arn), format!("InvalidInput: Invalid ARN: {arn}"));
        }
    }
}
