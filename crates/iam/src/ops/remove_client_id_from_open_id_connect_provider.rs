//! RemoveClientIDFromOpenIDConnectProvider: tokens may be for this audience no more.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    RemoveClientIDFromOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProviderRequest,
    RemoveClientIDFromOpenIDConnectProviderResponse,
};
use crate::provider;

impl Operation for RemoveClientIDFromOpenIDConnectProvider {
    type Access = Write;

    fn needs(input: &RemoveClientIDFromOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::RemoveClientIDFromOpenIDConnectProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveClientIDFromOpenIDConnectProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = provider::get(tx, account, &input.open_id_connect_provider_arn)?;
        provider.client_ids.retain(|id| *id != input.client_id);
        provider::put(tx, &provider)?;
        Ok(RemoveClientIDFromOpenIDConnectProviderResponse {})
    }
}
