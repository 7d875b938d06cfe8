//! CreateSAMLProvider: a SAML identity provider that roles may trust.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{SamlProvider, SamlProviders};

use crate::model::{CreateSAMLProvider, CreateSAMLProviderRequest, CreateSAMLProviderResponse, fault};
use crate::{quota, saml, tags};

impl Operation for CreateSAMLProvider {
    type Access = Write;

    fn needs(input: &CreateSAMLProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let arn = format!("arn:aws:iam::{}:saml-provider/{}", at.account(), input.name);
        let target = ByArn::<iam::kind::SamlProvider>::new(arn, at.account());
        Ok(Needs::action(iam::CreateSAMLProvider)
            .on(&target)
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateSAMLProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let mut provider = SamlProvider {
            account,
            name: input.name.clone(),
            uuid: req.env.unique_id("SAMLSP"),
            created: req.now.whole_seconds(),
            valid_until: req.now,
            entity_id: String::new(),
            signing_keys: Vec::new(),
            must_encrypt: false,
            private_keys: Vec::new(),
            tags: tags::first(input.tags.as_ref(), "TagsPerSAMLProvider")?,
        };
        saml::describe(&mut provider, &input.saml_metadata_document, req.now)?;
        if let Some(pem) = &input.add_private_key {
            saml::add_key(req, &mut provider, pem)?;
        }
        saml::encrypt(&mut provider, input.assertion_encryption_mode.as_deref())?;
        let tx = req.tx()?;
        if tx.get::<SamlProviders>(&(account, provider.name.clone()))?.is_some() {
            let text = format!("Provider with name {} already exists.", provider.name);
            return Err(fault::entity_already_exists(text));
        }
        quota::room("SAMLProvidersPerAccount", tx.count::<SamlProviders>(&(account,))?, saml::PROVIDERS)?;
        saml::put(tx, &provider)?;
        saml::put_document(tx, &provider, &input.saml_metadata_document)?;
        Ok(CreateSAMLProviderResponse {
            saml_provider_arn: Some(provider.arn()),
            tags: tags::to_wire(&provider.tags),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::model::*;
    use crate::saml::sample::{METADATA, PRIVATE_KEY, create, provider};
    use crate::scene::Scene;

    #[test]
    fn a_provider_answers_with_its_arn_and_keeps_the_document() {
        let scene = Scene::new();
        let arn = provider(&scene, "idp");
        assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:saml-provider/idp"));
        let got = scene.call::<GetSAMLProvider>(GetSAMLProviderRequest { saml_provider_arn: arn }).unwrap();
        assert_eq!(got.saml_metadata_document.as_deref(), Some(METADATA));
        assert_eq!(got.assertion_encryption_mode.as_deref(), Some("Allowed"));
        assert!(got.saml_provider_uuid.unwrap().starts_with("SAMLSP"));
        assert_eq!(got.private_key_list, Some(vec![]));
        let years = got.valid_until.unwrap().since(got.create_date.unwrap()).as_secs() / (86_400 * 365);
        assert_eq!(years, 100);
    }

    #[test]
    fn a_name_is_given_once() {
        let scene = Scene::new();
        provider(&scene, "idp");
        let message = check_fault(scene.call::<CreateSAMLProvider>(create("idp")), "EntityAlreadyExists");
        assert_eq!(message, "Provider with name idp already exists.");
    }

    #[test]
    fn what_is_no_metadata_of_an_identity_provider_is_refused() {
        let scene = Scene::new();
        for document in [
            format!("<a>{}</a>", " ".repeat(1000)),
            METADATA.replace("IDPSSODescriptor", "SPSSODescriptor"),
            METADATA.replace("use=\"signing\"", "use=\"encryption\""),
            METADATA.replace("<?xml version=\"1.0\"?>", "<!DOCTYPE a>"),
            METADATA.replace("MII", "MIX"),
        ] {
            assert_ne!(document, METADATA);
            let input = CreateSAMLProviderRequest { saml_metadata_document: document, ..create("idp") };
            let message = check_fault(scene.call::<CreateSAMLProvider>(input), "InvalidInput");
            assert_eq!(message, "Could not parse metadata");
        }
        let short = CreateSAMLProviderRequest { saml_metadata_document: "<a/>".into(), ..create("idp") };
        check_fault(scene.call::<CreateSAMLProvider>(short), "ValidationError");
    }

    #[test]
    fn encryption_is_required_only_with_a_key_that_opens_it() {
        let scene = Scene::new();
        let required = || CreateSAMLProviderRequest {
            assertion_encryption_mode: Some("Required".into()),
            ..create("idp")
        };
        let message = check_fault(scene.call::<CreateSAMLProvider>(required()), "InvalidInput");
        assert_eq!(
            message,
            "Unable to set assertion encryption mode to Required because no private key is provided."
        );
        let bad = CreateSAMLProviderRequest { add_private_key: Some("secret".into()), ..required() };
        let message = check_fault(scene.call::<CreateSAMLProvider>(bad), "InvalidInput");
        assert_eq!(message, "Invalid private key.");
        let good = CreateSAMLProviderRequest { add_private_key: Some(PRIVATE_KEY.into()), ..required() };
        let arn = scene.call::<CreateSAMLProvider>(good).unwrap().saml_provider_arn.unwrap();
        let got = scene.call::<GetSAMLProvider>(GetSAMLProviderRequest { saml_provider_arn: arn }).unwrap();
        assert_eq!(got.assertion_encryption_mode.as_deref(), Some("Required"));
        assert_eq!(got.private_key_list.unwrap().len(), 1);
    }

    #[test]
    fn a_hundred_providers_are_the_most() {
        let scene = Scene::new();
        for n in 0..100 {
            provider(&scene, &format!("idp{n}"));
        }
        let message = check_fault(scene.call::<CreateSAMLProvider>(create("more")), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for SAMLProvidersPerAccount: 100");
    }
}
