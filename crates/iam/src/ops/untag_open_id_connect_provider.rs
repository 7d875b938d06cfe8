//! UntagOpenIDConnectProvider: removes tags of an identity provider.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    UntagOpenIDConnectProvider, UntagOpenIDConnectProviderRequest, UntagOpenIDConnectProviderResponse,
};
use crate::provider;
use crate::tags;

impl Operation for UntagOpenIDConnectProvider {
    type Access = Write;

    fn needs(input: &UntagOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::UntagOpenIDConnectProvider).on(&target).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagOpenIDConnectProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = provider::get(tx, account, &input.open_id_connect_provider_arn)?;
        tags::remove(&mut provider.tags, &input.tag_keys)?;
        provider::put(tx, &provider)?;
        Ok(UntagOpenIDConnectProviderResponse {})
    }
}
