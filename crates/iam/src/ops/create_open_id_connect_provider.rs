//! CreateOpenIDConnectProvider: an identity provider that roles may trust.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{OidcProvider, OidcProviders};

use crate::model::{
    CreateOpenIDConnectProvider, CreateOpenIDConnectProviderRequest, CreateOpenIDConnectProviderResponse,
    fault,
};
use crate::provider::{self, Place};
use crate::quota::{self, Quotas};
use crate::tags;

impl Operation for CreateOpenIDConnectProvider {
    type Access = Write;

    fn needs(input: &CreateOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let arn = format!("arn:aws:iam::{}:oidc-provider/{}", at.account(), provider::place(&input.url)?.url);
        let target = ByArn::<iam::kind::OidcProvider>::new(arn, at.account());
        Ok(Needs::action(iam::CreateOpenIDConnectProvider)
            .on(&target)
            .request_tags(tags::pairs(input.tags.as_ref()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateOpenIDConnectProviderResponse, Fault> {
        let input = req.input;
        let Place { url, plain } = provider::place(&input.url)?;
        let provider = OidcProvider {
            account: req.account(),
            url: url.to_owned(),
            client_ids: input.client_id_list.clone().unwrap_or_default(),
            thumbprints: input.thumbprint_list.clone().unwrap_or_default(),
            created: req.now.whole_seconds(),
            tags: tags::first(input.tags.as_ref(), "TagsPerOpenIdConnectProvider")?,
            plain,
        };
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        let arn = provider.arn();
        if provider::find(tx, provider.account, &arn)?.is_some() {
            return Err(fault::entity_already_exists(format!(
                "Provider with url {} already exists.",
                provider.issuer()
            )));
        }
        let count = tx.count::<OidcProviders>(&(provider.account,))?;
        quota::room("OpenIdConnectProvidersPerAccount", count, quotas.oidc_providers)?;
        provider::put(tx, &provider)?;
        Ok(CreateOpenIDConnectProviderResponse {
            open_id_connect_provider_arn: Some(arn),
            tags: tags::to_wire(&provider.tags),
        })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_base::Fault;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const URL: &str = "https://token.actions.githubusercontent.com";

    fn create(scene: &Scene) -> Result<String, Fault> {
        let input = CreateOpenIDConnectProviderRequest {
            url: URL.into(),
            client_id_list: Some(vec!["sts.amazonaws.com".into()]),
            ..Default::default()
        };
        let response = scene.call::<CreateOpenIDConnectProvider>(input);
        response.map(|response| response.open_id_connect_provider_arn.unwrap())
    }

    #[test]
    fn a_provider_is_named_by_its_url_and_made_once() {
        let scene = Scene::new();
        let arn = create(&scene).unwrap();
        assert_eq!(arn, "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com");
        let message = check_fault(create(&scene), "EntityAlreadyExists");
        assert_eq!(message, format!("Provider with url {URL} already exists."));
    }

    #[test]
    fn audiences_come_and_go_and_a_deleted_provider_is_not_found() {
        let scene = Scene::new();
        let arn = create(&scene).unwrap();
        let client_id = "mine".to_owned();
        let open_id_connect_provider_arn = arn.clone();
        let input = AddClientIDToOpenIDConnectProviderRequest { open_id_connect_provider_arn, client_id };
        scene.call::<AddClientIDToOpenIDConnectProvider>(input).unwrap();
        let get = || {
            let input = GetOpenIDConnectProviderRequest { open_id_connect_provider_arn: arn.clone() };
            scene.call::<GetOpenIDConnectProvider>(input)
        };
        assert_eq!(get().unwrap().client_id_list.unwrap(), ["sts.amazonaws.com", "mine"]);
        let input = DeleteOpenIDConnectProviderRequest { open_id_connect_provider_arn: arn.clone() };
        scene.call::<DeleteOpenIDConnectProvider>(input.clone()).unwrap();
        scene.call::<DeleteOpenIDConnectProvider>(input).unwrap();
        check_fault(get(), "NoSuchEntity");
    }
}
