//! DeleteOpenIDConnectProvider: removes an identity provider; one that is not there is no error.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::OidcProviders;

use crate::model::{
    DeleteOpenIDConnectProvider, DeleteOpenIDConnectProviderRequest, DeleteOpenIDConnectProviderResponse,
};
use crate::provider;

impl Operation for DeleteOpenIDConnectProvider {
    type Access = Write;

    fn needs(input: &DeleteOpenIDConnectProviderRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let target = provider::target(at, &input.open_id_connect_provider_arn)?;
        Ok(Needs::action(iam::DeleteOpenIDConnectProvider).on(&target).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteOpenIDConnectProviderResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        if let Some(provider) = provider::find(tx, account, &input.open_id_connect_provider_arn)? {
            tx.delete::<OidcProviders>(&(account, provider.url))?;
        }
        Ok(DeleteOpenIDConnectProviderResponse {})
    }
}
