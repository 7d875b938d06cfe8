//! ListOpenIDConnectProviderTags: the tags of an identity provider, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    ListOpenIDConnectProviderTags, ListOpenIDConnectProviderTagsRequest,
    ListOpenIDConnectProviderTagsResponse,
};
use crate::page::Window;
use crate::provider;
use crate::tags;

impl Operation for ListOpenIDConnectProviderTags {
    type Access = Read;

    fn needs(input: &ListOpenIDConnectProviderTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::ListOpenIDConnectProviderTags).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListOpenIDConnectProviderTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let provider = provider::get(req.db()?, req.account(), &req.input.open_id_connect_provider_arn)?;
        let page = tags::page(&provider.tags, &window);
        Ok(ListOpenIDConnectProviderTagsResponse {
            is_truncated: page.is_truncated(),
            tags: page.items,
            marker: page.marker,
        })
    }
}
