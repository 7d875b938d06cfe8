//! ListSAMLProviderTags: the tags of a SAML identity provider, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{ListSAMLProviderTags, ListSAMLProviderTagsRequest, ListSAMLProviderTagsResponse};
use crate::page::Window;
use crate::{saml, tags};

impl Operation for ListSAMLProviderTags {
    type Access = Read;

    fn needs(input: &ListSAMLProviderTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = saml::target(at, &input.saml_provider_arn)?;
        Ok(Needs::action(iam::ListSAMLProviderTags).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListSAMLProviderTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let provider = saml::get(req.db()?, req.account(), &req.input.saml_provider_arn)?;
        let page = tags::page(&provider.tags, &window);
        Ok(ListSAMLProviderTagsResponse {
            is_truncated: page.is_truncated(),
            tags: page.items,
            marker: page.marker,
        })
    }
}
