//! GetOpenIDConnectProvider: an identity provider.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{
    GetOpenIDConnectProvider, GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse,
};
use crate::provider;
use crate::tags;

impl Operation for GetOpenIDConnectProvider {
    type Access = Read;

    fn needs(input: &GetOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::GetOpenIDConnectProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetOpenIDConnectProviderResponse, Fault> {
        let provider = provider::get(req.db()?, req.account(), &req.input.open_id_connect_provider_arn)?;
        Ok(GetOpenIDConnectProviderResponse {
            tags: tags::to_wire(&provider.tags),
            url: Some(provider.url),
            client_id_list: Some(provider.client_ids),
            thumbprint_list: Some(provider.thumbprints),
            create_date: Some(provider.created),
        })
    }
}
