//! UpdateOpenIDConnectProviderThumbprint: other certificates of the provider.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    UpdateOpenIDConnectProviderThumbprint, UpdateOpenIDConnectProviderThumbprintRequest,
    UpdateOpenIDConnectProviderThumbprintResponse,
};
use crate::provider;

impl Operation for UpdateOpenIDConnectProviderThumbprint {
    type Access = Write;

    fn needs(input: &UpdateOpenIDConnectProviderThumbprintRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::UpdateOpenIDConnectProviderThumbprint).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateOpenIDConnectProviderThumbprintResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut provider = provider::get(tx, account, &input.open_id_connect_provider_arn)?;
        provider.thumbprints.clone_from(&input.thumbprint_list);
        provider::put(tx, &provider)?;
        Ok(UpdateOpenIDConnectProviderThumbprintResponse {})
    }
}
