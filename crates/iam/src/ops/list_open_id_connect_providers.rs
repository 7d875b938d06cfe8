//! ListOpenIDConnectProviders: the identity providers of the account.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::{OidcProvider, OidcProviders};

use crate::model::{
    self, ListOpenIDConnectProviders, ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse,
};

impl Operation for ListOpenIDConnectProviders {
    type Access = Read;

    fn needs(_input: &ListOpenIDConnectProvidersRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListOpenIDConnectProviders).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListOpenIDConnectProvidersResponse, Fault> {
        let rows = req.db()?.scan::<OidcProviders>(&(req.account(),), None, usize::MAX)?;
        let entry =
            |provider: OidcProvider| model::OpenIDConnectProviderListEntry { arn: Some(provider.arn()) };
        Ok(ListOpenIDConnectProvidersResponse {
            open_id_connect_provider_list: Some(rows.into_iter().map(|(_, row)| entry(row)).collect()),
        })
    }
}
