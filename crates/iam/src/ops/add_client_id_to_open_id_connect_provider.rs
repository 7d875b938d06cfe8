//! AddClientIDToOpenIDConnectProvider: lets tokens be for one more audience.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    AddClientIDToOpenIDConnectProvider, AddClientIDToOpenIDConnectProviderRequest,
    AddClientIDToOpenIDConnectProviderResponse,
};
use crate::provider;

impl Operation for AddClientIDToOpenIDConnectProvider {
    type Access = Write;

    fn needs(input: &AddClientIDToOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::AddClientIDToOpenIDConnectProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddClientIDToOpenIDConnectProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = provider::get(tx, account, &input.open_id_connect_provider_arn)?;
        if !provider.client_ids.contains(&input.client_id) {
            provider.client_ids.push(input.client_id.clone());
        }
        provider::put(tx, &provider)?;
        Ok(AddClientIDToOpenIDConnectProviderResponse {})
    }
}
