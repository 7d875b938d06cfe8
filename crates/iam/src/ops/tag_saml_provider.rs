//! TagSAMLProvider: sets tags of a SAML identity provider.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{TagSAMLProvider, TagSAMLProviderRequest, TagSAMLProviderResponse};
use crate::{saml, tags};

impl Operation for TagSAMLProvider {
    type Access = Write;

    fn needs(input: &TagSAMLProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = saml::target(at, &input.saml_provider_arn)?;
        Ok(Needs::action(iam::TagSAMLProvider)
            .on(&target)
            .request_tags(tags::pairs(Some(&input.tags)))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagSAMLProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = saml::get(tx, account, &input.saml_provider_arn)?;
        tags::add(&mut provider.tags, &input.tags, "TagsPerSAMLProvider")?;
        saml::put(tx, &provider)?;
        Ok(TagSAMLProviderResponse {})
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::saml::sample::provider;
    use crate::scene::Scene;

    #[test]
    fn tags_come_and_go_and_are_listed_by_key() {
        let scene = Scene::new();
        let arn = provider(&scene, "idp");
        let tag = |key: &str| Tag { key: key.into(), value: "x".into() };
        let input = TagSAMLProviderRequest {
            saml_provider_arn: arn.clone(),
            tags: vec![tag("team"), tag("cost"), tag("zone")],
        };
        scene.call::<TagSAMLProvider>(input).unwrap();
        let input =
            UntagSAMLProviderRequest { saml_provider_arn: arn.clone(), tag_keys: vec!["TEAM".into()] };
        scene.call::<UntagSAMLProvider>(input).unwrap();
        let list = |marker: Option<String>| {
            let input =
                ListSAMLProviderTagsRequest { saml_provider_arn: arn.clone(), marker, max_items: Some(1) };
            scene.call::<ListSAMLProviderTags>(input).unwrap()
        };
        let first = list(None);
        assert_eq!((first.tags, first.is_truncated), (vec![tag("cost")], Some(true)));
        let second = list(first.marker);
        assert_eq!((second.tags, second.is_truncated), (vec![tag("zone")], Some(false)));
    }
}
