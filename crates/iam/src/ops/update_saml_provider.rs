//! UpdateSAMLProvider: other metadata, another mode of encryption, another private key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::SamlProvider;

use crate::model::{UpdateSAMLProvider, UpdateSAMLProviderRequest, UpdateSAMLProviderResponse, fault};
use crate::saml;

impl Operation for UpdateSAMLProvider {
    type Access = Write;

    fn needs(input: &UpdateSAMLProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = saml::target(at, &input.saml_provider_arn)?;
        Ok(Needs::action(iam::UpdateSAMLProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateSAMLProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let (document, mode) = (&input.saml_metadata_document, input.assertion_encryption_mode.as_deref());
        let (add, remove) = (&input.add_private_key, &input.remove_private_key);
        if document.is_none() && mode.is_none() && add.is_none() && remove.is_none() {
            return Err(fault::invalid_input(
                "Unable to update identity provider. No updates are defined for metadata or encryption assertion.",
            ));
        }
        if add.is_some() && remove.is_some() {
            return Err(fault::invalid_input(
                "Unable to add and remove private keys in the same request. Set a value for only one of the two \
                 parameters.",
            ));
        }
        let mut provider = saml::get(req.tx()?, account, &input.saml_provider_arn)?;
        if let Some(document) = document {
            saml::describe(&mut provider, document, req.now)?;
            saml::put_document(req.tx()?, &provider, document)?;
        }
        if let Some(pem) = add {
            saml::add_key(req, &mut provider, pem)?;
        }
        if let Some(id) = remove {
            remove_key(&mut provider, id, mode)?;
        }
        saml::encrypt(&mut provider, mode)?;
        saml::put(req.tx()?, &provider)?;
        Ok(UpdateSAMLProviderResponse { saml_provider_arn: Some(provider.arn()) })
    }
}

fn remove_key(provider: &mut SamlProvider, id: &str, mode: Option<&str>) -> Result<(), Fault> {
    let keys = &mut provider.private_keys;
    let Some(index) = keys.iter().position(|key| key.id == id) else {
        return Err(fault::invalid_input(
            "Failed to remove private key because the Key ID does not match a private key.",
        ));
    };
    let must_encrypt = mode.map_or(provider.must_encrypt, |mode| mode == saml::REQUIRED);
    if must_encrypt && keys.len() == 1 {
        return Err(fault::invalid_input("Failed to remove private key."));
    }
    keys.remove(index);
    Ok(())
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::saml::sample::{METADATA, PRIVATE_KEY, provider};
    use crate::scene::Scene;

    fn request(arn: &str) -> UpdateSAMLProviderRequest {
        UpdateSAMLProviderRequest { saml_provider_arn: arn.into(), ..Default::default() }
    }

    fn keys(scene: &Scene, arn: &str) -> Vec<String> {
        let input = GetSAMLProviderRequest { saml_provider_arn: arn.into() };
        let keys = scene.call::<GetSAMLProvider>(input).unwrap().private_key_list.unwrap();
        keys.into_iter().map(|key| key.key_id.unwrap()).collect()
    }

    #[test]
    fn other_metadata_takes_the_place_of_the_old() {
        let scene = Scene::new();
        let arn = provider(&scene, "idp");
        let document = METADATA.replace("entityID", "validUntil=\"2027-01-02T03:04:05Z\" entityID");
        let input =
            UpdateSAMLProviderRequest { saml_metadata_document: Some(document.clone()), ..request(&arn) };
        scene.call::<UpdateSAMLProvider>(input).unwrap();
        let input = GetSAMLProviderRequest { saml_provider_arn: arn };
        let got = scene.call::<GetSAMLProvider>(input).unwrap();
        assert_eq!(got.saml_metadata_document, Some(document));
        assert_eq!(got.valid_until.unwrap().iso_seconds(), "2027-01-02T03:04:05Z");
    }

    #[test]
    fn an_update_of_nothing_and_of_two_keys_at_once_is_refused() {
        let scene = Scene::new();
        let arn = provider(&scene, "idp");
        let message = check_fault(scene.call::<UpdateSAMLProvider>(request(&arn)), "InvalidInput");
        assert!(message.starts_with("Unable to update identity provider."), "{message}");
        let both = UpdateSAMLProviderRequest {
            add_private_key: Some(PRIVATE_KEY.into()),
            remove_private_key: Some("A".repeat(22)),
            ..request(&arn)
        };
        let message = check_fault(scene.call::<UpdateSAMLProvider>(both), "InvalidInput");
        assert!(message.starts_with("Unable to add and remove private keys"), "{message}");
    }

    #[test]
    fn keys_come_two_at_most_and_the_last_stays_while_it_is_needed() {
        let scene = Scene::new();
        let arn = provider(&scene, "idp");
        let add = || {
            let input =
                UpdateSAMLProviderRequest { add_private_key: Some(PRIVATE_KEY.into()), ..request(&arn) };
            scene.call::<UpdateSAMLProvider>(input)
        };
        let remove = |id: &str| -> Result<UpdateSAMLProviderResponse, Fault> {
            let input = UpdateSAMLProviderRequest { remove_private_key: Some(id.into()), ..request(&arn) };
            scene.call::<UpdateSAMLProvider>(input)
        };
        let mode = |mode: &str| {
            let input =
                UpdateSAMLProviderRequest { assertion_encryption_mode: Some(mode.into()), ..request(&arn) };
            scene.call::<UpdateSAMLProvider>(input)
        };
        check_fault(mode("Required"), "InvalidInput");
        add().unwrap();
        add().unwrap();
        assert_eq!(check_fault(add(), "LimitExceeded"), "Private key limit of 2 is reached.");
        mode("Required").unwrap();
        let unknown = check_fault(remove(&"A".repeat(22)), "InvalidInput");
        assert_eq!(unknown, "Failed to remove private key because the Key ID does not match a private key.");
        let both = keys(&scene, &arn);
        remove(&both[0]).unwrap();
        assert_eq!(check_fault(remove(&both[1]), "InvalidInput"), "Failed to remove private key.");
        mode("Allowed").unwrap();
        remove(&both[1]).unwrap();
        assert!(keys(&scene, &arn).is_empty());
    }
}
