//! TagOpenIDConnectProvider: sets tags of an identity provider.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    TagOpenIDConnectProvider, TagOpenIDConnectProviderRequest, TagOpenIDConnectProviderResponse,
};
use crate::provider;
use crate::tags;

impl Operation for TagOpenIDConnectProvider {
    type Access = Write;

    fn needs(input: &TagOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::TagOpenIDConnectProvider)
            .on(&target)
            .request_tags(tags::pairs(Some(&input.tags)))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagOpenIDConnectProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = provider::get(tx, account, &input.open_id_connect_provider_arn)?;
        tags::add(&mut provider.tags, &input.tags, "TagsPerOpenIdConnectProvider")?;
        provider::put(tx, &provider)?;
        Ok(TagOpenIDConnectProviderResponse {})
    }
}
